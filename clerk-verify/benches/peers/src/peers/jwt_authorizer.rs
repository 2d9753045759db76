//! jwt-authorizer: the authorizer of its README, and what all of its middleware calls.

use std::{hint::black_box, rc::Rc, time::Duration};

use clerk_verify::testing::KeyServer;
use jwt_authorizer::{Authorizer, JwtAuthorizer, Validation};
use tokio::runtime::Runtime;

use super::LEEWAY;
use crate::{
    Result,
    contestant::{Contestant, Group, thread_time},
    material::{Material, SessionClaims},
    versions,
};

pub(super) struct Peer {
    authorizer: Authorizer<SessionClaims>,
    runtime: Rc<Runtime>,
}

impl Peer {
    pub(super) fn new(
        material: &Material,
        runtime: &Rc<Runtime>,
        server: &KeyServer,
    ) -> Result<Self> {
        let validation = Validation::new()
            .iss(&[material.issuer.issuer()])
            .nbf(true)
            .leeway(LEEWAY);
        let authorized_party = material.issuer.authorized_party().to_owned();
        let building = JwtAuthorizer::from_jwks_url(&server.jwks_url())
            .validation(validation)
            .check(move |claims: &SessionClaims| claims.azp.as_ref() == Some(&authorized_party))
            .build();
        Ok(Self {
            authorizer: runtime.block_on(building)?,
            runtime: Rc::clone(runtime),
        })
    }
}

impl Contestant for Peer {
    fn name(&self) -> &'static str {
        "jwt-authorizer"
    }

    fn version(&self) -> String {
        versions::of("jwt-authorizer")
    }

    fn group(&self) -> Group {
        Group::Rust
    }

    fn subject(&mut self, token: &str) -> Result<String> {
        let verified = self.runtime.block_on(self.authorizer.check_auth(token))?;
        Ok(verified.claims.sub)
    }

    fn batch(&mut self, token: &str, count: u32) -> Result<Duration> {
        self.runtime.block_on(async {
            let start = thread_time();
            for _ in 0..count {
                black_box(self.authorizer.check_auth(token).await?);
            }
            Ok(thread_time().saturating_sub(start))
        })
    }
}

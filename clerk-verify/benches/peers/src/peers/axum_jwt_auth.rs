//! axum-jwt-auth: the remote decoder of its README, initialized before the first token.

use std::{hint::black_box, rc::Rc, time::Duration};

use axum_jwt_auth::{JwtDecoder, RemoteJwksDecoder};
use clerk_verify::testing::KeyServer;
use jsonwebtoken_10::{Algorithm, Validation};
use tokio::runtime::Runtime;

use super::LEEWAY;
use crate::{
    Result,
    contestant::{Contestant, Group, thread_time},
    material::{Material, SessionClaims},
    versions,
};

pub(super) struct Peer {
    decoder: RemoteJwksDecoder,
    runtime: Rc<Runtime>,
}

impl Peer {
    pub(super) fn new(
        material: &Material,
        runtime: &Rc<Runtime>,
        server: &KeyServer,
    ) -> Result<Self> {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[material.issuer.issuer()]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY;
        let decoder = RemoteJwksDecoder::builder()
            .jwks_url(server.jwks_url())
            .validation(validation)
            .build()?;
        // Dropping what it returns stops nothing.
        let _ = runtime.block_on(decoder.initialize())?;
        Ok(Self {
            decoder,
            runtime: Rc::clone(runtime),
        })
    }
}

impl Contestant for Peer {
    fn name(&self) -> &'static str {
        "axum-jwt-auth"
    }

    fn version(&self) -> String {
        versions::of("axum-jwt-auth")
    }

    fn group(&self) -> Group {
        Group::Rust
    }

    fn subject(&mut self, token: &str) -> Result<String> {
        let decoding = JwtDecoder::<SessionClaims>::decode(&self.decoder, token);
        Ok(self.runtime.block_on(decoding)?.claims.sub)
    }

    fn batch(&mut self, token: &str, count: u32) -> Result<Duration> {
        self.runtime.block_on(async {
            let start = thread_time();
            for _ in 0..count {
                black_box(JwtDecoder::<SessionClaims>::decode(&self.decoder, token).await?);
            }
            Ok(thread_time().saturating_sub(start))
        })
    }
}

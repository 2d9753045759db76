//! This library: once without its token cache, so that every token is verified in full, and once as it is by default,
//! where the token has been seen before.

use std::{hint::black_box, time::Duration};

use clerk_verify::{TokenCache, Verifier, VerifierBuilder};

use crate::{
    Result,
    contestant::{Contestant, Group, measure},
    material::Material,
    versions,
};

pub(crate) struct Ours {
    name: &'static str,
    verifier: Verifier,
}

impl Ours {
    pub(crate) fn cold(material: &Material) -> Result<Self> {
        Ok(Self {
            name: "clerk-verify, token cache off",
            verifier: builder(material)
                .token_cache(TokenCache::disabled())
                .build()?,
        })
    }

    pub(crate) fn warm(material: &Material) -> Result<Self> {
        Ok(Self {
            name: "clerk-verify, token seen before",
            verifier: builder(material).build()?,
        })
    }
}

fn builder(material: &Material) -> VerifierBuilder {
    let issuer = &material.issuer;
    Verifier::builder()
        .jwks_json(issuer.jwks_json())
        .issuer(issuer.issuer())
        .authorized_parties([issuer.authorized_party()])
}

impl Contestant for Ours {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> String {
        versions::of("clerk-verify")
    }

    fn group(&self) -> Group {
        Group::Ours
    }

    fn subject(&mut self, token: &str) -> Result<String> {
        let session = self.verifier.verify_token_now(token);
        Ok(session.ok_or("no key at hand")??.user_id().to_owned())
    }

    fn batch(&mut self, token: &str, count: u32) -> Result<Duration> {
        measure(count, || {
            let session = self.verifier.verify_token_now(token);
            let session = session.ok_or("no key at hand")??;
            // It is read from the claims when it is asked for.
            black_box(session.organization());
            Ok(session)
        })
    }
}

//! jwt-simple with its default back end, BoringSSL: key and settings made once.

use std::{collections::HashSet, time::Duration};

use jwt_simple::{
    algorithms::{RS256PublicKey, RSAPublicKeyLike as _},
    claims::JWTClaims,
    common::VerificationOptions,
};
use serde::{Deserialize, Serialize};

use super::LEEWAY;
use crate::{
    Result,
    contestant::{Contestant, Group, measure},
    material::{Material, Metadata},
    versions,
};

pub(super) struct Peer {
    key: RS256PublicKey,
    options: VerificationOptions,
}

/// The claims that the library has no members for.
#[derive(Deserialize, Serialize)]
struct ClerkClaims {
    azp: Option<String>,
    email: String,
    fea: Option<String>,
    fva: Option<[i64; 2]>,
    metadata: Metadata,
    pla: Option<String>,
    sid: String,
    sts: Option<String>,
    v: Option<u8>,
}

impl Peer {
    pub(super) fn new(material: &Material) -> Result<Self> {
        let issuer = material.issuer.issuer().to_owned();
        Ok(Self {
            key: RS256PublicKey::from_pem(&material.issuer.public_pem())?,
            options: VerificationOptions {
                allowed_issuers: Some(HashSet::from([issuer])),
                time_tolerance: Some(jwt_simple::prelude::Duration::from_secs(LEEWAY)),
                ..VerificationOptions::default()
            },
        })
    }

    fn verify(&self, token: &str) -> Result<JWTClaims<ClerkClaims>> {
        // The library takes its options by value, so each call has to copy them.
        Ok(self.key.verify_token(token, Some(self.options.clone()))?)
    }
}

impl Contestant for Peer {
    fn name(&self) -> &'static str {
        "jwt-simple, BoringSSL"
    }

    fn version(&self) -> String {
        versions::of("jwt-simple")
    }

    fn group(&self) -> Group {
        Group::Rust
    }

    fn subject(&mut self, token: &str) -> Result<String> {
        Ok(self.verify(token)?.subject.ok_or("no subject")?)
    }

    fn batch(&mut self, token: &str, count: u32) -> Result<Duration> {
        measure(count, || self.verify(token))
    }
}

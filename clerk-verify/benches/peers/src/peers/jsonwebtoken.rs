//! jsonwebtoken with its aws-lc-rs back end: key and settings made once.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};

use super::LEEWAY;
use crate::{
    Result,
    contestant::{Contestant, Group, measure},
    material::{Material, SessionClaims},
    versions,
};

pub(super) struct Peer {
    key: DecodingKey,
    validation: Validation,
}

impl Peer {
    pub(super) fn new(material: &Material) -> Result<Self> {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[material.issuer.issuer()]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY;
        Ok(Self {
            key: DecodingKey::from_rsa_pem(material.issuer.public_pem().as_bytes())?,
            validation,
        })
    }

    fn verify(&self, token: &str) -> Result<SessionClaims> {
        Ok(decode(token, &self.key, &self.validation)?.claims)
    }
}

impl Contestant for Peer {
    fn name(&self) -> &'static str {
        "jsonwebtoken, aws_lc_rs"
    }

    fn version(&self) -> String {
        versions::starting("jsonwebtoken", "11.")
    }

    fn group(&self) -> Group {
        Group::Rust
    }

    fn subject(&mut self, token: &str) -> Result<String> {
        Ok(self.verify(token)?.sub)
    }

    fn batch(&mut self, token: &str, count: u32) -> Result<Duration> {
        measure(count, || self.verify(token))
    }
}

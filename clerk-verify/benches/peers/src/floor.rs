//! The floor: nothing but the signature, by a key that was parsed once, over bytes that lie ready.

use std::time::Duration;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    Result,
    contestant::{Contestant, Group, measure},
    material::{Material, SessionClaims, split},
    versions,
};

pub(crate) struct Floor(ParsedPublicKey);

impl Floor {
    pub(crate) fn new(material: &Material) -> Result<Self> {
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, material.public_der()?)?;
        Ok(Self(key))
    }
}

impl Contestant for Floor {
    fn name(&self) -> &'static str {
        "aws-lc-rs, the signature alone"
    }

    fn version(&self) -> String {
        versions::of("aws-lc-rs")
    }

    fn group(&self) -> Group {
        Group::Floor
    }

    fn subject(&mut self, token: &str) -> Result<String> {
        let (signed, signature) = split(token)?;
        self.0.verify_sig(signed.as_bytes(), &signature)?;
        let (_, payload) = signed.split_once('.').ok_or("no payload")?;
        let claims: SessionClaims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?;
        Ok(claims.sub)
    }

    fn batch(&mut self, token: &str, count: u32) -> Result<Duration> {
        let (signed, signature) = split(token)?;
        measure(count, || {
            Ok(self.0.verify_sig(signed.as_bytes(), &signature)?)
        })
    }
}

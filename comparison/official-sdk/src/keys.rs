//! The keys that sign: the trusted one, and another.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{
        RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::Result;

pub(crate) const PUBLIC_KEY: &str = include_str!("public-key.pem");

pub(crate) struct Signers {
    pub(crate) trusted: Signer,
    pub(crate) other: Signer,
}

impl Signers {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            trusted: Signer::from_pem(include_str!("test-only-private-key.pem"))?,
            other: Signer::from_pem(include_str!("test-only-private-key-of-another.pem"))?,
        })
    }
}

pub(crate) struct Signer(KeyPair);

impl Signer {
    fn from_pem(pem: &str) -> Result<Self> {
        let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let key = KeyPair::from_pkcs8(&STANDARD.decode(text)?)?;
        Ok(Self(key))
    }

    /// By the algorithm of that name; by RS256 where the name means none that this key can do.
    pub(crate) fn sign(&self, algorithm: &str, message: &[u8]) -> Result<Vec<u8>> {
        let encoding: &dyn RsaEncoding = match algorithm {
            "RS384" => &RSA_PKCS1_SHA384,
            "RS512" => &RSA_PKCS1_SHA512,
            "PS256" => &RSA_PSS_SHA256,
            _ => &RSA_PKCS1_SHA256,
        };
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(encoding, &SystemRandom::new(), message, &mut signature)?;
        Ok(signature)
    }
}

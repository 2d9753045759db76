//! The issuer's key pair.
// A test kit may stop a test: nothing here is reached by input from outside.
#![allow(clippy::expect_used)]

use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use der::Decode;
use pkcs1::RsaPublicKeyRef;

use crate::algorithm::Algorithm;

/// An RSA key pair of 2048 bits.
pub(super) struct SigningKey(KeyPair);

impl SigningKey {
    /// The same key in every test, so that no test waits for a new one.
    pub(super) fn fixed() -> Self {
        const PEM: &str = include_str!("test-only-private-key.pem");
        let body: String = PEM.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(body).expect("the file is PEM");
        Self(KeyPair::from_pkcs8(&der).expect("the file holds an RSA key"))
    }

    pub(super) fn fresh() -> Self {
        Self(KeyPair::generate(KeySize::Rsa2048).expect("the system has random numbers"))
    }

    pub(super) fn sign(&self, algorithm: Algorithm, signed: &[u8]) -> Vec<u8> {
        let encoding: &'static dyn RsaEncoding = match algorithm {
            Algorithm::RS256 => &RSA_PKCS1_SHA256,
            Algorithm::RS384 => &RSA_PKCS1_SHA384,
            Algorithm::RS512 => &RSA_PKCS1_SHA512,
        };
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(encoding, &SystemRandom::new(), signed, &mut signature)
            .expect("signing with a good key works");
        signature
    }

    /// Modulus and exponent, as a JWK has them.
    pub(super) fn public_numbers(&self) -> (String, String) {
        let der = self.0.public_key().as_ref();
        let key = RsaPublicKeyRef::from_der(der).expect("the key is an RSA key");
        (
            URL_SAFE_NO_PAD.encode(key.modulus.as_bytes()),
            URL_SAFE_NO_PAD.encode(key.public_exponent.as_bytes()),
        )
    }

    pub(super) fn public_pem(&self) -> String {
        let der = self.0.public_key().as_der().expect("the key is an RSA key");
        let body = STANDARD.encode(der.as_ref());
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        for (position, character) in body.chars().enumerate() {
            if position > 0 && position % 64 == 0 {
                pem.push('\n');
            }
            pem.push(character);
        }
        pem.push_str("\n-----END PUBLIC KEY-----\n");
        pem
    }
}

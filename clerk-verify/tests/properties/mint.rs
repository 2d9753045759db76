//! Tokens whose text is written member by member, as the test kit would never write them.

use std::sync::LazyLock;

use aws_lc_rs::{
    encoding::AsDer as _,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{
        KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding,
        RsaPublicKeyComponents,
    },
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use clerk_verify::{FixedClock, testing::TestIssuer};
use serde_json::{Value, json};

/// Seconds since 1970.
pub(crate) const NOW: i64 = 1_790_000_000;

pub(crate) static ISSUER: LazyLock<TestIssuer> =
    LazyLock::new(|| TestIssuer::new().with_clock(FixedClock::at_unix(NOW)));

/// The test kit's own key.
pub(crate) static OWN: LazyLock<Key> = LazyLock::new(|| {
    let pem = include_str!("../../src/testing/test-only-private-key.pem");
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    Key(KeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap())
});

/// A key that nobody trusts.
pub(crate) static STRANGER: LazyLock<Key> = LazyLock::new(Key::generate);

pub(crate) struct Key(KeyPair);

impl Key {
    pub(crate) fn generate() -> Self {
        Self(KeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    /// Signs `header.payload` and puts the signature behind it; as RS256 where `alg` is no RSA algorithm.
    pub(crate) fn sign(&self, alg: &str, header: &str, payload: &str) -> String {
        let encoding: &'static dyn RsaEncoding = match alg {
            "RS384" => &RSA_PKCS1_SHA384,
            "RS512" => &RSA_PKCS1_SHA512,
            _ => &RSA_PKCS1_SHA256,
        };
        let signed = format!("{}.{}", base64url(header), base64url(payload));
        let mut signature = vec![0; self.0.public_modulus_len()];
        let random = SystemRandom::new();
        let signing = self
            .0
            .sign(encoding, &random, signed.as_bytes(), &mut signature);
        signing.unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// As a JWK without `alg`, so that it is for every allowed algorithm.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let numbers = RsaPublicKeyComponents::<Vec<u8>>::from(self.0.public_key());
        let (n, e) = (
            URL_SAFE_NO_PAD.encode(numbers.n),
            URL_SAFE_NO_PAD.encode(numbers.e),
        );
        json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": n, "e": e })
    }

    /// As the dashboard once showed it: base64 without the lines of a PEM.
    pub(crate) fn spki(&self) -> String {
        STANDARD.encode(self.0.public_key().as_der().unwrap().as_ref())
    }
}

pub(crate) fn base64url(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// A name, and a value as JSON text.
pub(crate) type Member = (String, String);

/// The object with these members in this order, with `space` where JSON lets white space stand.
pub(crate) fn object(members: &[Member], space: &str) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| {
            let name = Value::from(name.as_str());
            format!("{space}{name}{space}:{space}{value}{space}")
        })
        .collect();
    format!("{space}{{{}}}{space}", members.join(","))
}

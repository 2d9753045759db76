//! Signing keys, and session tokens as Clerk makes them.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Utc;
use serde_json::{Value, json};

use crate::Result;

/// `iss` of all tokens.
pub(crate) const ISSUER: &str = "https://clerk.example.test";

/// `azp` of all tokens.
pub(crate) const AUTHORIZED_PARTY: &str = "https://app.example.test";

/// Longer than a run takes, so that nothing here is ever refused because it has expired.
const LIFETIME: i64 = 15 * 60;

/// An RSA key of 2048 bits under a key id.
pub(crate) struct Signer {
    pair: KeyPair,
    key_id: String,
}

impl Signer {
    /// A new key under a new key id.
    pub(crate) fn generate() -> Result<Self> {
        Ok(Self {
            pair: KeyPair::generate(KeySize::Rsa2048)?,
            key_id: random_key_id()?,
        })
    }

    /// The same key under another key id.
    pub(crate) fn with_key_id(mut self, key_id: &str) -> Self {
        key_id.clone_into(&mut self.key_id);
        self
    }

    pub(crate) fn key_id(&self) -> &str {
        &self.key_id
    }

    /// For another process.
    pub(crate) fn to_text(&self) -> Result<String> {
        let der: Pkcs8V1Der<'_> = self.pair.as_der()?;
        Ok(format!(
            "{} {}",
            self.key_id,
            URL_SAFE_NO_PAD.encode(der.as_ref())
        ))
    }

    /// From another process.
    pub(crate) fn from_text(text: &str) -> Result<Self> {
        let (key_id, der) = text
            .split_once(' ')
            .ok_or("a key is a key id and its bytes")?;
        Ok(Self {
            pair: KeyPair::from_pkcs8(&URL_SAFE_NO_PAD.decode(der)?)?,
            key_id: key_id.to_owned(),
        })
    }

    /// Its public half, as Clerk publishes it.
    pub(crate) fn jwk(&self) -> Value {
        let key = self.pair.public_key();
        json!({
            "use": "sig",
            "kty": "RSA",
            "kid": self.key_id,
            "alg": "RS256",
            "n": URL_SAFE_NO_PAD.encode(key.modulus().big_endian_without_leading_zero()),
            "e": URL_SAFE_NO_PAD.encode(key.exponent().big_endian_without_leading_zero()),
        })
    }

    /// A session token. No two are the same.
    pub(crate) fn token(&self) -> Result<String> {
        self.token_under(&self.key_id)
    }

    /// A session token that claims to be signed by the key with this id.
    pub(crate) fn token_under(&self, key_id: &str) -> Result<String> {
        static MINTED: AtomicU64 = AtomicU64::new(0);
        let number = MINTED.fetch_add(1, Ordering::Relaxed);
        let now = Utc::now().timestamp();
        let header = json!({ "alg": "RS256", "kid": key_id, "typ": "JWT" });
        let claims = json!({
            "azp": AUTHORIZED_PARTY,
            "exp": now + LIFETIME,
            "iat": now,
            "iss": ISSUER,
            "nbf": now - 10,
            "sid": format!("sess_{number}"),
            "sub": "user_1",
            "v": 2,
        });
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            signed.as_bytes(),
            &mut signature,
        )?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    pub(crate) fn tokens(&self, count: usize) -> Result<Vec<String>> {
        (0..count).map(|_| self.token()).collect()
    }
}

/// As long as Clerk's, which are the id of the instance.
pub(crate) fn random_key_id() -> Result<String> {
    let mut bytes = [0; 20];
    aws_lc_rs::rand::fill(&mut bytes)?;
    Ok(format!("ins_{}", URL_SAFE_NO_PAD.encode(bytes)))
}

fn encode(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

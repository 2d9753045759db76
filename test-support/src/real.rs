//! The token that Clerk itself signed.

use clerk_verify::{FixedClock, Verifier, VerifierBuilder};
use serde::Deserialize;

/// A token signed by the Clerk service, with the keys of its instance.
#[derive(Clone, Debug, Deserialize)]
pub struct RealToken {
    /// The token.
    pub token: String,
    /// The instance's JWK Set.
    pub jwks: serde_json::Value,
    /// A moment at which the token is good, in seconds since 1970.
    pub now: i64,
    /// Who it is for.
    pub expect_sub: String,
    /// Who issued it.
    pub issuer: String,
}

impl RealToken {
    /// Reads it.
    #[must_use]
    pub fn load() -> Self {
        serde_json::from_str(include_str!("../data/real.json")).expect("the file is JSON")
    }

    /// When it expires.
    #[must_use]
    pub fn expires_at(&self) -> i64 {
        1_628_221_571
    }

    /// A verifier that trusts its issuer and has this clock.
    pub fn verifier(&self, clock: &FixedClock) -> VerifierBuilder {
        Verifier::builder()
            .jwks_json(self.jwks.to_string())
            .issuer(self.issuer.as_str())
            .clock(clock.clone())
    }

    /// The token with one character of its payload changed: still base64url of JSON.
    #[must_use]
    pub fn with_changed_payload(&self) -> String {
        let parts: Vec<&str> = self.token.split('.').collect();
        // In `…"aud":"clerk"…`, one letter of the value.
        let payload = parts[1].replacen("eyJhdWQiOiJjbGVyayI", "eyJhdWQiOiJjbGVyaiI", 1);
        assert_ne!(payload, parts[1]);
        format!("{}.{payload}.{}", parts[0], parts[2])
    }

    /// The token with one character of its signature changed.
    #[must_use]
    pub fn with_changed_signature(&self) -> String {
        let (signed, signature) = self.token.rsplit_once('.').expect("it has three parts");
        let changed = if signature.starts_with('A') { "B" } else { "A" };
        format!("{signed}.{changed}{}", &signature[1..])
    }
}

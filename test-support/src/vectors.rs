//! The conformance vectors.

use std::{collections::BTreeSet, time::Duration};

use clerk_verify::{ConfigError, FixedClock, Verifier};
use serde::Deserialize;
use serde_json::Value;

/// One case: a token or a request, what to verify it with, and the verdict.
#[derive(Clone, Debug, Deserialize)]
pub struct Vector {
    /// Its name.
    pub id: String,
    token: Option<String>,
    token_gen: Option<Repeat>,
    /// The request, where the case is about one.
    pub request: Option<Request>,
    jwks: Option<Value>,
    pem: Option<String>,
    now: i64,
    options: Options,
    expect: String,
    /// The user who must come out.
    pub expect_sub: Option<String>,
    reason: Option<String>,
    reason_alt: Option<Vec<String>>,
    level: String,
}

/// The headers of a request.
#[derive(Clone, Debug, Deserialize)]
pub struct Request {
    headers: Vec<(String, HeaderText)>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum HeaderText {
    Text(String),
    Hex { hex: String },
    Generated { r#gen: Repeat },
}

#[derive(Clone, Debug, Deserialize)]
struct Repeat {
    prefix: String,
    unit: String,
    count: usize,
    suffix: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    authorized_parties: Option<Vec<String>>,
    issuer: Option<String>,
    audience: Option<Vec<String>>,
    clock_skew_ms: Option<u64>,
    publishable_key: Option<String>,
}

/// All 844 of them.
#[must_use]
pub fn vectors() -> Vec<Vector> {
    let vectors: Vec<Vector> = include_str!("../data/conformance.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is a case"))
        .collect();
    assert_eq!(vectors.len(), 844);
    vectors
}

impl Vector {
    /// The token, where the case is about one.
    #[must_use]
    pub fn token(&self) -> Option<String> {
        let generated = self.token_gen.as_ref().map(Repeat::text);
        self.token.clone().or(generated)
    }

    /// Whether the verdict is ours to choose.
    #[must_use]
    pub fn is_policy(&self) -> bool {
        self.level == "policy"
    }

    /// Whether it must be accepted.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.expect == "accept"
    }

    /// The reasons, in our codes, of which one must be given.
    #[must_use]
    pub fn reasons(&self) -> BTreeSet<&'static str> {
        self.reason
            .iter()
            .chain(self.reason_alt.iter().flatten())
            .flat_map(|neutral| ours(neutral))
            .copied()
            .collect()
    }

    /// The verifier of the case.
    ///
    /// # Errors
    ///
    /// Where its keys are of no use, which counts as a rejection.
    pub fn verifier(&self) -> Result<Verifier, ConfigError> {
        let mut builder = Verifier::builder().clock(FixedClock::at_unix(self.now));
        if let Some(jwks) = &self.jwks {
            builder = match jwks.get("__raw__").and_then(Value::as_str) {
                Some(raw) => builder.jwks_json(raw),
                None => builder.jwks_json(jwks.to_string()),
            };
        }
        if let Some(pem) = &self.pem {
            builder = builder.jwt_key(pem.as_str());
        }
        let options = &self.options;
        if let Some(parties) = &options.authorized_parties {
            builder = builder.authorized_parties(parties.clone());
        }
        if let Some(issuer) = &options.issuer {
            builder = builder.issuer(issuer.as_str());
        }
        if let Some(audience) = &options.audience {
            builder = builder.audience(audience.clone());
        }
        if let Some(skew) = options.clock_skew_ms {
            builder = builder.clock_skew(Duration::from_millis(skew));
        }
        if let Some(key) = &options.publishable_key {
            builder = builder.publishable_key(key.as_str());
        }
        builder.build()
    }
}

impl Request {
    /// Names and raw values, in their order.
    #[must_use]
    pub fn headers(&self) -> Vec<(String, Vec<u8>)> {
        self.headers
            .iter()
            .map(|(name, value)| (name.clone(), value.bytes()))
            .collect()
    }
}

impl HeaderText {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Generated { r#gen } => r#gen.text().into_bytes(),
            Self::Hex { hex } => (0..hex.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("it is hex"))
                .collect(),
        }
    }
}

impl Repeat {
    fn text(&self) -> String {
        format!(
            "{}{}{}",
            self.prefix,
            self.unit.repeat(self.count),
            self.suffix
        )
    }
}

/// Our codes for a neutral reason. `build error` is a key that is refused before any token comes.
fn ours(neutral: &str) -> &'static [&'static str] {
    match neutral {
        "missing_token" => &["session-token-missing"],
        "malformed_token" | "unsupported_header" => &["token-invalid"],
        "invalid_algorithm" => &["token-invalid-algorithm"],
        "wrong_token_type" => &["token-type-mismatch"],
        "unknown_key" => &["jwk-kid-mismatch", "build error"],
        "invalid_key" => &["jwk-kid-mismatch", "build error"],
        "jwks_unavailable" => &["jwk-remote-failed-to-load", "build error"],
        "invalid_signature" => &["token-invalid-signature"],
        "expired" => &["token-expired"],
        "not_yet_valid" => &["token-not-active-yet"],
        "issued_in_future" => &["token-iat-in-the-future"],
        "invalid_authorized_party" => &["token-invalid-authorized-parties"],
        "invalid_issuer" => &["token-invalid-issuer"],
        "invalid_audience" => &["token-invalid-audience"],
        "missing_claim" | "invalid_claims" => &["token-verification-failed"],
        other => panic!("no code for {other}"),
    }
}

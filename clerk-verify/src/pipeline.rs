//! The one pipeline: all checks of a token, top to bottom in the order of the table in the crate's documentation.

use std::sync::Arc;

use crate::{
    algorithm::Algorithm,
    checks::Expected,
    claims::{Claims, Payload},
    clock::{Clock, unix_millis},
    error::{Kind, Seen},
    keys::{Keys, Lookup, MAX_KEY_ID_LEN},
    request::TokenSource,
    session::Session,
    token::{Compact, Header},
    token_class,
};

/// What a verifier trusts, and how it checks.
pub(crate) struct Pipeline {
    pub(crate) algorithms: Arc<[Algorithm]>,
    pub(crate) keys: Keys,
    pub(crate) expected: Expected,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) accept_jwt_templates: bool,
    pub(crate) max_token_len: usize,
    pub(crate) max_claims_nesting: usize,
    pub(crate) token_sources: Arc<[TokenSource]>,
}

/// How far a token came with the keys at hand.
pub(crate) enum Progress {
    Verified(Session),
    /// Its key is not at hand and may be worth a fetch.
    KeyNeeded(String),
}

/// Whether the key source has been asked already.
#[derive(Clone, Copy)]
pub(crate) enum Asked {
    NotYet,
    Already,
}

impl Pipeline {
    /// All checks, in their order; the first that fails is the reason.
    ///
    /// Steps 1 to 6 read what nobody has vouched for yet, to turn away what can't be a session token before
    /// a key is touched or fetched. From step 9 on the claims are the issuer's word.
    pub(crate) fn run(&self, token: &str, asked: Asked) -> Result<Progress, Kind> {
        let now = unix_millis(self.clock.now());

        // 1: three parts of base64url, two JSON objects.
        let compact = Compact::split(token, self.max_token_len)?;
        let header = Header::parse(&compact.header)?;
        let payload = Payload::parse(&compact.payload, self.max_claims_nesting)?;
        // 2: a session token.
        token_class::check(&header, &payload, self.accept_jwt_templates)?;
        // 3, 4: `typ`, `crit`, `b64`.
        header.check_parameters()?;
        // 5: an allowed algorithm.
        let algorithm = self.allowed_algorithm(&header)?;
        // 6, 7: a key, fetched only if the token could still be good.
        let key_id = self.key_id(&header)?;
        let candidates = match (self.keys.lookup(&key_id), asked) {
            (Lookup::Found(candidates), _) => candidates,
            (Lookup::NoKeys | Lookup::Fetch, Asked::NotYet) => {
                self.expected.issuer(&payload)?;
                self.expected.expiry(&payload, now)?;
                return Ok(Progress::KeyNeeded(key_id));
            }
            (Lookup::NoKeys, Asked::Already) => return Err(no_keys()),
            (Lookup::Fetch, Asked::Already) | (Lookup::Unknown, _) => {
                return Err(unknown_key(&key_id));
            }
        };
        let keys = candidates.keys(&key_id);
        if !keys.iter().any(|key| key.allows(algorithm)) {
            return Err(Kind::KeyAlgorithm {
                seen: header.kid.seen(),
                algorithm,
            });
        }
        // 8: the signature.
        if !keys
            .iter()
            .any(|key| key.verifies(algorithm, compact.signed, &compact.signature))
        {
            return Err(Kind::Signature);
        }
        // 9 to 16: the claims.
        self.expected.subject(&payload)?;
        self.expected.issuer(&payload)?;
        self.expected.audience(&payload)?;
        self.expected.authorized_party(&payload)?;
        let expires_at = self.expected.expiry(&payload, now)?;
        self.expected.not_before(&payload, now)?;
        self.expected.issued_at(&payload, now)?;
        self.expected.status(&payload)?;

        let claims = Claims::read(&payload, expires_at, compact.payload.clone());
        Ok(Progress::Verified(Session::new(claims)))
    }

    fn allowed_algorithm(&self, header: &Header<'_>) -> Result<Algorithm, Kind> {
        header
            .alg
            .text()
            .and_then(|name| Algorithm::from_name(&name))
            .filter(|algorithm| self.algorithms.contains(algorithm))
            .ok_or_else(|| Kind::Algorithm {
                seen: header.alg.seen(),
                allowed: Arc::clone(&self.algorithms),
            })
    }

    /// The token's `kid`; empty where the key has no id to compare it with.
    fn key_id(&self, header: &Header<'_>) -> Result<String, Kind> {
        if self.keys.ignore_key_id() {
            return Ok(String::new());
        }
        match header.kid.text() {
            Some(key_id) if !key_id.is_empty() && key_id.len() <= MAX_KEY_ID_LEN => {
                Ok(key_id.into_owned())
            }
            _ => Err(Kind::KeyId {
                seen: header.kid.seen(),
                limit: MAX_KEY_ID_LEN,
            }),
        }
    }
}

pub(crate) fn unknown_key(key_id: &str) -> Kind {
    Kind::UnknownKey {
        seen: Seen::text(key_id),
    }
}

/// What was fetched a moment ago has expired since: `ttl` and `max_stale` leave it no time.
fn no_keys() -> Kind {
    Kind::KeysUnavailable {
        detail: "those that were fetched are not good any more".to_owned(),
        retry_after: None,
        source: None,
    }
}

//! Configurations of a verifier with fixed keys.

use std::time::Duration;

use clerk_verify::{Algorithm, Clock, TokenCache, Verifier, VerifierBuilder};
use proptest::{prelude::*, sample::select};
use serde_json::json;

use crate::mint::{ISSUER, OWN};

/// What is configured; `Default` is the least that there can be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Rules {
    pub(crate) issuers: Vec<&'static str>,
    pub(crate) audiences: Vec<&'static str>,
    pub(crate) require_audience: bool,
    pub(crate) parties: Vec<&'static str>,
    pub(crate) allow_missing_azp: bool,
    pub(crate) skew: Duration,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) allow_pending: bool,
    pub(crate) allow_templates: bool,
    pub(crate) max_len: usize,
    pub(crate) max_nesting: usize,
    pub(crate) is_cached: bool,
}

pub(crate) const ISSUERS: [&str; 2] = ["https://clerk.example.test", "https://b.example"];
pub(crate) const PARTIES: [&str; 2] = ["https://app.example.com", "http://localhost:3000"];
pub(crate) const AUDIENCES: [&str; 2] = ["api", "x"];
pub(crate) const ALGORITHMS: [Algorithm; 3] =
    [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512];

impl Rules {
    /// With a JWK Set of the own key, which is for every algorithm.
    pub(crate) fn builder(&self) -> VerifierBuilder {
        let set = json!({ "keys": [OWN.jwk(ISSUER.key_id())] });
        self.beside(Verifier::builder().jwks_json(set.to_string()))
    }

    pub(crate) fn build(&self, clock: impl Clock) -> Verifier {
        self.builder().clock(clock).build().unwrap()
    }

    /// On top of a key source.
    pub(crate) fn beside(&self, builder: VerifierBuilder) -> VerifierBuilder {
        let cache = match self.is_cached {
            true => TokenCache::default(),
            false => TokenCache::disabled(),
        };
        builder
            .issuers(self.issuers.clone())
            .audience(self.audiences.clone())
            .require_audience(self.require_audience)
            .authorized_parties(self.parties.clone())
            .allow_missing_azp(self.allow_missing_azp)
            .clock_skew(self.skew)
            .algorithms(self.algorithms.clone())
            .allow_pending_sessions(self.allow_pending)
            .accept_jwt_templates(self.allow_templates)
            .max_token_len(self.max_len)
            .max_claims_nesting(self.max_nesting)
            .token_cache(cache)
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            issuers: Vec::new(),
            audiences: Vec::new(),
            require_audience: false,
            parties: Vec::new(),
            allow_missing_azp: false,
            skew: Duration::from_secs(5),
            algorithms: vec![Algorithm::RS256],
            allow_pending: false,
            allow_templates: false,
            max_len: 16 * 1024,
            max_nesting: 127,
            is_cached: true,
        }
    }
}

pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    let lists = (
        some_of(&ISSUERS),
        some_of(&AUDIENCES),
        some_of(&PARTIES),
        prop_oneof![
            2 => Just(vec![Algorithm::RS256]),
            1 => prop::sample::subsequence(ALGORITHMS.to_vec(), 1..=3)
        ],
    );
    let skew = select(&[0, 1_500, 5_000, 5_000, 60_000][..]).prop_map(Duration::from_millis);
    let max_len = select(&[16 * 1024, 16 * 1024, 16 * 1024, 750][..]);
    let max_nesting = select(&[127, 127, 127, 3, 1][..]);
    let flags = prop::array::uniform5(any::<bool>());
    (lists, skew, max_len, max_nesting, flags).prop_map(
        |((issuers, audiences, parties, algorithms), skew, max_len, max_nesting, flags)| {
            let [require, missing, allow_pending, allow_templates, is_cached] = flags;
            Rules {
                require_audience: require && !audiences.is_empty(),
                issuers,
                audiences,
                parties,
                allow_missing_azp: missing,
                skew,
                algorithms,
                allow_pending,
                allow_templates,
                max_len,
                max_nesting,
                is_cached,
            }
        },
    )
}

/// None of them in half of the cases, and mostly the first, which most tokens have.
fn some_of(all: &[&'static str; 2]) -> impl Strategy<Value = Vec<&'static str>> + use<> {
    let [first, second] = *all;
    prop_oneof![
        6 => Just(Vec::new()),
        3 => Just(vec![first]),
        3 => Just(vec![second, first]),
        1 => Just(vec![second]),
    ]
}

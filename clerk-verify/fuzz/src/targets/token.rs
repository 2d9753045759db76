//! The bytes of a token, against fixed keys: those of the conformance vectors, and one that the fuzzer's tokens have.
//!
//! The input is the token as it is. The model decides about each, in both directions and with the reason.

use std::{cell::LazyCell, time::Duration};

use clerk_verify::{TokenCache, Verifier};

use crate::{
    clock::{NOW_MS, SetClock},
    harness::{Bound, Outcome, bounded},
    model::{
        keys,
        token::{Key, Rules, check},
    },
    vectors, verdict,
};

/// Of the two parsed texts, the decoded parts and the message.
const BOUND: Bound = Bound {
    bytes: 8 * 1024,
    bytes_per_byte: 16,
    count: 100,
    count_per_kilobyte: 50,
};

struct Setup {
    verifier: Verifier,
    rules: Rules,
    keys: Vec<Key>,
}

thread_local! {
    static SETUP: LazyCell<Setup> = LazyCell::new(|| {
        let jwks = vectors::usual_jwks();
        let verifier = Verifier::builder()
            .jwks_json(jwks.as_str())
            .clock(SetClock::default())
            .clock_skew(Duration::from_secs(5))
            .token_cache(TokenCache::disabled())
            .build()
            .unwrap();
        Setup { verifier, rules: Rules::usual(), keys: keys::jwks(jwks.as_bytes(), keys::MAX_KEYS_OF_ONE_ID).unwrap() }
    });
}

#[must_use]
pub fn run(input: &[u8]) -> Outcome {
    let token = String::from_utf8_lossy(input);
    SETUP.with(|setup| {
        let setup: &Setup = setup;
        let result = bounded(token.len(), &BOUND, || {
            setup.verifier.verify_token_now(&token).unwrap()
        });
        let model = check(&token, &setup.rules, &setup.keys, NOW_MS);
        verdict::compare(&result, &model)
    })
}

#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let tokens = vectors::tokens(4096);
    tokens.map(|token| token.as_bytes().to_vec()).collect()
}

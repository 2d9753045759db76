//! Which keys of a JWK Set may verify.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used
)]

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clerk_verify::{
    Algorithm, FetchError, FetchRequest, FetchResponse, Fetcher, FixedClock, Reason, Verifier,
    testing::TestIssuer,
};
use serde_json::{Value, json};

const NOW: i64 = 1_790_000_000;

fn issuer() -> TestIssuer {
    TestIssuer::new().with_clock(FixedClock::at_unix(NOW))
}

/// The issuer's one key, changed.
fn key(changes: Value) -> Value {
    let set: Value = serde_json::from_str(&issuer().jwks_json()).unwrap();
    let mut key = set["keys"][0].clone();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => key.as_object_mut().unwrap().remove(name),
            value => key
                .as_object_mut()
                .unwrap()
                .insert(name.clone(), value.clone()),
        };
    }
    key
}

/// Why the set is refused, if it is.
fn problem(keys: Value) -> Option<String> {
    let set = json!({ "keys": keys }).to_string();
    Verifier::builder()
        .jwks_json(set)
        .build()
        .err()
        .map(|error| error.to_string())
}

#[test]
fn a_key_with_a_private_member_is_not_used() {
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        let found = problem(json!([key(json!({ name: "AQAB" }))])).unwrap();
        assert!(found.contains("private members"), "{name}: {found}");
    }
}

#[test]
fn a_key_is_for_signatures_and_for_verifying_them() {
    for (changes, why) in [
        (json!({"use": "enc"}), "`use`"),
        (json!({"use": 1}), "`use`"),
        (json!({"key_ops": ["sign"]}), "`key_ops`"),
        (json!({"key_ops": []}), "`key_ops`"),
        (json!({"alg": "RS512"}), "`alg`"),
        (json!({"alg": "RSA-OAEP"}), "`alg`"),
        (json!({"alg": ""}), "`alg`"),
        (json!({"kty": "EC"}), "`kty`"),
        (json!({"kid": null}), "`kid`"),
        (json!({"kid": ""}), "`kid`"),
        (json!({"kid": "k".repeat(257)}), "`kid`"),
        (json!({"kid": 7}), "`kid`"),
        (json!({"e": "AQ"}), "exponent"),
        (json!({"e": "AQAA"}), "exponent"),
        (json!({"e": "AQAAAAE"}), "exponent"),
        (json!({"e": "AQAB="}), "`e`"),
        (json!({"n": "AQAB"}), "17 bits"),
        (json!({"n": "+/+/"}), "`n`"),
    ] {
        let found = problem(json!([key(changes.clone())])).unwrap();
        assert!(found.contains(why), "{changes}: {found}");
    }
    for changes in [
        json!({}),
        json!({"use": null}),
        json!({"alg": null}),
        json!({"key_ops": ["verify"]}),
        json!({"x5c": 7}),
    ] {
        assert_eq!(problem(json!([key(changes)])), None);
    }
}

#[test]
fn odd_entries_are_passed_over() {
    let keys = json!([null, 7, "x", [], {}, {"kty": "AKP", "kid": "x"}, key(json!({"use": "enc", "kid": "enc"})), key(json!({}))]);
    let verifier = Verifier::builder()
        .jwks_json(json!({ "keys": keys }).to_string())
        .clock(FixedClock::at_unix(NOW))
        .build()
        .unwrap();
    assert_eq!(verifier.status().keys(), 1);
    assert!(
        verifier
            .verify_token_now(&issuer().token().sign())
            .unwrap()
            .is_ok()
    );
}

#[test]
fn one_key_published_for_two_algorithms_verifies_both() {
    let both = [Algorithm::RS256, Algorithm::RS512];
    for keys in [
        json!([key(json!({})), key(json!({"alg": "RS512"}))]),
        json!([key(json!({"alg": "RS512"})), key(json!({}))]),
    ] {
        let verifier = Verifier::builder()
            .jwks_json(json!({ "keys": keys }).to_string())
            .algorithms(both)
            .clock(FixedClock::at_unix(NOW))
            .build()
            .unwrap();
        for algorithm in both {
            let token = issuer().token().algorithm(algorithm).sign();
            assert!(
                verifier.verify_token_now(&token).unwrap().is_ok(),
                "{algorithm}"
            );
        }
    }
}

#[test]
fn two_keys_under_one_kid_both_verify() {
    let next = TestIssuer::fresh()
        .with_key_id(issuer().key_id())
        .with_clock(FixedClock::at_unix(NOW));
    let other: Value = serde_json::from_str(&next.jwks_json()).unwrap();
    let set = json!({ "keys": [key(json!({})), other["keys"][0]] }).to_string();
    let verifier = Verifier::builder()
        .jwks_json(set)
        .clock(FixedClock::at_unix(NOW))
        .build()
        .unwrap();
    for token in [issuer().token().sign(), next.token().sign()] {
        assert!(verifier.verify_token_now(&token).unwrap().is_ok());
    }
    let stranger = issuer().token().signed_by(&TestIssuer::fresh()).sign();
    let error = verifier.verify_token_now(&stranger).unwrap().unwrap_err();
    assert_eq!(error.reason(), Reason::TokenInvalidSignature);
}

#[test]
fn a_text_that_is_no_set_is_refused() {
    for text in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"Keys":[]}"#,
        r#"{"keys":[]}"#,
        r#"[[]]"#,
        "<html>",
    ] {
        let error = Verifier::builder().jwks_json(text).build().unwrap_err();
        assert_eq!(error.problems()[0].option(), "jwks_json", "{text}");
    }
}

#[test]
fn a_key_for_another_algorithm_is_no_key_for_the_token() {
    let set = json!({ "keys": [key(json!({"alg": "RS512"}))] }).to_string();
    let verifier = Verifier::builder()
        .jwks_json(set)
        .algorithms([Algorithm::RS256, Algorithm::RS512])
        .clock(FixedClock::at_unix(NOW))
        .build()
        .unwrap();
    let verify = |algorithm| {
        let token = issuer().token().algorithm(algorithm).sign();
        let result = verifier.verify_token_now(&token).unwrap();
        result.err().map(|error| error.reason())
    };
    assert_eq!(verify(Algorithm::RS512), None);
    assert_eq!(verify(Algorithm::RS256), Some(Reason::JwkKidMismatch));
}

struct Serving(String);

impl Fetcher for Serving {
    async fn fetch(&self, _: FetchRequest) -> Result<FetchResponse, FetchError> {
        Ok(FetchResponse::new(200, self.0.clone()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_fetched_set_has_a_hundred_keys_at_most() {
    for (count, is_taken) in [(100, true), (101, false)] {
        let mut keys = vec![json!({}); count - 1];
        keys.push(key(json!({})));
        let verifier = Verifier::builder()
            .jwks_url("https://keys.example.test/jwks.json")
            .issuer(issuer().issuer())
            .fetcher(Serving(json!({ "keys": keys }).to_string()))
            .clock(FixedClock::at_unix(NOW))
            .build()
            .unwrap();
        assert_eq!(verifier.ready().await.is_ok(), is_taken, "{count} keys");
    }
}

#[test]
fn each_key_that_is_passed_over_is_named_with_its_reason() {
    let found = problem(json!([
        key(json!({"use": "enc"})),
        key(json!({"kty": "EC"}))
    ]))
    .unwrap();
    let (_, reasons) = found.split_once("without a usable key: ").unwrap();
    let mut reasons = reasons.split("; ");
    assert!(reasons.next().unwrap().contains("`use`"), "{found}");
    assert!(reasons.next().unwrap().contains("`kty`"), "{found}");
}

#[test]
fn an_even_modulus_is_named() {
    let good = key(json!({}));
    let number = good["n"].as_str().unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(number).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let found = problem(json!([key(json!({"n": URL_SAFE_NO_PAD.encode(bytes)}))])).unwrap();
    assert!(found.contains("whose modulus is even"), "{found}");
}

#[test]
fn of_one_key_id_all_keys_are_kept_that_the_user_gives() {
    let number = key(json!({}))["n"].as_str().unwrap().to_owned();
    let number = URL_SAFE_NO_PAD.decode(number).unwrap();
    let others = (0..5).map(|place| {
        // As good a number as any, to who does not verify with it.
        let mut other = number.clone();
        other[100 + place] ^= 1;
        key(json!({"n": URL_SAFE_NO_PAD.encode(other)}))
    });
    let others: Vec<Value> = others.collect();
    let set = json!({ "keys": others }).to_string();
    let verifier = Verifier::builder().jwks_json(set).build().unwrap();
    assert_eq!(verifier.status().keys(), 5);
}

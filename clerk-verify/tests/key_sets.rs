//! Which keys of a JWK Set may verify.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used
)]

use clerk_verify::{Algorithm, FixedClock, Reason, Verifier, testing::TestIssuer};
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

//! JWK Sets: the own key among others.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

use crate::mint::{ISSUER, OWN, STRANGER};

/// Keys under ids that no token here has, and things that are no keys for signatures at all, also under the own id.
pub(crate) fn extras() -> impl Strategy<Value = Vec<Value>> {
    vec(extra(), 0..6)
}

fn extra() -> impl Strategy<Value = Value> {
    let kid = ISSUER.key_id();
    let own = |name: &str, value: Value| {
        let mut key = OWN.jwk(kid);
        key[name] = value;
        key
    };
    let stranger = |name: &str, value: Value| {
        let mut key = STRANGER.jwk(kid);
        key[name] = value;
        key
    };
    let mut keys = vec![
        OWN.jwk("ins_extra_1"),
        STRANGER.jwk("ins_extra_2"),
        STRANGER.jwk(&kid.to_uppercase()),
        STRANGER.jwk(&"k".repeat(300)),
        json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" }),
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }),
        json!({ "kty": "oct", "kid": kid, "k": "c2VjcmV0" }),
        json!({ "kty": "RSA", "kid": kid }),
        json!({ "kid": kid }),
        json!({}),
        json!(null),
        json!("key"),
        json!([STRANGER.jwk(kid)]),
    ];
    for make in [&own as &dyn Fn(&str, Value) -> Value, &stranger] {
        keys.extend([
            make("use", json!("enc")),
            make("use", json!(null)),
            make("key_ops", json!(["sign"])),
            make("alg", json!("ES256")),
            make("alg", json!("none")),
            make("kty", json!("rsa")),
            make("kid", json!(7)),
            make("kid", json!("")),
            make("d", json!("c2VjcmV0")),
            make("n", json!("c2hvcnQ")),
            make("n", json!("*")),
            make("e", json!("AQ")),
            make("e", json!("")),
        ]);
    }
    select(keys)
}

/// The extra keys, and the own one among them.
pub(crate) fn set(extras: &[Value], place: prop::sample::Index) -> Value {
    let mut keys = extras.to_vec();
    keys.insert(place.index(keys.len() + 1), OWN.jwk(ISSUER.key_id()));
    json!({ "keys": keys })
}

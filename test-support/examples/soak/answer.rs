//! The bodies that the key server sends.

use std::sync::Arc;

use fastrand::Rng;
use serde_json::{Value, json};

use crate::ring::Key;

/// One byte more than `max_body_bytes` allows.
pub(crate) const TOO_LARGE: usize = 512 * 1024 + 1;

pub(crate) const HTML: &str =
    "<!doctype html><title>Checking your browser</title><p>One moment, please.</p>";

pub(crate) fn good_set(keys: &[Arc<Key>]) -> String {
    let keys: Vec<_> = keys.iter().map(|key| &key.jwk).collect();
    json!({ "keys": keys }).to_string()
}

/// The same keys, in any order, among members that are to be skipped. None of those has a good key's id, but for
/// an exact copy.
pub(crate) fn set_with_odd_members(keys: &[Arc<Key>], rng: &mut Rng) -> String {
    let mut members = vec![
        Value::Null,
        json!(7),
        json!("key"),
        json!([]),
        json!({}),
        json!({ "kty": "AKP", "kid": "odd_akp", "alg": "ML-DSA-65", "pub": "AAAA" }),
        json!({ "kty": "oct", "kid": "odd_oct", "k": "AAAAAAAAAAAAAAAAAAAAAA" }),
        json!({ "kty": "RSA", "kid": "odd_broken", "n": "!!", "e": "AQAB" }),
        json!({ "kty": "RSA", "kid": "odd_small", "n": "AQAB", "e": "AQAB" }),
        json!({ "kty": "EC", "kid": "odd_curve", "crv": "P-999", "x": "AA", "y": "AA" }),
        json!({ "kty": "RSA", "kid": 5, "n": [], "e": null }),
    ];
    if let Some(key) = keys.first() {
        let mut encryption = key.jwk.clone();
        encryption["kid"] = json!("odd_encryption");
        encryption["use"] = json!("enc");
        members.push(encryption);
        members.push(key.jwk.clone());
    }
    rng.shuffle(&mut members);
    members.truncate(rng.usize(1..=members.len()));
    members.extend(keys.iter().map(|key| key.jwk.clone()));
    rng.shuffle(&mut members);
    json!({ "odd": true, "keys": members }).to_string()
}

/// Status line and headers.
pub(crate) fn head(status: &str, content_type: &str, length: usize, more: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\
         connection: close\r\n{more}\r\n"
    )
}

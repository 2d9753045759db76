//! What the seeds take from the conformance vectors.

use std::sync::LazyLock;

use serde_json::Value;

use crate::model::base64url;

/// The vectors, line by line.
pub static ALL: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../test-support/data/conformance.jsonl"
    );
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
});

/// The key set that most vectors are verified with.
#[must_use]
pub fn usual_jwks() -> String {
    ALL[0]["jwks"].to_string()
}

/// The tokens of at most so many bytes.
pub fn tokens(longest: usize) -> impl Iterator<Item = &'static str> {
    let tokens = ALL.iter().filter_map(|vector| vector["token"].as_str());
    tokens.filter(move |token| token.len() <= longest)
}

/// Header and payload of each of these tokens whose first two parts can be decoded.
pub fn parts(longest: usize) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    tokens(longest).filter_map(|token| {
        let mut parts = token.split('.');
        let header = base64url::decode(parts.next()?.as_bytes())?;
        let payload = base64url::decode(parts.next()?.as_bytes())?;
        Some((header, payload))
    })
}

/// The header fields of the vectors that are about requests, as names and bytes.
pub fn requests() -> impl Iterator<Item = Vec<(String, Vec<u8>)>> {
    ALL.iter().filter_map(|vector| {
        let fields = vector["request"]["headers"].as_array()?;
        let fields = fields.iter().filter_map(|field| {
            let name = field[0].as_str()?.to_owned();
            let value = match field[1]["hex"].as_str() {
                Some(hex) => (0..hex.len())
                    .step_by(2)
                    .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
                    .collect(),
                None => field[1].as_str()?.as_bytes().to_vec(),
            };
            Some((name, value))
        });
        Some(fields.collect())
    })
}

/// A file of the shared test keys.
#[must_use]
pub fn key_files() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-support/data/keys");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

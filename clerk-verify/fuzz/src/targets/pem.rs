//! The text of `jwt_key`.
//!
//! Input: the text. Where the library takes it, the crates of another generation must find the same RSA key of 2048 bits or
//! more in it; whether it is the same key is seen by tokens. That the library takes all that the model takes is not
//! asked: people's spellings are the library's own matter.

use std::{cell::LazyCell, sync::LazyLock};

use clerk_verify::{TokenCache, Verifier};

use super::signed::{OTHER_SIGNER, SIGNER};
use crate::{
    clock::SetClock,
    harness::{Bound, Outcome, bounded},
    model::{base64url, keys},
    signer::Signer,
    vectors,
};

/// Building a verifier takes some tens of kilobytes, and the text is copied some times.
const BOUND: Bound = Bound {
    bytes: 64 * 1024,
    bytes_per_byte: 32,
    count: 200,
    count_per_kilobyte: 50,
};

static LARGE: LazyLock<Signer> = LazyLock::new(|| Signer::new(3, 4096));
static SMALL: LazyLock<Signer> = LazyLock::new(|| Signer::new(4, 1984));

thread_local! {
    /// The keys whose tokens are tried, with a token each.
    static TRIED: LazyCell<Vec<(Vec<u8>, String)>> = LazyCell::new(|| {
        let signers: [&Signer; 4] = [&SIGNER, &OTHER_SIGNER, &LARGE, &SMALL];
        signers
            .into_iter()
            .map(|signer| {
                let token = signer.token("RS256", br#"{"alg":"RS256"}"#, br#"{"sub":"user_1","exp":1790000050}"#);
                (signer.key(None, None).modulus, token)
            })
            .collect()
    });
}

#[must_use]
pub fn run(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input);
    let built = bounded(text.len(), &BOUND, || {
        Verifier::builder()
            .jwt_key(text.as_ref())
            .clock(SetClock::default())
            .token_cache(TokenCache::disabled())
            .build()
    });
    let model = keys::jwt_key(&text);
    let verifier = match built {
        Ok(verifier) => verifier,
        Err(error) => {
            shows_nothing(&text, &format!("{error} {error:?}"));
            let is_open = if model.is_some() {
                ", the model takes it"
            } else {
                ""
            };
            let found = error.problems()[0].found();
            return format!(
                "refused{is_open}: {}",
                found.split(':').next().unwrap_or_default()
            );
        }
    };
    let key = model.unwrap_or_else(|| panic!("taken, but no RSA key is in it"));
    shows_nothing(&text, &format!("{verifier:?} {}", verifier.describe()));
    let mut outcome = "taken, a key that is not the fuzzer's".to_owned();
    TRIED.with(|tried| {
        for (modulus, token) in tried.iter() {
            let is_accepted = verifier.verify_token_now(token).unwrap().is_ok();
            let is_same = *modulus == key.modulus && key.exponent == [1, 0, 1];
            assert_eq!(
                is_accepted,
                is_same,
                "a token of a key of {} bytes",
                modulus.len()
            );
            if is_accepted {
                outcome = format!("taken, {} bits", modulus.len() * 8);
            }
        }
    });
    outcome
}

/// No run of base64 that could be a piece of a key stands in what is said.
#[track_caller]
pub fn shows_nothing(input: &str, said: &str) {
    const PIECE: usize = 24;
    let is_of_key = |byte: u8| byte.is_ascii_alphanumeric() || b"+/_".contains(&byte);
    let said_runs = said.as_bytes().split(|byte| !is_of_key(*byte));
    for run in said_runs.filter(|run| run.len() >= PIECE) {
        for piece in run.windows(PIECE) {
            let piece = std::str::from_utf8(piece).unwrap();
            assert!(
                !input.contains(piece),
                "{piece} of the input is shown: {said}"
            );
        }
    }
}

#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vectors::key_files();
    let mut own = Vec::new();
    let signers: [&Signer; 3] = [&SIGNER, &LARGE, &SMALL];
    for signer in signers {
        let pem = signer.pem();
        let body = pem
            .lines()
            .filter(|line| !line.starts_with('-'))
            .collect::<String>();
        let pkcs1 = base64url::encode(&signer.pkcs1())
            .replace('-', "+")
            .replace('_', "/");
        own.extend([
            pem.clone(),
            pem.replace('\n', "\\n"),
            pem.replace('\n', "\r\n"),
            pem.replace('\n', "\\r\\n"),
            pem.replace('\n', " "),
            pem.replace('\n', ""),
            format!("\"{pem}\""),
            format!("'{}'", pem.replace('\n', "\\n")),
            body,
            base64url::encode(&signer.spki()),
            base64url::encode(&signer.pkcs1()),
            base64url::encode(pem.as_bytes()),
            format!("-----BEGIN RSA PUBLIC KEY-----\n{pkcs1}\n-----END RSA PUBLIC KEY-----"),
            format!("The key:\n{pem}The end."),
        ]);
    }
    seeds.extend(own.into_iter().map(String::into_bytes));
    for vector in vectors::ALL.iter() {
        seeds.extend(vector["pem"].as_str().map(|pem| pem.as_bytes().to_vec()));
    }
    seeds
}

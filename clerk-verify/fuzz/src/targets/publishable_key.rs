//! A publishable key: which host it names, and which cookies are its own.
//!
//! Input: the key. The library takes only what the model takes; and everything that it takes whose host is a plain DNS name.

use clerk_verify::{Authentication, Reason, TokenCache, Verifier};

use super::signed::SIGNER;
use crate::{
    clock::SetClock,
    harness::{Bound, Outcome, bounded},
    model::{base64url, keys, request::suffix},
};

const BOUND: Bound = Bound {
    bytes: 256 * 1024,
    bytes_per_byte: 64,
    count: 1_000,
    count_per_kilobyte: 400,
};

#[must_use]
pub fn run(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input);
    let built = bounded(text.len(), &BOUND, || {
        Verifier::builder()
            .jwt_key(SIGNER.pem())
            .publishable_key(text.as_ref())
            .clock(SetClock::default())
            .token_cache(TokenCache::disabled())
            .build()
    });
    let model = keys::publishable_key(&text);
    match built {
        Err(error) => {
            let host = model.unwrap_or_default();
            assert!(!is_plain(&host), "refused, though it names {host}: {error}");
            if host.is_empty() {
                "refused".to_owned()
            } else {
                "refused for its host".to_owned()
            }
        }
        Ok(verifier) => {
            let host = model.unwrap_or_else(|| panic!("taken, but it names no host"));
            let status = verifier.status();
            assert_eq!(status.issuers(), [format!("https://{host}")]);
            has_its_own_cookie(&verifier, &text, &host);
            "taken".to_owned()
        }
    }
}

/// Labels of lower-case letters, digits and inner hyphens, of lengths that DNS has; no international ones, which must mean
/// something too.
fn is_plain(host: &str) -> bool {
    let labels: Vec<_> = host.split('.').collect();
    let is_label = |label: &&str| {
        let is_of_dns =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(is_of_dns)
            && !label.starts_with('-')
            && !label.ends_with('-')
            && !label.starts_with("xn--")
    };
    let last_has_letter = labels
        .last()
        .is_some_and(|last| last.bytes().any(|byte| byte.is_ascii_lowercase()));
    host.len() <= 253 && labels.len() >= 2 && last_has_letter && labels.iter().all(is_label)
}

fn has_its_own_cookie(verifier: &Verifier, key: &str, host: &str) {
    let payload = format!(r#"{{"sub":"user_1","exp":1790000050,"iss":"https://{host}"}}"#);
    let token = SIGNER.token("RS256", br#"{"alg":"RS256"}"#, payload.as_bytes());
    let ask = |suffix: &str| {
        let cookies = format!("__session_{suffix}={token}; __client_uat_{suffix}=1");
        match verifier.begin(&[("cookie", cookies)], None) {
            Authentication::Done(state) => state
                .into_session()
                .map_err(|signed_out| signed_out.reason()),
            Authentication::Waiting(_) => panic!("fixed keys never wait"),
        }
    };
    let session = ask(&suffix(key)).unwrap();
    assert_eq!(session.issuer(), Some(format!("https://{host}").as_str()));
    let foreign = ask(&suffix(&format!("{key}=x"))).map(|session| session.user_id().to_owned());
    assert_eq!(foreign, Err(Reason::SessionTokenMissing));
}

#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let hosts = [
        "clerk.clerk.dev$",
        "clerk.example.com$",
        "foo-bar-13.clerk.accounts.dev$",
        "localhost$",
        "clerk.dev",
        "clerk.dev$$",
        "a$b.c$",
        "clerk.dev$extra",
        "clerk.dev:8080$",
        "user@clerk.dev$",
        "clerk.dev/x$",
        "127.0.0.1$",
        "[::1].x$",
        "a..b$",
        "CLERK.Dev$",
        "xn--bcher-kva.example$",
        "bücher.example$",
        ".a$",
        "a.$",
        "-a.b$",
        "a b.c$",
        "a.b\n$",
        "$",
        "",
        "clerk.example.com#$",
        "clerk.example.com?$",
        "clerk.1$",
    ];
    let mut seeds = Vec::new();
    for host in hosts {
        let text = base64url::encode(host.as_bytes());
        let padding = "=".repeat((4 - text.len() % 4) % 4);
        for prefix in ["pk_live_", "pk_test_"] {
            seeds.push(format!("{prefix}{text}"));
            seeds.push(format!("{prefix}{text}{padding}"));
        }
    }
    for key in [
        "pk_live_Y2xlcmsuY2xlcmsuZGV2JA",
        "pk_test_ZW5vdWdoLWFscGFjYS04Mi5jbGVyay5hY2NvdW50cy5sY2xjbGVyay5jb20k",
        "sk_live_x",
        "pk_live_",
        "pk_prod_Y2xlcmsuY2xlcmsuZGV2JA",
        "pk_live_Y2xlcmsuY2xlcmsuZGV2JA==x",
        " pk_live_Y2xlcmsuY2xlcmsuZGV2JA ",
    ] {
        seeds.push(key.to_owned());
    }
    seeds.into_iter().map(String::into_bytes).collect()
}

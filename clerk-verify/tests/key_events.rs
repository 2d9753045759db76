//! What a key source tells the hook and the logs, under names that stay.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::sync::{Arc, Mutex};

use clerk_test_support::capture_logs;
use clerk_verify::{KeyEvent, Verifier, testing::TestIssuer};

const TARGET: &str = "clerk_verify::keys";

/// One test alone: the subscriber is the process's.
#[tokio::test]
async fn each_event_goes_to_the_hook_and_to_the_log() {
    let logs = capture_logs();
    let issuer = TestIssuer::new();
    let server = issuer.serve().await.unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&told);
    let next = Arc::new(Mutex::new(0));
    let pause = Arc::clone(&next);
    let verifier = Verifier::builder()
        .jwks_url(format!("{}?secret=1", server.jwks_url()))
        .key_events(move |source: &str, event: &KeyEvent<'_>| {
            assert!(!source.contains("secret"), "{source}");
            let text = format!("{event:?}");
            let name = text.split(' ').next().unwrap().to_owned();
            hook.lock().unwrap().push(name);
            if let KeyEvent::FetchFailed {
                next_attempt_in, ..
            } = event
            {
                *pause.lock().unwrap() = next_attempt_in.as_millis();
            }
        })
        .build()
        .unwrap();
    verifier.ready().await.unwrap();
    assert!(verifier.verify_token(&issuer.token().sign()).await.is_ok());
    server.answer(500, "");
    let unknown = issuer.token().header("kid", "ins_unknown").sign();
    assert!(verifier.verify_token(&unknown).await.is_err());

    let fields = |names: &'static [&'static str]| names.to_vec();
    let expected = [
        ("fetch_started", "TRACE", fields(&["source", "cause"])),
        (
            "fetch_succeeded",
            "INFO",
            fields(&[
                "source",
                "cause",
                "took_ms",
                "changed",
                "not_modified",
                "keys",
                "skipped",
                "generation",
            ]),
        ),
        ("fetch_started", "TRACE", fields(&["source", "cause"])),
        (
            "fetch_failed",
            "WARN",
            fields(&[
                "source",
                "cause",
                "outcome",
                "error",
                "took_ms",
                "next_attempt_in_ms",
                "state",
            ]),
        ),
        (
            "key_looked_for",
            "DEBUG",
            fields(&["source", "cause", "result"]),
        ),
    ];
    let logged = logs.events(TARGET);
    assert_eq!(logged.len(), expected.len(), "{logged:#?}");
    for (logged, (name, level, fields)) in logged.iter().zip(expected) {
        assert_eq!(logged.name, format!("clerk_verify.keys.{name}"));
        assert_eq!((logged.level, &logged.fields), (level, &fields));
    }
    let told = told.lock().unwrap().clone();
    assert_eq!(
        told,
        [
            "FetchStarted",
            "FetchSucceeded",
            "FetchStarted",
            "FetchFailed",
            "KeyLookedFor"
        ]
    );
    let next = *next.lock().unwrap();
    assert!(next > 1, "there is a pause after a failure");
    let said = format!("next_attempt_in_ms={next} ");
    assert!(logs.text().contains(&said), "no {said} in {}", logs.text());
    assert!(!logs.text().contains("ins_unknown"), "no key id is logged");
    assert!(!logs.text().contains("secret=1"), "no query is logged");
}

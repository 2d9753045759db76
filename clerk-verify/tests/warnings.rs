//! What is said of a set-up that works but is lax.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use clerk_test_support::capture_logs;
use clerk_verify::testing::TestIssuer;

/// One test alone: the subscriber is the process's.
#[test]
fn a_verifier_without_authorized_parties_warns_once() {
    let logs = capture_logs();
    let warnings = |text: &str| logs.text().matches(text).count();
    let issuer = TestIssuer::new();

    let verifier = issuer.verifier().build().unwrap();
    for _ in 0..10 {
        assert!(
            verifier
                .clone()
                .verify_token_now(&issuer.token().sign())
                .unwrap()
                .is_ok()
        );
    }
    assert_eq!(warnings("no authorized parties are configured"), 1);
    drop(issuer.verifier().build().unwrap());
    assert_eq!(
        warnings("no authorized parties are configured"),
        2,
        "one for each verifier"
    );

    drop(issuer.token().session().unwrap());
    assert_eq!(
        warnings("no authorized parties are configured"),
        2,
        "nobody chose the verifier of the test kit's sessions"
    );

    let good = [
        "https://app.example.com",
        "http://localhost:3000",
        "chrome-extension://abcdef",
    ];
    drop(issuer.verifier().authorized_parties(good).build().unwrap());
    assert_eq!(warnings("matches no token"), 0);
    let never = [
        "https://a.example/",
        "https://*.example",
        "localhost:5173",
        "https://b.example/x",
        "app",
    ];
    drop(issuer.verifier().authorized_parties(never).build().unwrap());
    assert_eq!(warnings("matches no token"), never.len());
    assert_eq!(warnings("no authorized parties are configured"), 2);

    drop(
        issuer
            .verifier()
            .issuer("clerk.example.com")
            .authorized_parties(good)
            .build()
            .unwrap(),
    );
    assert_eq!(warnings("this issuer matches no token"), 1);
}

//! What is said of a set-up that works but is lax.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use clerk_test_support::capture_logs;
use clerk_verify::{Requirement, testing::TestIssuer};

/// Parties that tokens can have.
const GOOD: [&str; 7] = [
    "https://app.example.com",
    "http://localhost:3000",
    "http://[::1]:3000",
    "https://app.example.com:80",
    "http://app.example.com:443",
    "chrome-extension://abcdef",
    "capacitor://localhost:443",
];

/// Those that no browser ever sends so.
const NEVER: [&str; 17] = [
    "app",
    "localhost:5173",
    "://b.example",
    "https://",
    "https://b.example/",
    "https://b.example/x",
    "https://b.example?x",
    "https://b.example#x",
    "https://x@b.example",
    "https://*.b.example",
    "https://b.example:443",
    "http://b.example:80",
    "https://B.example",
    "https://b .example",
    "HTTPS://b.example",
    " https://b.example",
    "https://b.example\t",
];

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

    drop(issuer.verifier().authorized_parties(GOOD).build().unwrap());
    assert_eq!(warnings("matches no token"), 0);
    for (number, party) in (1..).zip(NEVER) {
        let parties = GOOD.into_iter().chain([party]);
        drop(
            issuer
                .verifier()
                .authorized_parties(parties)
                .build()
                .unwrap(),
        );
        assert_eq!(warnings("matches no token"), number, "{party}");
    }
    // The place says which; what was pasted is not logged.
    let place = format!("position={}", GOOD.len() + 1);
    assert_eq!(warnings(&place), NEVER.len());
    assert_eq!(warnings("b.example"), 0);
    assert_eq!(warnings("no authorized parties are configured"), 2);

    drop(
        issuer
            .verifier()
            .issuer("clerk.example.com")
            .authorized_parties(GOOD)
            .build()
            .unwrap(),
    );
    assert_eq!(warnings("this issuer matches no token"), 1);

    // As the layers of both adapters do.
    Requirement::new().role("org:admin").warn_if_never_met();
    assert_eq!(warnings("no session ever meets"), 0);
    Requirement::new().plan("").warn_if_never_met();
    assert_eq!(warnings("no session ever meets"), 1);
    assert_eq!(warnings("asked=plan `` why=\"an empty name\""), 1);
}

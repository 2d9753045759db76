//! The token that Clerk itself signed.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::time::Duration;

use clerk_test_support::RealToken;
use clerk_verify::{FixedClock, Reason, TokenSource};

#[tokio::test]
async fn it_verifies_with_its_instances_keys_at_its_time() {
    let real = RealToken::load();
    let verifier = real
        .verifier(&FixedClock::at_unix(real.now))
        .build()
        .unwrap();

    let session = verifier.verify_token(&real.token).await.unwrap();

    assert_eq!(session.user_id(), real.expect_sub);
    assert_eq!(session.issuer(), Some(real.issuer.as_str()));
    assert_eq!(session.audience(), ["clerk"]);
    assert_eq!(session.expires_at(), real.expires_at());
    assert_eq!(session.issued_at(), Some(1_628_221_506));
    assert_eq!(session.session_id(), None);
    assert_eq!(session.authorized_party(), None);
    assert!(session.organization().is_none());
    assert_eq!(session.claims().get("given_name").unwrap(), "Braden");
}

#[tokio::test]
async fn ten_seconds_after_its_end_it_has_expired() {
    let real = RealToken::load();
    let verifier = real
        .verifier(&FixedClock::at_unix(real.expires_at() + 10))
        .build()
        .unwrap();
    let error = verifier.verify_token(&real.token).await.unwrap_err();
    assert_eq!(error.reason(), Reason::TokenExpired);
}

#[tokio::test]
async fn it_is_good_until_the_tolerance_of_the_clocks_has_passed() {
    let real = RealToken::load();
    let clock = FixedClock::at_unix(real.expires_at() + 4);
    let verifier = real.verifier(&clock).build().unwrap();
    assert!(verifier.verify_token(&real.token).await.is_ok());
    clock.advance(Duration::from_secs(1));
    assert!(verifier.verify_token(&real.token).await.is_err());
}

#[tokio::test]
async fn a_changed_byte_of_payload_or_signature_breaks_the_signature() {
    let real = RealToken::load();
    let verifier = real
        .verifier(&FixedClock::at_unix(real.now))
        .build()
        .unwrap();
    for changed in [real.with_changed_payload(), real.with_changed_signature()] {
        assert_ne!(changed, real.token);
        let error = verifier.verify_token(&changed).await.unwrap_err();
        assert_eq!(error.reason(), Reason::TokenInvalidSignature);
    }
}

#[tokio::test]
async fn it_verifies_in_header_and_cookie() {
    let real = RealToken::load();
    let builder = real.verifier(&FixedClock::at_unix(real.now));
    let verifier = builder
        .token_sources([TokenSource::authorization(), TokenSource::session_cookie()])
        .build()
        .unwrap();
    let header = [("Authorization", format!("Bearer {}", real.token))];
    let cookie = [("Cookie", format!("__session={}", real.token))];
    assert!(verifier.authenticate(&header).await.is_signed_in());
    assert!(verifier.authenticate(&cookie).await.is_signed_in());
}

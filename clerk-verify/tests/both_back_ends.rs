//! A program that turns on both back ends of `jsonwebtoken`, whose process-wide provider then panics at its
//! first use (see `dev-dependencies`), and installs none.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use clerk_verify::testing::TestIssuer;

#[test]
fn tokens_verify_without_a_provider_being_installed() {
    let issuer = TestIssuer::new();
    let verifier = issuer.verifier().build().unwrap();
    let token = issuer.token().user("user_1").sign();
    assert_eq!(
        verifier
            .verify_token_now(&token)
            .unwrap()
            .unwrap()
            .user_id(),
        "user_1"
    );

    // The trap is real: if this ever stops failing, the test above has lost its point.
    let pem = issuer.public_pem();
    let theirs = std::panic::catch_unwind(|| {
        let key = jsonwebtoken::DecodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
        let validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
        jsonwebtoken::decode::<serde_json::Value>(&token, &key, &validation).is_ok()
    });
    assert!(
        theirs.is_err(),
        "jsonwebtoken has no provider of its own here"
    );
}

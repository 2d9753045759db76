//! A form feed is no visible ASCII and no white space of HTTP (RFC 9110 §5.6.3), so a value that ends with one is
//! malformed: `token-invalid` in `Authorization`, as if it were not there in a cookie.
// A test stops at the first thing that is not as it should be.
#![allow(clippy::panic, clippy::unwrap_used)]

use clerk_verify::{Authentication, Reason, testing::TestIssuer};

fn reason(issuer: &TestIssuer, field: &str, value: String) -> Option<Reason> {
    let verifier = issuer.verifier().build().unwrap();
    match verifier.begin(&[(field, value)], None) {
        Authentication::Done(state) => state.signed_out().map(|signed_out| signed_out.reason()),
        Authentication::Waiting(_) => panic!("fixed keys never wait"),
    }
}

#[test]
fn a_form_feed_behind_the_token_makes_the_header_malformed() {
    let issuer = TestIssuer::new();
    let value = format!("Bearer {}\u{c}", issuer.token().sign());
    assert_eq!(
        reason(&issuer, "authorization", value),
        Some(Reason::TokenInvalid)
    );
}

#[test]
fn a_cookie_with_a_form_feed_is_as_if_it_were_not_there() {
    let issuer = TestIssuer::new();
    let value = format!("__session={}\u{c}", issuer.token().sign());
    assert_eq!(
        reason(&issuer, "cookie", value),
        Some(Reason::SessionTokenMissing)
    );
}

//! What callers hear who are refused, as axum's and as actix-web's response: the same refusal, and its cause for those further out.
#![cfg(all(feature = "actix", feature = "axum"))]
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::error::Error;

use actix_web::{FromRequest, ResponseError, body::MessageBody, dev::Payload, test::TestRequest};
use axum_core::response::{IntoResponse, Response};
use clerk_verify::{
    Forbidden, Refusal, Refused, Requirement, Session, SessionRejection, SignedOut, VerifyError,
    testing::TestIssuer,
};

/// It is no JSON, so there is a cause.
fn malformed() -> VerifyError {
    let verifier = TestIssuer::new().verifier().build().unwrap();
    let result = verifier.verify_token_now("e30.eyJ9.AA");
    result.expect("no key is fetched for it").unwrap_err()
}

fn expired() -> VerifyError {
    TestIssuer::new().token().expired().session().unwrap_err()
}

fn forbidden() -> Forbidden {
    let session = TestIssuer::new().token().session().unwrap();
    let admin = Requirement::new().role("org:admin");
    session.require(&admin).unwrap_err()
}

/// A handler that takes a session, without a middleware.
fn missing_layer() -> SessionRejection {
    let request = TestRequest::default().to_http_request();
    let session = Session::from_request(&request, &mut Payload::None);
    session.into_inner().unwrap_err()
}

fn assert_actix(answer: &dyn ResponseError, refusal: &Refusal, is_forbidden: bool) {
    assert_eq!(answer.status_code().as_u16(), refusal.status(), "{answer}");
    let response = answer.error_response();
    assert_eq!(response.status().as_u16(), refusal.status(), "{answer}");
    for (name, value) in refusal.headers() {
        assert_eq!(response.headers().get(name).unwrap(), value.as_str());
    }
    let extensions = response.extensions();
    assert_eq!(extensions.get::<Forbidden>().is_some(), is_forbidden);
    assert_eq!(extensions.get::<SignedOut>().is_some(), !is_forbidden);
    drop(extensions);
    let body = response.into_body().try_into_bytes().unwrap();
    assert_eq!(body, refusal.body());
}

fn assert_axum(response: &Response, refusal: &Refusal, is_forbidden: bool) {
    assert_eq!(response.status().as_u16(), refusal.status());
    for (name, value) in refusal.headers() {
        assert_eq!(response.headers().get(name).unwrap(), value.as_str());
    }
    let extensions = response.extensions();
    assert_eq!(extensions.get::<Forbidden>().is_some(), is_forbidden);
    assert_eq!(extensions.get::<SignedOut>().is_some(), !is_forbidden);
}

#[test]
fn a_token_that_is_refused_is_answered_with_its_refusal() {
    for (error, status) in [(expired(), 401), (malformed(), 401)] {
        let refusal = error.refusal();
        assert_eq!(refusal.status(), status);
        let signed_out = SignedOut::from(error.clone());
        let refused = Refused::from(signed_out.clone());
        let rejection = SessionRejection::from(signed_out.clone());
        assert_actix(&error, &refusal, false);
        assert_actix(&signed_out, &refusal, false);
        assert_actix(&refused, &refusal, false);
        assert_actix(&rejection, &refusal, false);
        assert_axum(&error.into_response(), &refusal, false);
        assert_axum(&signed_out.into_response(), &refusal, false);
        assert_axum(&refused.into_response(), &refusal, false);
        assert_axum(&rejection.into_response(), &refusal, false);
    }
}

#[test]
fn a_session_that_lacks_something_is_answered_with_its_refusal() {
    let forbidden = forbidden();
    let refusal = forbidden.refusal();
    assert_eq!(refusal.status(), 403);
    let refused = Refused::from(forbidden.clone());
    let rejection = SessionRejection::from(refused.clone());
    assert_actix(&forbidden, &refusal, true);
    assert_actix(&refused, &refusal, true);
    assert_actix(&rejection, &refusal, true);
    assert_axum(&forbidden.into_response(), &refusal, true);
    assert_axum(&refused.into_response(), &refusal, true);
    assert_axum(&rejection.into_response(), &refusal, true);
}

#[test]
fn a_missing_layer_is_the_services_own_mistake() {
    let missing = missing_layer();
    assert_eq!(missing.status_code(), 500);
    let response = missing.error_response();
    assert_eq!(response.status(), 500);
    let body = response.into_body().try_into_bytes().unwrap();
    assert!(
        body.starts_with(b"{") && String::from_utf8_lossy(&body).contains("session-layer-missing")
    );
    assert_eq!(missing.into_response().status(), 500);
}

#[test]
fn a_rejection_says_what_its_cause_says() {
    let error = malformed();
    let signed_out = SignedOut::from(error.clone());
    let rejection = SessionRejection::from(signed_out.clone());
    assert_eq!(rejection.to_string(), signed_out.to_string());
    let cause = error.source().unwrap().to_string();
    assert_eq!(rejection.source().unwrap().to_string(), cause);

    let refused = Refused::from(forbidden());
    let rejection = SessionRejection::from(refused.clone());
    assert_eq!(rejection.to_string(), refused.to_string());
    assert!(rejection.source().is_none());

    let rejection = missing_layer();
    assert!(rejection.to_string().contains("clerk_actix::WithSession"));
    assert!(rejection.source().is_none());
}

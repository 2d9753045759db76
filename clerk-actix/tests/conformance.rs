//! The request cases of the conformance vectors, through the middleware.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use actix_web::{
    App,
    http::header::{HeaderName, HeaderValue},
    test::{TestRequest, call_service, init_service, read_body},
    web,
};
use clerk_actix::{AuthState, RequireSession, Session, Verifier, WithSession};
use clerk_test_support::{Vector, Verdict, behaviour};

#[actix_web::test]
async fn every_request_gets_its_verdict_from_both_middlewares() {
    behaviour::gives_every_request_its_verdict(async |vector, verifier| {
        vec![
            strict(vector, verifier.clone()).await,
            lax(vector, verifier).await,
        ]
    })
    .await;
}

async fn user(session: Session) -> String {
    session.user_id().to_owned()
}

async fn strict(vector: &Vector, verifier: Verifier) -> Verdict {
    let app = App::new()
        .wrap(RequireSession::new(verifier))
        .route("/", web::get().to(user));
    let response = call_service(&init_service(app).await, request(vector).to_request()).await;
    if let Some(reason) = response.headers().get("x-clerk-auth-reason") {
        return Verdict::Rejected(reason.to_str().unwrap().to_owned());
    }
    assert_eq!(response.status(), 200);
    Verdict::Accepted(String::from_utf8(read_body(response).await.to_vec()).unwrap())
}

async fn either(state: AuthState) -> String {
    match state.into_session() {
        Ok(session) => format!("+{}", session.user_id()),
        Err(signed_out) => format!("-{}", signed_out.reason()),
    }
}

async fn lax(vector: &Vector, verifier: Verifier) -> Verdict {
    let app = App::new()
        .wrap(WithSession::new(verifier))
        .route("/", web::get().to(either));
    let response = call_service(&init_service(app).await, request(vector).to_request()).await;
    assert_eq!(response.status(), 200);
    let body = String::from_utf8(read_body(response).await.to_vec()).unwrap();
    match body.strip_prefix('+') {
        Some(user) => Verdict::Accepted(user.to_owned()),
        None => Verdict::Rejected(body[1..].to_owned()),
    }
}

fn request(vector: &Vector) -> TestRequest {
    let mut request = TestRequest::get();
    for (name, value) in vector.request.as_ref().unwrap().headers() {
        let name = HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes()).unwrap();
        let value = HeaderValue::from_bytes(&value).unwrap_or_else(|_| panic!("{}", vector.id));
        request = request.append_header((name, value));
    }
    request
}

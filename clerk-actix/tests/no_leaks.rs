//! No token in the log of a running server, at any level, nor in an answer.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod common;

use actix_web::{App, middleware::Logger, web};
use clerk_actix::{RequireSession, Session, WithSession};
use clerk_test_support::{behaviour, capture_logs};
use clerk_verify::{Verifier, testing::TestIssuer};
use common::Server;

async fn me(session: Session) -> String {
    session.user_id().to_owned()
}

async fn open(session: Option<Session>) -> String {
    format!("{session:?}")
}

/// One test alone: the subscriber is the process's.
#[actix_web::test]
async fn no_token_is_logged_or_sent_back() {
    let logs = capture_logs();
    let issuer = TestIssuer::new();
    let keys = issuer.serve().await.unwrap();
    let verifier = Verifier::builder()
        .jwks_url(keys.jwks_url())
        .build()
        .unwrap();
    let server = Server::start(2, move || {
        App::new()
            .wrap(Logger::default())
            .service(
                web::resource("/open")
                    .wrap(WithSession::new(verifier.clone()))
                    .to(open),
            )
            .service(
                web::scope("/api")
                    .wrap(RequireSession::new(verifier.clone()))
                    .route("/me", web::get().to(me)),
            )
    });
    let paths = ["/api/me", "/open", "/nowhere"];
    behaviour::leaks_nothing(&server, &issuer, &paths, &logs).await;
    assert!(
        logs.text().contains("GET /api/me"),
        "the server's own log is captured too"
    );
}

#[test]
fn no_secret_is_in_the_debug_output_of_a_middleware() {
    let verifier = Verifier::builder()
        .secret_key("sk_test_0123456789secret")
        .build()
        .unwrap();
    let strict = RequireSession::new(verifier.clone());
    let lax = WithSession::new(verifier);
    let shown = format!("{strict:?} {lax:?}");
    assert!(
        shown.contains("RequireSession") && shown.contains("WithSession"),
        "{shown}"
    );
    assert!(!shown.contains("0123456789"), "{shown}");
}

//! No token in the log of a running server, at any level, nor in an answer.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod common;

use actix_web::{App, HttpRequest, middleware::Logger, web};
use clerk_actix::{RequireSession, Session, WithSession};
use clerk_test_support::{bearer, capture_logs, cookie};
use clerk_verify::{Verifier, testing::TestIssuer};
use common::Server;

async fn me(session: Session) -> String {
    session.user_id().to_owned()
}

async fn open(session: Option<Session>, request: HttpRequest) -> String {
    format!("{session:?} {request:?}")
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
    let tokens = [
        issuer.token().sign(),
        issuer.token().expired().sign(),
        issuer.token().signed_by(&TestIssuer::fresh()).sign(),
        issuer.token().header("alg", "none").sign(),
        format!("{}!", issuer.token().sign()),
    ];
    for token in &tokens {
        for path in ["/api/me", "/open", "/nowhere"] {
            for header in [bearer(token), cookie(token)] {
                server.get(path, &[header]).await.assert_hides(token);
            }
        }
    }
    let logged = logs.text();
    assert!(
        logged.contains("the request is signed out"),
        "the log is captured"
    );
    assert!(
        logged.contains("GET /api/me"),
        "the server's own log is captured too"
    );
    for token in &tokens {
        for part in token.split('.').filter(|part| part.len() > 40) {
            assert!(!logged.contains(part), "a part of a token is logged");
        }
    }
}

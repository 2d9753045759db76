//! No token in the log of a running server, at any level, nor in an answer.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod common;

use axum::{Router, routing::get};
use clerk_axum::{RequireSession, Session, TokenSource, WithSession};
use clerk_test_support::{behaviour, capture_logs};
use clerk_verify::{Verifier, testing::TestIssuer};
use common::Server;
use tower::Layer;
use tower_http::trace::{DefaultMakeSpan, DefaultOnRequest, DefaultOnResponse, TraceLayer};
use tracing::Level;

/// One test alone: the subscriber is the process's.
#[tokio::test]
async fn no_token_is_logged_or_sent_back() {
    let logs = capture_logs();
    let issuer = TestIssuer::new();
    let keys = issuer.serve().await.unwrap();
    let verifier = Verifier::builder()
        .jwks_url(keys.jwks_url())
        .build()
        .unwrap();
    // Inside our layers, so that what it logs of the headers is what we leave of them.
    let trace = TraceLayer::new_for_http()
        .make_span_with(
            DefaultMakeSpan::new()
                .level(Level::TRACE)
                .include_headers(true),
        )
        .on_request(DefaultOnRequest::new().level(Level::TRACE))
        .on_response(
            DefaultOnResponse::new()
                .level(Level::TRACE)
                .include_headers(true),
        );
    let app = Router::new()
        .route(
            "/me",
            get(|session: Session| async move { session.user_id().to_owned() }),
        )
        .route("/unguarded", get(|| async {}))
        .layer(trace)
        .route_layer(RequireSession::new(verifier.clone()))
        .route(
            "/open",
            get(|session: Option<Session>| async move { format!("{session:?}") }),
        )
        .layer(WithSession::new(verifier));
    let server = Server::start(app).await;
    let paths = ["/me", "/open", "/unguarded", "/nowhere"];
    behaviour::leaks_nothing(&server, &issuer, &paths, &logs).await;
    assert!(
        logs.text().contains("started processing request"),
        "the server's own log is captured too"
    );
}

#[test]
fn no_secret_is_in_the_debug_output_of_a_layer() {
    const SECRET: &str = "sk_test_0123456789secret";
    let verifier = Verifier::builder().secret_key(SECRET).build().unwrap();
    let strict =
        RequireSession::new(verifier.clone()).token_sources([TokenSource::session_cookie()]);
    let lax = WithSession::new(verifier);
    let service = strict.layer("inner");
    let shown = format!("{strict:?} {lax:?} {service:?}");
    for name in [
        "RequireSession",
        "WithSession",
        "SessionService",
        "SessionCookie",
    ] {
        assert!(shown.contains(name), "{shown}");
    }
    assert!(
        !shown.contains("secret\"") && !shown.contains("0123456789"),
        "{shown}"
    );
}

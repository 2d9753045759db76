//! A running axum server, asked by a real client.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod common;

use axum::{
    Json, Router,
    extract::Path,
    routing::{any, get},
};
use clerk_axum::{AuthState, RequireSession, Session, Verifier, WithSession};
use clerk_test_support::{Outcome, RealToken, bearer, cookie, peer_cases};
use clerk_verify::{FixedClock, testing::TestIssuer};
use common::Server;
use serde_json::{Value, json};

async fn me(session: Session) -> String {
    session.user_id().to_owned()
}

async fn organization(session: Session) -> Json<Value> {
    let active = session.organization();
    Json(json!({
        "id": active.map(|active| active.id()),
        "role": active.and_then(|active| active.role()),
    }))
}

fn strict(verifier: Verifier) -> Router {
    Router::new()
        .route("/me", any(me))
        .route("/organization", any(organization))
        .route("/profile/{id}", get(|Path(id): Path<String>| async { id }))
        .route_layer(RequireSession::new(verifier))
}

async fn maybe(session: Option<Session>) -> String {
    session.map_or("nobody".to_owned(), |session| session.user_id().to_owned())
}

async fn state(state: AuthState) -> String {
    match state {
        AuthState::SignedIn(session) => format!("in: {}", session.user_id()),
        AuthState::SignedOut(signed_out) => format!("out: {}", signed_out.reason()),
        _ => "neither".to_owned(),
    }
}

fn lax(verifier: Verifier) -> Router {
    Router::new()
        .route("/maybe", get(maybe))
        .route("/state", get(state))
        .route("/me", get(me))
        .layer(WithSession::new(verifier))
}

#[tokio::test]
async fn the_token_that_clerk_signed_is_accepted_in_header_and_cookie() {
    let real = RealToken::load();
    let verifier = real
        .verifier(&FixedClock::at_unix(real.now))
        .build()
        .unwrap();
    let server = Server::start(strict(verifier)).await;
    for header in [bearer(&real.token), cookie(&real.token)] {
        let answer = server.get("/me", &[header]).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, real.expect_sub.as_str())
        );
    }
    for changed in [real.with_changed_payload(), real.with_changed_signature()] {
        for header in [bearer(&changed), cookie(&changed)] {
            let answer = server.get("/me", &[header]).await;
            answer.assert_refuses(401, "token-invalid-signature");
        }
    }
}

#[tokio::test]
async fn the_token_that_clerk_signed_expires() {
    let real = RealToken::load();
    let clock = FixedClock::at_unix(real.expires_at() + 10);
    let server = Server::start(strict(real.verifier(&clock).build().unwrap())).await;
    let answer = server.get("/me", &[bearer(&real.token)]).await;
    answer.assert_refuses(401, "token-expired");
    answer.assert_hides(&real.token);
}

#[tokio::test]
async fn none_of_the_peers_failures_are_ours() {
    for case in peer_cases() {
        let server = Server::start(strict(case.verifier)).await;
        let answer = server
            .send(case.method, "/organization", &case.headers)
            .await;
        match case.outcome {
            Outcome::SignedIn { organization } => {
                assert_eq!(answer.status, 200, "{}: {answer:?}", case.name);
                let body: Value = serde_json::from_str(&answer.body).unwrap();
                assert_eq!(
                    body["id"].as_str(),
                    organization.map(|(id, _)| id),
                    "{}",
                    case.name
                );
                assert_eq!(
                    body["role"].as_str(),
                    organization.map(|(_, role)| role),
                    "{}",
                    case.name
                );
            }
            Outcome::Refused(status, reason) => {
                answer.assert_refuses(status, reason);
                for (_, value) in &case.headers {
                    answer.assert_hides(&String::from_utf8_lossy(value));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_route_with_a_parameter_is_guarded_like_any_other() {
    let issuer = TestIssuer::new();
    let server = Server::start(strict(issuer.verifier().build().unwrap())).await;
    server
        .get("/profile/7", &[])
        .await
        .assert_refuses(401, "session-token-missing");
    let answer = server
        .get("/profile/7", &[bearer(&issuer.token().sign())])
        .await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "7"));
    assert_eq!(server.get("/nowhere", &[]).await.status, 404);
}

#[tokio::test]
async fn unavailable_keys_are_503_with_retry_after() {
    let issuer = TestIssuer::new();
    let keys = issuer.serve().await.unwrap();
    keys.answer(500, "");
    let verifier = Verifier::builder()
        .jwks_url(keys.jwks_url())
        .build()
        .unwrap();
    let server = Server::start(strict(verifier)).await;
    let answer = server.get("/me", &[bearer(&issuer.token().sign())]).await;
    answer.assert_refuses(503, "jwk-remote-failed-to-load");
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn the_first_request_waits_for_the_keys_and_the_others_do_not() {
    let issuer = TestIssuer::new();
    let keys = issuer.serve().await.unwrap();
    let verifier = Verifier::builder()
        .jwks_url(keys.jwks_url())
        .build()
        .unwrap();
    let server = Server::start(strict(verifier)).await;
    for _ in 0..5 {
        let answer = server
            .get("/me", &[cookie(&issuer.token().user("user_1").sign())])
            .await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "user_1"));
    }
    assert_eq!(keys.requests(), 1);
}

#[tokio::test]
async fn a_lax_layer_lets_everyone_through_and_says_who_they_are() {
    let issuer = TestIssuer::new();
    let server = Server::start(lax(issuer.verifier().build().unwrap())).await;
    let good = issuer.token().user("user_1").sign();
    let expired = issuer.token().expired().sign();
    let body = async |path: &str, headers: &[(&str, String)]| {
        let answer = server.get(path, headers).await;
        assert_eq!(answer.status, 200);
        answer.body
    };
    assert_eq!(body("/maybe", &[bearer(&good)]).await, "user_1");
    assert_eq!(body("/maybe", &[bearer(&expired)]).await, "nobody");
    assert_eq!(body("/maybe", &[]).await, "nobody");
    assert_eq!(body("/state", &[cookie(&good)]).await, "in: user_1");
    assert_eq!(
        body("/state", &[bearer(&expired)]).await,
        "out: token-expired"
    );
    assert_eq!(body("/state", &[]).await, "out: session-token-missing");
    // A handler that takes a session is guarded all the same.
    server
        .get("/me", &[bearer(&expired)])
        .await
        .assert_refuses(401, "token-expired");
    server
        .get("/me", &[])
        .await
        .assert_refuses(401, "session-token-missing");
}

#[tokio::test]
async fn a_handler_without_a_layer_answers_500_and_says_which_line_to_add() {
    let app = Router::new()
        .route("/me", get(me))
        .route("/maybe", get(maybe))
        .route("/state", get(state));
    let server = Server::start(app).await;
    let token = TestIssuer::new().token().sign();
    for path in ["/me", "/maybe", "/state"] {
        let answer = server.get(path, &[bearer(&token)]).await;
        assert_eq!(answer.status, 500, "{path}");
        assert!(
            answer
                .body
                .contains(".layer(clerk_axum::WithSession::new(verifier))"),
            "{}",
            answer.body
        );
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn cors_outside_answers_preflights_and_marks_refusals() {
    use tower_http::cors::{AllowOrigin, CorsLayer};
    let origin = axum::http::HeaderValue::from_static("https://app.example.com");
    let app = strict(TestIssuer::new().verifier().build().unwrap())
        .layer(CorsLayer::new().allow_origin(AllowOrigin::exact(origin)));
    let server = Server::start(app).await;
    let headers = [
        ("origin".to_owned(), b"https://app.example.com".to_vec()),
        ("access-control-request-method".to_owned(), b"GET".to_vec()),
    ];
    let preflight = server.send("OPTIONS", "/me", &headers).await;
    assert_eq!(preflight.status, 200);
    let refused = server.send("GET", "/me", &headers[..1]).await;
    refused.assert_refuses(401, "session-token-missing");
    let allowed = refused.header("access-control-allow-origin");
    assert_eq!(allowed, Some("https://app.example.com"));
}

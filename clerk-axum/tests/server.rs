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
use clerk_axum::{
    AuthState, ClaimsError, Forbidden, RequireSession, Session, Verifier, WithSession,
};
use clerk_test_support::{RealToken, behaviour, cookie, cookie_cases, peer_cases};
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
    behaviour::accepts_the_real_token(&server).await;
}

#[tokio::test]
async fn the_token_that_clerk_signed_expires() {
    let real = RealToken::load();
    let clock = FixedClock::at_unix(real.expires_at() + 10);
    let server = Server::start(strict(real.verifier(&clock).build().unwrap())).await;
    behaviour::refuses_the_real_token_as_expired(&server).await;
}

#[tokio::test]
async fn none_of_the_peers_failures_are_ours() {
    for case in peer_cases() {
        let server = Server::start(strict(case.verifier.clone())).await;
        behaviour::handles(&server, &case).await;
    }
}

fn who_may(verifier: &Verifier) -> Router {
    let mut router = Router::new();
    for (name, requirement) in behaviour::requirements() {
        let layer = RequireSession::new(verifier.clone());
        router = router.merge(
            Router::new()
                .route(&format!("/layer/{name}"), get(me))
                .route_layer(layer.clone().require(requirement.clone())),
        );
        let insist = async move |session: Session| {
            session.require(&requirement)?;
            Ok::<String, Forbidden>(session.user_id().to_owned())
        };
        let handler = Router::new().route(&format!("/handler/{name}"), get(insist));
        router = router.merge(handler.route_layer(layer));
    }
    router
}

#[tokio::test]
async fn layers_and_handlers_say_who_may() {
    let issuer = TestIssuer::new();
    let verifier = issuer.verifier().build().unwrap();
    let server = Server::start(who_may(&verifier)).await;
    behaviour::says_who_may(&server, &issuer).await;
}

#[derive(serde::Deserialize)]
struct Plan {
    plan: String,
}

#[tokio::test]
async fn claims_that_do_not_fit_are_no_fault_of_the_caller() {
    async fn plan(session: Session) -> Result<String, ClaimsError> {
        Ok(session.custom_claims::<Plan>()?.plan)
    }
    let issuer = TestIssuer::new();
    let layer = RequireSession::new(issuer.verifier().build().unwrap());
    let app = Router::new().route("/claims", get(plan)).route_layer(layer);
    let server = Server::start(app).await;
    behaviour::does_not_blame_the_caller_for_claims(&server, &issuer).await;
}

#[tokio::test]
async fn the_cookie_that_counts_is_chosen_as_clerk_chooses_it() {
    for case in cookie_cases() {
        let server = Server::start(strict(case.verifier.clone())).await;
        behaviour::chooses_the_cookie(&server, &case).await;
    }
}

#[tokio::test]
async fn a_route_with_a_parameter_is_guarded_like_any_other() {
    let issuer = TestIssuer::new();
    let server = Server::start(strict(issuer.verifier().build().unwrap())).await;
    behaviour::guards_a_route_with_a_parameter(&server, &issuer).await;
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
    behaviour::is_unavailable_without_keys(&server, &issuer).await;
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
    behaviour::lets_everyone_through(&server, &issuer).await;
}

#[tokio::test]
async fn a_handler_without_a_layer_answers_500_and_says_which_line_to_add() {
    let app = Router::new()
        .route("/me", get(me))
        .route("/maybe", get(maybe))
        .route("/state", get(state));
    let line = ".layer(clerk_axum::WithSession::new(verifier))";
    let server = Server::start(app).await;
    behaviour::says_which_line_to_add(&server, &["/me", "/maybe", "/state"], line).await;
}

#[tokio::test]
async fn cors_outside_answers_preflights_and_marks_refusals() {
    use tower_http::cors::{AllowOrigin, CorsLayer};
    let origin = axum::http::HeaderValue::from_static("https://app.example.com");
    let app = strict(TestIssuer::new().verifier().build().unwrap())
        .layer(CorsLayer::new().allow_origin(AllowOrigin::exact(origin)));
    let server = Server::start(app).await;
    behaviour::answers_preflights_and_marks_refusals(&server).await;
}

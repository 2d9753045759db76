//! A running actix-web server, asked by a real client.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod common;

use actix_web::{App, HttpResponse, web};
use clerk_actix::{
    AuthState, ClaimsError, Forbidden, RequireSession, Session, Verifier, WithSession,
};
use clerk_test_support::{RealToken, bearer, behaviour, cookie_cases, peer_cases};
use clerk_verify::{FixedClock, testing::TestIssuer};
use common::Server;
use serde_json::json;

async fn me(session: Session) -> String {
    session.user_id().to_owned()
}

async fn organization(session: Session) -> HttpResponse {
    let active = session.organization();
    HttpResponse::Ok().json(json!({
        "id": active.map(|active| active.id()),
        "role": active.and_then(|active| active.role()),
    }))
}

async fn profile(id: web::Path<String>) -> String {
    id.into_inner()
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

/// The same routes behind the middleware as app and as scope.
fn strict(verifier: Verifier) -> Server {
    Server::start(1, move || {
        App::new().service(
            web::scope("")
                .wrap(RequireSession::new(verifier.clone()))
                .route("/me", web::route().to(me))
                .route("/organization", web::route().to(organization))
                .route("/profile/{id}", web::get().to(profile)),
        )
    })
}

#[actix_web::test]
async fn the_token_that_clerk_signed_is_accepted_in_header_and_cookie() {
    let real = RealToken::load();
    let verifier = real
        .verifier(&FixedClock::at_unix(real.now))
        .build()
        .unwrap();
    behaviour::accepts_the_real_token(&strict(verifier)).await;
}

#[actix_web::test]
async fn the_token_that_clerk_signed_expires() {
    let real = RealToken::load();
    let clock = FixedClock::at_unix(real.expires_at() + 10);
    let server = strict(real.verifier(&clock).build().unwrap());
    behaviour::refuses_the_real_token_as_expired(&server).await;
}

#[actix_web::test]
async fn none_of_the_peers_failures_are_ours() {
    for case in peer_cases() {
        behaviour::handles(&strict(case.verifier.clone()), &case).await;
    }
}

fn who_may(verifier: Verifier) -> Server {
    Server::start(1, move || {
        let mut app = App::new();
        for (name, requirement) in behaviour::requirements() {
            let middleware = RequireSession::new(verifier.clone());
            let insist = {
                let requirement = requirement.clone();
                move |session: Session| {
                    let requirement = requirement.clone();
                    async move {
                        session.require(&requirement)?;
                        Ok::<String, Forbidden>(session.user_id().to_owned())
                    }
                }
            };
            app = app
                .service(
                    web::resource(format!("/layer/{name}"))
                        .wrap(middleware.clone().require(requirement))
                        .route(web::get().to(me)),
                )
                .service(
                    web::resource(format!("/handler/{name}"))
                        .wrap(middleware)
                        .route(web::get().to(insist)),
                );
        }
        app
    })
}

#[actix_web::test]
async fn middlewares_and_handlers_say_who_may() {
    let issuer = TestIssuer::new();
    let server = who_may(issuer.verifier().build().unwrap());
    behaviour::says_who_may(&server, &issuer).await;
}

#[derive(serde::Deserialize)]
struct Plan {
    plan: String,
}

#[actix_web::test]
async fn claims_that_do_not_fit_are_no_fault_of_the_caller() {
    async fn plan(session: Session) -> Result<String, ClaimsError> {
        Ok(session.custom_claims::<Plan>()?.plan)
    }
    let issuer = TestIssuer::new();
    let verifier = issuer.verifier().build().unwrap();
    let server = Server::start(1, move || {
        App::new()
            .wrap(RequireSession::new(verifier.clone()))
            .route("/claims", web::get().to(plan))
    });
    behaviour::does_not_blame_the_caller_for_claims(&server, &issuer).await;
}

#[actix_web::test]
async fn the_cookie_that_counts_is_chosen_as_clerk_chooses_it() {
    for case in cookie_cases() {
        behaviour::chooses_the_cookie(&strict(case.verifier.clone()), &case).await;
    }
}

#[actix_web::test]
async fn a_route_with_a_parameter_is_guarded_like_any_other() {
    let issuer = TestIssuer::new();
    let server = strict(issuer.verifier().build().unwrap());
    behaviour::guards_a_route_with_a_parameter(&server, &issuer).await;
}

#[actix_web::test]
async fn all_workers_share_one_verifier_and_one_fetch() {
    let issuer = TestIssuer::new();
    let keys = issuer.serve().await.unwrap();
    keys.hold();
    let verifier = Verifier::builder()
        .jwks_url(keys.jwks_url())
        .build()
        .unwrap();
    let server = Server::start(4, move || {
        App::new()
            .wrap(RequireSession::new(verifier.clone()))
            .route("/me", web::get().to(me))
    });
    let token = issuer.token().user("user_1").sign();
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..64 {
        // A client of its own: connections are what workers take turns with.
        let (client, header) = (server.clone(), bearer(&token));
        requests.spawn(async move { client.get("/me", &[header]).await });
    }
    while keys.requests() == 0 {
        tokio::task::yield_now().await;
    }
    keys.release();
    while let Some(answer) = requests.join_next().await {
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, "user_1"));
    }
    assert_eq!(keys.requests(), 1);
}

#[actix_web::test]
async fn unavailable_keys_are_503_with_retry_after() {
    let issuer = TestIssuer::new();
    let keys = issuer.serve().await.unwrap();
    keys.answer(500, "");
    let server = strict(
        Verifier::builder()
            .jwks_url(keys.jwks_url())
            .build()
            .unwrap(),
    );
    behaviour::is_unavailable_without_keys(&server, &issuer).await;
}

#[actix_web::test]
async fn a_lax_middleware_lets_everyone_through_and_says_who_they_are() {
    let issuer = TestIssuer::new();
    let verifier = issuer.verifier().build().unwrap();
    let server = Server::start(1, move || {
        App::new()
            .wrap(WithSession::new(verifier.clone()))
            .route("/maybe", web::get().to(maybe))
            .route("/state", web::get().to(state))
            .route("/me", web::get().to(me))
    });
    behaviour::lets_everyone_through(&server, &issuer).await;
}

#[actix_web::test]
async fn a_handler_without_a_middleware_answers_500_and_says_which_line_to_add() {
    let server = Server::start(1, || {
        App::new()
            .route("/me", web::get().to(me))
            .route("/state", web::get().to(state))
            .route("/maybe", web::get().to(maybe))
    });
    let line = ".wrap(clerk_actix::WithSession::new(verifier))";
    behaviour::says_which_line_to_add(&server, &["/me", "/state"], line).await;
    // actix-web's own `Option` extractor swallows the failure; nobody is signed in by it.
    let token = TestIssuer::new().token().sign();
    let answer = server.get("/maybe", &[bearer(&token)]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "nobody"));
}

#[actix_web::test]
async fn cors_outside_answers_preflights_and_marks_refusals() {
    let verifier = TestIssuer::new().verifier().build().unwrap();
    let server = Server::start(1, move || {
        let cors = actix_cors::Cors::default()
            .allowed_origin("https://app.example.com")
            .allowed_methods(["GET"]);
        App::new()
            .route("/me", web::get().to(me))
            .wrap(RequireSession::new(verifier.clone()))
            .wrap(cors)
    });
    behaviour::answers_preflights_and_marks_refusals(&server).await;
}

//! The service from the outside, with tokens of a test issuer.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, request::Builder},
    response::Response,
};
use clerk_verify::testing::{TestIssuer, TokenBuilder};
use example_demo::Demo;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::app::app;

const FRONTEND: &str = "https://app.example.com";

#[tokio::test]
async fn anyone_reads_the_home_page() {
    let answer = service().send(get("/")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.text, "welcome");
}

#[tokio::test]
async fn strangers_are_greeted_as_such() {
    let service = service();
    let user = with(&token("user_1"), get("/hello"));
    assert_eq!(service.send(user).await.text, "hello, user_1");
    let expired = with(&token("user_1").expired(), get("/hello"));
    for stranger in [get("/hello"), expired] {
        assert_eq!(service.send(stranger).await.text, "hello, stranger");
    }
}

#[tokio::test]
async fn whoami_knows_the_reason() {
    let service = service();
    let user = with(&token("user_1"), get("/whoami"));
    assert_eq!(service.send(user).await.text, "signed in: user_1");
    let expired = with(&token("user_1").expired(), get("/whoami"));
    let answer = service.send(expired).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.text, "signed out: token-expired");
}

#[tokio::test]
async fn header_and_cookie_let_a_user_in() {
    let service = service();
    let header = with(&token("user_1"), get("/me"));
    assert_eq!(service.send(header).await.text, "hello, user_1");
    let cookie = format!("theme=dark; __session={}", token("user_2").sign());
    let cookie = get("/me").header("cookie", cookie);
    assert_eq!(service.send(cookie).await.text, "hello, user_2");
}

#[tokio::test]
async fn a_refusal_says_why() {
    let service = service();
    let expired = with(&token("user_1").expired(), get("/me"));
    let forged = token("user_1").signed_by(&TestIssuer::fresh());
    let forged = with(&forged, get("/me"));
    let elsewhere = with(&token("user_1").azp("https://evil.example"), get("/me"));
    for (request, reason) in [
        (get("/me"), "session-token-missing"),
        (get("/api/notes"), "session-token-missing"),
        (expired, "token-expired"),
        (forged, "token-invalid-signature"),
        (elsewhere, "token-invalid-authorized-parties"),
    ] {
        let answer = service.send(request).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{reason}");
        assert_eq!(answer.headers["x-clerk-auth-reason"], reason);
        assert_eq!(answer.json()["errors"][0]["code"], reason);
    }
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    assert_eq!(
        service().send(get("/api/nothing")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn users_see_their_own_notes_only() {
    let service = service();
    let post = || Request::post("/api/notes").header("content-type", "application/json");
    let note = json!({ "text": "buy milk" }).to_string();

    let request = with(&token("user_1"), post());
    let created = service.send_body(request, note).await;
    assert_eq!(created.status, StatusCode::CREATED);
    assert_eq!(created.json(), json!({ "id": 1, "text": "buy milk" }));

    let mine = service
        .send(with(&token("user_1"), get("/api/notes")))
        .await;
    assert_eq!(mine.json(), json!([{ "id": 1, "text": "buy milk" }]));
    let theirs = service
        .send(with(&token("user_2"), get("/api/notes")))
        .await;
    assert_eq!(theirs.json(), json!([]));
}

#[tokio::test]
async fn notes_are_deleted_by_one_who_has_just_signed_in() {
    let service = service();
    let delete = || Request::delete("/api/notes");
    let stale = token("user_1").factors_verified(Some(10), None);
    let refused = service.send(with(&stale, delete())).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(
        refused.json()["clerk_error"]["reason"],
        "reverification-error"
    );
    let fresh = token("user_1").factors_verified(Some(9), None);
    let deleted = service.send(with(&fresh, delete())).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn the_team_is_for_admins() {
    let service = service();
    let admin = with(&token("user_1").org("org_1", "admin"), get("/team"));
    assert_eq!(
        service.send(admin).await.text,
        "user_1 is an admin of org_1"
    );
    for other in [token("user_1"), token("user_1").org("org_1", "member")] {
        let refused = service.send(with(&other, get("/team"))).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert_eq!(
            refused.headers["x-clerk-auth-reason"],
            "insufficient-authorization"
        );
    }
}

#[tokio::test]
async fn a_form_can_not_write_notes() {
    let post = Request::post("/api/notes").header("content-type", "text/plain");
    let answer = service()
        .send_body(with(&token("user_1"), post), "{\"text\":\"x\"}")
        .await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn cors_answers_preflights() {
    let preflight = |origin| {
        Request::options("/api/notes")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization")
    };
    let service = service();
    let answer = service.send(preflight(FRONTEND)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["access-control-allow-origin"], FRONTEND);
    assert_eq!(
        answer.headers["access-control-allow-headers"],
        "authorization,content-type"
    );

    let answer = service.send(preflight("https://evil.example")).await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn a_page_can_read_its_refusal() {
    let answer = service().send(get("/me").header("origin", FRONTEND)).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers["access-control-allow-origin"], FRONTEND);
    assert_eq!(
        answer.headers["access-control-expose-headers"],
        "x-clerk-auth-reason"
    );
}

#[tokio::test]
async fn the_demo_does_what_it_says() {
    let demo = Demo::start().await.unwrap();
    let verifier = demo.verifier().unwrap();
    verifier.ready().await.unwrap();
    let service = Service(app(verifier).unwrap());

    assert_eq!(
        service.send(with(&demo.token(), get("/me"))).await.text,
        "hello, user_demo"
    );
    let expired = service
        .send(with(&demo.token().expired(), get("/me")))
        .await;
    assert_eq!(expired.headers["x-clerk-auth-reason"], "token-expired");
    let forged = service.send(with(&demo.forged(), get("/me"))).await;
    assert_eq!(
        forged.headers["x-clerk-auth-reason"],
        "token-invalid-signature"
    );
    let foreign = service.send(with(&token("user_1"), get("/me"))).await;
    assert_eq!(foreign.status, StatusCode::UNAUTHORIZED);
}

struct Service(Router);

/// The service as `main` makes it, but that it trusts the test issuer.
fn service() -> Service {
    let builder = TestIssuer::new().verifier().authorized_parties([FRONTEND]);
    let verifier = builder.build().unwrap();
    Service(app(verifier).unwrap())
}

impl Service {
    async fn send(&self, request: Builder) -> Answer {
        self.send_body(request, Body::empty()).await
    }

    async fn send_body(&self, request: Builder, body: impl Into<Body>) -> Answer {
        let request = request.body(body.into()).unwrap();
        Answer::read(self.0.clone().oneshot(request).await.unwrap()).await
    }
}

fn token(user: &str) -> TokenBuilder {
    TestIssuer::new().token().user(user).azp(FRONTEND)
}

fn get(path: &str) -> Builder {
    Request::get(path)
}

fn with(token: &TokenBuilder, request: Builder) -> Builder {
    request.header("authorization", format!("Bearer {}", token.sign()))
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1024 * 1024).await.unwrap();
        Self {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

#[test]
fn a_wildcard_is_no_frontend() {
    let builder = TestIssuer::new().verifier().authorized_parties(["*"]);
    assert!(app(builder.build().unwrap()).unwrap_err().contains("\"*\""));
}

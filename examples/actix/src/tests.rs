//! The service from the outside, with tokens of a test issuer.

use actix_web::{
    http::{StatusCode, header::HeaderMap},
    test::{self, TestRequest},
    web,
};
use clerk_verify::{
    Verifier,
    testing::{TestIssuer, TokenBuilder},
};
use example_demo::Demo;
use serde_json::{Value, json};

use crate::{
    app::{app, check_frontends},
    notes::Notes,
};

const FRONTEND: &str = "https://app.example.com";

#[actix_web::test]
async fn anyone_reads_the_home_page() {
    let answer = service().send(get("/")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.text, "welcome");
}

#[actix_web::test]
async fn strangers_are_greeted_as_such() {
    let service = service();
    let user = with(&token("user_1"), get("/hello"));
    assert_eq!(service.send(user).await.text, "hello, user_1");
    let expired = with(&token("user_1").expired(), get("/hello"));
    for stranger in [get("/hello"), expired] {
        assert_eq!(service.send(stranger).await.text, "hello, stranger");
    }
}

#[actix_web::test]
async fn whoami_knows_the_reason() {
    let service = service();
    let user = with(&token("user_1"), get("/whoami"));
    assert_eq!(service.send(user).await.text, "signed in: user_1");
    let expired = with(&token("user_1").expired(), get("/whoami"));
    let answer = service.send(expired).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.text, "signed out: token-expired");
}

#[actix_web::test]
async fn header_and_cookie_let_a_user_in() {
    let service = service();
    let header = with(&token("user_1"), get("/me"));
    assert_eq!(service.send(header).await.text, "hello, user_1");
    let cookie = format!("theme=dark; __session={}", token("user_2").sign());
    let cookie = get("/me").insert_header(("cookie", cookie));
    assert_eq!(service.send(cookie).await.text, "hello, user_2");
}

#[actix_web::test]
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
        assert_eq!(answer.header("x-clerk-auth-reason"), Some(reason));
        assert_eq!(answer.json()["errors"][0]["code"], reason);
    }
}

#[actix_web::test]
async fn an_unknown_path_is_not_found() {
    assert_eq!(
        service().send(get("/nothing")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[actix_web::test]
async fn users_see_their_own_notes_only() {
    let service = service();
    let note = json!({ "text": "buy milk" });

    let post = TestRequest::post().uri("/api/notes").set_json(&note);
    let created = service.send(with(&token("user_1"), post)).await;
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

#[actix_web::test]
async fn notes_are_deleted_by_one_who_has_just_signed_in() {
    let service = service();
    let delete = || TestRequest::delete().uri("/api/notes");
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

#[actix_web::test]
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
            refused.header("x-clerk-auth-reason"),
            Some("insufficient-authorization")
        );
    }
}

#[actix_web::test]
async fn a_form_can_not_write_notes() {
    let post = TestRequest::post()
        .uri("/api/notes")
        .insert_header(("content-type", "text/plain"))
        .set_payload("{\"text\":\"x\"}");
    let answer = service().send(with(&token("user_1"), post)).await;
    assert!(answer.status.is_client_error(), "{}", answer.status);
}

#[actix_web::test]
async fn cors_answers_preflights() {
    let preflight = |origin| {
        TestRequest::default()
            .method(actix_web::http::Method::OPTIONS)
            .uri("/api/notes")
            .insert_header(("origin", origin))
            .insert_header(("access-control-request-method", "POST"))
            .insert_header(("access-control-request-headers", "authorization"))
    };
    let service = service();
    let answer = service.send(preflight(FRONTEND)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("access-control-allow-origin"), Some(FRONTEND));

    let answer = service.send(preflight("https://evil.example")).await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[actix_web::test]
async fn a_page_can_read_its_refusal() {
    let answer = service()
        .send(get("/me").insert_header(("origin", FRONTEND)))
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.header("access-control-allow-origin"), Some(FRONTEND));
    assert_eq!(
        answer.header("access-control-expose-headers"),
        Some("x-clerk-auth-reason")
    );
}

#[actix_web::test]
async fn the_demo_does_what_it_says() {
    let demo = Demo::start().await.unwrap();
    let verifier = demo.verifier().unwrap();
    verifier.ready().await.unwrap();
    let service = Service::new(verifier);

    let good = service.send(with(&demo.token(), get("/me"))).await;
    assert_eq!(good.text, "hello, user_demo");
    let expired = service
        .send(with(&demo.token().expired(), get("/me")))
        .await;
    assert_eq!(expired.header("x-clerk-auth-reason"), Some("token-expired"));
    let forged = service.send(with(&demo.forged(), get("/me"))).await;
    assert_eq!(
        forged.header("x-clerk-auth-reason"),
        Some("token-invalid-signature")
    );
    let foreign = service.send(with(&token("user_1"), get("/me"))).await;
    assert_eq!(foreign.status, StatusCode::UNAUTHORIZED);
}

/// The service as `main` makes it, but that it trusts the test issuer.
fn service() -> Service {
    let builder = TestIssuer::new().verifier().authorized_parties([FRONTEND]);
    Service::new(builder.build().unwrap())
}

struct Service {
    verifier: Verifier,
    notes: web::Data<Notes>,
}

impl Service {
    fn new(verifier: Verifier) -> Self {
        Self {
            verifier,
            notes: web::Data::new(Notes::default()),
        }
    }

    /// Each request comes to another worker, as it were.
    async fn send(&self, request: TestRequest) -> Answer {
        let app = app(self.verifier.clone(), self.notes.clone());
        let app = test::init_service(app).await;
        let response = test::call_service(&app, request.to_request()).await;
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            text: String::from_utf8(test::read_body(response).await.to_vec()).unwrap(),
        }
    }
}

fn token(user: &str) -> TokenBuilder {
    TestIssuer::new().token().user(user).azp(FRONTEND)
}

fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

fn with(token: &TokenBuilder, request: TestRequest) -> TestRequest {
    request.insert_header(("authorization", format!("Bearer {}", token.sign())))
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

#[actix_web::test]
async fn a_wildcard_is_no_frontend() {
    let verifier = |party| {
        TestIssuer::new()
            .verifier()
            .authorized_parties([party])
            .build()
            .unwrap()
    };
    assert!(
        check_frontends(&verifier("*"))
            .unwrap_err()
            .contains("\"*\"")
    );
    assert!(check_frontends(&verifier(FRONTEND)).is_ok());
}

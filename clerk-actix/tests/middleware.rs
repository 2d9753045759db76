//! The middleware as actix-web sees it: scopes, errors, extensions, answers.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::{cell::Cell, rc::Rc};

use actix_web::{
    App, Error, HttpMessage, HttpRequest, HttpResponse,
    dev::{Service, ServiceRequest, ServiceResponse},
    error::ErrorImATeapot,
    http::{Method, StatusCode},
    test::{TestRequest, call_service, init_service, read_body},
    web,
};
use clerk_actix::{
    AuthState, Forbidden, Reason, Refused, RequireSession, Requirement, Reverification, Session,
    SignedOut, TokenSource, Verifier, WithSession,
};
use clerk_verify::testing::TestIssuer;

fn verifier() -> Verifier {
    TestIssuer::new().verifier().build().unwrap()
}

fn good() -> TestRequest {
    let token = TestIssuer::new().token().user("user_1").sign();
    TestRequest::get().insert_header(("authorization", format!("Bearer {token}")))
}

async fn who(request: HttpRequest) -> String {
    assert!(request.extensions().get::<Session>().is_none());
    match request.extensions().get::<AuthState>() {
        Some(AuthState::SignedIn(session)) => session.user_id().to_owned(),
        Some(AuthState::SignedOut(signed_out)) => signed_out.reason().to_string(),
        _ => "nothing".to_owned(),
    }
}

#[actix_web::test]
async fn a_scope_is_guarded_and_its_neighbours_are_not() {
    let app = init_service(
        App::new()
            .service(
                web::scope("/api")
                    .wrap(RequireSession::new(verifier()))
                    .route("/who", web::get().to(who)),
            )
            .route("/public", web::get().to(who)),
    )
    .await;
    let response = call_service(&app, TestRequest::with_uri("/api/who").to_request()).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let response = call_service(&app, good().uri("/api/who").to_request()).await;
    assert_eq!(read_body(response).await, "user_1");
    let response = call_service(&app, TestRequest::with_uri("/public").to_request()).await;
    assert_eq!(read_body(response).await, "nothing");
}

#[actix_web::test]
async fn a_session_that_something_else_left_is_removed() {
    let leave = |request: ServiceRequest| {
        let stolen = TestIssuer::new()
            .token()
            .user("somebody_else")
            .session()
            .unwrap();
        request.extensions_mut().insert(stolen.clone());
        request.extensions_mut().insert(AuthState::SignedIn(stolen));
        request
    };
    let app = init_service(
        App::new()
            .wrap(WithSession::new(verifier()))
            .wrap_fn(move |request, service| service.call(leave(request)))
            .route("/", web::get().to(who)),
    )
    .await;
    let response = call_service(&app, TestRequest::get().to_request()).await;
    assert_eq!(read_body(response).await, "session-token-missing");
    let response = call_service(&app, good().to_request()).await;
    assert_eq!(read_body(response).await, "user_1");
}

#[actix_web::test]
async fn a_refusal_leaves_no_foreign_session_to_middleware_further_out() {
    let app = init_service(
        App::new()
            .wrap(RequireSession::new(verifier()))
            .wrap_fn(|request, service| {
                let stolen = TestIssuer::new().token().session().unwrap();
                request.extensions_mut().insert(AuthState::SignedIn(stolen));
                service.call(request)
            })
            .route("/", web::get().to(who)),
    )
    .await;
    let response = call_service(&app, TestRequest::get().to_request()).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(response.request().extensions().get::<AuthState>().is_none());
}

#[actix_web::test]
async fn a_middleware_may_be_made_once_and_cloned_for_each_worker() {
    fn for_workers<T: Clone + Send + 'static>(_: T) {}
    for_workers(RequireSession::new(verifier()).on_error(|_| ()));
    for_workers(WithSession::new(verifier()));
}

#[actix_web::test]
async fn errors_of_the_inner_service_pass_untouched_and_a_refusal_is_none() {
    let inner = |_: ServiceRequest| async {
        Err::<actix_web::dev::ServiceResponse, Error>(ErrorImATeapot("mine"))
    };
    let app = init_service(
        App::new()
            .wrap(RequireSession::new(verifier()))
            .default_service(actix_web::dev::fn_service(inner)),
    )
    .await;
    let error = app.call(good().to_request()).await.unwrap_err();
    assert_eq!(error.to_string(), "mine");
    assert!(app.call(TestRequest::get().to_request()).await.is_ok());
}

#[actix_web::test]
async fn a_preflight_is_refused_unless_it_is_allowed() {
    let preflight = || {
        TestRequest::default()
            .method(Method::OPTIONS)
            .insert_header(("origin", "https://app.example.com"))
            .insert_header(("access-control-request-method", "GET"))
    };
    let status = async |middleware: RequireSession, request: TestRequest| {
        let app = App::new()
            .wrap(middleware)
            .default_service(web::route().to(who));
        call_service(&init_service(app).await, request.to_request())
            .await
            .status()
    };
    let strict = || RequireSession::new(verifier());
    assert_eq!(
        status(strict(), preflight()).await,
        StatusCode::UNAUTHORIZED
    );
    let open = || strict().allow_preflight(true);
    assert_eq!(status(open(), preflight()).await, StatusCode::OK);
    assert_eq!(
        status(open(), preflight().method(Method::GET)).await,
        StatusCode::UNAUTHORIZED
    );
    for header in [
        ("access-control-request-method", "GET"),
        ("origin", "https://app.example.com"),
    ] {
        let half = TestRequest::default()
            .method(Method::OPTIONS)
            .insert_header(header);
        assert_eq!(
            status(open(), half).await,
            StatusCode::UNAUTHORIZED,
            "only {header:?}"
        );
    }
}

#[actix_web::test]
async fn on_error_observes_or_answers() {
    let seen = Rc::new(Cell::new(0));
    let counter = Rc::clone(&seen);
    let observing = RequireSession::new(verifier()).on_error(move |refused: &Refused| {
        assert_eq!(refused.reason(), Reason::SessionTokenMissing);
        counter.set(counter.get() + 1);
    });
    let app = init_service(App::new().wrap(observing).route("/", web::get().to(who))).await;
    let response = call_service(&app, TestRequest::get().to_request()).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    call_service(&app, good().to_request()).await;
    assert_eq!(seen.get(), 1);

    let teapot = |_: &Refused| HttpResponse::ImATeapot().body("mine");
    let app = init_service(
        App::new()
            .wrap(RequireSession::new(verifier()).on_error(teapot))
            .route("/", web::get().to(who)),
    )
    .await;
    let response = call_service(&app, TestRequest::get().to_request()).await;
    assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
    assert_eq!(read_body(response).await, "mine");
    let app = init_service(
        App::new()
            .wrap(WithSession::new(verifier()).on_error(|_| HttpResponse::ImATeapot().body("mine")))
            .route("/", web::get().to(who)),
    )
    .await;
    let response = call_service(&app, TestRequest::get().to_request()).await;
    assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
}

#[actix_web::test]
async fn on_error_may_leave_the_answer_to_the_middleware() {
    let app = init_service(
        App::new()
            .wrap(RequireSession::new(verifier()).on_error(|_| None::<HttpResponse>))
            .route("/", web::get().to(who)),
    )
    .await;
    let response = call_service(&app, TestRequest::get().to_request()).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let app = init_service(
        App::new()
            .wrap(WithSession::new(verifier()).on_error(|_| None::<HttpResponse>))
            .route("/", web::get().to(who)),
    )
    .await;
    let response = call_service(&app, TestRequest::get().to_request()).await;
    assert_eq!(response.status(), StatusCode::OK);
}

/// The status and the body of a good request behind this middleware.
async fn outcome<F, A>(middleware: RequireSession<F>, request: TestRequest) -> (u16, String)
where
    F: Fn(&Refused) -> A + Clone + 'static,
    A: clerk_actix::Answer + 'static,
{
    let app = App::new()
        .wrap(middleware)
        .default_service(web::route().to(who));
    let response = call_service(&init_service(app).await, request.to_request()).await;
    let status = response.status().as_u16();
    let body = read_body(response).await;
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[actix_web::test]
async fn on_error_hears_of_those_who_may_not_and_may_answer_them() {
    let middleware = RequireSession::new(verifier()).role("org:admin");
    let reason = middleware
        .clone()
        .on_error(|refused| HttpResponse::ImATeapot().body(refused.to_string()));
    let said = "forbidden (insufficient-authorization): the session lacks what is needed: role `org:admin` (no \
                organization is active in the session)";
    assert_eq!(outcome(reason, good()).await, (418, said.to_owned()));
    assert_eq!(outcome(middleware.clone(), good()).await.0, 403);

    let app = init_service(App::new().wrap(middleware).route("/", web::get().to(who))).await;
    let response = call_service(&app, good().to_request()).await;
    let extensions = response.response().extensions();
    assert_eq!(extensions.get::<Forbidden>().unwrap().unmet().len(), 1);
}

#[actix_web::test]
async fn a_handlers_error_carries_its_reason_for_middleware_further_out() {
    async fn forbidden(session: Session) -> Result<String, Forbidden> {
        session.require(&Requirement::new().role("org:admin"))?;
        Ok(String::new())
    }
    async fn any_error(session: Session) -> actix_web::Result<String> {
        session.require(&Requirement::new().role("org:admin"))?;
        Ok(String::new())
    }
    async fn refused(state: AuthState) -> Result<String, Refused> {
        let state = state.check(Some(&Requirement::new().role("org:admin")))?;
        Ok(format!("{state:?}"))
    }
    let app = init_service(
        App::new()
            .wrap(WithSession::new(verifier()))
            .route("/forbidden", web::get().to(forbidden))
            .route("/any_error", web::get().to(any_error))
            .route("/refused", web::get().to(refused)),
    )
    .await;
    let has = |response: &ServiceResponse, signed_in: bool| {
        let extensions = response.response().extensions();
        match signed_in {
            true => extensions.get::<Forbidden>().is_some(),
            false => extensions.get::<SignedOut>().is_some(),
        }
    };
    for path in ["/forbidden", "/any_error", "/refused"] {
        let response = call_service(&app, good().uri(path).to_request()).await;
        assert_eq!(response.status(), 403, "{path}");
        assert!(has(&response.map_into_boxed_body(), true), "{path}");
        let response = call_service(&app, TestRequest::get().uri(path).to_request()).await;
        assert_eq!(response.status(), 401, "{path}");
        assert!(has(&response.map_into_boxed_body(), false), "{path}");
    }
}

#[actix_web::test]
async fn what_a_middleware_asks_for_adds_up() {
    let issuer = TestIssuer::new();
    let token = |role: &str| {
        let token = issuer
            .token()
            .org("org_1", role)
            .permissions(["org:a:read"]);
        TestRequest::get().insert_header(("authorization", format!("Bearer {}", token.sign())))
    };
    let new = || RequireSession::new(verifier());
    let both = new().permission("org:a:read").role("admin");
    let strict = new().role("admin").reverification(Reverification::strict());
    for (middleware, role, expected) in [
        (new(), "member", 200),
        (new().permission("org:a:read"), "member", 200),
        (both.clone(), "admin", 200),
        (both.clone(), "member", 403),
        (both.plan("team"), "admin", 403),
        (strict.feature("a"), "admin", 200),
        (new().require(Requirement::new()), "admin", 403),
        (
            new().require(Requirement::new()).role("admin"),
            "admin",
            403,
        ),
        (
            new().role("admin").require(Requirement::new()),
            "admin",
            403,
        ),
    ] {
        let shown = format!("{middleware:?}");
        assert_eq!(
            outcome(middleware, token(role)).await.0,
            expected,
            "{shown}"
        );
    }
}

#[actix_web::test]
async fn a_preflight_that_is_allowed_needs_no_role_either() {
    let middleware = RequireSession::new(verifier())
        .role("admin")
        .allow_preflight(true);
    let preflight = |request: TestRequest| {
        request
            .method(Method::OPTIONS)
            .insert_header(("origin", "https://app.example.com"))
            .insert_header(("access-control-request-method", "GET"))
    };
    let stranger = preflight(TestRequest::default());
    assert_eq!(outcome(middleware.clone(), stranger).await.0, 200);
    let member = preflight(good());
    assert_eq!(
        outcome(middleware.clone(), member).await.0,
        403,
        "a browser's preflight has no token, and a session is not let off its role"
    );
    let options = good().method(Method::OPTIONS);
    assert_eq!(
        outcome(middleware, options).await.0,
        403,
        "it is no preflight"
    );
}

#[actix_web::test]
async fn token_sources_of_the_middleware_stand_in_for_the_verifiers() {
    let token = TestIssuer::new().token().user("user_1").sign();
    let middleware =
        RequireSession::new(verifier()).token_sources([TokenSource::header("x-token")]);
    let app = init_service(App::new().wrap(middleware).route("/", web::get().to(who))).await;
    let request = TestRequest::get().insert_header(("x-token", token));
    assert_eq!(
        read_body(call_service(&app, request.to_request()).await).await,
        "user_1"
    );
    let response = call_service(&app, good().to_request()).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn a_refused_response_carries_its_reason_for_middleware_further_out() {
    let app = init_service(
        App::new()
            .wrap(RequireSession::new(verifier()))
            .route("/", web::get().to(who)),
    )
    .await;
    let response = call_service(&app, TestRequest::get().to_request()).await;
    let extensions = response.response().extensions();
    assert_eq!(
        extensions.get::<SignedOut>().unwrap().reason(),
        Reason::SessionTokenMissing
    );
}

/// actix-web lends no mutable request where somebody else holds it too; nothing here may ask for one.
#[actix_web::test]
async fn a_request_that_an_outer_middleware_holds_is_handled_like_any_other() {
    let app = init_service(
        App::new().service(
            web::resource("/")
                .wrap(RequireSession::new(verifier()))
                .wrap_fn(|request, service| {
                    let held = request.request().clone();
                    let response = service.call(request);
                    async move {
                        let response = response.await;
                        drop(held);
                        response
                    }
                })
                .to(who),
        ),
    )
    .await;
    let response = call_service(&app, good().to_request()).await;
    assert_eq!(read_body(response).await, "user_1");
    let response = call_service(&app, TestRequest::get().to_request()).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn with_the_key_at_hand_nothing_is_awaited() {
    let app = init_service(
        App::new()
            .wrap(RequireSession::new(verifier()))
            .route("/", web::get().to(who)),
    )
    .await;
    let refused = app.call(TestRequest::get().to_request());
    let mut refused = std::pin::pin!(refused);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(std::future::Future::poll(refused.as_mut(), &mut context).is_ready());
}

#[actix_web::test]
async fn on_error_leaves_the_other_options_as_they_are() {
    let preflight = || {
        TestRequest::default()
            .method(Method::OPTIONS)
            .insert_header(("origin", "https://app.example.com"))
            .insert_header(("access-control-request-method", "GET"))
    };
    let plain = RequireSession::new(verifier()).on_error(|_| ());
    assert_eq!(outcome(plain, preflight()).await.0, 401);

    let middleware = RequireSession::new(verifier())
        .allow_preflight(true)
        .role("admin")
        .token_sources([TokenSource::header("x-token")])
        .on_error(|_| ());
    assert_eq!(outcome(middleware.clone(), preflight()).await.0, 200);
    assert_eq!(outcome(middleware.clone(), good()).await.0, 401);
    let token = ("x-token", TestIssuer::new().token().sign());
    let elsewhere = TestRequest::get().insert_header(token);
    assert_eq!(outcome(middleware, elsewhere).await.0, 403);
}

#[actix_web::test]
async fn a_lax_middlewares_answer_carries_its_reason_too() {
    let middleware = WithSession::new(verifier()).on_error(|_| HttpResponse::Ok().finish());
    let app = init_service(App::new().wrap(middleware).route("/", web::get().to(who))).await;
    let response = call_service(&app, TestRequest::get().to_request()).await;
    assert!(
        response
            .response()
            .extensions()
            .get::<SignedOut>()
            .is_some()
    );
}

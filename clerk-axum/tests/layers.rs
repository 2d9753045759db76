//! The layers as tower sees them: bodies, readiness, errors, extensions.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use clerk_axum::{
    AuthState, Forbidden, Reason, Refused, RequireSession, Requirement, Reverification, Session,
    SignedOut, TokenSource, Verifier, WithSession,
};
use clerk_verify::testing::TestIssuer;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt, limit::ConcurrencyLimit, service_fn};

fn verifier() -> Verifier {
    TestIssuer::new().verifier().build().unwrap()
}

fn good() -> Request<String> {
    let token = TestIssuer::new().token().user("user_1").sign();
    Request::builder()
        .header("authorization", format!("Bearer {token}"))
        .body("the request's own body".to_owned())
        .unwrap()
}

fn preflight() -> Request<String> {
    Request::builder()
        .method(Method::OPTIONS)
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "GET")
        .body(String::new())
        .unwrap()
}

fn without_token() -> Request<String> {
    Request::new("the request's own body".to_owned())
}

/// Answers with who is there and the body it got.
async fn echo(request: Request<String>) -> Result<Response<String>, Infallible> {
    let who = match request.extensions().get::<AuthState>() {
        Some(AuthState::SignedIn(session)) => session.user_id().to_owned(),
        Some(AuthState::SignedOut(signed_out)) => signed_out.reason().to_string(),
        _ => "nothing".to_owned(),
    };
    Ok(Response::new(format!("{who}: {}", request.body())))
}

#[tokio::test]
async fn plain_services_of_any_body_are_guarded() {
    let service = RequireSession::new(verifier()).layer(service_fn(echo));
    let response = service.clone().oneshot(good()).await.unwrap();
    assert_eq!(response.into_body(), "user_1: the request's own body");
    let response = service.oneshot(without_token()).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(response.into_body().contains("session-token-missing"));
}

#[tokio::test]
async fn hypers_full_body_is_guarded() {
    let inner = service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let service = RequireSession::new(verifier()).layer(inner);
    let response = service.oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

/// Like tonic's: a body that no text turns into.
#[derive(Debug, Default, PartialEq)]
struct GrpcBody;

#[tokio::test]
async fn a_body_that_no_text_turns_into_is_guarded_with_a_closure() {
    let inner = service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(GrpcBody)) });
    let layer = RequireSession::new(verifier()).on_error(|_: &Refused| {
        let mut response = Response::new(GrpcBody);
        response
            .headers_mut()
            .insert("grpc-status", http::HeaderValue::from_static("16"));
        response
    });
    let response = layer.layer(inner).oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.headers()["grpc-status"], "16");
}

#[tokio::test]
async fn a_lax_layer_takes_any_body() {
    let inner = service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(GrpcBody)) });
    let service = WithSession::new(verifier()).layer(inner);
    let response = service.oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let observing = WithSession::new(verifier())
        .on_error(|_: &SignedOut| ())
        .layer(inner);
    assert!(observing.oneshot(Request::new(())).await.is_ok());
}

#[tokio::test]
async fn errors_of_the_inner_service_pass_untouched() {
    let inner = service_fn(|_: Request<String>| async {
        Err::<Response<String>, _>(io::Error::other("mine"))
    });
    let service = RequireSession::new(verifier()).layer(inner);
    assert_eq!(
        service
            .clone()
            .oneshot(good())
            .await
            .unwrap_err()
            .to_string(),
        "mine"
    );
    assert!(
        service.oneshot(without_token()).await.is_ok(),
        "a refusal is no error"
    );
}

#[tokio::test]
async fn a_session_that_something_else_left_is_removed() {
    let stolen = TestIssuer::new()
        .token()
        .user("somebody_else")
        .session()
        .unwrap();
    let inner = service_fn(|request: Request<String>| async move {
        assert!(request.extensions().get::<Session>().is_none());
        echo(request).await
    });
    let with_leftovers = |mut request: Request<String>| {
        request.extensions_mut().insert(stolen.clone());
        request
            .extensions_mut()
            .insert(AuthState::SignedIn(stolen.clone()));
        request
    };
    let lax = WithSession::new(verifier()).layer(inner);
    let response = lax
        .clone()
        .oneshot(with_leftovers(without_token()))
        .await
        .unwrap();
    assert_eq!(
        response.into_body(),
        "session-token-missing: the request's own body"
    );
    let response = lax.oneshot(with_leftovers(good())).await.unwrap();
    assert_eq!(response.into_body(), "user_1: the request's own body");
    let strict = RequireSession::new(verifier()).layer(inner);
    let response = strict
        .oneshot(with_leftovers(without_token()))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_preflight_is_refused_unless_it_is_allowed() {
    let strict = RequireSession::new(verifier());
    let response = strict
        .clone()
        .layer(service_fn(echo))
        .oneshot(preflight())
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);

    let open = strict.allow_preflight(true).layer(service_fn(echo));
    let response = open.clone().oneshot(preflight()).await.unwrap();
    assert_eq!(response.into_body(), "session-token-missing: ");
    for header in ["origin", "access-control-request-method"] {
        let mut request = preflight();
        request.headers_mut().remove(header);
        let response = open.clone().oneshot(request).await.unwrap();
        assert_eq!(
            response.status(),
            StatusCode::UNAUTHORIZED,
            "without {header}"
        );
    }
    let mut request = preflight();
    *request.method_mut() = Method::GET;
    let response = open.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn on_error_observes_or_answers() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    let observing = RequireSession::new(verifier()).on_error(move |refused: &Refused| {
        assert_eq!(refused.reason(), Reason::SessionTokenMissing);
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let service = observing.layer(service_fn(echo));
    let response = service.clone().oneshot(without_token()).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    service.oneshot(good()).await.unwrap();
    assert_eq!(seen.load(Ordering::SeqCst), 1);

    let teapot = |_: &Refused| {
        let mut response = Response::new("mine".to_owned());
        *response.status_mut() = StatusCode::IM_A_TEAPOT;
        response
    };
    let response = RequireSession::new(verifier())
        .on_error(teapot)
        .layer(service_fn(echo))
        .oneshot(without_token())
        .await
        .unwrap();
    assert_eq!(
        (response.status(), response.body().as_str()),
        (StatusCode::IM_A_TEAPOT, "mine")
    );
    let teapot = |_: &SignedOut| {
        let mut response = Response::new("mine".to_owned());
        *response.status_mut() = StatusCode::IM_A_TEAPOT;
        response
    };
    let response = WithSession::new(verifier())
        .on_error(teapot)
        .layer(service_fn(echo))
        .oneshot(without_token())
        .await;
    assert_eq!(response.unwrap().status(), StatusCode::IM_A_TEAPOT);
}

#[tokio::test]
async fn on_error_may_leave_the_answer_to_the_layer() {
    let strict = RequireSession::new(verifier())
        .on_error(|_| None::<Response<String>>)
        .layer(service_fn(echo));
    let response = strict.oneshot(without_token()).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let lax = WithSession::new(verifier())
        .on_error(|_| None::<Response<String>>)
        .layer(service_fn(echo));
    assert_eq!(
        lax.oneshot(without_token()).await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn on_error_hears_of_those_who_may_not_and_may_answer_them() {
    let layer = RequireSession::new(verifier()).role("org:admin");
    let reason = layer
        .clone()
        .on_error(|refused| Response::new(format!("{}: {refused}", refused.refusal().status())));
    let response = reason
        .layer(service_fn(echo))
        .oneshot(good())
        .await
        .unwrap();
    assert_eq!(
        response.body(),
        "403: forbidden (insufficient-authorization): the session lacks what is needed: role `org:admin` (no \
         organization is active in the session)"
    );
    let response = layer.layer(service_fn(echo)).oneshot(good()).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let forbidden = response.extensions().get::<Forbidden>().unwrap();
    assert_eq!(forbidden.unmet().len(), 1);
}

#[tokio::test]
async fn what_a_layer_asks_for_adds_up() {
    let issuer = TestIssuer::new();
    let token = |role: &str| {
        let token = issuer
            .token()
            .org("org_1", role)
            .permissions(["org:a:read"]);
        Request::builder()
            .header("authorization", format!("Bearer {}", token.sign()))
            .body(String::new())
            .unwrap()
    };
    let status = async |layer: RequireSession, role: &str| {
        let response = layer
            .layer(service_fn(echo))
            .oneshot(token(role))
            .await
            .unwrap();
        response.status().as_u16()
    };
    let new = || RequireSession::new(verifier());
    assert_eq!(status(new(), "member").await, 200);
    assert_eq!(status(new().permission("org:a:read"), "member").await, 200);
    let both = new().permission("org:a:read").role("admin");
    assert_eq!(status(both.clone(), "admin").await, 200);
    assert_eq!(status(both.clone(), "member").await, 403);
    assert_eq!(status(both.plan("team"), "admin").await, 403);
    let strict = new().role("admin").reverification(Reverification::strict());
    assert_eq!(status(strict.feature("a"), "admin").await, 200);
    for nobody in [
        new().require(Requirement::new()),
        new().require(Requirement::new()).role("admin"),
        new().role("admin").require(Requirement::new()),
    ] {
        assert_eq!(status(nobody, "admin").await, 403);
    }
}

#[tokio::test]
async fn a_preflight_that_is_allowed_needs_no_role_either() {
    let layer = RequireSession::new(verifier())
        .role("admin")
        .allow_preflight(true);
    let service = layer.layer(service_fn(echo));
    assert_eq!(
        service.clone().oneshot(preflight()).await.unwrap().status(),
        200
    );
    let mut request = good();
    *request.method_mut() = Method::OPTIONS;
    assert_eq!(
        service.clone().oneshot(request).await.unwrap().status(),
        403,
        "it is no preflight"
    );
    let mut request = preflight();
    let token = good().headers_mut().remove("authorization").unwrap();
    request.headers_mut().insert("authorization", token);
    assert_eq!(
        service.oneshot(request).await.unwrap().status(),
        403,
        "a browser's preflight has no token, and a session is not let off its role"
    );
}

#[tokio::test]
async fn token_sources_of_the_layer_stand_in_for_the_verifiers() {
    let token = TestIssuer::new().token().user("user_1").sign();
    let request = || {
        Request::builder()
            .header("x-token", &token)
            .body(String::new())
            .unwrap()
    };
    let default = RequireSession::new(verifier());
    let service = default.clone().layer(service_fn(echo));
    assert_eq!(
        service.oneshot(request()).await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    let service = default
        .token_sources([TokenSource::header("x-token")])
        .layer(service_fn(echo));
    assert_eq!(
        service
            .clone()
            .oneshot(request())
            .await
            .unwrap()
            .into_body(),
        "user_1: "
    );
    assert_eq!(
        service.oneshot(good()).await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_refused_response_carries_its_reason_for_layers_further_out() {
    let service = RequireSession::new(verifier()).layer(service_fn(echo));
    let response = service.oneshot(without_token()).await.unwrap();
    let signed_out = response.extensions().get::<SignedOut>().unwrap();
    assert_eq!(signed_out.reason(), Reason::SessionTokenMissing);
}

#[tokio::test]
async fn credentials_are_hidden_from_services_behind() {
    let inner = service_fn(|request: Request<String>| async move {
        Ok::<_, Infallible>(Response::new(format!("{:?}", request.headers())))
    });
    let token = TestIssuer::new().token().sign();
    let request = Request::builder()
        .header("authorization", format!("Bearer {token}"))
        .header("cookie", "a=secret_of_a")
        .header("cookie", format!("__session={token}"))
        .body(String::new())
        .unwrap();
    let shown = RequireSession::new(verifier())
        .layer(inner)
        .oneshot(request)
        .await
        .unwrap()
        .into_body();
    assert!(
        !shown.contains(&token) && !shown.contains("secret_of_a"),
        "{shown}"
    );
}

/// Counts how often it is called without having been polled ready first.
#[derive(Debug)]
struct Picky {
    ready: bool,
    unready_calls: Arc<AtomicUsize>,
}

impl Clone for Picky {
    fn clone(&self) -> Self {
        Self {
            ready: false,
            unready_calls: Arc::clone(&self.unready_calls),
        }
    }
}

impl Service<Request<String>> for Picky {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<String>) -> Self::Future {
        if !std::mem::take(&mut self.ready) {
            self.unready_calls.fetch_add(1, Ordering::SeqCst);
        }
        std::future::ready(Ok(Response::new(String::new())))
    }
}

#[tokio::test]
async fn the_inner_service_is_called_only_when_it_is_ready() {
    let issuer = TestIssuer::new();
    let keys = issuer.serve().await.unwrap();
    let unready_calls = Arc::new(AtomicUsize::new(0));
    let inner = Picky {
        ready: false,
        unready_calls: Arc::clone(&unready_calls),
    };
    let verifier = Verifier::builder()
        .jwks_url(keys.jwks_url())
        .build()
        .unwrap();
    let mut service = RequireSession::new(verifier).layer(inner);
    // The first request waits for the keys, the second does not.
    for _ in 0..2 {
        let response = service.ready().await.unwrap().call(good()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
    let first = service.ready().await.unwrap().call(good());
    let second = service.ready().await.unwrap().call(good());
    assert!(first.await.is_ok() && second.await.is_ok());
    assert_eq!(unready_calls.load(Ordering::SeqCst), 0);
    assert_eq!(keys.requests(), 1);
}

/// What `poll_ready` has reserved is given back when the inner service is not called after all.
#[tokio::test]
async fn a_refused_or_waiting_request_holds_no_permit_of_the_inner_service() {
    let issuer = TestIssuer::new();
    let keys = issuer.serve().await.unwrap();
    keys.hold();
    let remote = Verifier::builder()
        .jwks_url(keys.jwks_url())
        .build()
        .unwrap();
    let inner = ConcurrencyLimit::new(service_fn(echo), 1);
    let mut strict = RequireSession::new(remote).layer(inner.clone());

    let refused = strict
        .ready()
        .await
        .unwrap()
        .call(without_token())
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let waiting = strict.ready().await.unwrap().call(good());
    // The one permit is free while a request waits for its key.
    let other = inner.clone().oneshot(without_token()).await.unwrap();
    assert_eq!(other.into_body(), "nothing: the request's own body");

    keys.release();
    assert_eq!(waiting.await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn with_the_key_at_hand_the_first_poll_finishes() {
    let mut service = RequireSession::new(verifier()).layer(service_fn(echo));
    let mut future = std::pin::pin!(service.call(good()));
    let mut context = Context::from_waker(std::task::Waker::noop());
    assert!(std::future::Future::poll(future.as_mut(), &mut context).is_ready());
}

#[tokio::test]
async fn on_error_leaves_the_other_options_as_they_are() {
    let plain = RequireSession::new(verifier()).on_error(|_| ());
    let response = plain
        .layer(service_fn(echo))
        .oneshot(preflight())
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);

    let layer = RequireSession::new(verifier())
        .allow_preflight(true)
        .role("admin")
        .token_sources([TokenSource::header("x-token")])
        .on_error(|_| ());
    let service = layer.layer(service_fn(echo));
    let response = service.clone().oneshot(preflight()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let response = service.clone().oneshot(good()).await.unwrap();
    assert_eq!(
        response.status(),
        StatusCode::UNAUTHORIZED,
        "the token is looked for elsewhere"
    );
    let mut request = without_token();
    let token = TestIssuer::new().token().sign();
    request
        .headers_mut()
        .insert("x-token", token.parse().unwrap());
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_lax_layers_answer_carries_its_reason_too() {
    let layer = WithSession::new(verifier()).on_error(|_| Response::new(String::new()));
    let response = layer
        .layer(service_fn(echo))
        .oneshot(without_token())
        .await
        .unwrap();
    assert!(response.extensions().get::<SignedOut>().is_some());
}

//! The request cases of the conformance vectors, through the layers.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use axum::{Router, body::Body, routing::get};
use clerk_axum::{AuthState, RequireSession, WithSession};
use clerk_test_support::{Vector, Verdict, behaviour};
use clerk_verify::Verifier;
use http::{HeaderName, HeaderValue, Request};
use tower::ServiceExt;

#[tokio::test]
async fn every_request_gets_its_verdict_from_both_layers() {
    behaviour::gives_every_request_its_verdict(async |vector, verifier| {
        vec![
            strict(vector, verifier.clone()).await,
            lax(vector, verifier).await,
        ]
    })
    .await;
}

async fn strict(vector: &Vector, verifier: Verifier) -> Verdict {
    let app = Router::new()
        .route(
            "/",
            get(|session: clerk_axum::Session| async move { session.user_id().to_owned() }),
        )
        .route_layer(RequireSession::new(verifier));
    let response = app.oneshot(request(vector)).await.unwrap();
    match response.headers().get("x-clerk-auth-reason") {
        Some(reason) => Verdict::Rejected(reason.to_str().unwrap().to_owned()),
        None => {
            assert_eq!(response.status(), 200);
            Verdict::Accepted(text(response.into_body()).await)
        }
    }
}

async fn lax(vector: &Vector, verifier: Verifier) -> Verdict {
    let app = Router::new()
        .route(
            "/",
            get(|state: AuthState| async move {
                match state.into_session() {
                    Ok(session) => format!("+{}", session.user_id()),
                    Err(signed_out) => format!("-{}", signed_out.reason()),
                }
            }),
        )
        .layer(WithSession::new(verifier));
    let response = app.oneshot(request(vector)).await.unwrap();
    assert_eq!(response.status(), 200);
    let body = text(response.into_body()).await;
    match body.strip_prefix('+') {
        Some(user) => Verdict::Accepted(user.to_owned()),
        None => Verdict::Rejected(body[1..].to_owned()),
    }
}

fn request(vector: &Vector) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    for (name, value) in vector.request.as_ref().unwrap().headers() {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        let value = HeaderValue::from_bytes(&value).unwrap_or_else(|_| panic!("{}", vector.id));
        request.headers_mut().append(name, value);
    }
    request
}

async fn text(body: Body) -> String {
    let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

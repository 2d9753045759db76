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
use clerk_test_support::{Vector, Verdict, policy_table, vectors};
use clerk_verify::Verifier;
use http::{HeaderName, HeaderValue, Request};
use tower::ServiceExt;

#[tokio::test]
async fn every_request_gets_its_verdict_from_both_layers() {
    let policies = policy_table();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for vector in vectors().iter().filter(|vector| vector.request.is_some()) {
        seen += 1;
        let Ok(verifier) = vector.verifier() else {
            wrong.extend(Verdict::build_error().check(vector, &policies).err());
            continue;
        };
        for verdict in [
            strict(vector, verifier.clone()).await,
            lax(vector, verifier).await,
        ] {
            wrong.extend(verdict.check(vector, &policies).err());
        }
    }
    assert_eq!(seen, 103);
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
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

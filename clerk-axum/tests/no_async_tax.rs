//! With the key at hand a layer is done in the first poll, and takes no more than the session's place in the request.
// A test stops at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    pin::pin,
    task::{Context, Poll, Waker},
};

use clerk_axum::{RequireSession, TokenCache, Verifier, WithSession};
use clerk_verify::testing::TestIssuer;
use http::{Request, Response};
use tower::{Layer, Service, service_fn};

fn handler(_: Request<()>) -> Ready<Result<Response<String>, Infallible>> {
    ready(Ok(Response::new(String::new())))
}

/// As a server leaves it: with something in its extensions.
fn request(token: &str) -> Request<()> {
    let value = format!("Bearer {token}");
    let mut request = Request::builder()
        .header("authorization", value)
        .body(())
        .unwrap();
    request.extensions_mut().insert("what the server put there");
    request
}

/// The status, if the first poll has it.
fn first_poll<S>(service: &mut S, request: Request<()>) -> Option<u16>
where
    S: Service<Request<()>, Response = Response<String>, Error = Infallible>,
{
    let mut future = pin!(service.call(request));
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(response) => Some(response.unwrap().status().as_u16()),
        Poll::Pending => None,
    }
}

#[tokio::test]
async fn with_fetched_keys_both_layers_are_done_in_the_first_poll() {
    let issuer = TestIssuer::new();
    let server = issuer.serve().await.unwrap();
    let verifier = Verifier::builder()
        .jwks_url(server.jwks_url())
        .build()
        .unwrap();
    verifier.ready().await.unwrap();
    let good = issuer.token().sign();
    let other = issuer.token().expired().sign();

    let mut strict = RequireSession::new(verifier.clone()).layer(service_fn(handler));
    assert_eq!(
        first_poll(&mut strict, request(&good)),
        Some(200),
        "the first time"
    );
    assert_eq!(
        first_poll(&mut strict, request(&good)),
        Some(200),
        "remembered"
    );
    assert_eq!(first_poll(&mut strict, request(&other)), Some(401));
    let mut lax = WithSession::new(verifier).layer(service_fn(handler));
    assert_eq!(first_poll(&mut lax, request(&good)), Some(200));
    assert_eq!(first_poll(&mut lax, request(&other)), Some(200));
}

#[test]
fn a_remembered_session_takes_one_allocation_its_place_in_the_request() {
    let issuer = TestIssuer::new();
    let builder = issuer.verifier().token_cache(TokenCache::default());
    let verifier = builder.build().unwrap();
    let token = issuer.token().sign();
    let mut strict = RequireSession::new(verifier.clone()).layer(service_fn(handler));
    let mut lax = WithSession::new(verifier).layer(service_fn(handler));
    let mut bare = service_fn(handler);
    assert_eq!(first_poll(&mut strict, request(&token)), Some(200));

    let allocations = |service: &mut dyn FnMut(Request<()>)| {
        let request = request(&token);
        allocation_counter::measure(|| service(request)).count_total
    };
    let without = allocations(&mut |request| assert!(first_poll(&mut bare, request).is_some()));
    let with_strict =
        allocations(&mut |request| assert!(first_poll(&mut strict, request).is_some()));
    let with_lax = allocations(&mut |request| assert!(first_poll(&mut lax, request).is_some()));
    assert_eq!((with_strict, with_lax), (without + 1, without + 1));
}

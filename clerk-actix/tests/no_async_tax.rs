//! With the key at hand the middleware is done in the first poll, and takes no more than the session's place in the request.
// A test stops at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    dev::{Service, ServiceRequest, ServiceResponse, Transform, fn_service},
    http::header::AUTHORIZATION,
    test::TestRequest,
};
use clerk_actix::{RequireSession, TokenCache, Verifier, WithSession};
use clerk_verify::testing::TestIssuer;

fn request(token: &str) -> ServiceRequest {
    let value = format!("Bearer {token}");
    TestRequest::get()
        .insert_header((AUTHORIZATION, value))
        .to_srv_request()
}

async fn handler(request: ServiceRequest) -> Result<ServiceResponse, Error> {
    Ok(request.into_response(HttpResponse::Ok().finish()))
}

/// The status, if the first poll has it.
fn first_poll<S, B>(service: &S, request: ServiceRequest) -> Option<u16>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
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

#[actix_web::test]
async fn with_fetched_keys_both_are_done_in_the_first_poll() {
    let issuer = TestIssuer::new();
    let server = issuer.serve().await.unwrap();
    let verifier = Verifier::builder()
        .jwks_url(server.jwks_url())
        .build()
        .unwrap();
    verifier.ready().await.unwrap();
    let good = issuer.token().sign();
    let other = issuer.token().expired().sign();

    let strict = RequireSession::new(verifier.clone());
    let strict = strict.new_transform(fn_service(handler)).await.unwrap();
    assert_eq!(
        first_poll(&strict, request(&good)),
        Some(200),
        "the first time"
    );
    assert_eq!(first_poll(&strict, request(&good)), Some(200), "remembered");
    assert_eq!(first_poll(&strict, request(&other)), Some(401));
    let lax = WithSession::new(verifier);
    let lax = lax.new_transform(fn_service(handler)).await.unwrap();
    assert_eq!(first_poll(&lax, request(&good)), Some(200));
    assert_eq!(first_poll(&lax, request(&other)), Some(200));
}

#[actix_web::test]
async fn a_remembered_session_takes_one_allocation_its_place_in_the_request() {
    let issuer = TestIssuer::new();
    let builder = issuer.verifier().token_cache(TokenCache::default());
    let verifier = builder.build().unwrap();
    let token = issuer.token().sign();
    let strict = RequireSession::new(verifier.clone());
    let strict = strict.new_transform(fn_service(handler)).await.unwrap();
    let lax = WithSession::new(verifier);
    let lax = lax.new_transform(fn_service(handler)).await.unwrap();
    let bare = fn_service(handler);
    assert_eq!(first_poll(&strict, request(&token)), Some(200));

    let allocations = |service: &dyn Fn(ServiceRequest)| {
        let request = request(&token);
        // A map that has had something in it, as actix-web keeps them from one request to the next.
        request.extensions_mut().insert("what the server put there");
        allocation_counter::measure(|| service(request)).count_total
    };
    let without = allocations(&|request| assert!(first_poll(&bare, request).is_some()));
    let with_strict = allocations(&|request| assert!(first_poll(&strict, request).is_some()));
    let with_lax = allocations(&|request| assert!(first_poll(&lax, request).is_some()));
    assert_eq!((with_strict, with_lax), (without + 1, without + 1));
}

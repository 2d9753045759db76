//! The service that both layers make.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use clerk_verify::Authentication;
use http::{Request, Response};
use tower_service::Service;

use crate::{
    future::ResponseFuture,
    guard::Guard,
    mode::Mode,
    on_error::{DefaultAnswer, OnError},
};

/// A service behind [`RequireSession`](crate::RequireSession) or [`WithSession`](crate::WithSession).
///
/// ```
/// use clerk_axum::{RequireSession, SessionService, Strict};
/// use tower_layer::Layer;
/// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
///
/// fn guard<S>(inner: S, layer: &RequireSession) -> SessionService<S, Strict> {
///     layer.layer(inner)
/// }
/// ```
pub struct SessionService<S, M, A = DefaultAnswer> {
    inner: S,
    guard: Arc<Guard<M, A>>,
}

impl<S, M, A> SessionService<S, M, A> {
    pub(crate) fn new(inner: S, guard: Arc<Guard<M, A>>) -> Self {
        Self { inner, guard }
    }
}

impl<S, M, A, B, R> Service<Request<B>> for SessionService<S, M, A>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    M: Mode,
    A: OnError<M, R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, M, A, B, R>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let authentication = self.guard.begin(&mut request);
        let refusal = match authentication {
            Authentication::Done(state) => match self.guard.decide(request, state) {
                Ok(request) => return ResponseFuture::inner(self.inner.call(request)),
                Err(response) => ResponseFuture::refused(response),
            },
            Authentication::Waiting(pending) => {
                let (inner, guard) = (self.inner.clone(), Arc::clone(&self.guard));
                ResponseFuture::waiting(pending, request, inner, guard)
            }
        };
        // The inner service was polled ready and will not be called: a fresh clone takes its place, so that
        // what it has reserved (a permit, a slot in a buffer) is free for others. One who waits for keys gets
        // a clone that is polled ready when its turn comes.
        let clone = self.inner.clone();
        self.inner = clone;
        refusal
    }
}

impl<S: Clone, M, A> Clone for SessionService<S, M, A> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            guard: Arc::clone(&self.guard),
        }
    }
}

impl<S: fmt::Debug, M, A> fmt::Debug for SessionService<S, M, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService")
            .field("inner", &self.inner)
            .field("guard", &self.guard)
            .finish()
    }
}

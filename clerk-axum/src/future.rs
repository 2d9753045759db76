//! The way of one request through the service.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use clerk_verify::{AuthState, PendingAuthentication};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{guard::Guard, mode::Mode, on_error::OnError};

pin_project! {
    /// The response of a [`SessionService`](crate::SessionService).
    ///
    /// With the key at hand it is the inner service's own future, or a refusal that is ready at once; only a
    /// request that waits for a key costs an allocation.
    ///
    /// ```
    /// use clerk_axum::RequireSession;
    /// use http::{Request, Response};
    /// use tower::{Layer, Service, service_fn};
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    ///
    /// let inner = service_fn(|_: Request<()>| async { Ok::<_, ()>(Response::new(String::new())) });
    /// let mut service = RequireSession::new(verifier).layer(inner);
    /// let future: clerk_axum::ResponseFuture<_, _, _, _, _> = service.call(Request::new(()));
    /// # drop(future);
    /// ```
    pub struct ResponseFuture<S, M, A, B, R>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, M, A, B, R>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, M, A, B, R>
    where
        S: Service<Request<B>>,
    {
        Inner {
            #[pin]
            future: S::Future,
        },
        Refused {
            response: Option<Response<R>>,
        },
        Waiting {
            pending: Pin<Box<dyn Future<Output = AuthState> + Send>>,
            rest: Option<(Request<B>, S, Arc<Guard<M, A>>)>,
        },
        Admitted {
            request: Option<Request<B>>,
            inner: S,
        },
    }
}

impl<S, M, A, B, R> ResponseFuture<S, M, A, B, R>
where
    S: Service<Request<B>>,
{
    pub(crate) fn inner(future: S::Future) -> Self {
        Self {
            state: State::Inner { future },
        }
    }

    pub(crate) fn refused(response: Response<R>) -> Self {
        Self {
            state: State::Refused {
                response: Some(response),
            },
        }
    }

    pub(crate) fn waiting(
        pending: PendingAuthentication,
        request: Request<B>,
        inner: S,
        guard: Arc<Guard<M, A>>,
    ) -> Self {
        Self {
            state: State::Waiting {
                pending: Box::pin(pending.finish()),
                rest: Some((request, inner, guard)),
            },
        }
    }
}

impl<S, M, A, B, R> Future for ResponseFuture<S, M, A, B, R>
where
    S: Service<Request<B>, Response = Response<R>>,
    M: Mode,
    A: OnError<M, R>,
{
    type Output = Result<Response<R>, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProjection::Inner { future } => return future.poll(context),
                StateProjection::Refused { response } => match response.take() {
                    Some(response) => return Poll::Ready(Ok(response)),
                    None => return Poll::Pending,
                },
                StateProjection::Waiting { pending, rest } => {
                    let state = ready!(pending.as_mut().poll(context));
                    match rest.take() {
                        Some((request, inner, guard)) => match guard.decide(request, state) {
                            Ok(request) => State::Admitted {
                                request: Some(request),
                                inner,
                            },
                            Err(response) => State::Refused {
                                response: Some(response),
                            },
                        },
                        None => State::Refused { response: None },
                    }
                }
                StateProjection::Admitted { request, inner } => {
                    ready!(inner.poll_ready(context))?;
                    match request.take() {
                        Some(request) => State::Inner {
                            future: inner.call(request),
                        },
                        None => State::Refused { response: None },
                    }
                }
            };
            this.state.set(next);
        }
    }
}

impl<S, M, A, B, R> fmt::Debug for ResponseFuture<S, M, A, B, R>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

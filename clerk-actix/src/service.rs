//! The service that both middlewares make, and the way of one request through it.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, forward_ready},
};
use clerk_verify::{Authentication, PendingAuthentication};
use pin_project_lite::pin_project;

use crate::{guard::Guard, policy::Policy};

/// A service behind [`RequireSession`](crate::RequireSession) or [`WithSession`](crate::WithSession).
#[doc(hidden)]
pub struct SessionService<S, P> {
    service: Rc<S>,
    guard: Rc<Guard<P>>,
}

impl<S, P> SessionService<S, P> {
    pub(crate) fn new(service: S, guard: Rc<Guard<P>>) -> Self {
        Self {
            service: Rc::new(service),
            guard,
        }
    }
}

impl<S, B, P> Service<ServiceRequest> for SessionService<S, P>
where
    P: Policy + 'static,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = ResponseFuture<S::Future, B>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        match self.guard.begin(&request) {
            Authentication::Done(state) => match self.guard.decide(&request, state) {
                Ok(()) => ResponseFuture::Inner {
                    future: self.service.call(request),
                },
                Err(response) => ResponseFuture::Refused {
                    response: Some(request.into_response(response.map_into_right_body())),
                },
            },
            Authentication::Waiting(pending) => {
                let (service, guard) = (Rc::clone(&self.service), Rc::clone(&self.guard));
                ResponseFuture::Waiting {
                    future: Box::pin(finish(pending, request, service, guard)),
                }
            }
        }
    }
}

/// The way of a request whose key has to be fetched.
async fn finish<S, B, P>(
    pending: PendingAuthentication,
    request: ServiceRequest,
    service: Rc<S>,
    guard: Rc<Guard<P>>,
) -> Result<ServiceResponse<EitherBody<B>>, Error>
where
    P: Policy,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let state = pending.finish().await;
    match guard.decide(&request, state) {
        Ok(()) => Ok(service.call(request).await?.map_into_left_body()),
        Err(response) => Ok(request.into_response(response.map_into_right_body())),
    }
}

type Waiting<B> = Pin<Box<dyn Future<Output = Result<ServiceResponse<EitherBody<B>>, Error>>>>;

pin_project! {
    /// With the key at hand it is the inner service's own future, or a refusal that is ready at once; only a
    /// request that waits for a key costs an allocation.
    #[doc(hidden)]
    #[project = ResponseProjection]
    pub enum ResponseFuture<F, B> {
        Inner {
            #[pin]
            future: F,
        },
        Refused {
            response: Option<ServiceResponse<EitherBody<B>>>,
        },
        Waiting {
            future: Waiting<B>,
        },
    }
}

impl<F, B> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            ResponseProjection::Inner { future } => {
                let response = ready!(future.poll(context))?;
                Poll::Ready(Ok(response.map_into_left_body()))
            }
            ResponseProjection::Refused { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                None => Poll::Pending,
            },
            ResponseProjection::Waiting { future } => future.as_mut().poll(context),
        }
    }
}

impl<S: fmt::Debug, P: fmt::Debug> fmt::Debug for SessionService<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService")
            .field("service", &self.service)
            .field("guard", &self.guard)
            .finish()
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

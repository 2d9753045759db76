//! What the two layers do with a request, before and after its token is known.

use std::{fmt, marker::PhantomData, sync::Arc};

use clerk_verify::{AuthState, Authentication, Requirement, Session, TokenSource, Verifier};
use http::{HeaderMap, Method, Request, Response, header};

use crate::{mode::Mode, on_error::OnError};

/// The options of a layer, shared by all its services.
pub(crate) struct Guard<M, A> {
    pub(crate) verifier: Verifier,
    pub(crate) token_sources: Option<Arc<[TokenSource]>>,
    pub(crate) requirement: Option<Requirement>,
    pub(crate) allow_preflight: bool,
    pub(crate) on_error: A,
    mode: PhantomData<fn() -> M>,
}

impl<M, A> Guard<M, A> {
    pub(crate) fn new(verifier: Verifier, on_error: A) -> Self {
        Self {
            verifier,
            token_sources: None,
            requirement: None,
            allow_preflight: false,
            on_error,
            mode: PhantomData,
        }
    }

    pub(crate) fn with_on_error<N>(self, on_error: N) -> Guard<M, N> {
        Guard {
            verifier: self.verifier,
            token_sources: self.token_sources,
            requirement: self.requirement,
            allow_preflight: self.allow_preflight,
            on_error,
            mode: PhantomData,
        }
    }

    /// What can be said of the request without waiting.
    pub(crate) fn begin<B>(&self, request: &mut Request<B>) -> Authentication {
        hide_credentials(request.headers_mut());
        self.verifier
            .begin(request.headers(), self.token_sources.as_deref())
    }

    /// Makes the request ready for the inner service, or says what to answer instead.
    pub(crate) fn decide<B, R>(
        &self,
        mut request: Request<B>,
        state: AuthState,
    ) -> Result<Request<B>, Response<R>>
    where
        M: Mode,
        A: OnError<M, R>,
    {
        // A browser's preflight has no credentials: one that has some is not let off what is required.
        let is_exempt = self.allow_preflight && !state.is_signed_in() && is_preflight(&request);
        let state = if is_exempt {
            state
        } else {
            let requirement = self.requirement.as_ref();
            M::decide(state, requirement, |cause| self.on_error.answer(cause))?
        };
        let extensions = request.extensions_mut();
        extensions.remove::<Session>();
        extensions.insert(state);
        Ok(request)
    }
}

impl<M, A: Clone> Clone for Guard<M, A> {
    fn clone(&self) -> Self {
        Self {
            verifier: self.verifier.clone(),
            token_sources: self.token_sources.clone(),
            requirement: self.requirement.clone(),
            allow_preflight: self.allow_preflight,
            on_error: self.on_error.clone(),
            mode: PhantomData,
        }
    }
}

impl<M, A> fmt::Debug for Guard<M, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("verifier", &self.verifier)
            .field("token_sources", &self.token_sources)
            .field("requirement", &self.requirement)
            .field("allow_preflight", &self.allow_preflight)
            .finish_non_exhaustive()
    }
}

/// Keeps tokens out of the `Debug` output of the headers, and so out of the logs of services behind us.
fn hide_credentials(headers: &mut HeaderMap) {
    for name in [header::AUTHORIZATION, header::COOKIE] {
        if let header::Entry::Occupied(mut values) = headers.entry(name) {
            for value in values.iter_mut() {
                value.set_sensitive(true);
            }
        }
    }
}

/// A CORS preflight (Fetch standard, "CORS-preflight request"); it never carries credentials.
fn is_preflight<B>(request: &Request<B>) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

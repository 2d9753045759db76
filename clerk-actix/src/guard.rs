//! What the two middlewares do with a request, before and after its token is known.

use std::fmt;

use actix_web::{
    HttpMessage, HttpResponse,
    dev::ServiceRequest,
    http::{
        Method,
        header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN},
    },
};
use clerk_verify::{AuthState, Authentication, Session, SignedOut, TokenSource, Verifier};

use crate::{headers::Headers, on_error::Answer};

/// The options of a middleware.
#[derive(Clone)]
pub(crate) struct Guard<F> {
    pub(crate) verifier: Verifier,
    pub(crate) token_sources: Option<Vec<TokenSource>>,
    pub(crate) strictness: Strictness,
    pub(crate) on_error: F,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Strictness {
    /// Every request goes through.
    Lax,
    /// Only those who are signed in go through, and preflights if they may.
    Strict { allow_preflight: bool },
}

impl<F> Guard<F> {
    pub(crate) fn new(verifier: Verifier, strictness: Strictness, on_error: F) -> Self {
        Self {
            verifier,
            token_sources: None,
            strictness,
            on_error,
        }
    }

    pub(crate) fn with_on_error<N>(self, on_error: N) -> Guard<N> {
        Guard {
            verifier: self.verifier,
            token_sources: self.token_sources,
            strictness: self.strictness,
            on_error,
        }
    }

    /// What can be said of the request without waiting.
    pub(crate) fn begin(&self, request: &ServiceRequest) -> Authentication {
        // Whatever an outer service left there does not count.
        request.extensions_mut().remove::<AuthState>();
        request.extensions_mut().remove::<Session>();
        self.verifier
            .begin(&Headers(request.headers()), self.token_sources.as_deref())
    }

    /// Makes the request ready for the inner service, or says what to answer instead.
    // A response of actix-web is large whatever one does, and this is its one way out.
    #[allow(clippy::result_large_err)]
    pub(crate) fn decide<A>(
        &self,
        request: &ServiceRequest,
        state: AuthState,
    ) -> Result<(), HttpResponse>
    where
        F: Fn(&SignedOut) -> A,
        A: Answer,
    {
        if let AuthState::SignedOut(signed_out) = &state
            && let Some(mut response) = self.answer(request, signed_out)
        {
            // For middleware further out, which may log it or answer otherwise.
            response.extensions_mut().insert(signed_out.clone());
            return Err(response);
        }
        request.extensions_mut().insert(state);
        Ok(())
    }

    fn answer<A>(&self, request: &ServiceRequest, signed_out: &SignedOut) -> Option<HttpResponse>
    where
        F: Fn(&SignedOut) -> A,
        A: Answer,
    {
        match self.strictness {
            Strictness::Lax => (self.on_error)(signed_out).given(),
            Strictness::Strict {
                allow_preflight: true,
            } if is_preflight(request) => None,
            Strictness::Strict { .. } => {
                let given = (self.on_error)(signed_out).given();
                Some(given.unwrap_or_else(|| signed_out.refusal().into()))
            }
        }
    }
}

impl<F> fmt::Debug for Guard<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("verifier", &self.verifier)
            .field("token_sources", &self.token_sources)
            .field("strictness", &self.strictness)
            .finish_non_exhaustive()
    }
}

/// A CORS preflight (Fetch standard, "CORS-preflight request"); it never carries credentials.
fn is_preflight(request: &ServiceRequest) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(ORIGIN)
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

//! What the two middlewares do with a request, before and after its token is known.

use actix_web::{
    HttpMessage, HttpResponse,
    dev::ServiceRequest,
    http::{
        Method,
        header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN},
    },
};
use clerk_verify::{AuthState, Authentication, Session, SignedOut, TokenSource, Verifier};

use crate::{
    headers::{Headers, hide_credentials},
    on_error::OnError,
};

/// The options of a middleware.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) verifier: Verifier,
    pub(crate) token_sources: Option<Vec<TokenSource>>,
    pub(crate) strictness: Strictness,
    pub(crate) on_error: OnError,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Strictness {
    /// Every request goes through.
    Lax,
    /// Only those who are signed in go through, and preflights if they may.
    Strict { allow_preflight: bool },
}

impl Guard {
    pub(crate) fn new(verifier: Verifier, strictness: Strictness) -> Self {
        Self {
            verifier,
            token_sources: None,
            strictness,
            on_error: OnError::nothing(),
        }
    }

    /// What can be said of the request without waiting.
    pub(crate) fn begin(&self, request: &mut ServiceRequest) -> Authentication {
        // Whatever an outer service left there does not count.
        request.extensions_mut().remove::<AuthState>();
        request.extensions_mut().remove::<Session>();
        hide_credentials(request.headers_mut());
        self.verifier
            .begin(&Headers(request.headers()), self.token_sources.as_deref())
    }

    /// Makes the request ready for the inner service, or says what to answer instead.
    // A response of actix-web is large whatever one does, and this is its one way out.
    #[allow(clippy::result_large_err)]
    pub(crate) fn decide(
        &self,
        request: &ServiceRequest,
        state: AuthState,
    ) -> Result<(), HttpResponse> {
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

    fn answer(&self, request: &ServiceRequest, signed_out: &SignedOut) -> Option<HttpResponse> {
        match self.strictness {
            Strictness::Lax => self.on_error.call(signed_out),
            Strictness::Strict {
                allow_preflight: true,
            } if is_preflight(request) => None,
            Strictness::Strict { .. } => {
                let given = self.on_error.call(signed_out);
                Some(given.unwrap_or_else(|| signed_out.refusal().into()))
            }
        }
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

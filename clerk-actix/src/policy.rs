//! The two ways to treat a caller who is not let in.

use std::fmt;

use actix_web::{
    HttpResponse,
    dev::ServiceRequest,
    http::{
        Method,
        header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN},
    },
};
use clerk_verify::{AuthState, Refused, Requirement, SignedOut};

use crate::on_error::Answer;

/// What becomes of a request when its caller is known.
pub trait Policy {
    /// The outcome to go on with, or the response to send instead.
    // A response of actix-web is large whatever one does, and this is its one way out.
    #[allow(clippy::result_large_err)]
    fn decide(&self, request: &ServiceRequest, state: AuthState)
    -> Result<AuthState, HttpResponse>;
}

/// Every request goes through, unless there is an answer.
#[derive(Clone)]
pub struct Lax<F> {
    pub(crate) on_error: F,
}

/// Only those go through who are signed in and may, and preflights if they are let.
#[derive(Clone)]
pub struct Strict<F> {
    pub(crate) requirement: Option<Requirement>,
    pub(crate) allow_preflight: bool,
    pub(crate) on_error: F,
}

impl<F, A> Policy for Lax<F>
where
    F: Fn(&SignedOut) -> A,
    A: Answer,
{
    fn decide(&self, _: &ServiceRequest, state: AuthState) -> Result<AuthState, HttpResponse> {
        let response = state
            .signed_out()
            .and_then(|signed_out| (self.on_error)(signed_out).given());
        match (response, state) {
            (Some(mut response), AuthState::SignedOut(signed_out)) => {
                response.extensions_mut().insert(signed_out);
                Err(response)
            }
            (_, state) => Ok(state),
        }
    }
}

impl<F, A> Policy for Strict<F>
where
    F: Fn(&Refused) -> A,
    A: Answer,
{
    fn decide(
        &self,
        request: &ServiceRequest,
        state: AuthState,
    ) -> Result<AuthState, HttpResponse> {
        // A browser's preflight has no credentials: one that has some is not let off what is required.
        if self.allow_preflight && !state.is_signed_in() && is_preflight(request) {
            return Ok(state);
        }
        state.check(self.requirement.as_ref()).map_err(|refused| {
            let given = (self.on_error)(&refused).given();
            let mut response = given.unwrap_or_else(|| refused.refusal().into());
            // For middleware further out, which may log it or answer otherwise.
            let mut extensions = response.extensions_mut();
            if let Some(signed_out) = refused.signed_out() {
                extensions.insert(signed_out.clone());
            }
            if let Some(forbidden) = refused.forbidden() {
                extensions.insert(forbidden.clone());
            }
            drop(extensions);
            response
        })
    }
}

impl<F> fmt::Debug for Lax<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lax")
    }
}

impl<F> fmt::Debug for Strict<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Strict")
            .field("requirement", &self.requirement)
            .field("allow_preflight", &self.allow_preflight)
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

//! What the two layers do with a request, before and after its token is known.

use std::{fmt, sync::Arc};

use clerk_verify::{AuthState, Authentication, Session, TokenSource, Verifier};
use http::{HeaderMap, Method, Request, Response, header};

use crate::on_error::OnError;

/// The options of a layer, shared by all its services.
#[derive(Clone)]
pub(crate) struct Guard<A> {
    pub(crate) verifier: Verifier,
    pub(crate) token_sources: Option<Arc<[TokenSource]>>,
    pub(crate) strictness: Strictness,
    pub(crate) on_error: A,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Strictness {
    /// Every request goes through.
    Lax,
    /// Only those who are signed in go through, and preflights if they may.
    Strict { allow_preflight: bool },
}

impl<A> Guard<A> {
    pub(crate) fn new(verifier: Verifier, strictness: Strictness, on_error: A) -> Self {
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
        A: OnError<R>,
    {
        if let AuthState::SignedOut(signed_out) = &state {
            let answer = match self.strictness {
                Strictness::Lax => self.on_error.observe(signed_out),
                Strictness::Strict {
                    allow_preflight: true,
                } if is_preflight(&request) => None,
                Strictness::Strict { .. } => Some(self.on_error.refuse(signed_out)),
            };
            if let Some(mut response) = answer {
                // For layers further out, which may log it or answer otherwise.
                response.extensions_mut().insert(signed_out.clone());
                return Err(response);
            }
        }
        let extensions = request.extensions_mut();
        extensions.remove::<Session>();
        extensions.insert(state);
        Ok(request)
    }
}

impl<A> fmt::Debug for Guard<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("verifier", &self.verifier)
            .field("token_sources", &self.token_sources)
            .field("strictness", &self.strictness)
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

//! What the two middlewares do with a request, before and after its token is known.

use actix_web::{HttpMessage, HttpResponse, dev::ServiceRequest};
use clerk_verify::{AuthState, Authentication, Session, TokenSource, Verifier};

use crate::{headers::Headers, policy::Policy};

/// The options of a middleware.
#[derive(Clone, Debug)]
pub(crate) struct Guard<P> {
    pub(crate) verifier: Verifier,
    pub(crate) token_sources: Option<Vec<TokenSource>>,
    pub(crate) policy: P,
}

impl<P> Guard<P> {
    pub(crate) fn new(verifier: Verifier, policy: P) -> Self {
        Self {
            verifier,
            token_sources: None,
            policy,
        }
    }

    pub(crate) fn with_policy<N>(self, change: impl FnOnce(P) -> N) -> Guard<N> {
        Guard {
            verifier: self.verifier,
            token_sources: self.token_sources,
            policy: change(self.policy),
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
    #[allow(clippy::result_large_err)] // See `Policy::decide`.
    pub(crate) fn decide(
        &self,
        request: &ServiceRequest,
        state: AuthState,
    ) -> Result<(), HttpResponse>
    where
        P: Policy,
    {
        let state = self.policy.decide(request, state)?;
        request.extensions_mut().insert(state);
        Ok(())
    }
}

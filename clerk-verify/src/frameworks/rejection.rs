//! Why an extractor has no session to give.

use std::{error::Error, fmt};

use crate::{
    auth_state::SignedOut, authorization::Forbidden, claims::ClaimsError, refusal::error_body,
    refused::Refused,
};

/// Why a handler's argument could not be made. The extractors of this crate never say
/// [`Forbidden`](SessionRejection::Forbidden); one of your own, which asks for more than a session, may.
///
/// ```
/// use clerk_verify::{AuthState, SessionRejection, testing::TestIssuer};
///
/// let state = AuthState::from(TestIssuer::new().token().expired().session());
/// let rejection = SessionRejection::from(state.into_session().unwrap_err());
/// assert!(matches!(rejection, SessionRejection::SignedOut(_)));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SessionRejection {
    /// The caller is signed out: 401, or 503 where the keys are not to be had.
    SignedOut(SignedOut),
    /// The caller is signed in and lacks what is required: 403.
    Forbidden(Forbidden),
    /// No layer looked at the request: 500, a mistake in the set-up of the routes.
    MissingLayer(MissingLayer),
}

impl fmt::Display for SessionRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignedOut(signed_out) => signed_out.fmt(f),
            Self::Forbidden(forbidden) => Refused::from(forbidden.clone()).fmt(f),
            Self::MissingLayer(missing) => missing.fmt(f),
        }
    }
}

impl Error for SessionRejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::SignedOut(signed_out) => signed_out.source(),
            Self::Forbidden(_) | Self::MissingLayer(_) => None,
        }
    }
}

impl From<SignedOut> for SessionRejection {
    fn from(signed_out: SignedOut) -> Self {
        Self::SignedOut(signed_out)
    }
}

impl From<Forbidden> for SessionRejection {
    fn from(forbidden: Forbidden) -> Self {
        Self::Forbidden(forbidden)
    }
}

impl From<Refused> for SessionRejection {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::SignedOut(signed_out) => Self::SignedOut(signed_out),
            Refused::Forbidden(forbidden) => Self::Forbidden(forbidden),
        }
    }
}

/// A handler asks for a session, and no layer in front of it has looked for one.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum_core::extract::FromRequestParts;
/// use clerk_verify::{Session, SessionRejection};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (mut parts, ()) = http::Request::new(()).into_parts();
/// match Session::from_request_parts(&mut parts, &()).await {
///     Err(SessionRejection::MissingLayer(missing)) => assert!(missing.to_string().contains(".layer(")),
///     _ => unreachable!("there is no layer"),
/// }
/// # });
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MissingLayer {
    remedy: &'static str,
}

impl MissingLayer {
    /// Also logs it: a 500 that only the client sees helps nobody.
    pub(super) fn found(remedy: &'static str) -> Self {
        let missing = Self { remedy };
        tracing::error!("{missing}");
        missing
    }

    pub(super) fn body(&self) -> String {
        error_body("session-layer-missing", &self.to_string())
    }
}

impl fmt::Display for MissingLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the handler takes a session, but no layer in front of it looks for one: add {}",
            self.remedy
        )
    }
}

impl Error for MissingLayer {}

/// Also logs it, with what does not fit; the caller hears that it is not their fault.
pub(super) fn claims_body(error: &ClaimsError) -> String {
    tracing::error!("{error}");
    error_body(
        "session-claims-mismatch",
        "The server does not understand the claims of the session token.",
    )
}

//! Why an extractor has no session to give.

use std::{error::Error, fmt};

use crate::{auth_state::SignedOut, refusal::error_body};

/// Why a handler's argument could not be made.
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
    /// No layer looked at the request: 500, a mistake in the set-up of the routes.
    MissingLayer(MissingLayer),
}

impl fmt::Display for SessionRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignedOut(signed_out) => signed_out.fmt(f),
            Self::MissingLayer(missing) => missing.fmt(f),
        }
    }
}

impl Error for SessionRejection {}

impl From<SignedOut> for SessionRejection {
    fn from(signed_out: SignedOut) -> Self {
        Self::SignedOut(signed_out)
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

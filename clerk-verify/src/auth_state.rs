//! The outcome for a request: signed in, or signed out and why.

use std::{error::Error, fmt};

use crate::{error::VerifyError, reason::Reason, refusal::Refusal, session::Session};

/// Whether a request comes from someone who is signed in.
///
/// ```
/// use clerk_verify::{AuthState, testing::TestIssuer};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let issuer = TestIssuer::new();
/// let verifier = issuer.verifier().build().unwrap();
///
/// let headers = [("authorization", format!("Bearer {}", issuer.token().user("user_1").sign()))];
/// match verifier.authenticate(&headers).await {
///     AuthState::SignedIn(session) => assert_eq!(session.user_id(), "user_1"),
///     AuthState::SignedOut(signed_out) => panic!("{}", signed_out.reason()),
///     _ => unreachable!(),
/// }
/// # });
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AuthState {
    /// A good token.
    SignedIn(Session),
    /// No token, or one that is not accepted.
    SignedOut(SignedOut),
}

impl AuthState {
    /// The session of one who is signed in.
    ///
    /// ```
    /// # use clerk_verify::{AuthState, testing::TestIssuer};
    /// let state = AuthState::from(TestIssuer::new().token().user("user_1").session());
    /// assert_eq!(state.session().unwrap().user_id(), "user_1");
    /// ```
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        match self {
            Self::SignedIn(session) => Some(session),
            Self::SignedOut(_) => None,
        }
    }

    /// Why the caller counts as signed out.
    ///
    /// ```
    /// # use clerk_verify::{AuthState, Reason, testing::TestIssuer};
    /// let state = AuthState::from(TestIssuer::new().token().expired().session());
    /// assert_eq!(state.signed_out().unwrap().reason(), Reason::TokenExpired);
    /// ```
    #[must_use]
    pub fn signed_out(&self) -> Option<&SignedOut> {
        match self {
            Self::SignedIn(_) => None,
            Self::SignedOut(signed_out) => Some(signed_out),
        }
    }

    /// Whether a good token came with the request.
    ///
    /// ```
    /// # use clerk_verify::{AuthState, testing::TestIssuer};
    /// assert!(AuthState::from(TestIssuer::new().token().session()).is_signed_in());
    /// ```
    #[must_use]
    pub fn is_signed_in(&self) -> bool {
        self.session().is_some()
    }

    /// The session, or why there is none: for `?`.
    ///
    /// # Errors
    ///
    /// [`SignedOut`] for a caller who is.
    ///
    /// ```
    /// # use clerk_verify::{AuthState, testing::TestIssuer};
    /// let state = AuthState::from(TestIssuer::new().token().user("user_1").session());
    /// assert_eq!(state.into_session().unwrap().user_id(), "user_1");
    /// ```
    pub fn into_session(self) -> Result<Session, SignedOut> {
        match self {
            Self::SignedIn(session) => Ok(session),
            Self::SignedOut(signed_out) => Err(signed_out),
        }
    }
}

impl From<Result<Session, VerifyError>> for AuthState {
    fn from(result: Result<Session, VerifyError>) -> Self {
        match result {
            Ok(session) => Self::SignedIn(session),
            Err(error) => Self::SignedOut(SignedOut::from(error)),
        }
    }
}

/// A caller who counts as signed out, and why.
///
/// ```
/// use clerk_verify::{Reason, testing::TestIssuer};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let verifier = TestIssuer::new().verifier().build().unwrap();
/// let state = verifier.authenticate(&[("accept", "*/*")]).await;
///
/// let signed_out = state.signed_out().unwrap();
/// assert_eq!(signed_out.reason(), Reason::SessionTokenMissing);
/// assert_eq!(signed_out.refusal().status(), 401);
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct SignedOut {
    error: VerifyError,
}

impl SignedOut {
    /// The code.
    ///
    /// ```
    /// # use clerk_verify::{AuthState, Reason, testing::TestIssuer};
    /// let state = AuthState::from(TestIssuer::new().token().expired().session());
    /// assert_eq!(state.signed_out().unwrap().reason().as_str(), "token-expired");
    /// ```
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.error.reason()
    }

    /// What was wrong, in words.
    ///
    /// ```
    /// # use clerk_verify::{AuthState, Reason, testing::TestIssuer};
    /// let state = AuthState::from(TestIssuer::new().token().expired().session());
    /// assert!(state.signed_out().unwrap().error().to_string().contains("expired"));
    /// ```
    #[must_use]
    pub fn error(&self) -> &VerifyError {
        &self.error
    }

    /// What a strict layer answers.
    ///
    /// ```
    /// # use clerk_verify::{AuthState, Reason, testing::TestIssuer};
    /// let state = AuthState::from(TestIssuer::new().token().expired().session());
    /// assert_eq!(state.signed_out().unwrap().refusal().status(), 401);
    /// ```
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        self.error.refusal()
    }
}

impl From<VerifyError> for SignedOut {
    fn from(error: VerifyError) -> Self {
        Self { error }
    }
}

impl fmt::Display for SignedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "signed out ({}): {}", self.reason(), self.error)
    }
}

impl Error for SignedOut {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

//! The way from a request to its outcome, in two steps.

use std::fmt;

use crate::{auth_state::AuthState, error::VerifyError, session::Session, verifier::Verifier};

/// What [`Verifier::begin`] could say without waiting.
///
/// ```
/// use clerk_verify::{Authentication, testing::TestIssuer};
///
/// let verifier = TestIssuer::new().verifier().build().unwrap();
/// let first_step = verifier.begin(&[("accept", "*/*")], None);
/// assert!(matches!(first_step, Authentication::Done(_)));
/// ```
#[derive(Debug)]
pub enum Authentication {
    /// All of it.
    Done(AuthState),
    /// The key of the token has to be fetched.
    Waiting(PendingAuthentication),
}

/// A request whose token waits for its key. Holds no reference to the request.
///
/// ```
/// use clerk_verify::{Authentication, Verifier, testing::TestIssuer};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let issuer = TestIssuer::new();
/// let keys = issuer.serve().await.unwrap();
/// let verifier = Verifier::builder().jwks_url(keys.jwks_url()).build().unwrap();
/// let headers = [("authorization", format!("Bearer {}", issuer.token().sign()))];
///
/// let Authentication::Waiting(pending) = verifier.begin(&headers, None) else {
///     panic!("no key is at hand yet");
/// };
/// assert!(pending.finish().await.is_signed_in());
/// # });
/// ```
pub struct PendingAuthentication {
    pub(crate) verifier: Verifier,
    pub(crate) token: String,
}

impl PendingAuthentication {
    /// Waits for the key and finishes.
    ///
    /// ```
    /// use clerk_verify::{AuthState, Authentication, Verifier};
    ///
    /// async fn second_step(first_step: Authentication) -> AuthState {
    ///     match first_step {
    ///         Authentication::Done(state) => state,
    ///         Authentication::Waiting(pending) => pending.finish().await,
    ///     }
    /// }
    /// ```
    pub async fn finish(self) -> AuthState {
        decided(self.verifier.verify_token(&self.token).await)
    }
}

/// Does not show the token.
impl fmt::Debug for PendingAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAuthentication")
            .finish_non_exhaustive()
    }
}

/// The one place where the outcome for a request is logged: the reason, nothing from the token.
pub(crate) fn decided(result: Result<Session, VerifyError>) -> AuthState {
    if let Err(error) = &result {
        tracing::debug!(
            reason = error.reason().as_str(),
            "the request is signed out"
        );
    }
    AuthState::from(result)
}

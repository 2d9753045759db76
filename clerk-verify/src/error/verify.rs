//! Why a token is not accepted, in words for the one who has to mend it.

use std::{error::Error, fmt, time::Duration};

use super::kind::Kind;
use crate::{reason::Reason, refusal::Refusal};

/// A token, or a request, was not accepted.
///
/// [`reason`](VerifyError::reason) is the stable code to act on. `Display` says what was found, what
/// was expected and what to do; it may quote a claim (escaped, and cut when long), so it belongs into
/// the logs of the service, not into an answer: [`refusal`](VerifyError::refusal) is the answer.
/// Neither ever contains the token itself.
///
/// ```
/// use clerk_verify::{Reason, testing::TestIssuer};
///
/// let issuer = TestIssuer::new();
/// let verifier = issuer.verifier().authorized_parties(["https://app.example.com"]).build().unwrap();
/// let token = issuer.token().azp("https://evil.example").sign();
///
/// let error = verifier.verify_token_now(&token).unwrap().unwrap_err();
/// assert_eq!(error.reason(), Reason::TokenInvalidAuthorizedParties);
/// assert!(error.to_string().contains("https://evil.example"));
/// ```
#[derive(Clone, Debug)]
pub struct VerifyError(Box<Kind>);

impl VerifyError {
    /// The code.
    ///
    /// ```
    /// # use clerk_verify::{Reason, testing::TestIssuer};
    /// # let verifier = TestIssuer::new().verifier().build().unwrap();
    /// let error = verifier.verify_token_now("not a token").unwrap().unwrap_err();
    /// assert_eq!(error.reason(), Reason::TokenInvalid);
    /// ```
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.0.reason()
    }

    /// When a new attempt makes sense: where the keys can't be fetched and the source backs off, and where the key
    /// id is unknown and the source has been asked so often that it was not asked for this one.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # let verifier = TestIssuer::new().verifier().build().unwrap();
    /// let error = verifier.verify_token_now("not a token").unwrap().unwrap_err();
    /// assert_eq!(error.retry_after(), None, "the same token will never be accepted");
    /// ```
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after()
    }

    /// The answer for the caller.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # let verifier = TestIssuer::new().verifier().build().unwrap();
    /// let error = verifier.verify_token_now("not a token").unwrap().unwrap_err();
    /// assert_eq!(error.refusal().status(), 401);
    /// ```
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        Refusal::from(self)
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for VerifyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl From<Kind> for VerifyError {
    fn from(kind: Kind) -> Self {
        Self(Box::new(kind))
    }
}

//! Why a request is not let through, whether by who calls or by what they may.

use std::{error::Error, fmt};

use crate::{
    auth_state::{AuthState, SignedOut},
    authorization::{Forbidden, Requirement},
    reason::Reason,
    refusal::Refusal,
};

/// Why a strict layer does not let a request through: nobody is signed in, or they may not.
///
/// ```
/// use clerk_verify::{AuthState, Reason, Requirement, testing::TestIssuer};
///
/// let state = AuthState::from(TestIssuer::new().token().org("org_1", "member").session());
/// let refused = state.check(Some(&Requirement::new().role("org:admin"))).unwrap_err();
///
/// assert_eq!(refused.reason(), Reason::InsufficientAuthorization);
/// assert_eq!(refused.refusal().status(), 403);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Refused {
    /// Nobody is signed in: 401, or 503 where the keys are not to be had.
    SignedOut(SignedOut),
    /// Somebody is, and lacks what is required: 403.
    Forbidden(Forbidden),
}

impl Refused {
    /// The code.
    ///
    /// ```
    /// # use clerk_verify::{AuthState, testing::TestIssuer};
    /// let state = AuthState::from(TestIssuer::new().token().expired().session());
    /// assert_eq!(state.check(None).unwrap_err().reason().as_str(), "token-expired");
    /// ```
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::SignedOut(signed_out) => signed_out.reason(),
            Self::Forbidden(forbidden) => forbidden.reason(),
        }
    }

    /// Who is signed out, and why.
    ///
    /// ```
    /// # use clerk_verify::{AuthState, testing::TestIssuer};
    /// let state = AuthState::from(TestIssuer::new().token().expired().session());
    /// assert!(state.check(None).unwrap_err().signed_out().is_some());
    /// ```
    #[must_use]
    pub fn signed_out(&self) -> Option<&SignedOut> {
        match self {
            Self::SignedOut(signed_out) => Some(signed_out),
            Self::Forbidden(_) => None,
        }
    }

    /// What the session lacks, of one who is signed in.
    ///
    /// ```
    /// # use clerk_verify::{AuthState, testing::TestIssuer};
    /// let state = AuthState::from(TestIssuer::new().token().expired().session());
    /// assert!(state.check(None).unwrap_err().forbidden().is_none());
    /// ```
    #[must_use]
    pub fn forbidden(&self) -> Option<&Forbidden> {
        match self {
            Self::SignedOut(_) => None,
            Self::Forbidden(forbidden) => Some(forbidden),
        }
    }

    /// What was wrong, in words for the logs of the service.
    ///
    /// ```
    /// # use clerk_verify::{AuthState, testing::TestIssuer};
    /// let state = AuthState::from(TestIssuer::new().token().expired().session());
    /// assert!(state.check(None).unwrap_err().error().to_string().contains("expired"));
    /// ```
    #[must_use]
    pub fn error(&self) -> &(dyn Error + 'static) {
        match self {
            Self::SignedOut(signed_out) => signed_out.error(),
            Self::Forbidden(forbidden) => forbidden,
        }
    }

    /// The answer for the caller.
    ///
    /// ```
    /// # use clerk_verify::{AuthState, testing::TestIssuer};
    /// let state = AuthState::from(TestIssuer::new().token().expired().session());
    /// assert_eq!(state.check(None).unwrap_err().refusal().status(), 401);
    /// ```
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::SignedOut(signed_out) => signed_out.refusal(),
            Self::Forbidden(forbidden) => forbidden.refusal(),
        }
    }
}

impl AuthState {
    /// Whether a strict layer lets this caller through: someone who is signed in and, where something is required,
    /// meets it.
    ///
    /// # Errors
    ///
    /// [`Refused`] for everyone else.
    ///
    /// ```
    /// # use clerk_verify::{AuthState, Requirement, testing::TestIssuer};
    /// let state = AuthState::from(TestIssuer::new().token().org("org_1", "admin").session());
    /// assert!(state.clone().check(None).is_ok());
    /// assert!(state.check(Some(&Requirement::new().role("org:admin"))).is_ok());
    /// ```
    pub fn check(self, requirement: Option<&Requirement>) -> Result<Self, Refused> {
        let session = self.into_session()?;
        if let Some(requirement) = requirement {
            session.require(requirement)?;
        }
        Ok(Self::SignedIn(session))
    }
}

impl From<SignedOut> for Refused {
    fn from(signed_out: SignedOut) -> Self {
        Self::SignedOut(signed_out)
    }
}

impl From<Forbidden> for Refused {
    fn from(forbidden: Forbidden) -> Self {
        Self::Forbidden(forbidden)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignedOut(signed_out) => signed_out.fmt(f),
            Self::Forbidden(forbidden) => write!(f, "forbidden ({}): {forbidden}", self.reason()),
        }
    }
}

impl Error for Refused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::SignedOut(signed_out) => signed_out.source(),
            Self::Forbidden(_) => None,
        }
    }
}

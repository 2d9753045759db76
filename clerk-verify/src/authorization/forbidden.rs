//! Why a session may not.

use std::{error::Error, fmt};

use super::{requirement::Requirement, reverification::Reverification};
use crate::{claims::Claims, reason::Reason, refusal::Refusal};

/// A caller who is signed in does not meet a [`Requirement`]. Says what is missing.
///
/// `Display` may quote the session's role, so it belongs into the logs of the service;
/// [`refusal`](Forbidden::refusal) is the answer for the caller. Both frameworks send that for a handler that
/// returns this error. (In actix-web let no handler return `Box<dyn Error>`: actix-web answers that with 500 and the
/// `Display` of whatever is in it.)
///
/// ```
/// use clerk_verify::{Dimension, Reason, Requirement, testing::TestIssuer};
///
/// let session = TestIssuer::new().token().org("org_1", "member").session().unwrap();
/// let forbidden = session.require(&Requirement::new().role("org:admin")).unwrap_err();
///
/// assert_eq!(forbidden.reason(), Reason::InsufficientAuthorization);
/// assert_eq!(forbidden.unmet()[0].dimension(), Dimension::Role);
/// assert!(forbidden.to_string().contains("the session has `org:member`"));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Forbidden {
    asked: Requirement,
    unmet: Vec<Unmet>,
    reverification: Option<Reverification>,
}

impl Forbidden {
    pub(super) fn explain(requirement: &Requirement, claims: &Claims) -> Self {
        let mut unmet = Vec::new();
        for ask in requirement.unmet(claims) {
            ask.explain(claims, &mut unmet);
        }
        Self {
            asked: requirement.clone(),
            unmet,
            reverification: requirement.missing_reverification(claims),
        }
    }

    /// [`Reason::ReverificationError`] where nothing but a fresh verification is missing, otherwise
    /// [`Reason::InsufficientAuthorization`].
    ///
    /// ```
    /// # use clerk_verify::{Reason, Requirement, Reverification, testing::TestIssuer};
    /// let session = TestIssuer::new().token().factors_verified(Some(15), None).session().unwrap();
    /// let requirement = Requirement::new().reverification(Reverification::strict());
    /// let forbidden = session.require(&requirement).unwrap_err();
    /// assert_eq!(forbidden.reason(), Reason::ReverificationError);
    /// ```
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self.reverification {
            Some(_) => Reason::ReverificationError,
            None => Reason::InsufficientAuthorization,
        }
    }

    /// What the user has to verify anew, where that is all that is missing.
    ///
    /// ```
    /// # use clerk_verify::{Requirement, Reverification, testing::TestIssuer};
    /// let session = TestIssuer::new().token().factors_verified(Some(15), None).session().unwrap();
    /// let requirement = Requirement::new().reverification(Reverification::strict());
    /// let forbidden = session.require(&requirement).unwrap_err();
    /// assert_eq!(forbidden.reverification(), Some(Reverification::strict()));
    /// ```
    #[must_use]
    pub fn reverification(&self) -> Option<Reverification> {
        self.reverification
    }

    /// What the session lacks, in the order in which it was asked; of alternatives, what each of them lacks, so that
    /// a role may stand here although the reason is that a reverification is missing. Empty only where nothing was
    /// asked, or one of no alternatives, which is never met.
    ///
    /// ```
    /// # use clerk_verify::{Dimension, Requirement, testing::TestIssuer};
    /// let session = TestIssuer::new().token().session().unwrap();
    /// let requirement = Requirement::new().plan("team").permission("org:invoices:create");
    /// let forbidden = session.require(&requirement).unwrap_err();
    /// let dimensions: Vec<Dimension> = forbidden.unmet().iter().map(|unmet| unmet.dimension()).collect();
    /// assert_eq!(dimensions, [Dimension::Plan, Dimension::Permission]);
    /// ```
    #[must_use]
    pub fn unmet(&self) -> &[Unmet] {
        &self.unmet
    }

    /// The answer for the caller: 403.
    ///
    /// ```
    /// # use clerk_verify::{Requirement, testing::TestIssuer};
    /// let session = TestIssuer::new().token().session().unwrap();
    /// let forbidden = session.require(&Requirement::new().plan("team")).unwrap_err();
    /// assert_eq!(forbidden.refusal().status(), 403);
    /// ```
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        Refusal::from(self)
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = self.asked.asks.len() == self.unmet.len() && !self.asked.has_alternatives();
        match &*self.unmet {
            [] => {
                return write!(f, "a mistake of the service: it asks for {}", self.asked);
            }
            _ if is_plain => f.write_str("the session lacks what is needed: ")?,
            _ => write!(f, "the session lacks what is needed, {}: ", self.asked)?,
        }
        for (position, unmet) in self.unmet.iter().enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            write!(f, "{separator}{unmet}")?;
        }
        Ok(())
    }
}

impl Error for Forbidden {}

/// One thing that is needed and that the session does not have.
///
/// ```
/// use clerk_verify::{Dimension, Requirement, testing::TestIssuer};
///
/// let session = TestIssuer::new().token().session().unwrap();
/// let forbidden = session.require(&Requirement::new().role("org:admin")).unwrap_err();
/// let unmet = &forbidden.unmet()[0];
/// assert_eq!((unmet.dimension(), unmet.asked()), (Dimension::Role, "org:admin"));
/// assert_eq!(unmet.to_string(), "role `org:admin` (no organization is active in the session)");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unmet {
    dimension: Dimension,
    asked: String,
    found: String,
}

impl Unmet {
    pub(super) fn new(dimension: Dimension, asked: String, found: String) -> Self {
        Self {
            dimension,
            asked,
            found,
        }
    }

    /// What kind of thing.
    ///
    /// ```
    /// # use clerk_verify::{Dimension, Requirement, testing::TestIssuer};
    /// # let session = TestIssuer::new().token().session().unwrap();
    /// let forbidden = session.require(&Requirement::new().feature("beta")).unwrap_err();
    /// assert_eq!(forbidden.unmet()[0].dimension(), Dimension::Feature);
    /// ```
    #[must_use]
    pub fn dimension(&self) -> Dimension {
        self.dimension
    }

    /// What was asked, as it was written.
    ///
    /// ```
    /// # use clerk_verify::{Requirement, testing::TestIssuer};
    /// # let session = TestIssuer::new().token().session().unwrap();
    /// let forbidden = session.require(&Requirement::new().feature("user:beta")).unwrap_err();
    /// assert_eq!(forbidden.unmet()[0].asked(), "user:beta");
    /// ```
    #[must_use]
    pub fn asked(&self) -> &str {
        &self.asked
    }
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} `{}` ({})",
            self.dimension,
            self.asked.escape_debug(),
            self.found
        )
    }
}

/// The kinds of things that a [`Requirement`] asks.
///
/// ```
/// assert_eq!(clerk_verify::Dimension::Permission.to_string(), "permission");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Dimension {
    /// A role in the active organization.
    Role,
    /// A permission in the active organization.
    Permission,
    /// A feature of the organization or the user.
    Feature,
    /// A plan of the organization or the user.
    Plan,
    /// A fresh verification of the user.
    Reverification,
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Role => "role",
            Self::Permission => "permission",
            Self::Feature => "feature",
            Self::Plan => "plan",
            Self::Reverification => "reverification",
        })
    }
}

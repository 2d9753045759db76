//! The `sts` claim.

/// Whether the session is active (`sts`).
///
/// ```
/// use clerk_verify::{SessionStatus, testing::TestIssuer};
///
/// let session = TestIssuer::new().token().session().unwrap();
/// assert_eq!(session.status(), Some(SessionStatus::Active));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SessionStatus {
    /// `active`: signed in.
    Active,
    /// `pending`: the user has tasks to finish, such as choosing an organization. Such a session is
    /// signed out here unless `allow_pending_sessions(true)`.
    Pending,
    /// A status that this version of the crate does not know. Only `pending` keeps a user out.
    Other,
}

impl SessionStatus {
    pub(super) fn from_claim(status: &str) -> Self {
        match status {
            "active" => Self::Active,
            "pending" => Self::Pending,
            _ => Self::Other,
        }
    }
}

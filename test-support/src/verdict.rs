//! What came out of a case, and what should have.

use std::{collections::BTreeMap, fmt};

use clerk_verify::{AuthState, Session, VerifyError};

use crate::Vector;

/// What came out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Accepted, for this user.
    Accepted(String),
    /// Rejected, for this reason; `build error` where the set-up was refused.
    Rejected(String),
}

impl Verdict {
    /// The set-up was refused.
    #[must_use]
    pub fn build_error() -> Self {
        Self::Rejected("build error".to_owned())
    }

    /// Whether it is what the case, or our table of policies, says; otherwise what is wrong.
    ///
    /// # Errors
    ///
    /// Says what was expected.
    pub fn check(
        &self,
        vector: &Vector,
        policies: &BTreeMap<String, Verdict>,
    ) -> Result<(), String> {
        let id = &vector.id;
        if vector.is_policy() {
            return match policies.get(id) {
                Some(pinned) if pinned.is_met_by(self, vector.expect_sub.as_deref()) => Ok(()),
                Some(pinned) => Err(format!("{id}: {self}, the table says {pinned}")),
                None => Err(format!("{id}: {self}, not in the table")),
            };
        }
        match self {
            Self::Accepted(user) if vector.is_accepted() => match &vector.expect_sub {
                Some(expected) if expected != user => Err(format!("{id}: {user}, not {expected}")),
                _ => Ok(()),
            },
            Self::Rejected(reason) if !vector.is_accepted() => {
                let allowed = vector.reasons();
                if allowed.contains(reason.as_str()) {
                    Ok(())
                } else {
                    Err(format!("{id}: {reason}, not one of {allowed:?}"))
                }
            }
            verdict => Err(format!(
                "{id}: {verdict}, expected {}",
                vector.is_accepted()
            )),
        }
    }

    /// The table names a user only where it is another one than the case's.
    fn is_met_by(&self, verdict: &Self, case_user: Option<&str>) -> bool {
        match (self, verdict) {
            (Self::Accepted(named), Self::Accepted(user)) if named.is_empty() => {
                case_user.is_none_or(|expected| expected == user)
            }
            (pinned, verdict) => pinned == verdict,
        }
    }
}

impl From<AuthState> for Verdict {
    fn from(state: AuthState) -> Self {
        match state.into_session() {
            Ok(session) => Self::Accepted(session.user_id().to_owned()),
            Err(signed_out) => Self::Rejected(signed_out.reason().as_str().to_owned()),
        }
    }
}

impl From<Result<Session, VerifyError>> for Verdict {
    fn from(result: Result<Session, VerifyError>) -> Self {
        Self::from(AuthState::from(result))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(user) => write!(f, "accepted ({user})"),
            Self::Rejected(reason) => write!(f, "rejected ({reason})"),
        }
    }
}

/// The verdicts that we chose, as `docs/policy-cases.md` documents them.
#[must_use]
pub fn policy_table() -> BTreeMap<String, Verdict> {
    include_str!("../../docs/policy-cases.md")
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
            let id = cells.next()?.trim_end_matches('`').to_owned();
            let verdict = match cells.next()? {
                "accepted" => Verdict::Accepted(String::new()),
                cell if cell.starts_with("accepted as ") => {
                    Verdict::Accepted(cell["accepted as ".len()..].trim_matches('`').to_owned())
                }
                reason => Verdict::Rejected(reason.trim_matches('`').to_owned()),
            };
            Some((id, verdict))
        })
        .collect()
}

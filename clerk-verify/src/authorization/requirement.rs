//! What is asked of a session.

use std::fmt;

use super::{
    ask::{Ask, NOTHING},
    forbidden::Forbidden,
    reverification::Reverification,
};
use crate::claims::Claims;

/// What a session must have: a role, a permission, a feature, a plan, a fresh verification of the user, or several
/// of them.
///
/// Everything that is asked must be there. A requirement that asks nothing is never met, nor is one by a claim
/// that is missing or malformed. The rules are those of Clerk's `has()`.
///
/// | asked | where it is looked for |
/// |---|---|
/// | [`role`](Self::role) | the user's role in the active organization |
/// | [`permission`](Self::permission) | the user's custom permissions in the active organization |
/// | [`feature`](Self::feature), [`plan`](Self::plan) | `fea`, `pla`: of the active organization and of the user |
/// | [`reverification`](Self::reverification) | `fva`: minutes since each factor was verified |
///
/// ```
/// use clerk_verify::{Requirement, Reverification, testing::TestIssuer};
///
/// let requirement = Requirement::new()
///     .permission("org:invoices:delete")
///     .reverification(Reverification::strict());
///
/// let token = TestIssuer::new().token().org("org_1", "admin").permissions(["org:invoices:delete"]);
/// let session = token.clone().factors_verified(Some(3), None).session().unwrap();
/// assert!(session.has(&requirement));
/// let session = token.factors_verified(Some(30), None).session().unwrap();
/// assert!(!session.has(&requirement), "strict means within the last 10 minutes");
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[must_use]
pub struct Requirement {
    pub(super) asks: Vec<Ask>,
}

impl Requirement {
    /// Asks nothing yet, and so is never met.
    ///
    /// ```
    /// # use clerk_verify::{Requirement, testing::TestIssuer};
    /// let session = TestIssuer::new().token().org("org_1", "admin").session().unwrap();
    /// assert!(!session.has(&Requirement::new()));
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Met by a session that meets at least one of these. None of none is ever met.
    ///
    /// ```
    /// # use clerk_verify::{Requirement, testing::TestIssuer};
    /// let requirement = Requirement::any_of([
    ///     Requirement::new().role("org:admin"),
    ///     Requirement::new().permission("org:invoices:manage"),
    /// ]);
    /// let session = TestIssuer::new().token().org("org_1", "admin").session().unwrap();
    /// assert!(session.has(&requirement));
    /// ```
    pub fn any_of(alternatives: impl IntoIterator<Item = Self>) -> Self {
        Self::new().ask(Ask::AnyOf(alternatives.into_iter().collect()))
    }

    /// Asks for this role in the active organization, such as `org:admin`; the prefix may be left out. A session has
    /// one role: for one of several, see [`any_of`](Self::any_of).
    ///
    /// ```
    /// # use clerk_verify::{Requirement, testing::TestIssuer};
    /// let session = TestIssuer::new().token().org("org_1", "admin").session().unwrap();
    /// assert!(session.has(&Requirement::new().role("org:admin")));
    /// assert!(!session.has(&Requirement::new().role("org:Admin")), "names have case");
    /// ```
    pub fn role(self, role: impl Into<String>) -> Self {
        self.ask(Ask::Role(role.into()))
    }

    /// Asks for this custom permission in the active organization, such as `org:invoices:create`; the prefix may be
    /// left out. Asked for several times, all of them must be there. Clerk never puts system permissions
    /// (`org:sys_…`) into a token.
    ///
    /// ```
    /// # use clerk_verify::{Requirement, testing::TestIssuer};
    /// let token = TestIssuer::new().token().org("org_1", "member");
    /// let session = token.permissions(["org:invoices:create"]).session().unwrap();
    /// assert!(session.has(&Requirement::new().permission("org:invoices:create")));
    /// ```
    pub fn permission(self, permission: impl Into<String>) -> Self {
        self.ask(Ask::Permission(permission.into()))
    }

    /// Asks for this feature. `invoices` may be the organization's or the user's; `org:invoices` must be the
    /// organization's, `user:invoices` the user's.
    ///
    /// ```
    /// # use clerk_verify::{Requirement, testing::TestIssuer};
    /// let session = TestIssuer::new().token().features(["o:invoices"]).session().unwrap();
    /// assert!(session.has(&Requirement::new().feature("invoices")));
    /// assert!(session.has(&Requirement::new().feature("org:invoices")));
    /// assert!(!session.has(&Requirement::new().feature("user:invoices")));
    /// ```
    pub fn feature(self, feature: impl Into<String>) -> Self {
        self.ask(Ask::Feature(feature.into()))
    }

    /// Asks for this plan, with a scope or without as [`feature`](Self::feature) has it.
    ///
    /// ```
    /// # use clerk_verify::{Requirement, testing::TestIssuer};
    /// let session = TestIssuer::new().token().plans(["u:pro"]).session().unwrap();
    /// assert!(session.has(&Requirement::new().plan("user:pro")));
    /// ```
    pub fn plan(self, plan: impl Into<String>) -> Self {
        self.ask(Ask::Plan(plan.into()))
    }

    /// Asks that the user has proved not long ago who they are. Where nothing but this is missing, the answer makes
    /// Clerk's frontend SDK (`useReverification`) ask the user to do so, and try again.
    ///
    /// ```
    /// # use clerk_verify::{Requirement, Reverification, testing::TestIssuer};
    /// let session = TestIssuer::new().token().factors_verified(Some(59), None).session().unwrap();
    /// assert!(session.has(&Requirement::new().reverification(Reverification::moderate())));
    /// ```
    pub fn reverification(self, reverification: Reverification) -> Self {
        self.ask(Ask::Reverification(reverification))
    }

    /// Both must be met. One that asks nothing never is.
    ///
    /// ```
    /// # use clerk_verify::{Requirement, testing::TestIssuer};
    /// let staff = Requirement::any_of([Requirement::new().role("admin"), Requirement::new().role("support")]);
    /// let session = TestIssuer::new().token().org("org_1", "support").session().unwrap();
    /// assert!(session.has(&staff.clone()));
    /// assert!(!session.has(&staff.and(Requirement::new().plan("team"))));
    /// ```
    pub fn and(mut self, other: Self) -> Self {
        let asks_nothing = self.asks.is_empty() || other.asks.is_empty();
        self.asks.extend(other.asks);
        if asks_nothing {
            self.asks.push(Ask::Nothing);
        }
        self
    }

    /// Why no session of Clerk's can ever meet this, where that can be told: a mistake, such as an empty name, a system permission
    /// or two different roles at once. The layers of both adapters log a warning for it when they are made.
    ///
    /// ```
    /// # use clerk_verify::Requirement;
    /// let mistake = Requirement::new().permission("org:sys_memberships:manage");
    /// assert_eq!(mistake.never_met(), Some("a system permission, and Clerk puts none into a token"));
    /// assert_eq!(Requirement::new().role("org:admin").never_met(), None);
    /// ```
    #[must_use]
    pub fn never_met(&self) -> Option<&'static str> {
        if self.asks.is_empty() {
            return Some(NOTHING);
        }
        let mut roles = self.asks.iter().filter_map(Ask::role);
        let first = roles.next();
        if roles.any(|role| Some(role) != first) {
            return Some("two roles, and a session has one; for one of several there is `any_of`");
        }
        self.asks.iter().find_map(Ask::never_met)
    }

    /// For adapters: logs a warning where [`never_met`](Self::never_met) knows of a mistake.
    #[doc(hidden)]
    pub fn warn_if_never_met(&self) {
        if let Some(why) = self.never_met() {
            tracing::warn!(asked = %self, why, "no session ever meets what a layer asks for");
        }
    }

    pub(crate) fn is_met_by(&self, claims: &Claims) -> bool {
        !self.asks.is_empty() && self.asks.iter().all(|ask| ask.is_met_by(claims))
    }

    pub(crate) fn check(&self, claims: &Claims) -> Result<(), Forbidden> {
        if self.is_met_by(claims) {
            return Ok(());
        }
        let forbidden = Forbidden::explain(self, claims);
        // What was asked is the service's own; what the session has stays out of the log.
        tracing::debug!(
            reason = forbidden.reason().as_str(),
            asked = %self,
            "the request is forbidden"
        );
        Err(forbidden)
    }

    pub(super) fn has_alternatives(&self) -> bool {
        self.asks.iter().any(|ask| matches!(ask, Ask::AnyOf(_)))
    }

    pub(super) fn unmet<'a>(&'a self, claims: &'a Claims) -> impl Iterator<Item = &'a Ask> {
        self.asks.iter().filter(|ask| !ask.is_met_by(claims))
    }

    /// What the user would have to verify anew, where that is all that is missing: enough for everything that is
    /// asked, with the easiest of each choice of alternatives.
    pub(super) fn missing_reverification(&self, claims: &Claims) -> Option<Reverification> {
        let mut all: Option<Reverification> = None;
        for ask in self.unmet(claims) {
            let missing = match ask {
                Ask::Reverification(reverification) if reverification.can_be_met() => {
                    *reverification
                }
                Ask::AnyOf(alternatives) => alternatives
                    .iter()
                    .filter_map(|alternative| alternative.missing_reverification(claims))
                    .min_by_key(|alternative| alternative.strength())?,
                _ => return None,
            };
            all = Some(all.map_or(missing, |known| known.both(missing)));
        }
        all
    }

    fn ask(mut self, ask: Ask) -> Self {
        self.asks.push(ask);
        self
    }
}

/// What is asked, in words.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.asks.is_empty() {
            return f.write_str(NOTHING);
        }
        for (position, ask) in self.asks.iter().enumerate() {
            let separator = if position == 0 { "" } else { " and " };
            write!(f, "{separator}{ask}")?;
        }
        Ok(())
    }
}

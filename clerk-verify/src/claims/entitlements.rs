//! The `fea` and `pla` claims.

use super::owned;
use crate::json::Member;

/// The features (`fea`) or plans (`pla`) that the user has, alone or as a member of the active organization.
///
/// The claim is a list of slugs, each with the scope it is granted in: `o:` for the organization, `u:` for the user,
/// `ou:` and `uo:` for both. An entry of another form grants nothing, and does not hide the others here. A
/// [`Requirement`](crate::Requirement) is stricter: a claim in which an entry has no scope at all meets none.
///
/// ```
/// use clerk_verify::testing::TestIssuer;
///
/// let session = TestIssuer::new().token().features(["o:invoices", "u:beta", "ou:chat"]).session().unwrap();
/// let features = session.features().unwrap();
/// assert_eq!(features.of_organization().collect::<Vec<_>>(), ["invoices", "chat"]);
/// assert_eq!(features.of_user().collect::<Vec<_>>(), ["beta", "chat"]);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entitlements {
    claim: String,
}

impl Entitlements {
    /// A string that is not empty; anything else is no list at all.
    pub(super) fn read(claim: Member<'_>) -> Option<Self> {
        let claim = owned(claim).filter(|claim| !claim.is_empty())?;
        Some(Self { claim })
    }

    /// The slugs that the active organization has.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().plans(["o:team"]).session().unwrap();
    /// assert!(session.plans().unwrap().of_organization().eq(["team"]));
    /// ```
    pub fn of_organization(&self) -> impl Iterator<Item = &str> {
        self.entries()
            .filter(|entry| entry.organization && !entry.slug.is_empty())
            .map(|entry| entry.slug)
    }

    /// The slugs that the user has, whatever organization is active.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().plans(["u:pro"]).session().unwrap();
    /// assert!(session.plans().unwrap().of_user().eq(["pro"]));
    /// ```
    pub fn of_user(&self) -> impl Iterator<Item = &str> {
        self.entries()
            .filter(|entry| entry.user && !entry.slug.is_empty())
            .map(|entry| entry.slug)
    }

    /// Whether every entry names a scope. The scope may be one that is not known here.
    pub(crate) fn is_well_formed(&self) -> bool {
        self.claim.split(',').all(|entry| entry.contains(':'))
    }

    fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        entries(&self.claim)
    }
}

/// One entry of the list. One whose slug is empty grants nothing, but keeps its place.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) slug: &'a str,
    pub(super) organization: bool,
    pub(super) user: bool,
}

/// The entries of a list, one for each comma-separated place, also where it grants nothing.
pub(super) fn entries(claim: &str) -> impl Iterator<Item = Entry<'_>> {
    claim.split(',').map(|entry| {
        let entry = entry.trim_ascii();
        let (scope, slug) = entry.split_once(':').unwrap_or(("", entry));
        Entry {
            slug,
            organization: matches!(scope, "o" | "ou" | "uo"),
            user: matches!(scope, "u" | "ou" | "uo"),
        }
    })
}

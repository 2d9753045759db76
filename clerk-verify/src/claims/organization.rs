//! The active organization.

use serde::Deserialize;
use serde_json::value::RawValue;

#[cfg(feature = "cache")]
use super::size::{self, ALLOCATION};
use super::{Outline, owned, permissions};
use crate::json::{Member, member};

/// The organization that is active in the session.
///
/// Reads `org_id`, `org_slug`, `org_role` and `org_permissions` of version 1, and `o` with `fea` of
/// version 2. Only the id must be there; a part that is missing or malformed does not hide the others.
///
/// ```
/// use clerk_verify::testing::TestIssuer;
///
/// let session = TestIssuer::new()
///     .token()
///     .org("org_1", "admin")
///     .permissions(["org:invoices:create"])
///     .session()
///     .unwrap();
///
/// let organization = session.organization().unwrap();
/// assert_eq!(organization.id(), "org_1");
/// assert_eq!(organization.role(), Some("org:admin"));
/// assert_eq!(organization.permissions(), ["org:invoices:create"]);
/// assert_eq!(organization.slug(), None);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Organization {
    id: String,
    slug: Option<String>,
    role: Option<String>,
    permissions: Box<[String]>,
}

impl Organization {
    /// The id, such as `org_2ab…`.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # let session = TestIssuer::new().token().org("org_1", "admin").session().unwrap();
    /// assert_eq!(session.organization().unwrap().id(), "org_1");
    /// ```
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The slug, where the organization has one.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # let session = TestIssuer::new().token().org("org_1", "admin").org_slug("acme").session().unwrap();
    /// assert_eq!(session.organization().unwrap().slug(), Some("acme"));
    /// ```
    #[must_use]
    pub fn slug(&self) -> Option<&str> {
        self.slug.as_deref()
    }

    /// The user's role in it, with its prefix: `org:admin`. Very old tokens of version 1 say `admin` alone, and so does
    /// this; to compare, see [`Session::has`](crate::Session::has), which takes both.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # let session = TestIssuer::new().token().org("org_1", "org:member").session().unwrap();
    /// assert_eq!(session.organization().unwrap().role(), Some("org:member"));
    /// ```
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        self.role.as_deref()
    }

    /// The user's custom permissions in it, each as `org:<feature>:<permission>`. Clerk never puts
    /// system permissions into a token.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # let session = TestIssuer::new().token().org("org_1", "admin").session().unwrap();
    /// assert!(session.organization().unwrap().permissions().is_empty());
    /// ```
    #[must_use]
    pub fn permissions(&self) -> &[String] {
        &self.permissions
    }

    pub(super) fn read(claims: &Outline, text: &str) -> Option<Self> {
        match claims.version {
            2 => Self::read_v2(claims, text),
            _ => Self::read_v1(claims, text),
        }
    }

    fn read_v1(claims: &Outline, text: &str) -> Option<Self> {
        Some(Self {
            id: non_empty(claims.org_id.member(text))?,
            slug: non_empty(claims.org_slug.member(text)),
            role: non_empty(claims.org_role.member(text)),
            permissions: strings(claims.org_permissions.member(text)).into(),
        })
    }

    fn read_v2(claims: &Outline, text: &str) -> Option<Self> {
        let o: O<'_> = claims.o.member(text).object()?;
        let fea = claims.fea.member(text);
        let text = |member: Member<'_>| owned(member).unwrap_or_default();
        Some(Self {
            id: non_empty(o.id)?,
            slug: non_empty(o.slg),
            role: non_empty(o.rol).map(|role| format!("org:{role}")),
            permissions: permissions::decode(&text(fea), &text(o.per), &text(o.fpm)).into(),
        })
    }

    /// What [`read`](Self::read) can come to.
    #[cfg(feature = "cache")]
    pub(super) fn most_bytes(claims: &Outline, text: &str) -> usize {
        let holder = size_of::<Self>() + 5 * ALLOCATION;
        let length = |member: Member<'_>| member.raw().map_or(0, str::len);
        if claims.version != 2 {
            let parts = [claims.org_id, claims.org_slug, claims.org_role];
            let parts = parts.map(|span| length(span.member(text)));
            let permissions = size::strings(claims.org_permissions.member(text));
            return holder + parts.into_iter().sum::<usize>() + permissions;
        }
        let member = claims.o.member(text);
        let Some(o) = member.object::<O<'_>>() else {
            return 0;
        };
        let fea = claims.fea.member(text);
        let text = |member: Member<'_>| owned(member).unwrap_or_default();
        let permissions = permissions::most_bytes(&text(fea), &text(o.per), &text(o.fpm));
        permissions.saturating_add(holder + length(member))
    }
}

#[derive(Deserialize)]
struct O<'a> {
    #[serde(borrow, default, deserialize_with = "member")]
    id: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    slg: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    rol: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    per: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    fpm: Member<'a>,
}

fn non_empty(member: Member<'_>) -> Option<String> {
    owned(member).filter(|text| !text.is_empty())
}

/// The strings of an array; entries of another type are left out.
fn strings(array: Member<'_>) -> Vec<String> {
    array
        .read::<Vec<&RawValue>>()
        .unwrap_or_default()
        .into_iter()
        .filter_map(|entry| owned(Member::from(entry)))
        .collect()
}

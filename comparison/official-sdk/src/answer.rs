//! What a side says of a case.

use serde::Deserialize;
use serde_json::Value;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    In(Box<SignedIn>),
    /// The reason, as this library names it where both sides have one.
    Out(String),
}

/// What a side knows of who is signed in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SignedIn {
    /// `None` where the official SDK fails on them and was not asked for more than a verdict.
    pub(crate) fields: Option<Fields>,
    pub(crate) has: Vec<bool>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Fields {
    pub(crate) user_id: Value,
    pub(crate) session_id: Value,
    pub(crate) org_id: Value,
    pub(crate) org_role: Value,
    pub(crate) org_slug: Value,
    pub(crate) org_permissions: Value,
    pub(crate) factor_verification_age: Value,
}

impl Fields {
    pub(crate) fn named(&self) -> [(Field, &Value); 7] {
        [
            (Field::UserId, &self.user_id),
            (Field::SessionId, &self.session_id),
            (Field::OrgId, &self.org_id),
            (Field::OrgRole, &self.org_role),
            (Field::OrgSlug, &self.org_slug),
            (Field::OrgPermissions, &self.org_permissions),
            (Field::FactorVerificationAge, &self.factor_verification_age),
        ]
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Field {
    UserId,
    SessionId,
    OrgId,
    OrgRole,
    OrgSlug,
    OrgPermissions,
    FactorVerificationAge,
}

impl Answer {
    pub(crate) fn is_in(&self) -> bool {
        matches!(self, Self::In(_))
    }
}

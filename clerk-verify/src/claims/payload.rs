//! The claims of a token as they stand in it, before anything about them is known to be true.

use serde::Deserialize;

use crate::{
    error::Kind,
    json::{self, Member, member},
};

/// The claims this crate reads. A second member of the same name is an error for each of them;
/// claims it does not know are checked to be JSON and otherwise left alone.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Payload<'a> {
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) act: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) aud: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) azp: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) exp: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) fea: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) fva: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) iat: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) iss: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) jti: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) nbf: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) o: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) org_id: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) org_permissions: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) org_role: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) org_slug: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) pla: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) sid: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) sts: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) sub: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    pub(crate) v: Member<'a>,
}

impl<'a> Payload<'a> {
    pub(crate) fn parse(text: &'a str, max_nesting: usize) -> Result<Self, Kind> {
        json::check_nesting(text, max_nesting)?;
        json::parse(text, "payload")
    }
}

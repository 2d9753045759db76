//! What is known of the claims once they are verified, and where the rest of them stands.

use super::{
    Payload, SessionStatus,
    span::{Span, Text},
};

/// Made of a payload whose checks have all passed. Copies nothing but claims that are written with escapes.
#[derive(Clone, Debug)]
pub(crate) struct Outline {
    pub(super) subject: Text,
    pub(super) issuer: Text,
    pub(super) authorized_party: Text,
    pub(super) token_id: Text,
    pub(super) session_id: Text,
    pub(super) times: ClaimedTimes,
    pub(super) status: Option<SessionStatus>,
    pub(super) version: u8,
    pub(super) act: Span,
    pub(super) aud: Span,
    pub(super) fea: Span,
    pub(super) fva: Span,
    pub(super) o: Span,
    pub(super) org_id: Span,
    pub(super) org_permissions: Span,
    pub(super) org_role: Span,
    pub(super) org_slug: Span,
    pub(super) pla: Span,
}

/// In whole seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClaimedTimes {
    pub(crate) expires_at: i64,
    pub(crate) not_before: Option<i64>,
    pub(crate) issued_at: Option<i64>,
}

impl Outline {
    /// `text` is what the payload was read from.
    pub(crate) fn of(payload: &Payload<'_>, times: ClaimedTimes, text: &str) -> Self {
        let string = |member| Text::of_member(member, text);
        let span = |member| Span::of_member(member, text);
        let status = payload.sts.text();
        Self {
            subject: string(payload.sub),
            issuer: string(payload.iss),
            authorized_party: string(payload.azp),
            token_id: string(payload.jti),
            session_id: string(payload.sid),
            times,
            status: status.map(|status| SessionStatus::from_claim(&status)),
            version: match payload.v.number() {
                Some(2.0) => 2,
                _ => 1,
            },
            act: span(payload.act),
            aud: span(payload.aud),
            fea: span(payload.fea),
            fva: span(payload.fva),
            o: span(payload.o),
            org_id: span(payload.org_id),
            org_permissions: span(payload.org_permissions),
            org_role: span(payload.org_role),
            org_slug: span(payload.org_slug),
            pla: span(payload.pla),
        }
    }

    /// What it holds beside itself.
    #[cfg(feature = "cache")]
    pub(super) fn heap_bytes(&self) -> usize {
        [
            &self.subject,
            &self.issuer,
            &self.authorized_party,
            &self.token_id,
            &self.session_id,
        ]
        .map(Text::heap_bytes)
        .into_iter()
        .sum()
    }
}

//! How much memory claims can come to take, once all of them have been asked for.

use std::mem::size_of;

use super::{Actor, Claims, Entitlements, Organization};
use crate::json::Member;

/// What an allocation takes at most beside what was asked for.
pub(super) const ALLOCATION: usize = 32;

impl Claims {
    /// An upper bound, reckoned without decoding: what is decoded at the first use is counted from the start.
    pub(crate) fn most_bytes(&self) -> usize {
        let outline = &self.outline;
        let member = |span: super::span::Span| span.member(&self.raw);
        let list = |claim: Member<'_>| present(claim, size_of::<Entitlements>() + 2 * ALLOCATION);
        let parts = [
            size_of::<Self>() + ALLOCATION,
            self.raw.capacity() + ALLOCATION,
            outline.heap_bytes(),
            strings(member(outline.aud)),
            present(member(outline.act), size_of::<Actor>() + 5 * ALLOCATION),
            list(member(outline.fea)),
            list(member(outline.pla)),
            Organization::most_bytes(outline, &self.raw),
        ];
        parts.into_iter().fold(0, usize::saturating_add)
    }
}

/// A claim that is copied as a whole at most, and what holds the copy.
fn present(claim: Member<'_>, holder: usize) -> usize {
    claim.raw().map_or(0, |raw| raw.len() + holder)
}

/// A string, or an array of strings; no comma stands for itself within one.
pub(super) fn strings(claim: Member<'_>) -> usize {
    let count = |raw: &str| raw.bytes().filter(|byte| *byte == b',').count() + 1;
    claim.raw().map_or(0, |raw| {
        raw.len() + ALLOCATION + count(raw) * (size_of::<String>() + ALLOCATION)
    })
}

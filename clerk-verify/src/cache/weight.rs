//! What a remembered token takes, in bytes: an upper bound, reckoned without decoding anything.

use crate::claims::Claims;

/// What the map takes for an entry, half empty as it may be, and the token's allocation beside its text.
const ENTRY: usize = 384;

/// What the smallest token takes.
pub(super) const LEAST: u64 = 1_024;

pub(super) fn of(token: &str, claims: &Claims) -> u64 {
    let parts = [ENTRY, token.len(), claims.most_bytes()];
    let bytes = parts.into_iter().fold(0, usize::saturating_add);
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

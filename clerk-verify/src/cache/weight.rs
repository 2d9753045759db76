//! What a remembered token takes, in bytes: an upper bound, reckoned without decoding anything.

use crate::claims::Claims;

/// What moka takes for an entry beside its key and value, with the allocations' own overhead. Measured: see
/// `tests/token_cache.rs`.
const ENTRY: usize = 600;

pub(super) fn of(token: &str, claims: &Claims) -> usize {
    [ENTRY, token.len(), claims.most_bytes()]
        .into_iter()
        .fold(0, usize::saturating_add)
}

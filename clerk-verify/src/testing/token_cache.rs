//! The token cache of a whole test suite.

use crate::cache::TokenCache;

const VARIABLE: &str = "CLERK_VERIFY_TEST_TOKEN_CACHE";

/// What the variable says: `off`, or for how many tokens. `None` where it says neither.
pub(crate) fn token_cache() -> Option<TokenCache> {
    let value = std::env::var(VARIABLE).ok()?;
    match value.as_str() {
        "off" => Some(TokenCache::disabled()),
        entries => Some(TokenCache::default().max_entries(entries.parse().ok()?)),
    }
}

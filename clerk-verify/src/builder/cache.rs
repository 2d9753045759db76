//! The option of the verified-token cache.

use super::VerifierBuilder;
use crate::cache::TokenCache;

impl VerifierBuilder {
    /// How many tokens that have passed are remembered, so that the second request with one costs no signature; or
    /// [`TokenCache::disabled()`]. Default: 10,000 tokens and 32 MiB. See [`TokenCache`] for what is checked each time all
    /// the same.
    ///
    /// ```
    /// use clerk_verify::{TokenCache, testing::TestIssuer};
    ///
    /// let verifier = TestIssuer::new().verifier().token_cache(TokenCache::disabled()).build().unwrap();
    /// ```
    pub fn token_cache(mut self, cache: TokenCache) -> Self {
        self.token_cache = Some(cache);
        self
    }

    pub(super) fn token_cache_or_default(&self) -> TokenCache {
        let given = self.token_cache.clone();
        #[cfg(feature = "testing")]
        let given = given.or_else(crate::testing::token_cache);
        given.unwrap_or_default()
    }
}

//! Tokens that were verified, so that the second request with one costs no signature.

mod recall;
mod verified;
mod weight;

use std::fmt;

pub(crate) use self::verified::VerifiedTokens;
use crate::error::ConfigProblem;

/// How many tokens that have passed are remembered: the option `token_cache` of a
/// [`VerifierBuilder`](crate::VerifierBuilder::token_cache).
///
/// A browser sends the same session token with every request for up to a minute. The first time all checks are made; when
/// the very same token (each byte is compared) comes again, what can have changed since is checked: `exp`, `nbf` and
/// `iat` with the clock of that moment, and that the key it was verified with is still published and its set still
/// good. The rest can't have changed. A token that is refused is never remembered.
///
/// For revocation this changes nothing: a session that ends in Clerk makes no new tokens, and those that are out are good
/// until their `exp`, with this cache or without it.
///
/// What is remembered, tokens and claims, is in this process's memory only, belongs to one verifier and its clones, and is
/// bounded by [`max_entries`](Self::max_entries) and [`max_bytes`](Self::max_bytes). Tokens that have ended, or whose key
/// has, are forgotten once a minute, when a token comes. Where there is no room left, tokens that are little used make it.
///
/// ```
/// use clerk_verify::{TokenCache, testing::TestIssuer};
///
/// let issuer = TestIssuer::new();
/// let verifier = issuer.verifier().token_cache(TokenCache::default().max_entries(50_000)).build().unwrap();
/// let token = issuer.token().sign();
/// assert!(verifier.verify_token_now(&token).unwrap().is_ok());
/// assert_eq!(verifier.token_cache_status().entries(), 1);
/// assert!(verifier.verify_token_now(&token).unwrap().is_ok(), "without looking at the signature again");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct TokenCache {
    pub(crate) max_entries: u64,
    pub(crate) max_bytes: u64,
    max_entry_bytes: u64,
    is_on: bool,
}

impl TokenCache {
    /// How many tokens are remembered unless it is set: 10,000.
    pub const DEFAULT_MAX_ENTRIES: u64 = 10_000;

    /// How many bytes they take unless it is set: 32 MiB.
    pub const DEFAULT_MAX_BYTES: u64 = 32 * 1024 * 1024;

    /// How many bytes one of them takes unless it is set: 32 KiB.
    pub const DEFAULT_MAX_ENTRY_BYTES: u64 = 32 * 1024;

    /// No cache: every token is verified each time it comes.
    ///
    /// ```
    /// use clerk_verify::{TokenCache, testing::TestIssuer};
    ///
    /// let verifier = TestIssuer::new().verifier().token_cache(TokenCache::disabled()).build().unwrap();
    /// ```
    pub fn disabled() -> Self {
        Self {
            is_on: false,
            ..Self::default()
        }
    }

    /// How many tokens are remembered at most; 10,000 unless it is set. Not zero: that is [`disabled`](Self::disabled).
    ///
    /// A user who is active has one or two tokens that are good at a time. Each counts at least `max_bytes / max_entries`
    /// against the room, so both bounds hold, and one of small and large tokens mixed may be full before either is reached.
    ///
    /// ```
    /// let cache = clerk_verify::TokenCache::default().max_entries(100_000).max_bytes(220_000_000);
    /// ```
    pub fn max_entries(mut self, entries: u64) -> Self {
        self.max_entries = entries;
        self
    }

    /// How much memory the remembered tokens and their claims take at most, in bytes; 32 MiB unless it is set. Not zero.
    ///
    /// Each is counted with all that its session may decode later, permissions for example: an upper bound, not what is
    /// taken at the moment. An ordinary session token counts about 2.2 kB.
    ///
    /// ```
    /// let cache = clerk_verify::TokenCache::default().max_bytes(8 * 1024 * 1024);
    /// ```
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// A token that takes more than this, with all that its session may decode, is not remembered but verified each time
    /// it comes; 32 KiB unless it is set, which is room for some 300 permissions. Not zero.
    ///
    /// ```
    /// let cache = clerk_verify::TokenCache::default().max_entry_bytes(256 * 1024);
    /// ```
    pub fn max_entry_bytes(mut self, bytes: u64) -> Self {
        self.max_entry_bytes = bytes;
        self
    }

    pub(crate) fn check(&self, problems: &mut Vec<ConfigProblem>) {
        for (what, limit) in [
            ("entries", self.max_entries),
            ("bytes", self.max_bytes),
            ("bytes an entry", self.max_entry_bytes),
        ] {
            if limit == 0 {
                problems.push(ConfigProblem::new(
                    "token_cache",
                    format!("at most 0 {what}, which remembers nothing"),
                    "give it room, or turn it off with `TokenCache::disabled()`",
                ));
            }
        }
    }

    /// `None` where it is off.
    pub(crate) fn open(&self) -> Option<VerifiedTokens> {
        if self.is_on {
            VerifiedTokens::new(self.clone())
        } else {
            None
        }
    }
}

/// 10,000 tokens and 32 MiB, of 32 KiB at most each.
impl Default for TokenCache {
    fn default() -> Self {
        Self {
            max_entries: Self::DEFAULT_MAX_ENTRIES,
            max_bytes: Self::DEFAULT_MAX_BYTES,
            max_entry_bytes: Self::DEFAULT_MAX_ENTRY_BYTES,
            is_on: true,
        }
    }
}

/// What a verifier remembers at the moment; see [`Verifier::token_cache_status`](crate::Verifier::token_cache_status).
///
/// ```
/// use clerk_verify::testing::TestIssuer;
///
/// let status = TestIssuer::new().verifier().build().unwrap().token_cache_status();
/// assert_eq!((status.entries(), status.bytes()), (0, 0));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TokenCacheStatus {
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
}

impl TokenCacheStatus {
    /// How many tokens are remembered.
    ///
    /// ```
    /// # let status = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap().token_cache_status();
    /// assert_eq!(status.entries(), 0);
    /// ```
    #[must_use]
    pub fn entries(self) -> u64 {
        self.entries
    }

    /// How many bytes they count; see [`TokenCache::max_bytes`].
    ///
    /// ```
    /// # let status = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap().token_cache_status();
    /// assert_eq!(status.bytes(), 0);
    /// ```
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.bytes
    }
}

/// For people.
impl fmt::Display for TokenCacheStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tokens, {} bytes", self.entries, self.bytes)
    }
}

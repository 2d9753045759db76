//! The tokens and their sessions, in moka.

use std::{
    hash::{BuildHasher, Hash, Hasher},
    time::{Duration, Instant},
};

use foldhash::quality::RandomState;
use moka::{Equivalent, Expiry, policy::EvictionPolicy, sync::Cache};

use super::{TokenCacheStatus, weight};
use crate::pipeline::Verified;

/// The longest time that moka counts down; a token that is good for longer is verified anew after it.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How many bytes of a token are hashed, from its end.
const HASHED: usize = 64;

/// The tokens that have passed, by every byte of them.
pub(crate) struct VerifiedTokens {
    tokens: Cache<Token, Entry, RandomState>,
    hasher: RandomState,
    /// What each entry weighs at least, so that the bound of the weights is one of the count as well.
    least_weight: u32,
    pub(crate) max_entries: u64,
    pub(crate) max_bytes: u64,
}

/// A token that is looked for.
pub(crate) struct Sought<'t> {
    hash: u64,
    text: &'t str,
}

/// A token that is remembered. Its hash is made once.
struct Token {
    hash: u64,
    text: Box<str>,
}

#[derive(Clone)]
struct Entry {
    verified: Verified,
    good_for: Duration,
    weight: u32,
}

impl VerifiedTokens {
    pub(super) fn new(max_entries: u64, max_bytes: u64) -> Self {
        let most = max_bytes.min(max_entries.saturating_mul(u64::from(u32::MAX)));
        let least = most.div_ceil(max_entries.max(1));
        Self {
            tokens: Cache::builder()
                .max_capacity(most)
                .weigher(|_, entry: &Entry| entry.weight)
                .expire_after(UntilItsEnd)
                .eviction_policy(EvictionPolicy::lru())
                .build_with_hasher(RandomState::default()),
            hasher: RandomState::default(),
            least_weight: u32::try_from(least).unwrap_or(u32::MAX),
            max_entries,
            max_bytes,
        }
    }

    /// The hash is a fast one with a seed of its own, of the end of the signature alone, which looks random in every
    /// token: only those that the issuer has signed get in, so nobody can choose them to collide. What is found is
    /// compared as a whole.
    pub(crate) fn seek<'t>(&self, text: &'t str) -> Sought<'t> {
        let end = text.as_bytes();
        let end = end.last_chunk::<HASHED>().map_or(end, |end| end);
        Sought {
            hash: self.hasher.hash_one(end),
            text,
        }
    }

    /// Whether it still holds is for the caller to say.
    pub(crate) fn get(&self, token: &Sought<'_>) -> Option<Verified> {
        Some(self.tokens.get(token)?.verified)
    }

    /// One that is larger than all that may be kept is not.
    pub(crate) fn insert(&self, token: &Sought<'_>, verified: Verified, good_for: Duration) {
        let bytes = weight::of(token.text, verified.session.claims());
        let Ok(bytes) = u32::try_from(bytes) else {
            return;
        };
        let weight = bytes.max(self.least_weight);
        if u64::from(weight) <= self.max_bytes {
            let token = Token {
                hash: token.hash,
                text: token.text.into(),
            };
            let entry = Entry {
                verified,
                good_for: good_for.min(LONGEST),
                weight,
            };
            self.tokens.insert(token, entry);
        }
    }

    pub(crate) fn forget(&self, token: &Sought<'_>) {
        self.tokens.invalidate(token);
    }

    pub(crate) fn clear(&self) {
        self.tokens.invalidate_all();
    }

    pub(crate) fn status(&self) -> TokenCacheStatus {
        self.tokens.run_pending_tasks();
        TokenCacheStatus {
            entries: self.tokens.entry_count(),
            bytes: self.tokens.weighted_size(),
        }
    }
}

impl Hash for Token {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Hash for Sought<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Token {}

impl Equivalent<Token> for Sought<'_> {
    fn equivalent(&self, token: &Token) -> bool {
        *self.text == *token.text
    }
}

/// Memory is given back when a token ends. That it has ended is seen by the verifier's own clock, at each use.
struct UntilItsEnd;

impl Expiry<Token, Entry> for UntilItsEnd {
    fn expire_after_create(&self, _: &Token, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.good_for)
    }

    fn expire_after_update(
        &self,
        _: &Token,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.good_for)
    }
}

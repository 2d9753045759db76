//! The tokens and their sessions, in a concurrent map with a bound.

use std::{
    cell::Cell,
    hash::{BuildHasher, Hash, Hasher},
    sync::atomic::Ordering,
    thread::available_parallelism,
};

use foldhash::quality::RandomState;
use quick_cache::{Equivalent, OptionsBuilder, Weighter, sync::Cache};

use super::{TokenCache, TokenCacheStatus, weight};
use crate::{pipeline::Verified, sync::AtomicI64};

/// How often tokens that have ended are looked for, in milliseconds: as long as Clerk's are good.
const SWEEP_EVERY: i64 = 60_000;

/// How much of the room is for tokens that came more than once. Less than the map's default, for a token is used much
/// for a minute and never again.
const OFTEN_SEEN: f64 = 0.5;

/// More bytes than any machine has, and few enough for the map to add some of them up.
const MAX_BYTES: u64 = 1 << 60;

/// How many bytes of a token are hashed, from its end.
const HASHED: usize = 64;

/// The tokens that have passed, by every byte of them.
pub(crate) struct VerifiedTokens {
    tokens: Cache<Token, Entry, ByWeight, RandomState>,
    hasher: RandomState,
    /// What each entry weighs at least, so that the bound of the weights is one of the count as well.
    least_weight: u64,
    /// What one may take.
    max_entry: u64,
    /// When tokens that have ended are looked for next, in milliseconds since 1970.
    next_sweep: AtomicI64,
    pub(crate) limits: TokenCache,
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
    /// In milliseconds since 1970, the tolerance included.
    ends_at: i64,
    bytes: u64,
    weight: u64,
}

impl VerifiedTokens {
    pub(crate) fn new(limits: TokenCache) -> Option<Self> {
        let max_bytes = limits.max_bytes.min(MAX_BYTES);
        let max_entry = limits.max_entry_bytes.min(max_bytes);
        let least_weight = (max_bytes / limits.max_entries.max(1)).max(1);
        let entries = limits.max_entries.min(max_bytes / least_weight);
        let capacity = entries * least_weight;
        let threads = available_parallelism().map_or(1, usize::from) as u64;
        let fitting = entries.min(capacity / weight::LEAST);
        let shards = shards(threads, fitting, capacity, max_entry);
        // An entry must fit into the part for tokens that came more than once.
        let often_seen = if capacity / shards / 2 >= max_entry.max(least_weight) {
            OFTEN_SEEN
        } else {
            1.0
        };
        let options = OptionsBuilder::new()
            .shards(usize::try_from(shards).ok()?)
            // So many that the shards stay as many as they are.
            .estimated_items_capacity(usize::try_from(shards * 32).ok()?)
            // Each shard has an equal part, rounded up.
            .weight_capacity(capacity / shards * shards)
            .hot_allocation(often_seen)
            // A token that had to go seldom comes back; what is remembered of it would not be counted.
            .ghost_allocation(0.0)
            .build()
            .ok()?;
        Some(Self {
            tokens: Cache::with_options(
                options,
                ByWeight,
                RandomState::default(),
                Default::default(),
            ),
            hasher: RandomState::default(),
            least_weight,
            max_entry,
            next_sweep: AtomicI64::new(i64::MIN),
            limits,
        })
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

    /// One that is larger than one may be is not kept. `ends_at` is in milliseconds since 1970.
    pub(crate) fn insert(&self, token: &Sought<'_>, verified: Verified, ends_at: i64) {
        let bytes = weight::of(token.text, verified.session.claims());
        if bytes > self.max_entry {
            return;
        }
        let token = Token {
            hash: token.hash,
            text: token.text.into(),
        };
        let entry = Entry {
            verified,
            ends_at,
            bytes,
            weight: bytes.max(self.least_weight),
        };
        self.tokens.insert(token, entry);
    }

    /// Whether it is this caller's turn to look for tokens that have ended.
    pub(crate) fn sweep_is_due(&self, now: i64) -> bool {
        let due = self.next_sweep.load(Ordering::Relaxed);
        // Also where the clock was set back.
        let is_due = now >= due || now < due.saturating_sub(SWEEP_EVERY);
        let next = now.saturating_add(SWEEP_EVERY);
        let claim = || {
            self.next_sweep
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
        };
        is_due && claim().is_ok()
    }

    /// Gives back the memory of tokens that have ended, or whose key has; says what is left.
    pub(crate) fn sweep(
        &self,
        now: i64,
        is_vouched: impl Fn(&Verified) -> bool,
    ) -> TokenCacheStatus {
        let left = Cell::new(TokenCacheStatus::default());
        self.tokens.retain(|_, entry| {
            let stays = entry.ends_at > now && is_vouched(&entry.verified);
            if stays {
                let TokenCacheStatus { entries, bytes } = left.get();
                left.set(TokenCacheStatus {
                    entries: entries + 1,
                    bytes: bytes.saturating_add(entry.bytes),
                });
            }
            stays
        });
        left.get()
    }

    pub(crate) fn forget(&self, token: &Sought<'_>) {
        self.tokens.remove(token);
    }

    pub(crate) fn clear(&self) {
        self.tokens.clear();
    }
}

/// How many parts the map has, so that few threads meet: a power of two, and each with room for many entries, and twice
/// for the largest.
fn shards(threads: u64, entries: u64, capacity: u64, max_entry: u64) -> u64 {
    let most = threads.saturating_mul(4).next_power_of_two().min(256);
    let mut halves = std::iter::successors(Some(most), |shards| Some(shards / 2));
    let has_room = |shards: &u64| entries / shards >= 64 && capacity / shards / 2 >= max_entry;
    let chosen = halves.find(|shards| *shards == 1 || has_room(shards));
    chosen.unwrap_or(1)
}

#[derive(Clone)]
struct ByWeight;

impl Weighter<Token, Entry> for ByWeight {
    fn weight(&self, _: &Token, entry: &Entry) -> u64 {
        entry.weight
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

#[cfg(test)]
mod tests;

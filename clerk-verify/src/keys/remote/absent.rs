//! Key ids that the server does not have, for a while.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use moka::{policy::EvictionPolicy, sync::Cache};

/// Remembers key ids by a seeded hash, and so many at most. The one who sent them chose them: they are neither
/// kept nor shown.
pub(super) struct AbsentKids {
    hasher: RandomState,
    seen: Cache<u64, Absence>,
    ttl: Duration,
}

/// Since when, and in which content of the set. With the next content it is void.
#[derive(Clone, Copy)]
struct Absence {
    since: Duration,
    generation: u64,
}

impl AbsentKids {
    pub(super) fn new(most: u64, ttl: Duration) -> Self {
        Self {
            hasher: RandomState::new(),
            seen: Cache::builder()
                .max_capacity(most)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
            ttl,
        }
    }

    pub(super) fn contains(&self, key_id: &str, generation: u64, now: Duration) -> bool {
        let hash = self.hasher.hash_one(key_id);
        self.seen.get(&hash).is_some_and(|absence| {
            absence.generation == generation && now.saturating_sub(absence.since) < self.ttl
        })
    }

    pub(super) fn remember(&self, key_id: &str, generation: u64, now: Duration) {
        let absence = Absence {
            since: now,
            generation,
        };
        self.seen.insert(self.hasher.hash_one(key_id), absence);
    }

    /// How many are held, void ones included.
    pub(super) fn len(&self) -> u64 {
        self.seen.run_pending_tasks();
        self.seen.entry_count()
    }
}

//! Keys as they were fetched.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{JwksOptions, Seed, answer::Validators};
use crate::{clock::unix_millis, keys::key_set::KeySet};

/// From which part of their freshness on keys are renewed, at the latest.
const RENEW_AT: f64 = 0.8;

/// How much earlier they may be renewed, so that many servers do not ask in step.
const RENEW_JITTER: f64 = 0.1;

/// Never changes: new keys come in a new one.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) keys: Arc<KeySet>,
    /// The set as it was published.
    pub(super) text: Arc<str>,
    /// How many times the keys have changed, from 1.
    pub(crate) generation: u64,
    /// Of the fetch that brought them or confirmed them; 0 for a seed.
    pub(super) number: u64,
    pub(super) validators: Validators,
    /// What the server's cache headers said.
    pub(super) lifetime: Option<Duration>,
    fetched_at: Duration,
    /// The age that they had at `fetched_at` already.
    seed_age: Duration,
    fetched_wall: SystemTime,
    /// The end of their freshness by the time of day, in milliseconds since 1970.
    wall_due: i64,
    /// How long they are fresh.
    ttl: Duration,
    renew_at: Duration,
    expires_at: Duration,
    /// The server says that there are no keys.
    withdrawn: bool,
}

/// What a snapshot holds.
pub(super) struct Content {
    pub(super) keys: Arc<KeySet>,
    pub(super) text: Arc<str>,
    pub(super) generation: u64,
    pub(super) validators: Validators,
    pub(super) lifetime: Option<Duration>,
}

/// When it was asked for, by both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) monotonic: Duration,
    pub(super) wall: SystemTime,
}

impl Snapshot {
    /// Fetched keys. `jitter` is from 0 to 1.
    pub(super) fn fetched(
        content: Content,
        number: u64,
        asked: Moment,
        options: &JwksOptions,
        jitter: f64,
    ) -> Self {
        let ttl = match content.lifetime {
            Some(lifetime) if options.cache_headers => {
                lifetime.clamp(options.min_ttl, options.max_ttl)
            }
            _ => options.ttl,
        };
        let renew_after = ttl.mul_f64(RENEW_AT - RENEW_JITTER * jitter);
        let lifespan = ttl.saturating_add(options.max_stale);
        Self {
            keys: content.keys,
            text: content.text,
            generation: content.generation,
            number,
            validators: content.validators,
            lifetime: content.lifetime,
            fetched_at: asked.monotonic,
            seed_age: Duration::ZERO,
            fetched_wall: asked.wall,
            wall_due: wall_due(asked.wall, ttl),
            ttl,
            renew_at: asked.monotonic.saturating_add(renew_after),
            expires_at: asked.monotonic.saturating_add(lifespan),
            withdrawn: false,
        }
    }

    /// Keys from an earlier run: of use at once, as stale as can be, and due.
    pub(super) fn seed(seed: Seed, now: Moment, options: &JwksOptions) -> Self {
        let Seed {
            keys,
            text,
            fetched_at: fetched_wall,
        } = seed;
        // One from the future has no age that could be known.
        let age = now.wall.duration_since(fetched_wall).unwrap_or_default();
        let left = options.ttl.saturating_add(options.max_stale);
        let left = left.saturating_sub(age);
        Self {
            keys: Arc::new(keys),
            text,
            generation: 1,
            number: 0,
            validators: Validators::default(),
            lifetime: None,
            fetched_at: now.monotonic,
            seed_age: age,
            fetched_wall,
            wall_due: wall_due(fetched_wall, Duration::ZERO),
            ttl: Duration::ZERO,
            renew_at: now.monotonic,
            expires_at: now.monotonic.saturating_add(left),
            withdrawn: false,
        }
    }

    /// The same keys, which end at this time if they do not before. Only the first time: an empty set that stays does
    /// not prolong anything.
    pub(super) fn withdrawn(&self, until: Duration, number: u64) -> Self {
        let expires_at = if self.withdrawn {
            self.expires_at
        } else {
            self.expires_at.min(until)
        };
        Self {
            number,
            expires_at,
            withdrawn: true,
            ..self.clone()
        }
    }

    pub(super) fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(self.fetched_at)
            .saturating_add(self.seed_age)
    }

    pub(super) fn is_fresh(&self, now: Duration) -> bool {
        now.saturating_sub(self.fetched_at) < self.ttl
    }

    /// Whether they should be renewed. `wall` is the time of day in milliseconds: where it has gone on and the
    /// monotonic clock has not, the machine has slept. It never makes keys expire.
    pub(super) fn is_due(&self, now: Duration, wall: i64) -> bool {
        now >= self.renew_at || wall >= self.wall_due
    }

    pub(super) fn due_in(&self, now: Duration) -> Duration {
        self.renew_at.saturating_sub(now)
    }

    pub(super) fn expires_at(&self) -> Duration {
        self.expires_at
    }

    pub(super) fn fetched_wall(&self) -> SystemTime {
        self.fetched_wall
    }
}

fn wall_due(fetched: SystemTime, ttl: Duration) -> i64 {
    let ttl = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
    unix_millis(fetched).saturating_add(ttl)
}

//! How current the verifier's keys are: for information, not to judge.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::ring::Key;

/// What the server has delivered, and when it would have.
#[derive(Default)]
pub(crate) struct Supply {
    /// Of the last delivery.
    keys: Vec<u32>,
    last: Option<Instant>,
    good_since: Option<Instant>,
    /// For how long the server was good since the last delivery, up to the present mood.
    missed: Duration,
    longest: Pause,
    latest: Duration,
}

/// A time without a delivery.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Pause {
    pub(crate) length: Duration,
    /// For how long the server was good in the meantime, and not asked.
    pub(crate) missed: Duration,
}

impl Supply {
    /// The server has changed its mood.
    pub(crate) fn changed(&mut self, is_good: bool, now: Instant) {
        self.missed += self.missed_now(now);
        self.good_since = is_good.then_some(now);
    }

    /// The client has these keys.
    pub(crate) fn delivered(&mut self, keys: &[Arc<Key>], now: Instant) {
        self.longest = self.longest(now);
        self.last = Some(now);
        self.missed = Duration::ZERO;
        let new = keys.iter().filter(|key| !self.keys.contains(&key.number));
        let took = new
            .filter_map(|key| key.published())
            .map(|published| now.saturating_duration_since(published));
        self.latest = took.fold(self.latest, Duration::max);
        self.keys = keys.iter().map(|key| key.number).collect();
    }

    /// Until now, from the first delivery on.
    pub(crate) fn longest(&self, now: Instant) -> Pause {
        let pause = self.last.map(|last| Pause {
            length: now.saturating_duration_since(last),
            missed: self.missed + self.missed_now(now),
        });
        self.longest.max(pause.unwrap_or_default())
    }

    /// From publishing a key to its first delivery, at the latest.
    pub(crate) fn latest(&self) -> Duration {
        self.latest
    }

    fn missed_now(&self, now: Instant) -> Duration {
        let since = self.good_since.max(self.last);
        match (self.good_since, since) {
            (Some(_), Some(since)) => now.saturating_duration_since(since),
            _ => Duration::ZERO,
        }
    }
}

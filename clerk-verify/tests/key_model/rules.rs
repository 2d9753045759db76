//! The numbers of the documentation, and what follows from them at one moment: `docs/key-sources.md`, `JwksOptions`.

use std::{collections::VecDeque, time::Duration};

use clerk_verify::{FetchCause, JwksOptions};

use super::material::{Entry, SETS};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const TTL: Duration = seconds(300);
const MIN_TTL: Duration = seconds(60);
pub(crate) const LONGEST_WAIT: Duration = seconds(5);
pub(crate) const TIMEOUT: Duration = seconds(5);
pub(crate) const GAP: (Duration, Duration) =
    (Duration::from_millis(100), Duration::from_millis(300));
const BACKOFF: Duration = seconds(1);
const MAX_BACKOFF: Duration = seconds(60);
const MAX_COLD_BACKOFF: Duration = seconds(10);
const LONGEST_WISH: Duration = seconds(300);
const UNKNOWN_BURST: u32 = 2;
const UNKNOWN_INTERVAL: Duration = seconds(10);
pub(crate) const ABSENT_TTL: Duration = seconds(60);
pub(crate) const RECHECK_INTERVAL: Duration = seconds(30);
pub(crate) const RECHECK_MIN_AGE: Duration = seconds(10);
pub(crate) const CEILING: usize = 12;
pub(crate) const MINUTE: Duration = seconds(60);

/// Which options a verifier has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Options {
    Default,
    Strict,
    /// Nothing is renewed while no token comes.
    OnlyWhenAsked,
}

impl Options {
    pub(crate) fn jwks(self, jitter_seed: u64) -> JwksOptions {
        let options = match self {
            Self::Strict => JwksOptions::strict(),
            _ => JwksOptions::default(),
        };
        JwksOptions {
            renew_when_idle: self != Self::OnlyWhenAsked,
            jitter_seed: Some(jitter_seed),
            ..options
        }
    }

    pub(crate) fn max_ttl(self) -> Duration {
        if self == Self::Strict {
            TTL
        } else {
            seconds(3600)
        }
    }

    pub(crate) fn max_stale(self) -> Duration {
        if self == Self::Strict {
            Duration::ZERO
        } else {
            seconds(86_400)
        }
    }

    fn max_empty(self) -> Duration {
        if self == Self::Strict {
            Duration::ZERO
        } else {
            seconds(3600)
        }
    }
}

/// The keys at hand.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// By its place in `SETS`.
    pub(crate) set: usize,
    /// Its tag, where the server gave one.
    pub(crate) tag: Option<usize>,
    /// What the cache headers said.
    pub(crate) lifetime: Option<u64>,
    /// When the fetch began that brought or confirmed them, and the time of day then.
    pub(crate) asked: Duration,
    pub(crate) asked_wall: i64,
    /// The age that they had then already.
    pub(crate) seed_age: Duration,
    pub(crate) ttl: Duration,
    pub(crate) ends: Duration,
    withdrawn: bool,
}

impl Held {
    pub(crate) fn fetched(
        set: usize,
        lifetime: Option<u64>,
        at: (Duration, i64),
        options: Options,
    ) -> Self {
        let bounded = |lifetime| seconds(lifetime).clamp(MIN_TTL, options.max_ttl());
        let ttl = lifetime.map_or(TTL, bounded);
        Self {
            set,
            tag: None,
            lifetime,
            asked: at.0,
            asked_wall: at.1,
            seed_age: Duration::ZERO,
            ttl,
            ends: at.0 + ttl + options.max_stale(),
            withdrawn: false,
        }
    }

    /// Keys of an earlier run: in use at once, and due.
    pub(crate) fn seed(set: usize, age: Duration, wall: i64, options: Options) -> Self {
        let left = (TTL + options.max_stale()).saturating_sub(age);
        Self {
            seed_age: age,
            ttl: Duration::ZERO,
            ends: left,
            ..Self::fetched(set, None, (Duration::ZERO, wall - millis(age)), options)
        }
    }

    pub(crate) fn tagged(self, tag: Option<usize>) -> Self {
        Self { tag, ..self }
    }

    pub(crate) fn entries(&self) -> &'static [Entry] {
        SETS[self.set]
    }

    pub(crate) fn age(&self, now: Duration) -> Duration {
        now - self.asked + self.seed_age
    }

    /// The server has published an empty set.
    pub(crate) fn withdraw(&mut self, now: Duration, options: Options) {
        if !self.withdrawn {
            self.ends = self.ends.min(now + options.max_empty());
        }
        self.withdrawn = true;
    }

    /// Between these two a renewal begins, if nothing is in the way.
    pub(crate) fn renewal(&self) -> (Duration, Duration) {
        (
            self.asked + self.ttl * 7 / 10,
            self.asked + self.ttl * 8 / 10,
        )
    }

    /// The time of day has gone on and the clock has not: the machine has slept.
    pub(crate) fn has_slept(&self, wall: i64) -> bool {
        wall >= self.asked_wall + millis(self.ttl)
    }
}

pub(crate) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap()
}

/// The last fetch has failed.
#[derive(Clone, Debug)]
pub(crate) struct Failing {
    /// In a row.
    pub(crate) times: u32,
    /// Until when nothing is renewed.
    pub(crate) until: Duration,
    /// The same where a token needs a key.
    pub(crate) needed_until: Duration,
}

impl Failing {
    /// Checks the pause that was announced; it is random, within bounds.
    pub(crate) fn new(
        times: u32,
        pause: Duration,
        wish: Option<u64>,
        has_keys: bool,
        now: Duration,
    ) -> Result<Self, String> {
        let most = if has_keys {
            MAX_BACKOFF
        } else {
            MAX_COLD_BACKOFF
        };
        let wish = wish.map_or(Duration::ZERO, seconds).min(LONGEST_WISH);
        let full = (BACKOFF * 2_u32.pow(times.min(10) - 1)).min(most);
        let (least, most) = ((full / 2).max(wish), full.max(wish));
        if pause < least || pause > most {
            return Err(format!(
                "a pause of {pause:?} after {times} failures: it should be {least:?} to {most:?}"
            ));
        }
        Ok(Self {
            times,
            until: now + pause,
            needed_until: now + pause.min(MAX_COLD_BACKOFF).max(wish),
        })
    }
}

/// What limits fetches beside failures.
#[derive(Debug)]
pub(crate) struct Budgets {
    /// What there is for unknown key ids, as the time that it takes to get it, and since when.
    unknown: (Duration, Duration),
    /// The last fetch for a bad signature that brought an answer.
    pub(crate) rechecked: Option<Duration>,
    /// The fetches of the last minute.
    pub(crate) counted: VecDeque<Duration>,
}

/// Whether a fetch may begin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Gate {
    Open,
    /// Fetching fails: not before this has passed.
    Pause(Duration),
    /// There were enough: not before this has passed.
    Enough(Duration),
}

impl Budgets {
    pub(crate) fn new() -> Self {
        Self {
            unknown: (UNKNOWN_INTERVAL * UNKNOWN_BURST, Duration::ZERO),
            rechecked: None,
            counted: VecDeque::new(),
        }
    }

    pub(crate) fn gate(&self, cause: FetchCause, failing: Option<&Failing>, now: Duration) -> Gate {
        let pause = failing.map_or(Duration::ZERO, |failing| match cause {
            FetchCause::Renewal => failing.until,
            _ => failing.needed_until,
        });
        if now < pause {
            return Gate::Pause(pause - now);
        }
        if cause == FetchCause::Cold && failing.is_some() {
            return Gate::Open;
        }
        if let Some(until) = self.full_until(now) {
            return Gate::Enough(until - now);
        }
        let paid = match cause {
            FetchCause::UnknownKeyId => self.unknown_at(now),
            FetchCause::BadSignature => self.recheck_at(),
            _ => now,
        };
        if now < paid {
            Gate::Enough(paid - now)
        } else {
            Gate::Open
        }
    }

    /// Until when the last minute has had as many as it may.
    pub(crate) fn full_until(&self, now: Duration) -> Option<Duration> {
        let recent = self.counted.iter().filter(|at| now < **at + MINUTE);
        let first = recent.clone().next()?;
        (recent.count() >= CEILING).then_some(*first + MINUTE)
    }

    pub(crate) fn recheck_at(&self) -> Duration {
        self.rechecked
            .map_or(Duration::ZERO, |last| last + RECHECK_INTERVAL)
    }

    fn unknown(&self, now: Duration) -> Duration {
        let (had, since) = self.unknown;
        (had + (now - since)).min(UNKNOWN_INTERVAL * UNKNOWN_BURST)
    }

    pub(crate) fn unknown_at(&self, now: Duration) -> Duration {
        now + UNKNOWN_INTERVAL.saturating_sub(self.unknown(now))
    }

    pub(crate) fn pay(&mut self, cause: FetchCause, failing: bool, now: Duration) {
        if cause == FetchCause::Cold && failing {
            return;
        }
        self.counted.push_back(now);
        self.counted.retain(|at| now < *at + MINUTE);
        if cause == FetchCause::UnknownKeyId {
            self.unknown = (self.unknown(now).saturating_sub(UNKNOWN_INTERVAL), now);
        }
    }
}

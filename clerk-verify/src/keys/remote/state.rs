//! Whether a fetch may start now. Nothing is started, told or awaited under its lock; what changes the keys at hand is
//! done under it.

use std::{
    sync::{PoisonError, atomic::Ordering},
    time::Duration,
};

use fastrand::Rng;
use tokio::sync::watch;

use super::{
    FetchCause, FetchFailure, JwksOptions,
    budget::{Bucket, Ceiling},
    flight::Outcome,
};
use crate::sync::{AtomicU64, Mutex, MutexGuard};

/// How many fetches for an unknown key id may get lost in a row before the next has to wait its turn.
const MAX_LOST: u32 = 3;

/// How much longer than its time limit a fetch may seem to take before it is given up for lost, as when the
/// runtime that it runs in is not driven any more.
const GRACE: Duration = Duration::from_secs(1);

/// Whatever the options say: long enough to do no harm, short enough to calculate with.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// What `Retry-After` may ask for.
const LONGEST_WISH: Duration = Duration::from_secs(300);

pub(super) struct State {
    limits: JwksOptions,
    inner: Mutex<Inner>,
    locked: AtomicU64,
}

struct Inner {
    in_flight: Option<InFlight>,
    /// The number of the last fetch that was started.
    started: u64,
    /// The number of the last one whose keys were installed.
    installed: u64,
    /// The number of the last one that said something about the server.
    completed: u64,
    /// Failures since the last success.
    failed: u32,
    /// Fetches that were cut off or got lost since the last that said something.
    lost: u32,
    not_before: Duration,
    /// The same for who needs a key that is not at hand: somebody waits for it, so the pause is shorter.
    needed_not_before: Duration,
    last_failure: Option<FetchFailure>,
    /// The number of the last fetch for an unknown key id.
    last_forced: u64,
    unknown_kids: Bucket,
    bad_signatures: Bucket,
    ceiling: Ceiling,
    rng: Rng,
}

struct InFlight {
    receiver: watch::Receiver<Outcome>,
    number: u64,
    since: Duration,
    cause: FetchCause,
}

/// What to do.
pub(super) enum Next {
    /// Wait for the fetch under way, which was started at this time.
    Join {
        flight: watch::Receiver<Outcome>,
        since: Duration,
        /// For an unknown key id or a bad signature, past all caches.
        forced: bool,
    },
    /// Start this one.
    Start {
        sender: watch::Sender<Outcome>,
        number: u64,
    },
    /// Nothing: the keys at hand are the answer.
    Final,
    /// Nothing: the server has been asked often enough.
    OverBudget { wait: Duration },
    /// Nothing yet: the last fetch failed.
    Wait {
        failure: FetchFailure,
        wait: Duration,
    },
}

impl State {
    pub(super) fn new(limits: &JwksOptions) -> Self {
        let inner = Inner {
            in_flight: None,
            started: 0,
            installed: 0,
            completed: 0,
            failed: 0,
            lost: 0,
            not_before: Duration::ZERO,
            needed_not_before: Duration::ZERO,
            last_failure: None,
            last_forced: 0,
            unknown_kids: Bucket::new(limits.unknown_kid_burst, limits.unknown_kid_interval),
            bad_signatures: Bucket::new(1, limits.bad_signature_interval),
            ceiling: Ceiling::new(limits.max_fetches_per_minute),
            rng: limits.jitter_seed.map_or_else(Rng::new, Rng::with_seed),
        };
        Self {
            limits: limits.clone(),
            inner: Mutex::new(inner),
            locked: AtomicU64::new(0),
        }
    }

    /// What to do for one who has looked at the keys numbered `seen` (0 for none) and needs others.
    pub(super) fn ask(&self, cause: FetchCause, now: Duration, seen: u64) -> Next {
        let mut inner = self.lock();
        // A fetch has landed since the caller looked. It came after the request did, so it has the last word.
        if inner.installed > seen {
            return Next::Final;
        }
        if let Some(flight) = self.under_way(&inner, now) {
            return Next::Join {
                flight: flight.receiver.clone(),
                since: flight.since,
                forced: flight.cause.is_forced(),
            };
        }
        let pause = inner.pause_left(cause, now);
        if let (Some(failure), false) = (&inner.last_failure, pause.is_zero()) {
            return Next::Wait {
                failure: failure.clone(),
                wait: pause,
            };
        }
        // Without keys nobody can sign in; while the server fails, backing off is limit enough.
        if cause != FetchCause::Cold || inner.last_failure.is_none() {
            if let Err(wait) = inner.afford(cause, now) {
                return inner.refuse(cause, wait);
            }
            inner.ceiling.note(now);
        }
        inner.start(cause, now)
    }

    /// Has the keys of this fetch installed, unless a later one was faster. Under the lock, so that nobody
    /// finds the fetch gone and its keys not yet there. `install` is given a random number from 0 to 1.
    pub(super) fn succeeded(&self, number: u64, install: impl FnOnce(f64)) -> bool {
        let mut inner = self.lock();
        inner.clear(number);
        if number < inner.installed {
            return false;
        }
        install(inner.rng.f64());
        inner.installed = number;
        inner.completed = inner.completed.max(number);
        inner.failed = 0;
        inner.lost = 0;
        inner.not_before = Duration::ZERO;
        inner.needed_not_before = Duration::ZERO;
        inner.last_failure = None;
        true
    }

    /// The pause after a failed fetch; `None` where it was given up before, and another has taken its place.
    /// `change` is done under the lock, so that it can't undo what another fetch has installed; it says whether it has
    /// changed the keys at hand.
    pub(super) fn failed(
        &self,
        number: u64,
        failure: &FetchFailure,
        now: Duration,
        have_keys: bool,
        change: impl FnOnce() -> bool,
    ) -> Option<Duration> {
        let mut inner = self.lock();
        let cause = inner.clear(number)?;
        if change() {
            inner.installed = inner.installed.max(number);
        }
        if cause == FetchCause::BadSignature {
            // Nothing was learnt, and the pause is limit enough.
            inner.bad_signatures.give_back();
        }
        inner.completed = inner.completed.max(number);
        inner.failed = inner.failed.saturating_add(1);
        inner.lost = 0;
        let pause = self.pause(&mut inner, failure, have_keys);
        inner.not_before = now.saturating_add(pause);
        let shorter = pause.min(self.limits.max_cold_backoff).max(wish(failure));
        inner.needed_not_before = now.saturating_add(shorter);
        inner.last_failure = Some(failure.clone());
        Some(pause)
    }

    /// A fetch that was cut off says nothing about the server. The pause before the next renewal, unless another
    /// has taken its place.
    pub(super) fn cancelled(&self, number: u64) -> Option<Duration> {
        let mut inner = self.lock();
        let cause = inner.clear(number)?;
        if inner.lost < MAX_LOST {
            match cause {
                FetchCause::UnknownKeyId => inner.unknown_kids.give_back(),
                FetchCause::BadSignature => inner.bad_signatures.give_back(),
                FetchCause::Cold | FetchCause::Renewal => {}
            }
        }
        inner.lost = inner.lost.saturating_add(1);
        Some(self.doubled(inner.lost).min(self.limits.max_backoff))
    }

    /// Whether this fetch is still the one that everybody waits for.
    pub(super) fn is_current(&self, number: u64) -> bool {
        self.lock().is_current(number)
    }

    /// How long there will be no fetch for this reason.
    pub(super) fn pause_left(&self, cause: FetchCause, now: Duration) -> Option<Duration> {
        let left = self.lock().pause_left(cause, now);
        (!left.is_zero()).then_some(left)
    }

    /// A random time in this range.
    pub(super) fn random_between(&self, least: Duration, most: Duration) -> Duration {
        let part = self.lock().rng.f64();
        least.saturating_add(most.saturating_sub(least).mul_f64(part))
    }

    /// After how long a fetch is given up for lost.
    pub(super) fn overdue(&self) -> Duration {
        self.limits.timeout.saturating_add(GRACE)
    }

    /// How often the lock was taken.
    pub(super) fn locked(&self) -> u64 {
        self.locked.load(Ordering::Relaxed)
    }

    fn under_way<'i>(&self, inner: &'i Inner, now: Duration) -> Option<&'i InFlight> {
        let flight = inner.in_flight.as_ref()?;
        let overdue = now.saturating_sub(flight.since) >= self.overdue();
        (!overdue).then_some(flight)
    }

    /// Doubles with each failure, less up to half at random; longer if the server wants that, within reason.
    fn pause(&self, inner: &mut Inner, failure: &FetchFailure, have_keys: bool) -> Duration {
        let most = if have_keys {
            self.limits.max_backoff
        } else {
            self.limits.max_cold_backoff
        };
        let pause = self.doubled(inner.failed).min(most).min(LONGEST_PAUSE);
        pause
            .mul_f64(0.5 + inner.rng.f64() / 2.0)
            .max(wish(failure))
    }

    fn doubled(&self, times: u32) -> Duration {
        let factor = 2_u32.saturating_pow(times.saturating_sub(1));
        self.limits.backoff.saturating_mul(factor)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.locked.fetch_add(1, Ordering::Relaxed);
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long the server wants to be left alone, within reason.
fn wish(failure: &FetchFailure) -> Duration {
    failure.retry_after().unwrap_or_default().min(LONGEST_WISH)
}

impl Inner {
    fn pause_left(&self, cause: FetchCause, now: Duration) -> Duration {
        match cause {
            FetchCause::Renewal => self.not_before.saturating_sub(now),
            _ => self.needed_not_before.saturating_sub(now),
        }
    }

    /// Pays for a fetch; otherwise says how long until it can be paid.
    fn afford(&mut self, cause: FetchCause, now: Duration) -> Result<(), Duration> {
        if let Some(wait) = self.ceiling.wait(now) {
            return Err(wait);
        }
        match cause {
            FetchCause::UnknownKeyId => self.unknown_kids.take(now),
            FetchCause::BadSignature => self.bad_signatures.take(now),
            FetchCause::Cold | FetchCause::Renewal => Ok(()),
        }
    }

    /// Whether a key id is unknown can be said only if the server has answered the last time it was asked.
    fn refuse(&self, cause: FetchCause, wait: Duration) -> Next {
        let failure = match &self.last_failure {
            Some(failure) => failure.clone(),
            None if self.last_forced > self.completed => FetchFailure::Cancelled,
            None => return Next::OverBudget { wait },
        };
        match cause {
            FetchCause::UnknownKeyId => Next::Wait { failure, wait },
            _ => Next::OverBudget { wait },
        }
    }

    fn start(&mut self, cause: FetchCause, now: Duration) -> Next {
        if self.in_flight.is_some() {
            // Given up: it takes longer than it may.
            self.lost = self.lost.saturating_add(1);
        }
        let (sender, receiver) = watch::channel(None);
        self.started += 1;
        let number = self.started;
        if cause == FetchCause::UnknownKeyId {
            self.last_forced = number;
        }
        self.in_flight = Some(InFlight {
            receiver,
            number,
            since: now,
            cause,
        });
        Next::Start { sender, number }
    }

    fn is_current(&self, number: u64) -> bool {
        self.in_flight
            .as_ref()
            .is_some_and(|flight| flight.number == number)
    }

    /// Takes this fetch off the list and says why it was started; `None` where it was given up and another has taken
    /// its place.
    fn clear(&mut self, number: u64) -> Option<FetchCause> {
        if !self.is_current(number) {
            return None;
        }
        self.in_flight.take().map(|flight| flight.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three fetches that were cut off are given back to the budget of two, so that there are five. Then it can't be said
    /// that a key id is unknown, for the server has not answered.
    #[test]
    fn fetches_that_were_cut_off_are_given_back_three_times() {
        let options = JwksOptions {
            jitter_seed: Some(7),
            ..JwksOptions::default()
        };
        let state = State::new(&options);
        let ask = || state.ask(FetchCause::UnknownKeyId, Duration::ZERO, 0);
        for fetch in 1..=5 {
            let Next::Start { number, .. } = ask() else {
                panic!("fetch {fetch} is not started");
            };
            assert!(state.cancelled(number).is_some());
        }
        let Next::Wait { failure, wait } = ask() else {
            panic!("it is not said why");
        };
        assert!(matches!(failure, FetchFailure::Cancelled));
        assert!(wait > Duration::ZERO);
    }

    /// While there are keys a renewal can wait, up to the longest pause; who needs a key waits no longer than at a cold start.
    #[test]
    fn renewals_wait_longer_than_who_needs_a_key() {
        let options = JwksOptions {
            jitter_seed: Some(7),
            ..JwksOptions::default()
        };
        let state = State::new(&options);
        let mut now = Duration::ZERO;
        for _ in 0..8 {
            let Next::Start { number, .. } = state.ask(FetchCause::Renewal, now, 0) else {
                panic!("the pause is over");
            };
            let pause = state.failed(number, &FetchFailure::Panicked, now, true, || false);
            let left = |cause| state.pause_left(cause, now).unwrap_or_default();
            assert_eq!(left(FetchCause::Renewal), pause.unwrap());
            assert_eq!(
                left(FetchCause::UnknownKeyId),
                pause.unwrap().min(options.max_cold_backoff)
            );
            now += pause.unwrap();
        }
        assert!(now > options.max_cold_backoff * 8, "some pauses are longer");
    }

    /// A fetch ends itself when its time is up; one that has not told so a second later never will.
    #[test]
    fn a_fetch_is_given_up_for_lost_a_second_after_its_time_is_up() {
        let options = JwksOptions::default();
        let state = State::new(&options);
        let ask = |now| state.ask(FetchCause::Cold, now, 0);
        let lost = options.timeout + Duration::from_secs(1);
        assert!(matches!(ask(Duration::ZERO), Next::Start { .. }));
        assert!(matches!(
            ask(lost - Duration::from_nanos(1)),
            Next::Join { .. }
        ));
        assert!(matches!(ask(lost), Next::Start { .. }));
    }

    /// Less up to half at random, so some of two hundred are nearly a day.
    #[test]
    fn no_pause_is_longer_than_a_day_whatever_the_options_say() {
        let day = Duration::from_secs(86_400);
        let pause = |seed: u64, have_keys: bool| {
            let state = State::new(&JwksOptions {
                backoff: Duration::MAX,
                max_backoff: Duration::MAX,
                max_cold_backoff: Duration::MAX,
                jitter_seed: Some(seed),
                ..JwksOptions::default()
            });
            let Next::Start { number, .. } = state.ask(FetchCause::Cold, Duration::ZERO, 0) else {
                panic!("it is not started");
            };
            let failure = FetchFailure::Panicked;
            let pause = state.failed(number, &failure, Duration::ZERO, have_keys, || false);
            pause.unwrap()
        };
        for have_keys in [false, true] {
            let mut pauses: Vec<Duration> = (0..200).map(|seed| pause(seed, have_keys)).collect();
            pauses.sort_unstable();
            let (least, most) = (pauses[0], pauses[199]);
            assert!(least >= day / 2 && least < day * 51 / 100, "{least:?}");
            assert!(most <= day && most > day * 99 / 100, "{most:?}");
        }
    }
}

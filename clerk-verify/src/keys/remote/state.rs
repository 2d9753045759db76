//! Whether a fetch may start now. Nothing is started, logged or awaited under its lock.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use super::{FetchFailure, JwksOptions, flight::Outcome};

/// How many fetches for an unknown key id may get lost in a row before the next has to wait its turn.
const MAX_LOST: u32 = 3;

/// How much longer than its time limit a fetch may seem to take before it is given up for lost, as when the
/// runtime that it runs in is not driven any more.
const GRACE: Duration = Duration::from_secs(1);

pub(super) struct State {
    limits: JwksOptions,
    inner: Mutex<Inner>,
}

#[derive(Default)]
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
    /// When the last fetch for an unknown key id began, and its number.
    last_forced: Option<(Duration, u64)>,
    last_failure: Option<FetchFailure>,
}

struct InFlight {
    receiver: watch::Receiver<Outcome>,
    number: u64,
    since: Duration,
}

/// What to do.
pub(super) enum Next {
    /// Wait for the fetch under way.
    Join(watch::Receiver<Outcome>),
    /// Start this one.
    Start {
        sender: watch::Sender<Outcome>,
        number: u64,
    },
    /// Nothing: the keys at hand are the answer.
    Final,
    /// Nothing yet: the last fetch failed.
    Wait {
        failure: FetchFailure,
        wait: Duration,
    },
}

impl State {
    pub(super) fn new(limits: &JwksOptions) -> Self {
        Self {
            limits: limits.clone(),
            inner: Mutex::default(),
        }
    }

    /// For keys that are due: nobody waits, so one fetch under way is enough. `seen` is the number of the
    /// keys that the caller has looked at.
    pub(super) fn renew(&self, now: Duration, seen: u64) -> Next {
        let mut inner = self.lock();
        let early = now < inner.not_before || inner.installed > seen;
        if early || self.under_way(&inner, now).is_some() {
            return Next::Final;
        }
        start(&mut inner, now)
    }

    /// For a key id that is not among the keys numbered `seen`, of which there are none, or none that are
    /// still good, unless `have_keys`.
    pub(super) fn obtain(&self, now: Duration, seen: u64, have_keys: bool) -> Next {
        let mut inner = self.lock();
        // A fetch has landed since the caller looked. It came after the request did, so it has the last word.
        if inner.installed > seen {
            return Next::Final;
        }
        if let Some(receiver) = self.under_way(&inner, now) {
            return Next::Join(receiver);
        }
        let pause = inner.not_before.saturating_sub(now);
        if let (Some(failure), false) = (&inner.last_failure, pause.is_zero()) {
            let failure = failure.clone();
            return Next::Wait {
                failure,
                wait: pause,
            };
        }
        if have_keys {
            let left = inner.last_forced.map_or(Duration::ZERO, |(last, _)| {
                let since = now.saturating_sub(last);
                self.limits.unknown_kid_interval.saturating_sub(since)
            });
            let answered = inner
                .last_forced
                .is_none_or(|(_, number)| number <= inner.completed);
            match &inner.last_failure {
                _ if left.is_zero() => {}
                // The key id may be new; as long as the server fails, nobody can tell.
                Some(failure) => {
                    let failure = failure.clone();
                    return Next::Wait {
                        failure,
                        wait: left,
                    };
                }
                None if answered => return Next::Final,
                // The last one got no answer, so the question is still open.
                None if inner.lost < MAX_LOST => {}
                None => {
                    let failure = FetchFailure::Cancelled;
                    return Next::Wait {
                        failure,
                        wait: left,
                    };
                }
            }
            inner.last_forced = Some((now, inner.started + 1));
        }
        start(&mut inner, now)
    }

    /// Has the keys of this fetch installed, unless a later one was faster. Under the lock, so that nobody
    /// finds the fetch gone and its keys not yet there.
    pub(super) fn succeeded(&self, number: u64, install: impl FnOnce()) -> bool {
        let mut inner = self.lock();
        clear(&mut inner, number);
        if number < inner.installed {
            return false;
        }
        install();
        inner.installed = number;
        inner.completed = inner.completed.max(number);
        inner.failed = 0;
        inner.lost = 0;
        inner.not_before = Duration::ZERO;
        inner.last_failure = None;
        true
    }

    /// The pause after a failed fetch, and how many have failed in a row; `None` where it was given up before, and
    /// another has taken its place.
    pub(super) fn failed(
        &self,
        number: u64,
        failure: &FetchFailure,
        now: Duration,
        have_keys: bool,
    ) -> Option<(Duration, u32)> {
        let mut inner = self.lock();
        if !clear(&mut inner, number) {
            return None;
        }
        inner.completed = inner.completed.max(number);
        inner.failed = inner.failed.saturating_add(1);
        inner.lost = 0;
        let pause = self.pause(inner.failed, failure, have_keys);
        inner.not_before = now.saturating_add(pause);
        inner.last_failure = Some(failure.clone());
        Some((pause, inner.failed))
    }

    /// A fetch that was cut off says nothing about the server. The pause before the next renewal, unless another
    /// has taken its place.
    pub(super) fn cancelled(&self, number: u64) -> Option<Duration> {
        let mut inner = self.lock();
        clear(&mut inner, number).then(|| {
            inner.lost = inner.lost.saturating_add(1);
            self.doubled(inner.lost).min(self.limits.max_backoff)
        })
    }

    /// Whether this fetch is still the one that everybody waits for.
    pub(super) fn is_current(&self, number: u64) -> bool {
        is_current(&self.lock(), number)
    }

    pub(super) fn pause_left(&self, now: Duration) -> Option<Duration> {
        let left = self.lock().not_before.saturating_sub(now);
        (!left.is_zero()).then_some(left)
    }

    pub(super) fn last_failure(&self) -> Option<FetchFailure> {
        self.lock().last_failure.clone()
    }

    /// After how long a fetch is given up for lost.
    pub(super) fn overdue(&self) -> Duration {
        self.limits.timeout.saturating_add(GRACE)
    }

    fn under_way(&self, inner: &Inner, now: Duration) -> Option<watch::Receiver<Outcome>> {
        let flight = inner.in_flight.as_ref()?;
        let overdue = now.saturating_sub(flight.since) >= self.overdue();
        (!overdue).then(|| flight.receiver.clone())
    }

    /// Doubles with each failure; the server's own wish wins, within reason.
    fn pause(&self, failed: u32, failure: &FetchFailure, have_keys: bool) -> Duration {
        if let Some(wish) = failure.retry_after() {
            return wish.clamp(Duration::from_secs(1), Duration::from_secs(300));
        }
        let most = if have_keys {
            self.limits.max_backoff
        } else {
            self.limits.max_cold_backoff
        };
        self.doubled(failed).min(most)
    }

    fn doubled(&self, times: u32) -> Duration {
        let factor = 2_u32.saturating_pow(times.saturating_sub(1));
        self.limits.backoff.saturating_mul(factor)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn start(inner: &mut Inner, now: Duration) -> Next {
    if inner.in_flight.is_some() {
        // Given up: it takes longer than it may.
        inner.lost = inner.lost.saturating_add(1);
    }
    let (sender, receiver) = watch::channel(None);
    inner.started += 1;
    let number = inner.started;
    inner.in_flight = Some(InFlight {
        receiver,
        number,
        since: now,
    });
    Next::Start { sender, number }
}

fn is_current(inner: &Inner, number: u64) -> bool {
    inner
        .in_flight
        .as_ref()
        .is_some_and(|flight| flight.number == number)
}

/// Takes this fetch off the list, unless it was given up and another has taken its place.
fn clear(inner: &mut Inner, number: u64) -> bool {
    let current = is_current(inner, number);
    if current {
        inner.in_flight = None;
    }
    current
}

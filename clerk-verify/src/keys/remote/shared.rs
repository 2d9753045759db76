//! What readers, fetches and timers of one key source share.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime},
};

use tokio::sync::watch;

use super::{
    AnyFetcher, Endpoint, FetchCause, Hook, JwksOptions, KeyEvent, KeySearch, Snapshot,
    absent::AbsentKids,
    discovery::Discovered,
    events::Observer,
    flight::{Flight, Outcome},
    snapshot::Moment,
    state::{Next, State},
    status::Counters,
    tasks::Tasks,
};
use crate::{
    algorithm::Algorithm,
    clock::Clock,
    keys::key_set::KeySet,
    sync::{ArcSwapOption, AtomicU64, spawn},
};

/// What a key source is made of.
pub(crate) struct Setup {
    pub(crate) fetcher: Arc<dyn AnyFetcher>,
    pub(crate) endpoint: Endpoint,
    pub(crate) options: JwksOptions,
    pub(crate) algorithms: Arc<[Algorithm]>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) events: Option<Arc<Hook>>,
    pub(crate) seed: Option<Seed>,
}

/// Keys from an earlier run.
pub(crate) struct Seed {
    pub(crate) keys: KeySet,
    /// The set as it was published.
    pub(crate) text: Arc<str>,
    pub(crate) fetched_at: SystemTime,
}

pub(super) struct Shared {
    pub(super) fetcher: Arc<dyn AnyFetcher>,
    pub(super) endpoint: Endpoint,
    pub(super) options: JwksOptions,
    pub(super) algorithms: Arc<[Algorithm]>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observer: Observer,
    pub(super) snapshot: ArcSwapOption<Snapshot>,
    pub(super) state: State,
    pub(super) tasks: Tasks,
    pub(super) absent: AbsentKids,
    pub(super) counters: Counters,
    pub(super) last_error: ArcSwapOption<String>,
    /// These spare readers the lock of `state`; all are milliseconds of the monotonic clock.
    not_before: NotBefore,
    /// Where an OpenID configuration is read: the address that it named.
    pub(super) discovered: Discovered,
}

/// Until when nothing is to be started.
#[derive(Default)]
struct NotBefore {
    /// A renewal: one is under way, or has failed.
    renewal: AtomicU64,
    /// A fetch for a bad signature.
    recheck: AtomicU64,
}

impl Shared {
    pub(super) fn new(setup: Setup) -> Self {
        let now = Moment {
            monotonic: setup.clock.monotonic(),
            wall: setup.clock.now(),
        };
        let options = &setup.options;
        let seed = setup
            .seed
            .map(|seed| Arc::new(Snapshot::seed(seed, now, options)));
        if seed
            .as_ref()
            .is_some_and(|seed| now.monotonic >= seed.expires_at())
        {
            tracing::warn!(
                target: "clerk_verify::keys",
                "the seed is older than `ttl` and `max_stale` allow, so it is not used"
            );
        }
        Self {
            state: State::new(&setup.options),
            tasks: Tasks::default(),
            absent: AbsentKids::new(setup.options.absent_kids, setup.options.absent_kid_ttl),
            observer: Observer::new(setup.endpoint.label(), setup.events),
            fetcher: setup.fetcher,
            endpoint: setup.endpoint,
            options: setup.options,
            algorithms: setup.algorithms,
            clock: setup.clock,
            snapshot: ArcSwapOption::new(seed),
            counters: Counters::default(),
            last_error: ArcSwapOption::empty(),
            not_before: NotBefore::default(),
            discovered: Discovered::default(),
        }
    }

    pub(super) fn is_usable(&self, snapshot: &Snapshot, now: Duration) -> bool {
        now < snapshot.expires_at()
    }

    /// The keys at hand, if they are still good.
    pub(super) fn usable(&self, now: Duration) -> Option<Arc<Snapshot>> {
        let snapshot = self.snapshot.load_full()?;
        self.is_usable(&snapshot, now).then_some(snapshot)
    }

    /// Starts a fetch that nobody waits for, unless the state says no, and says how long no other should be tried.
    /// `seen` is the number of the keys at hand. Must be called within a runtime.
    pub(super) fn start(self: &Arc<Self>, cause: FetchCause, now: Duration, seen: u64) -> Duration {
        match self.state.ask(cause, now, seen) {
            Next::Start { sender, number } => {
                self.launch(cause, sender, number);
                self.state.overdue()
            }
            Next::OverBudget { wait } | Next::Wait { wait, .. } => {
                if cause == FetchCause::Renewal {
                    self.renew_not_before(now.saturating_add(wait));
                }
                wait
            }
            Next::Join { .. } => self.state.overdue(),
            Next::Final => Duration::ZERO,
        }
    }

    /// Starts a fetch that the state has allowed. Must be called within a runtime, and without the state's lock: a
    /// runtime that is shutting down drops the task, and with it the flight, before `spawn` returns.
    pub(super) fn launch(
        self: &Arc<Self>,
        cause: FetchCause,
        sender: watch::Sender<Outcome>,
        number: u64,
    ) -> watch::Receiver<Outcome> {
        let receiver = sender.subscribe();
        let asked = Moment {
            monotonic: self.clock.monotonic(),
            wall: self.clock.now(),
        };
        self.counters.fetch();
        // No renewal before this one is overdue.
        self.renew_not_before(asked.monotonic.saturating_add(self.state.overdue()));
        let flight = Flight::new(Arc::clone(self), sender, number, cause, asked);
        let task = spawn(flight.run());
        self.tasks.keep_flight(task.abort_handle());
        receiver
    }

    /// Puts these keys into use.
    pub(super) fn install(&self, snapshot: Arc<Snapshot>) {
        self.snapshot.store(Some(snapshot));
        self.last_error.store(None);
        self.renew_not_before(Duration::ZERO);
    }

    /// The server says that there are no keys, in the fetch of this number: those at hand, if there are any, have a
    /// while left. Called under the state's lock.
    pub(super) fn keys_are_withdrawn(&self, now: Duration, number: u64) -> bool {
        let Some(snapshot) = self.snapshot.load_full() else {
            return false;
        };
        let until = now.saturating_add(self.options.max_empty);
        let withdrawn = snapshot.withdrawn(until, number);
        self.snapshot.store(Some(Arc::new(withdrawn)));
        true
    }

    pub(super) fn renewal_in(&self, now: Duration) -> Duration {
        left(self.not_before.renewal.load(Ordering::Relaxed), now)
    }

    pub(super) fn renew_not_before(&self, time: Duration) {
        self.not_before
            .renewal
            .store(millis_up(time), Ordering::Relaxed);
    }

    pub(super) fn recheck_in(&self, now: Duration) -> Duration {
        left(self.not_before.recheck.load(Ordering::Acquire), now)
    }

    pub(super) fn recheck_not_before(&self, time: Duration) {
        self.not_before
            .recheck
            .fetch_max(millis_up(time), Ordering::Release);
    }

    /// After a fetch for a bad signature there is none for a while.
    pub(super) fn keep_rechecks_apart(&self, cause: FetchCause, asked: Duration) {
        if cause == FetchCause::BadSignature {
            self.recheck_not_before(asked.saturating_add(self.options.bad_signature_interval));
        }
    }

    pub(super) fn tell_search(&self, cause: FetchCause, result: KeySearch) {
        self.observer
            .tell(&KeyEvent::KeyLookedFor { cause, result });
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Rounded up, so that a wait by it is long enough.
fn millis_up(time: Duration) -> u64 {
    millis(time.saturating_add(Duration::from_nanos(999_999)))
}

fn left(until: u64, now: Duration) -> Duration {
    Duration::from_millis(until).saturating_sub(now)
}

/// On threads as they are; under Miri also on memory that is as weak as Rust allows.
#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use std::{thread, time::UNIX_EPOCH};

    use super::*;
    use crate::{
        FetchError, FetchRequest, FetchResponse, Fetcher, FixedClock,
        keys::remote::snapshot::Content,
    };

    const ROUNDS: u64 = if cfg!(miri) { 4 } else { 2_000 };

    struct Nobody;

    impl Fetcher for Nobody {
        async fn fetch(&self, _: FetchRequest) -> Result<FetchResponse, FetchError> {
            Err(FetchError::new("nobody is there"))
        }
    }

    fn shared() -> Shared {
        let url = "https://keys.example.test/jwks.json".parse().unwrap();
        Shared::new(Setup {
            fetcher: Arc::new(Nobody),
            endpoint: Endpoint::public(url),
            options: JwksOptions::default(),
            algorithms: [Algorithm::RS256].into(),
            clock: Arc::new(FixedClock::at_unix(0)),
            events: None,
            seed: None,
        })
    }

    fn keys(generation: u64) -> Arc<Snapshot> {
        let content = Content {
            keys: Arc::default(),
            text: generation.to_string().into(),
            generation,
            validators: Default::default(),
            lifetime: None,
        };
        let asked = Moment {
            monotonic: Duration::ZERO,
            wall: UNIX_EPOCH,
        };
        let options = JwksOptions::default();
        Arc::new(Snapshot::fetched(content, generation, asked, &options, 0.0))
    }

    #[test]
    fn readers_see_whole_sets_of_keys_and_never_an_earlier_one_after_a_later() {
        let shared = shared();
        thread::scope(|scope| {
            scope.spawn(|| (1..=ROUNDS).for_each(|generation| shared.install(keys(generation))));
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut last = 0;
                    for _ in 0..ROUNDS {
                        let Some(seen) = shared.usable(Duration::ZERO) else {
                            assert_eq!(last, 0);
                            continue;
                        };
                        assert_eq!(*seen.text, *seen.generation.to_string());
                        assert!(seen.generation >= last, "{} after {last}", seen.generation);
                        last = seen.generation;
                    }
                });
            }
        });
    }
}

//! What readers, fetches and timers of one key source share.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use ::url::Url;
use arc_swap::{ArcSwapOption, Guard};
use tokio::sync::watch;

use super::{
    AnyFetcher, Endpoint, FetchCause, JwksOptions, KeyEvent, KeyEvents, KeySearch, Snapshot,
    absent::AbsentKids,
    events::Observer,
    flight::{Flight, Outcome},
    snapshot::Moment,
    state::{Next, State},
};
use crate::{
    algorithm::Algorithm,
    clock::Clock,
    keys::{KeySourceState, KeySourceStatus, key_set::KeySet},
};

/// What a key source is made of.
pub(crate) struct Setup {
    pub(crate) fetcher: Arc<dyn AnyFetcher>,
    pub(crate) endpoint: Endpoint,
    pub(crate) options: JwksOptions,
    pub(crate) algorithms: Arc<[Algorithm]>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) events: Option<Arc<dyn KeyEvents>>,
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
    pub(super) absent: AbsentKids,
    pub(super) counters: Counters,
    pub(super) last_error: ArcSwapOption<String>,
    /// These spare readers the lock of `state`; all are milliseconds of the monotonic clock.
    not_before: NotBefore,
    /// The address that an OpenID configuration named, and until when it is believed.
    keys_url: Mutex<Option<(Url, Duration)>>,
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
        Self {
            state: State::new(&setup.options),
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
            keys_url: Mutex::new(None),
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

    /// Starts a renewal, unless the state says no; then readers do not ask again before it is time. `seen` is the
    /// number of the keys that are due. Nobody waits for it. Must be called within a runtime.
    pub(super) fn renew(self: &Arc<Self>, now: Duration, seen: u64) {
        match self.state.ask(FetchCause::Renewal, now, seen) {
            Next::Start { sender, number } => {
                self.launch(FetchCause::Renewal, sender, number);
            }
            Next::OverBudget { wait } | Next::Wait { wait, .. } => {
                self.renew_not_before(now.saturating_add(wait));
            }
            Next::Join { .. } | Next::Final => {}
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
        self.counters.fetches.fetch_add(1, Ordering::Relaxed);
        // No renewal before this one is overdue.
        self.renew_not_before(asked.monotonic.saturating_add(self.state.overdue()));
        let flight = Flight::new(Arc::clone(self), sender, number, cause, asked);
        let task = tokio::spawn(flight.run());
        self.state.keep_task(task.abort_handle());
        receiver
    }

    /// Puts these keys into use.
    pub(super) fn install(&self, snapshot: Arc<Snapshot>) {
        self.snapshot.store(Some(snapshot));
        self.last_error.store(None);
        self.renew_not_before(Duration::ZERO);
    }

    /// The server says that there are no keys: those at hand have a while left. Called under the state's lock.
    pub(super) fn keys_are_withdrawn(&self, now: Duration) {
        if let Some(snapshot) = self.snapshot.load_full() {
            let until = now.saturating_add(self.options.max_empty);
            self.snapshot
                .store(Some(Arc::new(snapshot.withdrawn(until))));
        }
    }

    pub(super) fn renewal_in(&self, now: Duration) -> Duration {
        left(&self.not_before.renewal, now)
    }

    pub(super) fn renew_not_before(&self, time: Duration) {
        self.not_before
            .renewal
            .store(millis_up(time), Ordering::Relaxed);
    }

    pub(super) fn recheck_in(&self, now: Duration) -> Duration {
        left(&self.not_before.recheck, now)
    }

    pub(super) fn recheck_not_before(&self, time: Duration) {
        self.not_before
            .recheck
            .fetch_max(millis_up(time), Ordering::Relaxed);
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

    pub(super) fn known_keys_url(&self, now: Duration) -> Option<Url> {
        let known = self.keys_url.lock().unwrap_or_else(PoisonError::into_inner);
        let (url, until) = known.as_ref()?;
        (now < *until).then(|| url.clone())
    }

    pub(super) fn remember_keys_url(&self, url: Url, until: Duration) {
        *self.keys_url.lock().unwrap_or_else(PoisonError::into_inner) = Some((url, until));
    }

    /// Keys that can't be had from there may have moved.
    pub(super) fn forget_keys_url(&self) {
        *self.keys_url.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) fn state_of_keys(&self, now: Duration) -> KeySourceState {
        state_of(self, &self.snapshot.load(), now)
    }

    pub(super) fn status(&self) -> KeySourceStatus {
        let now = self.clock.monotonic();
        let guard = self.snapshot.load();
        let state = state_of(self, &guard, now);
        let snapshot = guard.as_ref();
        KeySourceStatus {
            source: Some(Arc::clone(self.observer.source())),
            issuers: Arc::default(),
            state,
            ready: matches!(state, KeySourceState::Fresh | KeySourceState::Stale),
            keys: snapshot.map_or(0, |snapshot| snapshot.keys.len()),
            generation: snapshot.map_or(0, |snapshot| snapshot.generation),
            age: snapshot.map(|snapshot| snapshot.age(now)),
            expires_in: snapshot.map(|snapshot| snapshot.expires_at().saturating_sub(now)),
            fetches: self.counters.fetches.load(Ordering::Relaxed),
            requests: self.counters.requests.load(Ordering::Relaxed),
            failures: self.counters.failures.load(Ordering::Relaxed),
            changes: self.counters.changes.load(Ordering::Relaxed),
            absent_key_ids: self.absent.len(),
            locks: self.state.locked(),
            last_error: self.last_error.load().as_deref().cloned(),
        }
    }
}

fn state_of(
    shared: &Shared,
    guard: &Guard<Option<Arc<Snapshot>>>,
    now: Duration,
) -> KeySourceState {
    match guard.as_ref() {
        None => KeySourceState::Empty,
        Some(snapshot) if !shared.is_usable(snapshot, now) => KeySourceState::Expired,
        Some(snapshot) if snapshot.is_fresh(now) => KeySourceState::Fresh,
        Some(_) => KeySourceState::Stale,
    }
}

/// What has happened so far.
#[derive(Default)]
pub(super) struct Counters {
    fetches: AtomicU64,
    requests: AtomicU64,
    failures: AtomicU64,
    changes: AtomicU64,
}

impl Counters {
    pub(super) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failure(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn success(&self, changed: bool) {
        if changed {
            self.changes.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Rounded up, so that a wait by it is long enough.
fn millis_up(time: Duration) -> u64 {
    millis(time.saturating_add(Duration::from_nanos(999_999)))
}

fn left(until: &AtomicU64, now: Duration) -> Duration {
    let until = Duration::from_millis(until.load(Ordering::Relaxed));
    until.saturating_sub(now)
}

//! Keys that are fetched: kept, renewed before they age, and never fetched twice at once.
//!
//! Readers load one pointer and one number, and never lock. Fetches run in tasks of their own, so that no
//! request that goes away takes a fetch with it. What is decided when:
//!
//! | keys | key id known | key id unknown |
//! |---|---|---|
//! | none yet, or expired | wait for the fetch; while backing off fail at once | the same |
//! | fresh | use | one forced fetch in `unknown_kid_interval`, otherwise unknown |
//! | past 80 % of `ttl`, or stale | use, and renew in the background | the same; unavailable if the last fetch failed |

mod fetch;
mod flight;
mod options;
mod state;
mod url;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use reqwest::Client;
use tokio::{runtime::Handle, sync::watch, time::Instant};

pub use self::options::JwksOptions;
pub(crate) use self::{
    fetch::{Endpoint, FetchFailure, default_client},
    url::{base_url, key_url},
};
use self::{
    flight::{Flight, Outcome},
    state::{Next, State},
};
use super::{
    KeySourceState, KeySourceStatus,
    key_set::KeySet,
    source::{Candidates, Lookup},
};
use crate::{algorithm::Algorithm, clock::Clock, error::Kind};

/// A remote key source. Clones share it.
#[derive(Clone)]
pub(crate) struct RemoteKeys(Arc<Shared>);

/// Keys as they were fetched. Never changes.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) keys: KeySet,
    fetched_at: Duration,
    /// Of the fetch that brought them, from 1.
    number: u64,
}

struct Shared {
    client: Client,
    endpoint: Endpoint,
    options: JwksOptions,
    algorithms: Arc<[Algorithm]>,
    clock: Arc<dyn Clock>,
    snapshot: ArcSwapOption<Snapshot>,
    /// Until when keys that are due are not renewed all the same (a fetch is under way, or has failed), in
    /// milliseconds of the monotonic clock: spares readers the lock of `state`.
    renew_from: AtomicU64,
    state: State,
    fetches: AtomicU64,
    failures: AtomicU64,
}

impl RemoteKeys {
    pub(crate) fn new(
        client: Client,
        endpoint: Endpoint,
        options: JwksOptions,
        algorithms: Arc<[Algorithm]>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Shared {
            client,
            endpoint,
            state: State::new(&options),
            options,
            algorithms,
            clock,
            snapshot: ArcSwapOption::empty(),
            renew_from: AtomicU64::new(0),
            fetches: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }))
    }

    /// Looks among the keys at hand; starts renewing them when they are due. Never waits.
    pub(crate) fn lookup(&self, key_id: &str) -> Lookup<'_> {
        let now = self.0.clock.monotonic();
        let guard = self.0.snapshot.load();
        let Some(snapshot) = guard
            .as_ref()
            .filter(|snapshot| self.0.is_usable(snapshot, now))
        else {
            return Lookup::NoKeys;
        };
        let due = now.saturating_sub(snapshot.fetched_at) >= self.0.options.ttl.mul_f64(RENEW_AT);
        let early = millis(now) < self.0.renew_from.load(Ordering::Relaxed);
        if due && !early && Handle::try_current().is_ok() {
            let next = self.0.state.renew(now, snapshot.number);
            // Nobody waits for it.
            let _ = self.follow(next, now);
        }
        if snapshot.keys.get(key_id).is_empty() {
            Lookup::Fetch
        } else {
            Lookup::Found(Candidates::Fetched(guard))
        }
    }

    /// Joins the fetch under way, or starts one if that is allowed now, and waits for it. `Ok` means that
    /// a lookup now gives the final answer.
    pub(crate) async fn obtain(&self, key_id: &str) -> Result<(), Kind> {
        self.fetch_unless(|keys| !keys.get(key_id).is_empty()).await
    }

    /// Waits until there are keys.
    pub(crate) async fn ready(&self) -> Result<(), Kind> {
        self.fetch_unless(|_| true).await
    }

    async fn fetch_unless(&self, at_hand: impl Fn(&KeySet) -> bool) -> Result<(), Kind> {
        if Handle::try_current().is_err() {
            return Err(no_runtime());
        }
        let deadline = Instant::now() + self.0.options.cold_wait.min(MAX_WAIT);
        // A fetch whose runtime ends says nothing about the server; once more, then, in this one.
        for _ in 0..2 {
            let now = self.0.clock.monotonic();
            let guard = self.0.snapshot.load();
            let usable = guard
                .as_ref()
                .filter(|snapshot| self.0.is_usable(snapshot, now));
            let seen = guard.as_ref().map_or(0, |snapshot| snapshot.number);
            if usable.is_some_and(|snapshot| at_hand(&snapshot.keys)) {
                return Ok(());
            }
            let next = self.0.state.obtain(now, seen, usable.is_some());
            drop(guard);
            let Some(flight) = self.follow(next, now)? else {
                return Ok(());
            };
            let outcome = wait(flight, deadline).await;
            // Another fetch may have brought the key while this one failed.
            if self
                .usable()
                .is_some_and(|snapshot| at_hand(&snapshot.keys))
            {
                return Ok(());
            }
            match outcome {
                Some(Ok(())) => return Ok(()),
                Some(Err(FetchFailure::Cancelled)) => {}
                Some(Err(failure)) => {
                    let pause = self.0.state.pause_left(self.0.clock.monotonic());
                    return Err(unavailable(&failure, pause));
                }
                None => return Err(too_slow()),
            }
        }
        Err(unavailable(&FetchFailure::Cancelled, None))
    }

    /// The keys at hand, if they are still good.
    fn usable(&self) -> Option<Arc<Snapshot>> {
        let now = self.0.clock.monotonic();
        let snapshot = self.0.snapshot.load_full()?;
        self.0.is_usable(&snapshot, now).then_some(snapshot)
    }

    pub(crate) fn status(&self) -> KeySourceStatus {
        let now = self.0.clock.monotonic();
        let guard = self.0.snapshot.load();
        let age = guard
            .as_ref()
            .map(|snapshot| now.saturating_sub(snapshot.fetched_at));
        let state = match (&*guard, age) {
            (Some(snapshot), _) if !self.0.is_usable(snapshot, now) => KeySourceState::Expired,
            (Some(_), Some(age)) if age >= self.0.options.ttl => KeySourceState::Stale,
            (Some(_), _) => KeySourceState::Fresh,
            (None, _) => KeySourceState::Empty,
        };
        KeySourceStatus {
            state,
            ready: matches!(state, KeySourceState::Fresh | KeySourceState::Stale),
            keys: guard.as_ref().map_or(0, |snapshot| snapshot.keys.len()),
            age,
            fetches: self.0.fetches.load(Ordering::Relaxed),
            failures: self.0.failures.load(Ordering::Relaxed),
            last_error: self
                .0
                .state
                .last_failure()
                .map(|failure| failure.to_string()),
        }
    }

    /// Does what the state has decided. Must be called within a runtime, and without its lock: a runtime that
    /// is shutting down drops the task, and with it the flight, before `spawn` returns.
    fn follow(&self, next: Next, now: Duration) -> Result<Option<watch::Receiver<Outcome>>, Kind> {
        match next {
            Next::Join(flight) => Ok(Some(flight)),
            Next::Start { sender, number } => {
                let receiver = sender.subscribe();
                self.0.fetches.fetch_add(1, Ordering::Relaxed);
                // No renewal before this one is overdue.
                let overdue = now.saturating_add(self.0.state.overdue());
                self.0.renew_not_before(overdue);
                let flight = Flight::new(Arc::clone(&self.0), sender, number, now);
                tokio::spawn(flight.run());
                Ok(Some(receiver))
            }
            Next::Final => Ok(None),
            Next::Wait { failure, wait } => Err(unavailable(&failure, Some(wait))),
        }
    }
}

/// `None` where it takes too long.
async fn wait(mut flight: watch::Receiver<Outcome>, deadline: Instant) -> Outcome {
    let landed = flight.wait_for(Option::is_some);
    match tokio::time::timeout_at(deadline, landed).await {
        Ok(Ok(outcome)) => outcome.clone(),
        Ok(Err(_)) => Some(Err(FetchFailure::Cancelled)),
        Err(_) => None,
    }
}

/// Nobody waits longer, whatever `cold_wait` says; a deadline must be a moment that exists.
const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// From which part of `ttl` on keys are renewed.
const RENEW_AT: f64 = 0.8;

impl Shared {
    /// Keeps lookups from thinking of renewing until then.
    fn renew_not_before(&self, time: Duration) {
        self.renew_from.store(millis(time), Ordering::Relaxed);
    }

    fn is_usable(&self, snapshot: &Snapshot, now: Duration) -> bool {
        let lifetime = self.options.ttl.saturating_add(self.options.max_stale);
        now.saturating_sub(snapshot.fetched_at) < lifetime
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeys")
            .field("url", &self.0.endpoint.url.as_str())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn unavailable(failure: &FetchFailure, retry_after: Option<Duration>) -> Kind {
    match failure {
        &FetchFailure::SecretKey { status } => Kind::SecretKeyRejected {
            status,
            retry_after,
        },
        failure => Kind::KeysUnavailable {
            detail: failure.to_string(),
            retry_after,
            source: Some(Arc::new(failure.clone())),
        },
    }
}

fn too_slow() -> Kind {
    Kind::KeysUnavailable {
        detail: "the key server has not answered yet".to_owned(),
        retry_after: Some(Duration::from_secs(1)),
        source: None,
    }
}

fn no_runtime() -> Kind {
    Kind::KeysUnavailable {
        detail: "there is no tokio runtime to fetch them in; call this from within one".to_owned(),
        retry_after: None,
        source: None,
    }
}

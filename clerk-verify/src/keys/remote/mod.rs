//! Keys that are fetched: kept, renewed before they age, and never fetched twice at once.
//!
//! Readers load one pointer and never lock. Fetches run in tasks of their own, so that no request that
//! goes away takes a fetch with it. What is decided when:
//!
//! | keys | key id known | key id unknown |
//! |---|---|---|
//! | none yet, or expired | wait for the fetch; while backing off fail at once | the same |
//! | fresh | use | one forced fetch in `unknown_kid_interval`, otherwise unknown |
//! | past 80 % of `ttl`, or stale | use, and renew in the background | the same; 503 if the fetch fails |

mod fetch;
mod flight;
mod options;
mod url;

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use reqwest::Client;
use tokio::{runtime::Handle, sync::watch};

use self::flight::{Flight, Outcome};
pub use self::options::JwksOptions;
pub(crate) use self::{
    fetch::{Endpoint, FetchFailure, default_client},
    url::key_url,
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
}

struct Shared {
    client: Client,
    endpoint: Endpoint,
    options: JwksOptions,
    algorithms: Arc<[Algorithm]>,
    clock: Arc<dyn Clock>,
    snapshot: ArcSwapOption<Snapshot>,
    /// Looked at only when a fetch may have to start, and never held across an await.
    state: Mutex<FetchState>,
    fetches: AtomicU64,
    failures: AtomicU64,
}

#[derive(Default)]
struct FetchState {
    in_flight: Option<watch::Receiver<Outcome>>,
    /// Failures since the last success.
    failed: u32,
    not_before: Option<Duration>,
    last_forced: Option<Duration>,
    last_failure: Option<FetchFailure>,
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
            options,
            algorithms,
            clock,
            snapshot: ArcSwapOption::empty(),
            state: Mutex::default(),
            fetches: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }))
    }

    /// Looks among the keys at hand; starts renewing them when they are due. Never waits.
    pub(crate) fn lookup(&self, key_id: &str) -> Lookup<'_> {
        let guard = self.0.snapshot.load();
        let Some(snapshot) = guard.as_ref() else {
            return Lookup::Fetch;
        };
        let age = self.0.age(snapshot);
        if self.0.is_expired(age) {
            return Lookup::Fetch;
        }
        if age >= self.0.options.ttl.mul_f64(RENEW_AT) {
            self.renew();
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
        let Some(flight) = self.join_or_start(key_id)? else {
            return Ok(());
        };
        self.wait(flight).await
    }

    pub(crate) async fn ready(&self) -> Result<(), Kind> {
        if self.status().is_ready() {
            return Ok(());
        }
        match self.join_or_start("")? {
            Some(flight) => self.wait(flight).await,
            None => Ok(()),
        }
    }

    pub(crate) fn status(&self) -> KeySourceStatus {
        let guard = self.0.snapshot.load();
        let age = guard.as_ref().map(|snapshot| self.0.age(snapshot));
        let state = match age {
            None => KeySourceState::Empty,
            Some(age) if self.0.is_expired(age) => KeySourceState::Expired,
            Some(age) if age >= self.0.options.ttl => KeySourceState::Stale,
            Some(_) => KeySourceState::Fresh,
        };
        KeySourceStatus {
            state,
            keys: guard.as_ref().map_or(0, |snapshot| snapshot.keys.len()),
            age,
            fetches: self.0.fetches.load(Ordering::Relaxed),
            failures: self.0.failures.load(Ordering::Relaxed),
            last_error: self.0.lock().last_failure.as_ref().map(ToString::to_string),
        }
    }

    /// Starts a fetch that nobody waits for, unless one is under way or it is too early for another.
    fn renew(&self) {
        let mut state = self.0.lock();
        let early = state
            .not_before
            .is_some_and(|time| self.0.clock.monotonic() < time);
        if state.in_flight.is_none() && !early && Handle::try_current().is_ok() {
            self.start(&mut state);
        }
    }

    fn join_or_start(&self, key_id: &str) -> Result<Option<watch::Receiver<Outcome>>, Kind> {
        let mut state = self.0.lock();
        if let Some(flight) = &state.in_flight {
            return Ok(Some(flight.clone()));
        }
        // Another fetch may have landed since the lookup.
        let now = self.0.clock.monotonic();
        let guard = self.0.snapshot.load();
        let usable = guard
            .as_ref()
            .filter(|snapshot| !self.0.is_expired(self.0.age(snapshot)));
        if usable.is_some_and(|snapshot| !snapshot.keys.get(key_id).is_empty()) {
            return Ok(None);
        }
        if let Some(wait) = state
            .not_before
            .and_then(|time| time.checked_sub(now))
            .filter(|wait| !wait.is_zero())
        {
            return Err(unavailable(state.last_failure.as_ref(), Some(wait)));
        }
        if usable.is_some() {
            let interval = self.0.options.unknown_kid_interval;
            if state
                .last_forced
                .is_some_and(|last| now.saturating_sub(last) < interval)
            {
                return Ok(None);
            }
            state.last_forced = Some(now);
        }
        if Handle::try_current().is_err() {
            return Err(unavailable(None, None));
        }
        Ok(Some(self.start(&mut state)))
    }

    /// Must be called within a runtime.
    fn start(&self, state: &mut FetchState) -> watch::Receiver<Outcome> {
        let (flight, receiver) = Flight::new(Arc::clone(&self.0));
        state.in_flight = Some(receiver.clone());
        self.0.fetches.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(flight.run());
        receiver
    }

    async fn wait(&self, mut flight: watch::Receiver<Outcome>) -> Result<(), Kind> {
        let landed = flight.wait_for(Option::is_some);
        let outcome = match tokio::time::timeout(self.0.options.cold_wait, landed).await {
            Ok(Ok(outcome)) => outcome.clone(),
            Ok(Err(_)) => Some(Err(FetchFailure::Cancelled)),
            Err(_) => None,
        };
        match outcome {
            Some(Ok(())) => Ok(()),
            Some(Err(failure)) => {
                let now = self.0.clock.monotonic();
                let wait = self
                    .0
                    .lock()
                    .not_before
                    .and_then(|time| time.checked_sub(now));
                Err(unavailable(Some(&failure), wait))
            }
            None => Err(Kind::KeysUnavailable {
                detail: "the key server has not answered yet".to_owned(),
                retry_after: Some(Duration::from_secs(1)),
                source: None,
            }),
        }
    }
}

/// From which part of `ttl` on keys are renewed.
const RENEW_AT: f64 = 0.8;

impl Shared {
    fn lock(&self) -> MutexGuard<'_, FetchState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn age(&self, snapshot: &Snapshot) -> Duration {
        self.clock.monotonic().saturating_sub(snapshot.fetched_at)
    }

    fn is_expired(&self, age: Duration) -> bool {
        age >= self.options.ttl.saturating_add(self.options.max_stale)
    }

    /// Doubles with each failure; the server's own wish wins, within reason.
    fn pause(&self, failed: u32, failure: &FetchFailure) -> Duration {
        if let Some(wish) = failure.retry_after() {
            return wish.clamp(Duration::from_secs(1), Duration::from_secs(300));
        }
        let have_keys = self
            .snapshot
            .load()
            .as_ref()
            .is_some_and(|snapshot| !self.is_expired(self.age(snapshot)));
        let most = if have_keys {
            self.options.max_backoff
        } else {
            self.options.max_cold_backoff
        };
        let doubled = 2_u32.saturating_pow(failed.saturating_sub(1));
        self.options.backoff.saturating_mul(doubled).min(most)
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

fn unavailable(failure: Option<&FetchFailure>, retry_after: Option<Duration>) -> Kind {
    match failure {
        Some(&FetchFailure::SecretKey { status }) => Kind::SecretKeyRejected {
            status,
            retry_after,
        },
        Some(failure) => Kind::KeysUnavailable {
            detail: failure.to_string(),
            retry_after,
            source: Some(Arc::new(failure.clone())),
        },
        None => Kind::KeysUnavailable {
            detail: "no tokio runtime to fetch them in; call this from within one".to_owned(),
            retry_after,
            source: None,
        },
    }
}

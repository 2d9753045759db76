//! Keys that are fetched: kept, renewed before they age, and never fetched twice at once.
//!
//! Readers load one pointer and a few numbers, and never lock. Fetches run in tasks of their own, so that no
//! request that goes away takes a fetch with it. What is decided when:
//!
//! | keys | key id known | key id unknown |
//! |---|---|---|
//! | none yet, or expired | wait for the fetch; while backing off fail at once | the same |
//! | fresh | use | one forced fetch if the budget has it, otherwise unknown |
//! | due, or stale | use, and renew in the background | the same; unavailable if the last fetch failed |
//!
//! A signature that does not fit a known key id asks for a fetch too, from a budget of its own: Clerk may replace a
//! key and keep its id.

mod absent;
mod answer;
mod budget;
mod discovery;
mod endpoint;
mod events;
mod export;
mod failure;
mod fetch;
mod flight;
mod freshness;
#[cfg(feature = "jwks")]
mod http_client;
mod options;
mod renewal;
mod shared;
mod snapshot;
mod state;
mod transport;
mod url;

use std::{fmt, sync::Arc, time::Duration};

use arc_swap::Guard;
use tokio::{runtime::Handle, sync::watch, time::Instant};

#[cfg(feature = "jwks")]
pub(crate) use self::http_client::HttpClient;
pub(crate) use self::{
    discovery::PATH as OPENID_CONFIGURATION,
    endpoint::Endpoint,
    failure::FetchFailure,
    shared::{Seed, Setup},
    snapshot::Snapshot,
    transport::AnyFetcher,
    url::{base_url, key_url},
};
pub use self::{
    events::{FetchCause, FetchOutcome, KeyEvent, KeyEvents, KeySearch},
    export::KeySnapshot,
    options::JwksOptions,
    transport::{FetchError, FetchRequest, FetchResponse, Fetcher},
};
use self::{flight::Outcome, shared::Shared, state::Next};
use super::{KeySourceStatus, key_set::KeySet};
use crate::{
    clock::unix_millis,
    error::{Kind, Seen},
};

/// A remote key source. Clones share it; with the last one its tasks end.
#[derive(Clone)]
pub(crate) struct RemoteKeys(Arc<Source>);

struct Source(Arc<Shared>);

impl Drop for Source {
    fn drop(&mut self) {
        self.0.state.end_tasks();
    }
}

/// What there is at hand for a key id.
pub(crate) enum AtHand {
    Keys(Loaded),
    /// Keys, but none of that id.
    Others,
    /// None, or none that are still good.
    Nothing,
}

/// A snapshot that a reader holds, without having counted itself in.
pub(crate) type Loaded = Guard<Option<Arc<Snapshot>>>;

/// Nobody waits longer, whatever `cold_wait` says; a deadline must be a moment that exists.
const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

impl RemoteKeys {
    pub(crate) fn new(setup: Setup) -> Self {
        Self(Arc::new(Source(Arc::new(Shared::new(setup)))))
    }

    /// The keys at hand if there is one of this id; starts renewing them when they are due. Never waits. `wall` is
    /// the time of day in milliseconds since 1970.
    pub(crate) fn at_hand_with(&self, key_id: &str, wall: i64) -> AtHand {
        let now = self.0.0.clock.monotonic();
        let Some(loaded) = self.load(now) else {
            return AtHand::Nothing;
        };
        match loaded.as_ref() {
            Some(snapshot) if !snapshot.keys.get(key_id).is_empty() => {
                self.renew_if_due(snapshot, now, wall);
                AtHand::Keys(loaded)
            }
            _ => AtHand::Others,
        }
    }

    /// The keys at hand, whatever they are; starts renewing them when they are due. Never waits.
    pub(crate) fn at_hand(&self, wall: i64) -> Option<Loaded> {
        let now = self.0.0.clock.monotonic();
        let loaded = self.load(now)?;
        if let Some(snapshot) = loaded.as_ref() {
            self.renew_if_due(snapshot, now, wall);
        }
        Some(loaded)
    }

    fn load(&self, now: Duration) -> Option<Loaded> {
        let shared = &self.0.0;
        let loaded = shared.snapshot.load();
        let usable = loaded
            .as_ref()
            .is_some_and(|snapshot| shared.is_usable(snapshot, now));
        usable.then_some(loaded)
    }

    fn renew_if_due(&self, snapshot: &Snapshot, now: Duration, wall: i64) {
        let shared = &self.0.0;
        if snapshot.is_due(now, wall)
            && shared.renewal_in(now).is_zero()
            && Handle::try_current().is_ok()
        {
            shared.renew(now, snapshot.number);
        }
    }

    /// Whether the server did not have this key id a moment ago.
    pub(crate) fn is_known_absent(&self, key_id: &str) -> bool {
        let shared = &self.0.0;
        let now = shared.clock.monotonic();
        let absent = shared
            .usable(now)
            .is_some_and(|keys| shared.absent.contains(key_id, keys.generation, now));
        if absent {
            shared.tell_search(FetchCause::UnknownKeyId, KeySearch::RememberedAbsent);
        }
        absent
    }

    /// Whether it may be worth a fetch that a signature did not fit: the keys are not new, and the server has
    /// not been asked for that reason a moment ago.
    pub(crate) fn may_recheck(&self) -> bool {
        let shared = &self.0.0;
        let now = shared.clock.monotonic();
        let old = shared
            .usable(now)
            .is_none_or(|keys| keys.age(now) > shared.options.bad_signature_min_age);
        old && shared.recheck_in(now).is_zero()
    }

    /// Joins the fetch under way, or starts one if that is allowed now, and waits for it. `Ok` means that
    /// a lookup now gives the final answer.
    pub(crate) async fn obtain(&self, key_id: &str) -> Result<(), Kind> {
        let has_it = |keys: &KeySet| !keys.get(key_id).is_empty();
        self.fetch_unless(Some(key_id), has_it).await
    }

    /// Waits until there are keys. Those of an earlier run are keys too; they are renewed from here on.
    pub(crate) async fn ready(&self) -> Result<(), Kind> {
        self.at_hand(unix_millis(self.0.0.clock.now()));
        self.fetch_unless(None, |_| true).await
    }

    /// Asks whether the keys of this id have changed since they were `rejected`. Where that can't be said, the
    /// answer is no.
    pub(crate) async fn has_changed(&self, key_id: &str, rejected: Option<&KeySet>) -> bool {
        let shared = &self.0.0;
        if Handle::try_current().is_err() {
            return false;
        }
        let (now, deadline) = (shared.clock.monotonic(), self.deadline());
        let snapshot = shared.snapshot.load_full();
        let seen = snapshot.as_ref().map_or(0, |keys| keys.number);
        let before = rejected.map_or(&[][..], |keys| keys.get(key_id));
        let has_changed = |keys: &Arc<Snapshot>, now| {
            shared.is_usable(keys, now) && keys.keys.get(key_id) != before
        };
        if snapshot.is_some_and(|keys| has_changed(&keys, now)) {
            return true;
        }
        let next = shared.state.ask(FetchCause::BadSignature, now, seen);
        let result = match next {
            Next::Join { flight, .. } => wait(flight, deadline).await,
            Next::Start { sender, number } => {
                let flight = shared.launch(FetchCause::BadSignature, sender, number);
                wait(flight, deadline).await
            }
            Next::Final => Some(Ok(())),
            Next::OverBudget { wait } | Next::Wait { wait, .. } => {
                shared.recheck_not_before(now.saturating_add(wait));
                shared.tell_search(FetchCause::BadSignature, KeySearch::OverBudget);
                return false;
            }
        };
        let changed = shared
            .snapshot
            .load_full()
            .is_some_and(|keys| has_changed(&keys, shared.clock.monotonic()));
        shared.tell_search(
            FetchCause::BadSignature,
            match (changed, result) {
                (true, _) => KeySearch::Found,
                (false, Some(Ok(()))) => KeySearch::Absent,
                (false, _) => KeySearch::Unavailable,
            },
        );
        changed
    }

    async fn fetch_unless(
        &self,
        key_id: Option<&str>,
        at_hand: impl Fn(&KeySet) -> bool,
    ) -> Result<(), Kind> {
        let shared = &self.0.0;
        if Handle::try_current().is_err() {
            return Err(no_runtime());
        }
        let (arrived, deadline) = (shared.clock.monotonic(), self.deadline());
        let tell = |cause, result| {
            if key_id.is_some() {
                shared.tell_search(cause, result);
            }
        };
        // A fetch whose runtime ends says nothing about the server; once more, then, in this one.
        for _ in 0..2 {
            let now = shared.clock.monotonic();
            // Loaded once: the number must be that of the keys that were looked at.
            let snapshot = shared.snapshot.load_full();
            let seen = snapshot.as_ref().map_or(0, |keys| keys.number);
            let usable = snapshot.filter(|keys| shared.is_usable(keys, now));
            if usable.as_ref().is_some_and(|keys| at_hand(&keys.keys)) {
                return Ok(());
            }
            let cause = match usable {
                Some(_) => FetchCause::UnknownKeyId,
                None => FetchCause::Cold,
            };
            let (flight, has_last_word) = match shared.state.ask(cause, now, seen) {
                // One that was under way when the token came may have been too early for its key.
                Next::Join {
                    flight,
                    since,
                    forced,
                } => (flight, forced && since >= arrived),
                Next::Start { sender, number } => (
                    shared.launch(cause, sender, number),
                    cause == FetchCause::UnknownKeyId,
                ),
                Next::Final => return Ok(()),
                Next::OverBudget { wait } if cause == FetchCause::Cold => {
                    return Err(too_short_lived(wait));
                }
                Next::OverBudget { wait } => {
                    tell(cause, KeySearch::OverBudget);
                    return Err(over_budget(key_id, wait));
                }
                Next::Wait { failure, wait } => {
                    tell(cause, KeySearch::Unavailable);
                    return Err(unavailable(&failure, Some(wait)));
                }
            };
            let outcome = wait(flight, deadline).await;
            let now = shared.clock.monotonic();
            let usable = shared.usable(now);
            // Another fetch may have brought the key while this one failed.
            if usable.as_ref().is_some_and(|keys| at_hand(&keys.keys)) {
                tell(cause, KeySearch::Found);
                return Ok(());
            }
            match outcome {
                Some(Ok(())) => {
                    tell(cause, KeySearch::Absent);
                    if let (Some(key_id), Some(keys), true) = (key_id, usable, has_last_word) {
                        shared.absent.remember(key_id, keys.generation, now);
                    }
                    return Ok(());
                }
                Some(Err(FetchFailure::Cancelled)) => {}
                Some(Err(failure)) => {
                    tell(cause, KeySearch::Unavailable);
                    return Err(unavailable(&failure, shared.state.pause_left(now)));
                }
                None => {
                    tell(cause, KeySearch::Unavailable);
                    return Err(too_slow());
                }
            }
        }
        Err(unavailable(&FetchFailure::Cancelled, None))
    }

    pub(crate) fn status(&self) -> KeySourceStatus {
        self.0.0.status()
    }

    pub(crate) fn export(&self) -> Option<KeySnapshot> {
        let loaded = self.load(self.0.0.clock.monotonic())?;
        let snapshot = loaded.as_ref()?;
        Some(KeySnapshot::new(&snapshot.text, snapshot.fetched_wall()))
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.0.0.options.cold_wait.min(MAX_WAIT)
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

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeys")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
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

fn over_budget(key_id: Option<&str>, wait: Duration) -> Kind {
    Kind::UnknownKey {
        seen: key_id.map_or_else(Seen::absent, Seen::text),
        retry_after: Some(wait),
    }
}

fn too_short_lived(wait: Duration) -> Kind {
    Kind::KeysUnavailable {
        detail: "they expire as soon as they are fetched: `ttl` and `max_stale` leave them no time"
            .to_owned(),
        retry_after: Some(wait),
        source: None,
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

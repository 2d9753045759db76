//! What a verification waits for when its key is not at hand.

use std::{panic::catch_unwind, sync::Arc, time::Duration};

use tokio::{runtime::Handle, sync::watch, time::Instant};

use super::{
    FetchCause, FetchFailure, KeySearch, RemoteKeys, Shared, Snapshot, flight::Outcome, state::Next,
};
use crate::{
    clock::unix_millis,
    error::{Kind, Seen},
    keys::key_set::KeySet,
};

/// Nobody waits longer, whatever `cold_wait` says; a deadline must be a moment that exists.
const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

impl RemoteKeys {
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
        let cause = FetchCause::BadSignature;
        let shared = &self.0.0;
        if can_wait().is_err() {
            return false;
        }
        let deadline = self.deadline();
        let before = rejected.map_or(&[][..], |keys| keys.get(key_id));
        let has_changed = |keys: &Arc<Snapshot>, now| {
            shared.is_usable(keys, now) && keys.keys.get(key_id) != before
        };
        let mut result = KeySearch::Unavailable;
        // A renewal that was under way may have come from a cache; then the server itself is asked.
        for _ in 0..2 {
            let now = shared.clock.monotonic();
            let snapshot = shared.snapshot.load_full();
            let seen = snapshot.as_ref().map_or(0, |keys| keys.number);
            if snapshot.is_some_and(|keys| has_changed(&keys, now)) {
                break;
            }
            let (flight, forced) = match shared.state.ask(cause, now, seen) {
                Next::Join { flight, forced, .. } => (flight, forced),
                Next::Start { sender, number } => (shared.launch(cause, sender, number), true),
                // Looked at again, it is newer.
                Next::Final => continue,
                Next::OverBudget { wait } => {
                    shared.recheck_not_before(now.saturating_add(wait));
                    result = KeySearch::OverBudget;
                    break;
                }
                Next::Wait { wait, .. } => {
                    shared.recheck_not_before(now.saturating_add(wait));
                    break;
                }
            };
            let landed = wait(flight, deadline).await;
            if let Some(Ok(())) = landed {
                result = KeySearch::Absent;
            }
            if forced {
                break;
            }
        }
        // Another's fetch may have landed since the last look.
        let snapshot = shared.snapshot.load_full();
        if snapshot.is_some_and(|keys| has_changed(&keys, shared.clock.monotonic())) {
            result = KeySearch::Found;
        }
        shared.tell_search(cause, result);
        result == KeySearch::Found
    }

    async fn fetch_unless(
        &self,
        key_id: Option<&str>,
        at_hand: impl Fn(&KeySet) -> bool,
    ) -> Result<(), Kind> {
        let shared = &self.0.0;
        can_wait()?;
        let (arrived, deadline) = (shared.clock.monotonic(), self.deadline());
        let mut answered = false;
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
            let (flight, forced, since) = match shared.state.ask(cause, now, seen) {
                Next::Join {
                    flight,
                    since,
                    forced,
                } => (flight, forced, since),
                Next::Start { sender, number } => {
                    let flight = shared.launch(cause, sender, number);
                    (flight, cause.is_forced(), now)
                }
                Next::Final => return Ok(()),
                Next::OverBudget { wait } if cause == FetchCause::Cold => {
                    tell(cause, KeySearch::Unavailable);
                    return Err(if seen == 0 {
                        shared.unavailable(&FetchFailure::Cancelled, Some(wait))
                    } else {
                        too_short_lived(wait)
                    });
                }
                Next::OverBudget { wait } => {
                    tell(cause, KeySearch::OverBudget);
                    return Err(over_budget(key_id, wait));
                }
                Next::Wait { failure, wait } => {
                    tell(cause, KeySearch::Unavailable);
                    return Err(shared.unavailable(&failure, Some(wait)));
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
            answered = matches!(outcome, Some(Ok(())));
            match outcome {
                // A renewal that was under way may have come from a cache; now the server itself is asked.
                Some(Ok(())) if cause.is_forced() && !forced => {}
                Some(Ok(())) => {
                    tell(cause, KeySearch::Absent);
                    // Who was under way when the token came may have been too early for its key.
                    let has_last_word = forced && since >= arrived;
                    if let (Some(key_id), Some(keys), true) = (key_id, usable, has_last_word) {
                        shared.absent.remember(key_id, keys.generation, now);
                    }
                    return Ok(());
                }
                Some(Err(FetchFailure::Cancelled)) => {}
                Some(Err(failure)) => {
                    tell(cause, KeySearch::Unavailable);
                    return Err(shared.unavailable(&failure, shared.state.pause_left(cause, now)));
                }
                None => {
                    tell(cause, KeySearch::Unavailable);
                    return Err(too_slow());
                }
            }
        }
        // Twice cut off, or twice answered by a cache: the keys at hand are all there is to say.
        match shared.usable(shared.clock.monotonic()) {
            Some(_) if answered => Ok(()),
            _ => Err(shared.unavailable(&FetchFailure::Cancelled, None)),
        }
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

impl Shared {
    fn unavailable(&self, failure: &FetchFailure, retry_after: Option<Duration>) -> Kind {
        match failure {
            &FetchFailure::SecretKey { status } => Kind::SecretKeyRejected {
                status,
                retry_after,
            },
            failure => Kind::KeysUnavailable {
                detail: format!("{} (from {})", failure, self.observer.source()),
                remedy: failure.remedy(),
                retry_after,
                source: Some(Arc::new(failure.clone())),
            },
        }
    }
}

fn over_budget(key_id: Option<&str>, wait: Duration) -> Kind {
    Kind::UnknownKey {
        origin: None,
        seen: key_id.map_or_else(Seen::absent, Seen::text),
        retry_after: Some(wait),
    }
}

fn too_short_lived(wait: Duration) -> Kind {
    Kind::KeysUnavailable {
        detail: "they expire as soon as they are fetched: `ttl` and `max_stale` leave them no time"
            .to_owned(),
        remedy: "give them more",
        retry_after: Some(wait),
        source: None,
    }
}

fn too_slow() -> Kind {
    Kind::KeysUnavailable {
        detail: "the key server has not answered yet".to_owned(),
        remedy: "check that this machine reaches the key server",
        retry_after: Some(Duration::from_secs(1)),
        source: None,
    }
}

/// Fetching needs a runtime, and time in it.
pub(super) fn can_wait() -> Result<(), Kind> {
    let missing = |what: &str| Kind::KeysUnavailable {
        detail: format!("there is no tokio runtime {what}"),
        remedy: "call this from within one",
        retry_after: None,
        source: None,
    };
    if Handle::try_current().is_err() {
        return Err(missing("to fetch them in"));
    }
    // tokio says that its time is off by a panic, and by nothing else.
    catch_unwind(|| drop(tokio::time::sleep(Duration::ZERO)))
        .map_err(|_| missing("with time enabled (`enable_all`) to fetch them in"))
}

//! One fetch in a task of its own, and everyone who waits for it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::sync::watch;

use super::{FetchFailure, KeySet, Shared, Snapshot, fetch};

/// `None` until the fetch has landed.
pub(super) type Outcome = Option<Result<(), FetchFailure>>;

/// A fetch under way. However it ends (even by a panic, or with its runtime), it is taken off the list,
/// so that the next one can start, and those who wait hear of it.
pub(super) struct Flight {
    shared: Arc<Shared>,
    sender: watch::Sender<Outcome>,
    number: u64,
    since: Duration,
    landed: bool,
}

impl Flight {
    pub(super) fn new(
        shared: Arc<Shared>,
        sender: watch::Sender<Outcome>,
        number: u64,
        since: Duration,
    ) -> Self {
        Self {
            shared,
            sender,
            number,
            since,
            landed: false,
        }
    }

    pub(super) async fn run(mut self) {
        let shared = &self.shared;
        // Its runtime may have slept so long that others have given it up.
        if !shared.state.is_current(self.number) {
            return;
        }
        let fetched = fetch::fetch(
            &shared.client,
            &shared.endpoint,
            &shared.options,
            &shared.algorithms,
        )
        .await;
        let now = shared.clock.monotonic();
        self.landed = true;
        let outcome = match fetched {
            Ok(keys) => {
                self.install(keys, now);
                Ok(())
            }
            Err(failure) => {
                self.note(&failure, now);
                Err(failure)
            }
        };
        self.sender.send_replace(Some(outcome));
    }

    fn install(&self, keys: KeySet, now: Duration) {
        let shared = &self.shared;
        let count = keys.len();
        let snapshot = Arc::new(Snapshot {
            keys,
            fetched_at: now,
            number: self.number,
        });
        let installed = shared.state.succeeded(self.number, || {
            shared.snapshot.store(Some(snapshot));
            shared.renew_not_before(Duration::ZERO);
        });
        if installed {
            tracing::debug!(keys = count, "fetched the keys that verify session tokens");
        }
    }

    fn note(&self, failure: &FetchFailure, now: Duration) {
        let shared = &self.shared;
        let have_keys = shared
            .snapshot
            .load()
            .as_ref()
            .is_some_and(|snapshot| shared.is_usable(snapshot, now));
        shared.failures.fetch_add(1, Ordering::Relaxed);
        let verdict = shared.state.failed(self.number, failure, now, have_keys);
        let Some((pause, failed)) = verdict else {
            return;
        };
        shared.renew_not_before(now.saturating_add(pause));
        tracing::warn!(
            error = %failure,
            failed,
            next_attempt_in_ms = pause.as_millis(),
            "could not fetch the keys that verify session tokens"
        );
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if self.landed {
            return;
        }
        // No clock is read here: it may be what has panicked.
        let failure = if std::thread::panicking() {
            self.note(&FetchFailure::Panicked, self.since);
            FetchFailure::Panicked
        } else {
            if let Some(pause) = self.shared.state.cancelled(self.number) {
                self.shared
                    .renew_not_before(self.since.saturating_add(pause));
            }
            FetchFailure::Cancelled
        };
        self.sender.send_replace(Some(Err(failure)));
    }
}

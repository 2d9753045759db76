//! One fetch in a task of its own, and everyone who waits for it.

use std::sync::{Arc, atomic::Ordering};

use tokio::sync::watch;

use super::{FetchFailure, Shared, Snapshot, fetch};

/// `None` until the fetch has landed.
pub(super) type Outcome = Option<Result<(), FetchFailure>>;

/// A fetch under way. However it ends (even by a panic, or with its runtime), it is taken off the list,
/// so that the next one can start, and those who wait hear of it.
pub(super) struct Flight {
    shared: Arc<Shared>,
    sender: watch::Sender<Outcome>,
    landed: bool,
}

impl Flight {
    pub(super) fn new(shared: Arc<Shared>) -> (Self, watch::Receiver<Outcome>) {
        let (sender, receiver) = watch::channel(None);
        let flight = Self {
            shared,
            sender,
            landed: false,
        };
        (flight, receiver)
    }

    pub(super) async fn run(mut self) {
        let shared = &self.shared;
        let fetched = fetch::fetch(
            &shared.client,
            &shared.endpoint,
            &shared.options,
            &shared.algorithms,
        )
        .await;
        let outcome = fetched.map(|keys| {
            tracing::debug!(
                keys = keys.len(),
                "fetched the keys that verify session tokens"
            );
            let fetched_at = shared.clock.monotonic();
            shared
                .snapshot
                .store(Some(Arc::new(Snapshot { keys, fetched_at })));
        });
        self.land(outcome);
    }

    fn land(&mut self, outcome: Result<(), FetchFailure>) {
        self.landed = true;
        let mut state = self.shared.lock();
        state.in_flight = None;
        match &outcome {
            Ok(()) => {
                state.failed = 0;
                state.not_before = None;
                state.last_failure = None;
            }
            Err(failure) => {
                self.shared.failures.fetch_add(1, Ordering::Relaxed);
                state.failed = state.failed.saturating_add(1);
                let pause = self.shared.pause(state.failed, failure);
                state.not_before = Some(self.shared.clock.monotonic().saturating_add(pause));
                state.last_failure = Some(failure.clone());
                tracing::warn!(
                    error = %failure,
                    failed = state.failed,
                    next_attempt_in_ms = pause.as_millis(),
                    "could not fetch the keys that verify session tokens"
                );
            }
        }
        drop(state);
        self.sender.send_replace(Some(outcome));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.landed {
            self.land(Err(FetchFailure::Cancelled));
        }
    }
}

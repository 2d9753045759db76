//! One fetch in a task of its own, and everyone who waits for it.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use tokio::sync::watch;

use super::{
    FetchCause, FetchFailure, FetchOutcome, KeyEvent, Shared, Snapshot,
    fetch::{self, Fetched},
    renewal,
    snapshot::{Content, Moment},
};

/// `None` until the fetch has landed.
pub(super) type Outcome = Option<Result<(), FetchFailure>>;

/// A fetch under way. However it ends (also with its runtime), it is taken off the list,
/// so that the next one can start, and those who wait hear of it.
pub(super) struct Flight {
    shared: Arc<Shared>,
    sender: watch::Sender<Outcome>,
    number: u64,
    cause: FetchCause,
    asked: Moment,
    started: bool,
    landed: bool,
}

impl Flight {
    pub(super) fn new(
        shared: Arc<Shared>,
        sender: watch::Sender<Outcome>,
        number: u64,
        cause: FetchCause,
        asked: Moment,
    ) -> Self {
        Self {
            shared,
            sender,
            number,
            cause,
            asked,
            started: false,
            landed: false,
        }
    }

    pub(super) async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        // Its runtime may have slept so long that others have given it up.
        if !shared.state.is_current(self.number) {
            return;
        }
        self.started = true;
        shared
            .observer
            .tell(&KeyEvent::FetchStarted { cause: self.cause });
        let before = shared.snapshot.load_full();
        let fetching = fetch::fetch(&shared, before.as_deref(), self.cause);
        let fetched = unless_it_panics(fetching).await;
        let now = shared.clock.monotonic();
        let outcome = match fetched {
            Ok(fetched) => {
                self.install(fetched, before.as_deref(), now);
                Ok(())
            }
            Err(failure) => {
                self.note(&failure, now);
                Err(failure)
            }
        };
        self.landed = true;
        renewal::schedule(&shared);
        self.sender.send_replace(Some(outcome));
    }

    fn install(&self, fetched: Fetched, before: Option<&Snapshot>, now: Duration) {
        let shared = &self.shared;
        let (not_modified, skipped) = (
            fetched.not_modified,
            fetched.set.as_ref().map_or(0, |set| set.skipped),
        );
        let mut told = None;
        let installed = shared.state.succeeded(self.number, |jitter| {
            let at_hand = shared.snapshot.load_full();
            let content = content(fetched, before, at_hand.as_deref());
            let changed = at_hand.is_none_or(|at_hand| at_hand.generation != content.generation);
            told = Some((changed, content.keys.len(), content.generation));
            let snapshot =
                Snapshot::fetched(content, self.number, self.asked, &shared.options, jitter);
            shared.install(Arc::new(snapshot));
        });
        shared.keep_rechecks_apart(self.cause, self.asked.monotonic);
        if !installed {
            self.tell_superseded(now);
        }
        if let (true, Some((changed, keys, generation))) = (installed, told) {
            shared.counters.success(changed);
            shared.observer.tell(&KeyEvent::FetchSucceeded {
                cause: self.cause,
                took: now.saturating_sub(self.asked.monotonic),
                changed,
                not_modified,
                keys,
                skipped,
                generation,
            });
        }
    }

    fn note(&self, failure: &FetchFailure, now: Duration) {
        let shared = &self.shared;
        shared.counters.failure();
        let have_keys = shared.usable(now).is_some();
        let withdraw = || failure.is_empty_set() && shared.keys_are_withdrawn(now, self.number);
        let verdict = shared
            .state
            .failed(self.number, failure, now, have_keys, withdraw);
        let Some(pause) = verdict else {
            self.tell_superseded(now);
            return;
        };
        let text = failure.to_string();
        shared.last_error.store(Some(Arc::new(text.clone())));
        shared.renew_not_before(now.saturating_add(pause));
        let recheck = shared.state.pause_left(FetchCause::BadSignature, now);
        shared.recheck_not_before(now.saturating_add(recheck.unwrap_or_default()));
        self.tell_failure(failure.outcome(), &text, pause, now);
    }

    /// Given up for lost before: another fetch knows better.
    fn tell_superseded(&self, now: Duration) {
        let text = "the fetch took so long that another has taken its place";
        self.tell_failure(FetchOutcome::Superseded, text, Duration::ZERO, now);
    }

    fn tell_failure(&self, outcome: FetchOutcome, error: &str, pause: Duration, now: Duration) {
        self.shared.observer.tell(&KeyEvent::FetchFailed {
            cause: self.cause,
            outcome,
            error,
            took: now.saturating_sub(self.asked.monotonic),
            next_attempt_in: pause,
            state: self.shared.state_of_keys(now),
        });
    }
}

/// A panic of the transport, or of anything else in a fetch, is a failure of the fetch.
async fn unless_it_panics<T>(
    fetching: impl Future<Output = Result<T, FetchFailure>>,
) -> Result<T, FetchFailure> {
    let mut fetching = pin!(fetching);
    poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| fetching.as_mut().poll(context)))
            .unwrap_or_else(|_| Poll::Ready(Err(FetchFailure::Panicked)))
    })
    .await
}

/// What is installed: what was fetched, or what was there before, with the freshness of now.
fn content(fetched: Fetched, before: Option<&Snapshot>, at_hand: Option<&Snapshot>) -> Content {
    let validators = fetched.validators.unwrap_or_default();
    let lifetime = fetched.lifetime;
    let latest = at_hand.map_or(0, |snapshot| snapshot.generation);
    let Some(set) = fetched.set else {
        // Confirmed by the server, which was told what we had before; it may have been replaced since.
        let confirmed = before.or(at_hand);
        let same = at_hand
            .zip(confirmed)
            .is_some_and(|(at_hand, confirmed)| at_hand.generation == confirmed.generation);
        return Content {
            keys: confirmed.map_or_else(Arc::default, |snapshot| Arc::clone(&snapshot.keys)),
            text: confirmed.map_or_else(|| Arc::from(""), |snapshot| Arc::clone(&snapshot.text)),
            generation: if same {
                latest
            } else {
                latest.saturating_add(1)
            },
            validators,
            lifetime,
        };
    };
    let same = at_hand.filter(|snapshot| *snapshot.keys == set.keys);
    Content {
        keys: same.map_or_else(|| Arc::new(set.keys), |snapshot| Arc::clone(&snapshot.keys)),
        text: set.text,
        generation: if same.is_some() {
            latest
        } else {
            latest.saturating_add(1)
        },
        validators,
        lifetime,
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if self.landed {
            return;
        }
        let pause = self.shared.state.cancelled(self.number);
        if let Some(pause) = pause {
            let asked = self.asked.monotonic;
            self.shared.renew_not_before(asked.saturating_add(pause));
        }
        if self.started {
            let text = FetchFailure::Cancelled.to_string();
            // No clock is read here: it may be what has panicked.
            let now = self.asked.monotonic;
            let pause = pause.unwrap_or_default();
            self.tell_failure(FetchOutcome::Cancelled, &text, pause, now);
        }
        self.sender.send_replace(Some(Err(FetchFailure::Cancelled)));
    }
}

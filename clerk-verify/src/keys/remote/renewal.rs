//! Renews keys also while no token comes, so that a withdrawn one dies in time.

use std::{sync::Arc, time::Duration};

use super::{FetchCause, Shared};
use crate::sync::spawn;

/// The least time between two looks at the clock, which a test may hold still.
const LEAST_WAIT: Duration = Duration::from_millis(50);

/// Waits for the next renewal in a task, which takes the place of the one before and ends with the key source.
/// Where there are no keys it goes on trying: a service that is not ready is sent no token that would ask for them.
/// Must be called within a runtime.
pub(super) fn schedule(shared: &Arc<Shared>) {
    if !shared.options.renew_when_idle {
        return;
    }
    let source = Arc::downgrade(shared);
    let timer = spawn(async move {
        loop {
            let Some(shared) = source.upgrade() else {
                return;
            };
            let wait = shared.renew_or_wait();
            drop(shared);
            tokio::time::sleep(wait.max(LEAST_WAIT)).await;
        }
    });
    shared.tasks.keep_timer(timer.abort_handle());
}

impl Shared {
    /// Starts the fetch if it is time, and says how long to wait until the next look. A fetch that lands before has a
    /// timer of its own.
    fn renew_or_wait(self: &Arc<Self>) -> Duration {
        let now = self.clock.monotonic();
        let snapshot = self.snapshot.load_full();
        let seen = snapshot.as_ref().map_or(0, |keys| keys.number);
        let usable = snapshot.filter(|keys| self.is_usable(keys, now));
        let (cause, wait) = match usable {
            Some(keys) => {
                let until_due = keys.due_in(now).max(self.renewal_in(now));
                // Without keys the pauses are shorter.
                let until_end = keys.expires_at().saturating_sub(now);
                (FetchCause::Renewal, until_due.min(until_end))
            }
            None => (FetchCause::Cold, Duration::ZERO),
        };
        if wait.is_zero() {
            self.start(cause, now, seen)
        } else {
            wait
        }
    }
}

//! Renews keys also while no token comes, so that a withdrawn one dies in time.

use std::{sync::Arc, time::Duration};

use super::Shared;

/// The least time between two looks at the clock, which a test may hold still.
const LEAST_WAIT: Duration = Duration::from_millis(50);

/// Waits for the next renewal in a task, which takes the place of the one before and ends with the key source.
/// Without keys there is nothing to renew: then the next token asks for them. Must be called within a runtime.
pub(super) fn schedule(shared: &Arc<Shared>) {
    if !shared.options.renew_when_idle {
        return;
    }
    let source = Arc::downgrade(shared);
    let timer = tokio::spawn(async move {
        loop {
            let Some(wait) = source.upgrade().and_then(|shared| shared.renew_or_wait()) else {
                return;
            };
            tokio::time::sleep(wait.max(LEAST_WAIT)).await;
        }
    });
    shared.state.keep_timer(timer.abort_handle());
}

impl Shared {
    /// Starts the renewal if it is time, otherwise says how long to wait. `None` where nothing is left to do here:
    /// a fetch is under way, which schedules the next, or there are no keys.
    fn renew_or_wait(self: Arc<Self>) -> Option<Duration> {
        let now = self.clock.monotonic();
        let snapshot = self.usable(now)?;
        let wait = snapshot.due_in(now).max(self.renewal_in(now));
        if !wait.is_zero() {
            return Some(wait);
        }
        self.renew(now, snapshot.number);
        // Where none was started because there were too many, it is time again later.
        let wait = self.renewal_in(now);
        (!wait.is_zero()).then_some(wait)
    }
}

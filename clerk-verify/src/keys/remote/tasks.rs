//! The tasks of a key source, which end with it.

use std::sync::PoisonError;

use crate::sync::{AbortHandle, Mutex, MutexGuard};

/// Handles of what runs.
#[derive(Debug, Default)]
pub(super) struct Tasks(Mutex<Running>);

#[derive(Debug, Default)]
struct Running {
    /// Those given up for lost among them.
    flights: Vec<AbortHandle>,
    /// Waits for the time of the next renewal.
    timer: Option<AbortHandle>,
    /// The last handle is gone, so nothing may go on.
    ended: bool,
}

impl Tasks {
    pub(super) fn keep_flight(&self, flight: AbortHandle) {
        let mut running = self.lock();
        if running.ended {
            end(running, [flight]);
        } else {
            running.flights.retain(|flight| !flight.is_finished());
            running.flights.push(flight);
        }
    }

    /// Ends the timer before.
    pub(super) fn keep_timer(&self, timer: AbortHandle) {
        let mut running = self.lock();
        if running.ended {
            end(running, [timer]);
        } else if let Some(before) = running.timer.replace(timer) {
            end(running, [before]);
        }
    }

    /// Ends all of them, and those that are still to come.
    pub(super) fn end(&self) {
        let mut running = self.lock();
        running.ended = true;
        let flights = std::mem::take(&mut running.flights);
        let timer = running.timer.take();
        end(running, flights.into_iter().chain(timer));
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without the lock: a task that is aborted may be dropped on the spot, with all that its end brings about.
fn end(running: MutexGuard<'_, Running>, tasks: impl IntoIterator<Item = AbortHandle>) {
    drop(running);
    for task in tasks {
        task.abort();
    }
}

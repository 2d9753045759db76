//! Time that the machine did not give to this program: it is not to be blamed on the verifier.
//!
//! A thread that wanted to run and could not (Linux counts that), time that the host took from a virtual machine, and
//! naps that took too long. A thread that waits for the network or for a lock is none of these.

use std::{
    fs,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use crate::world::{World, lock};

const NAP: Duration = Duration::from_millis(20);
/// Of `/proc/stat`.
const TICK: Duration = Duration::from_millis(10);

/// A moment, and how long all stalls before it were together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) at: Instant,
    stalled: Duration,
}

impl Moment {
    /// Without the stalls in between.
    pub(crate) fn net_since(&self, earlier: Self) -> Duration {
        let stalled = self.stalled.saturating_sub(earlier.stalled);
        let gross = self.at.saturating_duration_since(earlier.at);
        gross.saturating_sub(stalled)
    }
}

/// All stalls so far.
#[derive(Debug)]
pub(crate) struct Stalls(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    total: Duration,
    run_delay: Duration,
    steal: Duration,
}

impl Stalls {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Inner {
            total: Duration::ZERO,
            run_delay: run_delay(),
            steal: steal(),
        }))
    }

    /// Now, by the last measurement.
    pub(crate) fn now(&self) -> Moment {
        let stalled = lock(&self.0).total;
        Moment {
            at: Instant::now(),
            stalled,
        }
    }

    /// This moment by a new measurement.
    pub(crate) fn again(&self, moment: Moment) -> Moment {
        self.measure(Duration::ZERO);
        Moment {
            stalled: lock(&self.0).total,
            ..moment
        }
    }

    pub(crate) fn total(&self) -> Duration {
        lock(&self.0).total
    }

    fn measure(&self, overslept: Duration) {
        let (run_delay, steal) = (run_delay(), steal());
        let mut inner = lock(&self.0);
        let delayed = run_delay.saturating_sub(inner.run_delay);
        let stolen = steal.saturating_sub(inner.steal);
        inner.total += overslept + delayed + stolen;
        (inner.run_delay, inner.steal) = (run_delay, steal);
    }
}

/// Measures until the test is stopped.
pub(crate) fn watch(world: &World) {
    while !world.is_stopped() {
        let before = Instant::now();
        thread::sleep(NAP);
        // A nap always takes a little longer.
        world
            .stalls
            .measure(before.elapsed().saturating_sub(2 * NAP));
    }
}

/// How long threads of this program were ready to run and did not, together.
fn run_delay() -> Duration {
    let Ok(threads) = fs::read_dir("/proc/self/task") else {
        return Duration::ZERO;
    };
    let delay = |thread: fs::DirEntry| -> Option<u64> {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().nth(1)?.parse().ok()
    };
    Duration::from_nanos(threads.flatten().filter_map(delay).sum())
}

/// How long the host gave to others.
fn steal() -> Duration {
    let ticks = || -> Option<u32> {
        let text = fs::read_to_string("/proc/stat").ok()?;
        let line = text.lines().next()?;
        line.split_whitespace().nth(8)?.parse().ok()
    };
    TICK * ticks().unwrap_or_default()
}

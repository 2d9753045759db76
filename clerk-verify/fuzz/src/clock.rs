//! The clock that the targets set.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clerk_verify::Clock;

/// The time of the conformance vectors, in milliseconds.
pub const NOW_MS: i64 = 1_790_000_000_000;

/// Milliseconds since 1970, to be set. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct SetClock(Arc<AtomicI64>);

impl Default for SetClock {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(NOW_MS)))
    }
}

impl SetClock {
    pub fn set_ms(&self, milliseconds: i64) {
        self.0.store(milliseconds, Ordering::SeqCst);
    }

    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Clock for SetClock {
    fn now(&self) -> SystemTime {
        let milliseconds = u64::try_from(self.now_ms()).unwrap();
        UNIX_EPOCH + Duration::from_millis(milliseconds)
    }
}

/// Some milliseconds around now: one byte of the input chooses.
#[must_use]
pub fn around_now(choice: u8) -> i64 {
    const STEPS: [i64; 16] = [
        0, 1, -1, 999, -999, 4_999, 5_000, 5_001, -4_999, -5_000, -5_001, 49_999, 50_000, 55_000,
        55_001, 3_600_000,
    ];
    NOW_MS + STEPS[usize::from(choice) % STEPS.len()]
}

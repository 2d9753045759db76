//! What all that is compared has in common.

use std::{hint::black_box, time::Duration};

use rustix::time::{ClockId, clock_gettime};

use crate::Result;

/// Whose colour a bar of the chart has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    Floor,
    Ours,
    Rust,
    Node,
}

/// A way to verify a token, set up once and with its keys at hand.
pub(crate) trait Contestant {
    /// As the table has it.
    fn name(&self) -> &'static str;

    fn version(&self) -> String;

    fn group(&self) -> Group;

    /// Whose token it is. Fails for a token that is refused.
    fn subject(&mut self, token: &str) -> Result<String>;

    /// The CPU time of verifying a good token so many times.
    fn batch(&mut self, token: &str, count: u32) -> Result<Duration>;
}

/// The CPU time of doing something so many times on this thread.
pub(crate) fn measure<T>(count: u32, mut once: impl FnMut() -> Result<T>) -> Result<Duration> {
    let start = thread_time();
    for _ in 0..count {
        black_box(once()?);
    }
    Ok(thread_time().saturating_sub(start))
}

/// The CPU time of this thread until now.
pub(crate) fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

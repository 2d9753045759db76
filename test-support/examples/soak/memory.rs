//! Resident memory over time.

use std::{collections::VecDeque, fs, time::Duration};

/// How much it may grow from the first measurement that counts to the last.
pub(crate) const MAX_GROWTH: f64 = 0.05;

/// From when on it is measured, as everything has been used once: after two minutes, or a fifth of a short run.
const WARM_AT_MOST: Duration = Duration::from_secs(120);

/// A measurement is the mean of so many samples.
const SAMPLES: usize = 3;

/// Samples, and the two measurements that count.
#[derive(Debug)]
pub(crate) struct Memory {
    warm_after: Duration,
    /// The first samples that count.
    first: Vec<f64>,
    /// The last ones.
    last: VecDeque<f64>,
    most: f64,
}

impl Memory {
    pub(crate) fn new(duration: Duration) -> Self {
        Self {
            warm_after: WARM_AT_MOST.min(duration / 5),
            first: Vec::new(),
            last: VecDeque::new(),
            most: 0.0,
        }
    }

    pub(crate) fn sample(&mut self, at: Duration) {
        let Some(mib) = resident_mib() else {
            return;
        };
        self.most = self.most.max(mib);
        self.last.push_back(mib);
        if self.last.len() > SAMPLES {
            self.last.pop_front();
        }
        if at >= self.warm_after && self.first.len() < SAMPLES {
            self.first.push(mib);
        }
    }

    /// In MiB, the last sample.
    pub(crate) fn now(&self) -> f64 {
        self.last.back().copied().unwrap_or_default()
    }

    /// In MiB.
    pub(crate) fn most(&self) -> f64 {
        self.most
    }

    /// From when on it was measured.
    pub(crate) fn warm_after(&self) -> Duration {
        self.warm_after
    }

    /// The first measurement and the last one, in MiB.
    pub(crate) fn compared(&self) -> Option<(f64, f64)> {
        let mean = |sum: f64, count: usize| (count > 0).then(|| sum / count as f64);
        let first = mean(self.first.iter().sum(), self.first.len());
        first.zip(mean(self.last.iter().sum(), self.last.len()))
    }
}

/// Starts the program anew with settings of glibc's allocator that make its use of memory steady. Otherwise an arena
/// for each thread, and large blocks that are kept once they are freed, look like growth.
#[cfg(unix)]
pub(crate) fn steady_allocator() {
    use std::{env, os::unix::process::CommandExt, process::Command};

    const ARENAS: &str = "MALLOC_ARENA_MAX";
    if env::var_os(ARENAS).is_some() {
        return;
    }
    if let Ok(program) = env::current_exe() {
        let mut command = Command::new(program);
        command
            .env(ARENAS, "1")
            .env("MALLOC_MMAP_THRESHOLD_", "65536")
            .env("MALLOC_TRIM_THRESHOLD_", "131072")
            .args(env::args_os().skip(1));
        // It returns only where it fails, and then the numbers are less exact.
        let _ = command.exec();
    }
}

#[cfg(not(unix))]
pub(crate) fn steady_allocator() {}

/// Pages are taken for 4 KiB; where they are larger the numbers are too small, but in the same proportion.
fn resident_mib() -> Option<f64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: f64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages / 256.0)
}

//! How much CPU time a process has had, and on what CPU.

use std::time::Duration;

use procfs::{CpuInfo, Current as _, process::Process, ticks_per_second};

use crate::Result;

/// In user and kernel mode, of all threads.
pub(crate) fn time(process: u32) -> Result<Duration> {
    let stat = Process::new(process.try_into()?)?.stat()?;
    let ticks = (stat.utime + stat.stime) as f64;
    Ok(Duration::from_secs_f64(ticks / ticks_per_second() as f64))
}

/// As the system calls it.
pub(crate) fn model() -> String {
    let found = CpuInfo::current().ok();
    found
        .and_then(|cpus| cpus.model_name(0).map(str::to_owned))
        .unwrap_or_else(|| "unknown CPU".to_owned())
}

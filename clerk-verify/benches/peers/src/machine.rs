//! On what it was measured.

use std::{fs, num::NonZero, thread::available_parallelism};

/// "4 cores of AMD EPYC"
pub(crate) fn processor() -> String {
    let cores = available_parallelism().map_or(1, NonZero::get);
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = information
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == "model name")
        .map_or("a processor that is not known", |(_, model)| model.trim());
    let noun = if cores == 1 { "core" } else { "cores" };
    format!("{model}, {cores} {noun}")
}

/// "rustc 1.89.0", without the commit.
pub(crate) fn compiler() -> String {
    let words: Vec<&str> = env!("COMPILER").split_whitespace().take(2).collect();
    words.join(" ")
}

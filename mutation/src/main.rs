//! Mutation testing of `clerk-verify`: would a test notice if this line said something else?
//!
//! cargo-mutants says what could be changed. It would build the crate and its tests once for each change, which takes
//! days here; this builds all changes at once, each behind a switch (`instrument.rs`), notes which test reaches which
//! switch (`tests.rs`), and then tries each with those tests alone (`trial.rs`).

mod build;
mod explained;
mod instrument;
mod mutant;
mod report;
mod sites;
mod tests;
mod tree;
mod trial;

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Result;
use clap::Parser;

use crate::{mutant::Verdict, trial::Trials};

#[derive(Parser)]
#[command(about)]
struct Arguments {
    /// Only mutants whose name contains this, such as a file name.
    #[arg(long)]
    only: Option<String>,
    /// Only those that survived in an earlier report.
    #[arg(long)]
    again: Option<PathBuf>,
    /// How many are tried side by side; one for each core unless it is set.
    #[arg(long)]
    jobs: Option<usize>,
    /// Seconds of tests for one mutant, the quick ones first. Some mutants are reached by nearly all tests, and those that survive
    /// would take hours.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Writes the table into this file too.
    #[arg(long)]
    markdown: Option<PathBuf>,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let start = Instant::now();
    let root = tree::root()?;
    let mut mutants = mutant::list(&root)?;
    if let Some(only) = &arguments.only {
        mutants.retain(|mutant| mutant.name.contains(only));
    }
    if let Some(report) = &arguments.again {
        let survivors = report::survivors(&std::fs::read_to_string(report)?);
        mutants.retain(|mutant| survivors.contains(&mutant.key));
    }
    println!("{} mutants", mutants.len());

    let copy = tree::copy(&root)?;
    build::instrumented(&copy, &mut mutants)?;
    let binaries = build::test_binaries(&copy)?;
    let tests = tests::all(&copy, &binaries)?;
    println!(
        "{} tests reach {} mutants",
        tests.len(),
        tests::reached(&tests).len()
    );

    let jobs = arguments
        .jobs
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let most = Duration::from_secs(arguments.seconds);
    Trials::new(&copy, &tests, most).run(&mut mutants, jobs)?;

    let explained = explained::read(&root)?;
    let stale = match (&arguments.only, &arguments.again) {
        (None, None) => explained.stale(&mutants),
        _ => Vec::new(),
    };
    let report = report::all(&mutants, &explained, &stale, start.elapsed());
    print!("{report}");
    if let Some(file) = &arguments.markdown {
        std::fs::write(file, &report)?;
    }
    let unexplained = mutants.iter().any(|mutant| {
        mutant.verdict == Verdict::Survived && explained.reason(&mutant.key).is_none()
    });
    Ok(match unexplained || !stale.is_empty() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

//! What a verification costs, counted in executed instructions and heap allocations, so that no noise moves it:
//! `cargo bench -p clerk-verify --bench cost`.
//!
//! It fails where a case costs more than its budget in `budgets.txt`, and where refusing costs more than accepting.
//! `-- --record` writes the budgets anew, `-- --markdown FILE` writes the tables; FILE is looked for from the workspace's folder.
//!
//! It is a harness of its own and no ready-made one, because the instructions of the RSA verification depend on what the
//! crypto library chooses for the CPU, and so must be measured over the same bytes (the floor) and subtracted.
// A bench stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used
)]
#![allow(missing_docs)]

mod accepted;
mod budgets;
mod count;
mod floor;
mod large;
mod profile;
mod refusals;
mod scene;
mod stage;
mod table;
mod valgrind;
mod verdict;

use std::{env, fs, path::Path, process::ExitCode};

use scene::Case;

/// Cargo starts a bench in its package's folder.
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let value_of = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1)
    };
    let cases = all_cases();
    if let Some(name) = value_of(valgrind::CASE) {
        let case = cases.iter().find(|case| case.name == *name);
        let case = case.expect("a case of this name");
        valgrind::child(case, has(valgrind::FLOOR));
        return ExitCode::SUCCESS;
    }
    // `cargo test --benches` starts it too, without optimization.
    if !has("--bench") {
        println!("cost: nothing is counted outside of `cargo bench`");
        return ExitCode::SUCCESS;
    }
    gate(&cases, has("--record"), value_of("--markdown"))
}

fn all_cases() -> Vec<Case> {
    let mut cases = accepted::cases();
    cases.extend(refusals::without_signature());
    cases.extend(refusals::with_signature());
    cases.extend(large::cases());
    cases
}

fn gate(cases: &[Case], record: bool, markdown: Option<&String>) -> ExitCode {
    let is_counted = valgrind::is_installed();
    if !is_counted {
        eprintln!("SKIPPED: valgrind is not installed, so no instructions are counted");
    }
    let costs = count::all(cases, is_counted);
    let budgets = match record {
        true if is_counted => budgets::record(&costs),
        true => panic!("budgets can't be recorded without valgrind"),
        false => budgets::read(),
    };
    let tables = table::all(cases, &costs, &budgets);
    println!("{tables}");
    if let Some(file) = markdown {
        fs::write(Path::new(WORKSPACE).join(file), &tables).expect("the file can be written");
    }

    for hint in verdict::slack(&costs, &budgets) {
        println!("{hint}");
    }
    let mut faults = verdict::over_budget(&costs, &budgets);
    faults.extend(verdict::broken_rules(cases, &costs));
    for fault in &faults {
        eprintln!("FAILED: {fault}");
    }
    match faults.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

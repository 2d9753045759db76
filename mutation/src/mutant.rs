//! What could be changed, as cargo-mutants lists it.

use std::{collections::HashMap, path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Place {
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: Place,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
pub(crate) enum Genre {
    FnValue,
    BinaryOperator,
    UnaryOperator,
    MatchArm,
    MatchArmGuard,
    StructField,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Verdict {
    #[default]
    Untried,
    /// It can't be compiled, so nobody could have written it.
    Unviable,
    /// It stands where nothing can be switched at run time: in a constant. `cargo mutants --re NAME` tries it.
    Constant,
    Caught,
    TimedOut,
    Survived,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Mutant {
    /// Where it is switched on; from 1, in the order of the list.
    #[serde(skip)]
    pub(crate) id: usize,
    pub(crate) name: String,
    /// The name without line and column, with a number where several are called alike.
    #[serde(skip)]
    pub(crate) key: String,
    pub(crate) file: String,
    pub(crate) genre: Genre,
    pub(crate) replacement: String,
    pub(crate) span: Span,
    #[serde(skip)]
    pub(crate) verdict: Verdict,
    /// How many tests reach it.
    #[serde(skip)]
    pub(crate) reached_by: usize,
}

impl Mutant {
    pub(crate) fn is_viable(&self) -> bool {
        !matches!(self.verdict, Verdict::Unviable | Verdict::Constant)
    }
}

/// Unit tests and what they put under the code, which cargo-mutants does not know by their modules' attributes.
const TESTS_IN_SRC: [&str; 2] = ["clerk-verify/src/interleavings/", "clerk-verify/src/sync/"];

/// All of `clerk-verify`.
pub(crate) fn list(root: &Path) -> Result<Vec<Mutant>> {
    let output = Command::new("cargo")
        .args([
            "mutants",
            "--list",
            "--json",
            "-p",
            "clerk-verify",
            "--all-features",
        ])
        .current_dir(root)
        .output()
        .context("cargo-mutants: cargo install --locked cargo-mutants")?;
    ensure!(
        output.status.success(),
        "cargo mutants (cargo install --locked cargo-mutants): {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut mutants: Vec<Mutant> = serde_json::from_slice(&output.stdout)?;
    mutants.retain(|mutant| {
        !TESTS_IN_SRC
            .iter()
            .any(|folder| mutant.file.starts_with(folder))
    });
    let mut alike: HashMap<String, usize> = HashMap::new();
    for (place, mutant) in mutants.iter_mut().enumerate() {
        mutant.id = place + 1;
        let Place { line, column } = mutant.span.start;
        let key = mutant
            .name
            .replacen(&format!(":{line}:{column}: "), ": ", 1);
        let count = alike.entry(key.clone()).or_default();
        *count += 1;
        mutant.key = match count {
            1 => key,
            count => format!("{key} #{count}"),
        };
    }
    Ok(mutants)
}

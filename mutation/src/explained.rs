//! `explained.txt`: mutants that no test can catch, and why.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};

use crate::mutant::{Mutant, Verdict};

pub(crate) struct Explained(BTreeMap<String, String>);

/// Lines `NAME` (as the report gives it), each followed by an indented line with the reason.
pub(crate) fn read(root: &Path) -> Result<Explained> {
    let text = fs::read_to_string(root.join("mutation/explained.txt"))?;
    let mut explained = BTreeMap::new();
    let mut waiting: Vec<&str> = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    {
        match line.strip_prefix("    ") {
            // One reason may be that of several.
            Some(reason) => explained.extend(
                waiting
                    .drain(..)
                    .map(|name| (name.to_owned(), reason.to_owned())),
            ),
            None => waiting.push(line),
        }
    }
    waiting
        .is_empty()
        .then_some(())
        .context("explained.txt ends without a reason")?;
    Ok(Explained(explained))
}

impl Explained {
    pub(crate) fn reason(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Those that a test catches now, or that are gone.
    pub(crate) fn stale(&self, mutants: &[Mutant]) -> Vec<String> {
        let survives = |key: &&String| {
            mutants
                .iter()
                .any(|mutant| mutant.key == **key && mutant.verdict == Verdict::Survived)
        };
        self.0
            .keys()
            .filter(|key| !survives(key))
            .cloned()
            .collect()
    }
}

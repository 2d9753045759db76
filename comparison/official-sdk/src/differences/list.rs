//! `differences.md`: what is written of each rule, and which two reasons may stand for one refusal.

use std::collections::BTreeSet;

use super::names;
use crate::Result;

pub(crate) struct List {
    /// What each side says.
    reasons: BTreeSet<(String, String)>,
}

const TEXT: &str = include_str!("../../differences.md");

impl List {
    /// Reads it; it must name the rules that there are, each once, and no others.
    pub(crate) fn read() -> Result<Self> {
        let mut named = Vec::new();
        let mut reasons = BTreeSet::new();
        for line in TEXT.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let cell = |place: usize| cells.get(place).copied().unwrap_or_default().trim_matches('`');
            if cells.iter().any(|cell| cell.is_empty()) {
                return Err(format!("a cell is empty: {line}").into());
            }
            match cells.len() {
                // Name, who accepts, the rule, why.
                4 => named.push(cell(0)),
                // Theirs, ours, why.
                3 => {
                    if !reasons.insert((cell(0).to_owned(), cell(1).to_owned())) {
                        return Err(format!("it stands twice: {line}").into());
                    }
                }
                _ => return Err(format!("not a row of either table: {line}").into()),
            }
        }
        named.sort_unstable();
        let known = names();
        if named != known {
            let unknown: Vec<_> = named.iter().filter(|name| !known.contains(name)).collect();
            let unwritten: Vec<_> = known.iter().filter(|name| !named.contains(name)).collect();
            return Err(format!(
                "differences.md and the rules differ: written alone {unknown:?}, in the program alone {unwritten:?}, or one \
                 stands twice"
            )
            .into());
        }
        Ok(Self { reasons })
    }

    pub(crate) fn has_reasons(&self, theirs: &str, ours: &str) -> bool {
        self.reasons.contains(&(theirs.to_owned(), ours.to_owned()))
    }

    pub(crate) fn reasons(&self) -> impl Iterator<Item = (&str, &str)> {
        self.reasons.iter().map(|(theirs, ours)| (&**theirs, &**ours))
    }
}

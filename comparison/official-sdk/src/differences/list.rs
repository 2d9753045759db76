//! `differences.md`: what is written of each rule.

use std::collections::BTreeMap;

use super::{Direction, names};
use crate::Result;

pub(crate) struct List {
    /// The names of the rules, and what may come of each.
    rules: BTreeMap<&'static str, Vec<&'static str>>,
}

const TEXT: &str = include_str!("../../differences.md");

impl List {
    /// Reads it; it must name the rules that there are, each once, and no others.
    pub(crate) fn read() -> Result<Self> {
        let mut rules = BTreeMap::new();
        let mut named = Vec::new();
        for line in TEXT.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [name, directions, rule, why] = *cells else {
                return Err(format!("a row has four cells: {line}").into());
            };
            if rule.is_empty() || why.is_empty() {
                return Err(format!("a row without a rule or a reason: {line}").into());
            }
            let name = name.trim_matches('`');
            named.push(name);
            rules.insert(name, directions.split(", ").collect());
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
        Ok(Self { rules })
    }

    /// Whether that may come of the rule, as it is written.
    pub(crate) fn allows(&self, rule: &str, direction: Direction) -> bool {
        let directions = self.rules.get(rule);
        directions.is_some_and(|directions| directions.contains(&direction.name()))
    }

    pub(crate) fn rules(&self) -> impl Iterator<Item = &'static str> {
        self.rules.keys().copied()
    }
}

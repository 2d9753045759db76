//! What each case may cost: `budgets.txt`, beside this file.

use std::{collections::BTreeMap, fs};

use crate::count::Costs;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/cost/budgets.txt");
pub(crate) const HOW: &str = "cargo bench -p clerk-verify --bench cost -- --record";

#[derive(Clone, Copy)]
pub(crate) struct Budget {
    /// Beyond the floor, where the case has one.
    pub(crate) instructions: u64,
    pub(crate) allocations: u64,
}

pub(crate) type Budgets = BTreeMap<String, Budget>;

pub(crate) fn read() -> Budgets {
    let text = fs::read_to_string(FILE).unwrap_or_default();
    text.lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| entry(line).unwrap_or_else(|| panic!("no budget: {line}")))
        .collect()
}

fn entry(line: &str) -> Option<(String, Budget)> {
    let (instructions, rest) = line.trim().split_once(' ')?;
    let (allocations, name) = rest.trim().split_once(' ')?;
    let budget = Budget {
        instructions: instructions.parse().ok()?,
        allocations: allocations.parse().ok()?,
    };
    Some((name.trim().to_owned(), budget))
}

/// Makes today's costs the budgets.
pub(crate) fn record(costs: &Costs) -> Budgets {
    let budgets: Budgets = costs
        .iter()
        .filter_map(|(name, cost)| {
            let budget = Budget {
                instructions: cost.beyond_floor()?,
                allocations: cost.allocations,
            };
            Some((name.clone(), budget))
        })
        .collect();
    let mut text = format!(
        "# Instructions (beyond the signature, where it is verified) and allocations of each case.\n\
         # Recorded by: {HOW}\n"
    );
    for (name, budget) in &budgets {
        let line = format!(
            "{:>12} {:>6}  {name}\n",
            budget.instructions, budget.allocations
        );
        text.push_str(&line);
    }
    fs::write(FILE, text).expect("the budgets can be written");
    budgets
}

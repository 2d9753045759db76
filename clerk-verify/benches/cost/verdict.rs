//! What is wrong with the costs: too much for the budget, or for the rules.

use crate::{
    budgets::{Budgets, HOW},
    count::Costs,
    scene::{Case, Group},
};

/// In percent of the budget: compilers and libraries differ a little.
const MOST: u64 = 103;
const LEAST: u64 = 90;
/// A little over two, for what grows in steps.
const MOST_WHEN_DOUBLED: f64 = 2.1;
/// Of a large input; accepting a token of Clerk's costs three times that. The budgets are closer.
const MOST_PER_BYTE: f64 = 100.0;

pub(crate) fn over_budget(costs: &Costs, budgets: &Budgets) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, cost) in costs {
        let Some(budget) = budgets.get(name) else {
            faults.push(format!("`{name}` has no budget. To record one: {HOW}"));
            continue;
        };
        if let Some(instructions) = cost.beyond_floor()
            && instructions * 100 > budget.instructions * MOST
        {
            faults.push(over(
                name,
                "instructions",
                instructions,
                budget.instructions,
            ));
        }
        if cost.allocations > budget.allocations {
            faults.push(over(
                name,
                "allocations",
                cost.allocations,
                budget.allocations,
            ));
        }
    }
    for name in budgets.keys().filter(|name| !costs.contains_key(*name)) {
        faults.push(format!(
            "the budget of `{name}` is of no case. To record them anew: {HOW}"
        ));
    }
    faults
}

fn over(name: &str, what: &str, is: u64, budget: u64) -> String {
    let percent = (is as f64 / budget.max(1) as f64 - 1.0) * 100.0;
    format!(
        "`{name}`: {is} {what}, and the budget is {budget} (+{percent:.1} %). If it is worth that, record it: {HOW}"
    )
}

/// Budgets that are larger than they need be.
pub(crate) fn slack(costs: &Costs, budgets: &Budgets) -> Vec<String> {
    let far_below = |is: u64, budget: u64| is * 100 < budget * LEAST;
    let hint = |name: &str, what: &str, is: u64, budget: u64| {
        format!("`{name}` has {is} {what}, and its budget of {budget} can be lowered: {HOW}")
    };
    let mut hints = Vec::new();
    for (name, cost) in costs {
        let Some(budget) = budgets.get(name) else {
            continue;
        };
        if let Some(is) = cost.beyond_floor()
            && far_below(is, budget.instructions)
        {
            hints.push(hint(name, "instructions", is, budget.instructions));
        }
        if far_below(cost.allocations, budget.allocations) {
            hints.push(hint(
                name,
                "allocations",
                cost.allocations,
                budget.allocations,
            ));
        }
    }
    hints
}

/// Refusing must not cost more than accepting; what is large must not cost more than its length.
pub(crate) fn broken_rules(cases: &[Case], costs: &Costs) -> Vec<String> {
    let instructions = |name: &str| costs.get(name).and_then(|cost| cost.instructions);
    let rule = |case: &Case| {
        let name = &case.name;
        let cost = instructions(name)?;
        match &case.group {
            Group::Accepted => None,
            Group::Refused { accepting } => {
                let accepted = instructions(accepting)?;
                let fault = format!(
                    "refusing `{name}` costs {cost} instructions, {} more than `{accepting}`",
                    cost.saturating_sub(accepted)
                );
                (cost > accepted).then_some(fault)
            }
            Group::Large { bytes } => {
                let each = cost as f64 / *bytes as f64;
                let fault = format!(
                    "`{name}` costs {each:.1} instructions a byte, and {MOST_PER_BYTE} are the most"
                );
                (each > MOST_PER_BYTE).then_some(fault)
            }
            Group::Twice { of } => {
                let times = cost as f64 / instructions(of)? as f64;
                let fault = format!(
                    "`{name}` costs {times:.2} times what `{of}` does, and {MOST_WHEN_DOUBLED} is the most"
                );
                (times > MOST_WHEN_DOUBLED).then_some(fault)
            }
        }
    };
    cases.iter().filter_map(rule).collect()
}

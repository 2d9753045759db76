//! The costs as Markdown.

use std::fmt::Write as _;

use crate::{
    accepted::COLD,
    budgets::{Budget, Budgets},
    count::{Cost, Costs},
    scene::{Case, Group},
};

pub(crate) fn all(cases: &[Case], costs: &Costs, budgets: &Budgets) -> String {
    let mut text = String::from(
        "Executed instructions, counted by valgrind without those of the allocator, and heap allocations of one verification or request, with tokens of about \
         970 bytes where nothing else is said. Beyond the floor: without the signature check, counted over the same bytes. \
         Refusals are without a cache. The budget is one of what is beyond the floor, where there is one, otherwise of all.\n\n\
         | case | instructions | of accepting | beyond the floor | allocations | bytes | budget |\n\
         |---|---:|---:|---:|---:|---:|---:|\n",
    );
    let accepting = costs.get(COLD).and_then(|cost| cost.instructions);
    for case in cases {
        if let Some(cost) = costs.get(&case.name) {
            let line = line(&case.name, cost, accepting, budgets.get(&case.name));
            text.push_str(&line);
        }
    }
    text + &large(cases, costs)
}

fn line(name: &str, cost: &Cost, accepting: Option<u64>, budget: Option<&Budget>) -> String {
    let share = cost.instructions.zip(accepting).map(|(cost, accepting)| {
        let percent = cost as f64 / accepting as f64 * 100.0;
        format!("{percent:.1} %")
    });
    format!(
        "| {name} | {} | {} | {} | {} | {} | {} |\n",
        number(cost.instructions),
        share.unwrap_or_else(|| "–".to_owned()),
        number(cost.floor.and(cost.beyond_floor())),
        cost.allocations,
        cost.bytes,
        number(budget.map(|budget| budget.instructions)),
    )
}

fn number(number: Option<u64>) -> String {
    number.map_or_else(|| "–".to_owned(), |number| number.to_string())
}

/// What a large input costs, byte by byte.
fn large(cases: &[Case], costs: &Costs) -> String {
    let mut text = String::from(
        "\n| large input | bytes | instructions per byte | with twice as much |\n|---|---:|---:|---:|\n",
    );
    let instructions = |name: &str| costs.get(name)?.instructions;
    for case in cases {
        let Group::Twice { of } = &case.group else {
            continue;
        };
        let half = cases.iter().find(|case| case.name == *of);
        if let Some(Group::Large { bytes }) = half.map(|case| &case.group)
            && let Some(once) = instructions(of)
            && let Some(twice) = instructions(&case.name)
        {
            let each = once as f64 / *bytes as f64;
            let times = twice as f64 / once as f64;
            writeln!(text, "| {of} | {bytes} | {each:.2} | ×{times:.2} |").unwrap();
        }
    }
    text
}

//! Counts, and the tables made of them.

use std::collections::BTreeMap;

use crate::{
    compare::{Difference, Outcome, Verdict},
    differences::{Direction, List},
};

#[derive(Default)]
pub(crate) struct Tally {
    cases: u64,
    verdicts: BTreeMap<Verdict, u64>,
    /// How often each rule explained something, by direction.
    rules: BTreeMap<(&'static str, Direction), u64>,
    /// What nothing explains, and the first case of each kind.
    unexplained: BTreeMap<String, (u64, u64)>,
}

impl Tally {
    /// Counts a case; returns what the list does not explain.
    pub(crate) fn add(&mut self, outcome: &Outcome, list: &List) -> Vec<String> {
        self.cases += 1;
        *self.verdicts.entry(outcome.verdict.clone()).or_default() += 1;
        let mut unexplained = Vec::new();
        for Difference {
            direction,
            what,
            rule,
        } in &outcome.differences
        {
            match rule {
                Some(rule) if list.allows(rule, *direction) => {
                    *self.rules.entry((rule, *direction)).or_default() += 1;
                }
                Some(rule) => unexplained.push(format!("{rule} is not listed for this: {what}")),
                None => unexplained.push(what.clone()),
            }
        }
        unexplained
    }

    /// Returns whether it is the first of its kind.
    pub(crate) fn complain(&mut self, complaint: &str, case: u64) -> bool {
        let (count, _) = self
            .unexplained
            .entry(complaint.to_owned())
            .or_insert((0, case));
        *count += 1;
        *count == 1
    }

    pub(crate) fn is_good(&self) -> bool {
        self.unexplained.is_empty()
    }

    /// What is on the list and never came up: rules, and that one makes this library laxer.
    pub(crate) fn never_met(&self, list: &List) -> Vec<String> {
        let met = |rule: &str, direction: Option<&str>| {
            let mut met = self.rules.keys();
            met.any(|(known, what)| {
                *known == rule && direction.is_none_or(|one| one == what.name())
            })
        };
        let rules = list.rules().filter(|rule| !met(rule, None));
        let laxer = Direction::Laxer.name();
        let lax = list
            .rules()
            .filter(|rule| list.allows(rule, Direction::Laxer) && !met(rule, Some(laxer)));
        rules
            .map(str::to_owned)
            .chain(lax.map(|rule| format!("{rule}, {laxer}")))
            .collect()
    }

    pub(crate) fn print(&self) {
        let count = |wanted: fn(&Verdict) -> bool| -> u64 {
            let verdicts = self.verdicts.iter().filter(|(verdict, _)| wanted(verdict));
            verdicts.map(|(_, count)| count).sum()
        };
        println!("| verdict | cases |\n|---|---:|");
        for (name, count) in [
            (
                "both accept",
                count(|verdict| matches!(verdict, Verdict::BothAccept)),
            ),
            (
                "both refuse, with the same reason",
                count(|verdict| matches!(verdict, Verdict::BothRefuse { .. })),
            ),
            (
                "both refuse, with other reasons",
                count(|verdict| matches!(verdict, Verdict::OtherReason { .. })),
            ),
            (
                Direction::Stricter.says(),
                count(|verdict| matches!(verdict, Verdict::TheyAccept { .. })),
            ),
            (
                Direction::Laxer.says(),
                count(|verdict| matches!(verdict, Verdict::WeAccept { .. })),
            ),
            ("all", self.cases),
        ] {
            println!("| {name} | {count} |");
        }
        println!("\n| rule | what it explains | times |\n|---|---|---:|");
        for ((rule, direction), count) in &self.rules {
            println!("| {rule} | {} | {count} |", direction.says());
        }
        println!("\n| both refuse with | cases |\n|---|---:|");
        for (verdict, count) in &self.verdicts {
            if let Verdict::BothRefuse { reason } = verdict {
                println!("| {reason} | {count} |");
            }
        }
        println!("\n| they refuse with | we with | cases |\n|---|---|---:|");
        for (verdict, count) in &self.verdicts {
            if let Verdict::OtherReason { theirs, ours } = verdict {
                println!("| {theirs} | {ours} | {count} |");
            }
        }
        println!();
        for (complaint, (count, first)) in &self.unexplained {
            println!("NOTHING EXPLAINS, {count} times, first in case {first}: {complaint}");
        }
    }
}

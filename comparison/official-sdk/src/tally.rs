//! Counts, and the tables made of them.

use std::collections::BTreeMap;

use crate::{
    compare::{Outcome, Verdict},
    differences::{Direction, List, names},
};

#[derive(Default)]
pub(crate) struct Tally {
    cases: u64,
    verdicts: BTreeMap<Verdict, u64>,
    /// How often each rule explained something, by direction.
    rules: BTreeMap<(&'static str, Direction), u64>,
    unexplained: u64,
}

impl Tally {
    /// Counts a case; returns what nothing explains.
    pub(crate) fn add(&mut self, outcome: &Outcome, list: &List) -> Vec<String> {
        self.cases += 1;
        *self.verdicts.entry(outcome.verdict.clone()).or_default() += 1;
        let mut unexplained = Vec::new();
        for difference in &outcome.differences {
            match difference.rule {
                Some(rule) => *self.rules.entry((rule, difference.direction)).or_default() += 1,
                None => unexplained.push(difference.what.clone()),
            }
        }
        if let Verdict::OtherReason { theirs, ours } = &outcome.verdict
            && outcome.differences.is_empty()
            && !list.has_reasons(theirs, ours)
        {
            unexplained.push(format!("they refuse with {theirs}, we with {ours}"));
        }
        self.unexplained += u64::from(!unexplained.is_empty());
        unexplained
    }

    pub(crate) fn complain(&mut self) {
        self.unexplained += 1;
    }

    pub(crate) fn unexplained(&self) -> u64 {
        self.unexplained
    }

    /// What is on the list and never came up.
    pub(crate) fn never_met(&self, list: &List) -> Vec<String> {
        let rules = names().into_iter().filter(|name| {
            let mut met = self.rules.keys();
            !met.any(|(rule, _)| rule == name)
        });
        let reasons = list.reasons().filter(|(theirs, ours)| {
            let reasons = Verdict::OtherReason {
                theirs: (*theirs).to_owned(),
                ours: (*ours).to_owned(),
            };
            !self.verdicts.contains_key(&reasons)
        });
        rules
            .map(str::to_owned)
            .chain(reasons.map(|(theirs, ours)| format!("{theirs} for {ours}")))
            .collect()
    }

    pub(crate) fn print(&self) {
        let count = |wanted: fn(&Verdict) -> bool| -> u64 {
            let verdicts = self.verdicts.iter().filter(|(verdict, _)| wanted(verdict));
            verdicts.map(|(_, count)| count).sum()
        };
        println!("| verdict | cases |\n|---|---:|");
        for (name, count) in [
            ("both accept", count(|verdict| matches!(verdict, Verdict::BothAccept))),
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
        println!("\n{} cases, {} of them with a difference that nothing explains", self.cases, self.unexplained);
    }
}

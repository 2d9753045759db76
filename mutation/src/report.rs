//! What came out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    time::Duration,
};

use crate::{
    explained::Explained,
    mutant::{Mutant, Verdict},
};

const SURVIVED: &str = "SURVIVED ";

#[derive(Default)]
struct Row {
    viable: usize,
    caught: usize,
    timed_out: usize,
    explained: usize,
    survived: usize,
}

pub(crate) fn all(
    mutants: &[Mutant],
    explained: &Explained,
    stale: &[String],
    time: Duration,
) -> String {
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    let mut total = Row::default();
    for mutant in mutants.iter().filter(|mutant| mutant.is_viable()) {
        let is_explained = explained.reason(&mutant.key).is_some();
        for row in [rows.entry(part(&mutant.file)).or_default(), &mut total] {
            row.viable += 1;
            match mutant.verdict {
                Verdict::Caught => row.caught += 1,
                Verdict::TimedOut => row.timed_out += 1,
                _ if is_explained => row.explained += 1,
                _ => row.survived += 1,
            }
        }
    }
    let mut text = String::from(
        "| part | mutants | caught by a failing test | by a test that does not end | explained | survived |\n\
         |---|---:|---:|---:|---:|---:|\n",
    );
    for (name, row) in rows
        .iter()
        .map(|(name, row)| (*name, row))
        .chain([("**all**", &total)])
    {
        let Row {
            viable,
            caught,
            timed_out,
            explained,
            survived,
        } = row;
        let _ = writeln!(
            text,
            "| {name} | {viable} | {caught} | {timed_out} | {explained} | {survived} |"
        );
    }
    let count = |verdict| {
        mutants
            .iter()
            .filter(|mutant| mutant.verdict == verdict)
            .count()
    };
    let _ = writeln!(
        text,
        "\n{} mutants are listed; {} do not compile, {} stand in constants. {} minutes.",
        mutants.len(),
        count(Verdict::Unviable),
        count(Verdict::Constant),
        time.as_secs() / 60
    );
    let survivors = mutants.iter().filter(|mutant| {
        mutant.verdict == Verdict::Survived && explained.reason(&mutant.key).is_none()
    });
    for mutant in survivors {
        let line = mutant.span.start.line;
        let _ = writeln!(
            text,
            "{SURVIVED}(line {line}, reached by {} tests): {}",
            mutant.reached_by, mutant.key
        );
    }
    for key in stale {
        let _ = writeln!(text, "EXPLAINED, but it is caught or gone: {key}");
    }
    text
}

/// The keys of those that survived, from a report.
pub(crate) fn survivors(report: &str) -> BTreeSet<String> {
    let lines = report
        .lines()
        .filter_map(|line| line.strip_prefix(SURVIVED));
    lines
        .filter_map(|line| line.split_once("): "))
        .map(|(_, key)| key.to_owned())
        .collect()
}

/// The folder below `src`, or the file.
fn part(file: &str) -> &str {
    let below = file.strip_prefix("clerk-verify/src/").unwrap_or(file);
    below.rsplit_once('/').map_or(below, |(folder, _)| folder)
}

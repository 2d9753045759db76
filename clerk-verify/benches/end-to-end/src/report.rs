//! The table, in Markdown.

use std::{num::NonZero, thread::available_parallelism};

use chrono::Utc;

use crate::{
    Options,
    contestant::{Contestant, Guard},
    cores::Cores,
    cpu,
    credentials::{SMALL_CACHE, TURNS},
    summary::{Spread, Summary},
    versions,
};

const HEADINGS: [&str; 6] = [
    "server",
    "requests/s",
    "of bare",
    "server busy",
    "CPU µs/request",
    "added by authentication, µs",
];

pub(crate) fn table(summaries: &[Summary]) -> String {
    let mut lines = vec![
        format!("| {} |", HEADINGS.join(" | ")),
        format!("|---|{}", "---:|".repeat(HEADINGS.len() - 1)),
    ];
    lines.extend(summaries.iter().map(line));
    lines.join("\n") + "\n"
}

fn line(summary: &Summary) -> String {
    let (share, added) = match &summary.against_bare {
        None => ("".to_owned(), "".to_owned()),
        Some(against) => (
            format!("{:.0} %", against.share * 100.0),
            spread(&against.added_cpu_micros),
        ),
    };
    format!(
        "| {} | {} | {share} | {:.0} % | {} | {added} |",
        server(summary.contestant),
        thousands(summary.requests_per_second),
        summary.busy * 100.0,
        spread(&summary.cpu_micros),
    )
}

/// With versions.
fn server(contestant: Contestant) -> String {
    let framework = contestant.framework;
    let middleware = || versions::package(framework, framework.middleware());
    match contestant.guard {
        Guard::Bare => format!("**{}**", versions::package(framework, framework.name())),
        Guard::Warm => format!("{}, token in the cache", middleware()),
        Guard::Cold => format!("{}, every token new", middleware()),
        Guard::Off => format!("{}, cache off", middleware()),
        Guard::Clerk => middleware(),
    }
}

fn spread(spread: &Spread) -> String {
    let Spread {
        lowest,
        median,
        highest,
    } = spread;
    // One digit after the point means something only where the numbers are small.
    let digits = if *median < 100.0 { 1 } else { 0 };
    format!("{median:.digits$} ({lowest:.digits$}–{highest:.digits$})")
}

/// With a comma: 12,345.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What the numbers hold for.
pub(crate) fn caption(options: &Options, cores: Cores, with_node: bool) -> String {
    let unknown = || "of an unknown version".to_owned();
    let node = match versions::node().filter(|_| with_node) {
        Some(version) => format!("Node.js {version}"),
        None => "no Node.js, so its servers are left out".to_owned(),
    };
    let pinned = if cores.are_chosen() {
        "the servers on one core, the load generator on another"
    } else {
        "servers and load generator on any core"
    };
    let token = if options.cookie {
        "`Cookie: __session=…`"
    } else {
        "`Authorization: Bearer …`"
    };
    format!(
        "Measured on {date}: {model}, {processors} cores; {pinned}. rustc {rustc}, {node}, wrk {wrk}. Medians of \
         {rounds} rounds of {seconds} s for each server, in random order, with the lowest and the highest in \
         parentheses; {connections} connections, HTTP/1.1, kept alive. Every request brings a token in {token}, also to \
         the bare servers. “Every token new”: {turns} tokens take turns before a cache of {cache} entries. “Of bare” and \
         “added” compare with the bare server of the same framework in the same round.\n",
        date = Utc::now().format("%Y-%m-%d"),
        model = cpu::model(),
        processors = available_parallelism().map_or(1, NonZero::get),
        rustc = versions::rustc().unwrap_or_else(unknown),
        wrk = versions::wrk().unwrap_or_else(unknown),
        rounds = options.rounds,
        seconds = options.seconds,
        connections = options.connections,
        turns = thousands(TURNS as f64),
        cache = thousands(SMALL_CACHE as f64),
    )
}

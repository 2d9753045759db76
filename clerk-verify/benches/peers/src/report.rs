//! The table, as Markdown.

use std::fmt::Write as _;

use chrono::Utc;

use crate::{
    machine,
    material::Material,
    rounds::{Measured, Quartiles, Times},
};

pub(crate) fn table(
    measured: &[Measured],
    material: &Material,
    rounds: u32,
    node: Option<&str>,
) -> String {
    let mut text = String::new();
    let plain = material.token.len();
    let organization = material.organization_token.len();
    let _ = write!(
        text,
        "CPU time of verifying one session token of {plain} bytes, RSA-2048. On the right, a token with an active \
         organization, {organization} bytes.\n\n\
         | | version | CPU µs | × floor | quartiles | organization: CPU µs | × floor |\n\
         |---|---|---:|---:|---:|---:|---:|\n"
    );
    for one in measured {
        let (name, version) = (one.name, &one.version);
        let quartiles = spread(one.plain.multiple);
        let _ = writeln!(
            text,
            "| {name} | {version} | {} | {quartiles} | {} |",
            cells(&one.plain),
            one.organization.as_ref().map_or(" | ".to_owned(), cells)
        );
    }
    let node = node.map_or(
        "no Node.js, so without its libraries".to_owned(),
        |version| format!("Node.js {version}"),
    );
    let _ = writeln!(
        text,
        "\nMedians of {rounds} rounds; the multiple is the median over rounds of a contestant's time by the floor's in the \
         same round. {compiler}, {node}; {processor}; {date}.",
        compiler = machine::compiler(),
        processor = machine::processor(),
        date = Utc::now().format("%Y-%m-%d"),
    );
    text
}

fn cells(times: &Times) -> String {
    format!(
        "{} | {}",
        number(times.micros.median),
        number(times.multiple.median)
    )
}

fn spread(quartiles: Quartiles) -> String {
    format!("{}–{}", number(quartiles.lower), number(quartiles.upper))
}

/// Three digits, or as many as there are before the point.
pub(crate) fn number(value: f64) -> String {
    match value {
        ..0.1 => format!("{value:.3}"),
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

//! Measures how libraries that verify tokens with fetched keys behave when the key server misbehaves, and prints a
//! table.

mod cell;
mod libraries;
mod load;
mod material;
mod scenario;
mod server;
mod tokens;
mod versions;

use std::{env, error::Error, num::NonZero, sync::Arc, thread::available_parallelism};

use chrono::Utc;
use tokio::task::JoinSet;

use crate::{
    cell::{COMMAND, Cell, scenario_numbered},
    libraries::Library,
    material::Material,
    scenario::Scenario,
    versions::{version, version_starting},
};

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// The argument that makes the key server say nothing about freshness.
const NO_CACHE_HEADERS: &str = "--no-cache-headers";

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let Some((COMMAND, arguments)) = arguments
        .split_first()
        .map(|(first, rest)| (first.as_str(), rest))
    {
        println!("{}", Cell::from_arguments(arguments)?.measure_here().await?);
        return Ok(());
    }
    let cache_headers = !arguments
        .iter()
        .any(|argument| argument == NO_CACHE_HEADERS);
    let rows = arguments
        .iter()
        .filter(|argument| *argument != NO_CACHE_HEADERS)
        .map(|argument| scenario_numbered(argument))
        .collect::<Result<Vec<_>>>()?;
    let rows = if rows.is_empty() {
        Scenario::ALL.to_vec()
    } else {
        rows
    };
    let measured = measure(&rows, cache_headers).await?;
    print(&rows, &measured, cache_headers);
    Ok(())
}

type Measured = Vec<(Cell, String)>;

/// What keeps the processor busy is measured alone; what mostly waits, together.
async fn measure(rows: &[Scenario], cache_headers: bool) -> Result<Measured> {
    eprintln!("making keys and tokens");
    let forged = if rows.contains(&Scenario::Flood) {
        10_000
    } else {
        0
    };
    let mut material = Material::generate(forged)?;
    let with_forged: Arc<str> = material.to_json()?.into();
    material.forged.clear();
    let material: Arc<str> = material.to_json()?.into();

    let cells = |wanted: fn(&Scenario) -> bool| {
        let rows = rows.iter().copied().filter(wanted);
        rows.flat_map(move |scenario| {
            Library::ALL.map(|library| Cell {
                library,
                scenario,
                cache_headers,
            })
        })
    };
    let mut measured = Vec::new();
    for cell in cells(|row| row.is_busy()) {
        let material = match cell.scenario {
            Scenario::Flood => &with_forged,
            _ => &material,
        };
        let row = cell.scenario.number();
        eprintln!("measuring row {row}, {}", cell.library.heading());
        measured.push((cell, cell.measure_apart(Arc::clone(material)).await?));
    }
    eprintln!("measuring the rows that mostly wait");
    measured.extend(together(cells(|row| !row.is_busy() && !row.is_timed()), &material).await?);
    measured.extend(together(cells(|row| row.is_timed()), &material).await?);
    Ok(measured)
}

async fn together(cells: impl Iterator<Item = Cell>, material: &Arc<str>) -> Result<Measured> {
    let mut processes = JoinSet::new();
    for cell in cells {
        let material = Arc::clone(material);
        processes.spawn(async move { Ok((cell, cell.measure_apart(material).await?)) });
    }
    processes.join_all().await.into_iter().collect()
}

fn print(rows: &[Scenario], measured: &Measured, cache_headers: bool) {
    let processors = available_parallelism().map_or(1, NonZero::get);
    println!(
        "Measured on {}, {processors} processors.\n",
        Utc::now().format("%Y-%m-%d"),
    );
    println!("- clerk-verify {}, this project", version("clerk-verify"));
    for name in ["clerk-rs", "jwt-authorizer", "axum-jwt-auth"] {
        println!("- {name} {}", version(name));
    }
    println!(
        "- jwks-cache {} with jsonwebtoken {}\n",
        version("jwks-cache"),
        version_starting("jsonwebtoken", "10."),
    );
    if !cache_headers {
        println!("The key server sends no `Cache-Control`.\n");
    }
    let headings = Library::ALL.map(Library::heading).join(" | ");
    println!("| | | {headings} |");
    println!("|---|---|{}", "---|".repeat(Library::ALL.len()));
    for scenario in rows {
        let cells = Library::ALL.map(|library| {
            let cell = Cell {
                library,
                scenario: *scenario,
                cache_headers,
            };
            let found = measured.iter().find(|(other, _)| *other == cell);
            found.map_or("", |(_, text)| text)
        });
        let (number, title) = (scenario.number(), scenario.title());
        println!("| {number} | {title} | {} |", cells.join(" | "));
    }
}

//! Measures what authentication costs a real web server: starts servers with and without it, has `wrk` send requests
//! with tokens, and writes a table and a chart. README.md has more.

mod chart;
mod contestant;
mod cores;
mod cpu;
mod credentials;
mod load;
mod probe;
mod process;
mod report;
mod rounds;
mod servers;
mod summary;
mod versions;

use std::{error::Error, fs, path::PathBuf};

use clap::{Parser, Subcommand, value_parser};

use crate::{
    contestant::{Contestant, Framework, Guard},
    cores::Cores,
    credentials::Credentials,
    load::Load,
    summary::Summary,
};

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// Measures what authentication costs a web server.
#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// How often each server is measured.
    #[arg(long, default_value_t = 7, value_parser = value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// How long each time. Tokens live an hour, so all together must take less.
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u32).range(1..=60))]
    seconds: u32,
    /// How many connections the load generator holds.
    #[arg(long, default_value_t = 32, value_parser = value_parser!(u32).range(1..=1000))]
    connections: u32,
    /// Sends the tokens in the session cookie, as browsers do.
    #[arg(long)]
    cookie: bool,
    /// Where to write servers.md and servers.svg. Default: docs/performance of the repository.
    #[arg(long)]
    output: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Is one of the servers; the measurement starts it.
    #[command(hide = true)]
    Serve { framework: Framework, guard: Guard },
}

fn main() -> Result<()> {
    let options = Options::parse();
    match options.command {
        Some(Command::Serve { framework, guard }) => {
            servers::serve(Contestant { framework, guard })
        }
        None => measure(&options),
    }
}

fn measure(options: &Options) -> Result<()> {
    let with_node = process::node_is_there();
    let contestants = Contestant::all(with_node);
    let cores = Cores::choose()?;
    eprintln!("signing tokens");
    let credentials = Credentials::make(options.cookie)?;
    let load = Load {
        credentials: &credentials,
        connections: options.connections,
        cores,
    };
    let records = rounds::measure(&contestants, &load, cores, options.rounds, options.seconds)?;
    let summaries: Vec<Summary> = records
        .iter()
        .map(|record| Summary::of(record, &records))
        .collect();

    let mut page = report::table(&summaries);
    page.push('\n');
    page.push_str(&report::caption(options, cores, with_node));
    println!("{page}");

    let output = match &options.output {
        Some(output) => output.clone(),
        None => PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../docs/performance"
        )),
    };
    fs::create_dir_all(&output)?;
    fs::write(output.join("servers.md"), page)?;
    fs::write(output.join("servers.svg"), chart::draw(&summaries)?)?;
    eprintln!("wrote servers.md and servers.svg");
    Ok(())
}

//! Measures what verifying one and the same session token costs in this library and in others, as multiples of the
//! signature check alone, and prints a table.

mod chart;
mod contestant;
mod floor;
mod machine;
mod material;
mod node;
mod ours;
mod peers;
mod report;
mod rounds;
mod versions;

use std::{error::Error, fs, path::PathBuf, rc::Rc};

use clap::Parser;
use tokio::runtime;

use crate::{
    contestant::{Contestant, Group},
    floor::Floor,
    material::Material,
    ours::Ours,
    rounds::Measured,
};

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// Measures what verifying a session token costs, here and in other libraries.
#[derive(Parser)]
struct Arguments {
    /// A folder to write verification.md and verification.svg into.
    #[arg(long)]
    out: Option<PathBuf>,
    /// How often each library has its turn.
    #[arg(long, default_value_t = 31, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let material = Material::new()?;
    // One thread, so that the time of this thread is all that a library takes.
    let runtime = Rc::new(
        runtime::Builder::new_current_thread()
            .enable_all()
            .build()?,
    );
    let server = runtime.block_on(material.issuer.serve())?;
    let mut contestants: Vec<Box<dyn Contestant>> = vec![
        Box::new(Floor::new(&material)?),
        Box::new(Ours::cold(&material)?),
        Box::new(Ours::warm(&material)?),
    ];
    contestants.extend(peers::all(&material, &runtime, &server)?);
    let node = node::version();
    match &node {
        Some(_) => contestants.extend(node::all(&material)?),
        None => eprintln!("node is not there: going on without the libraries that need it"),
    }

    rounds::check(&mut contestants, &material)?;
    let fetches = server.requests();
    let mut measured = rounds::measure(&mut contestants, &material, arguments.rounds)?;
    if server.requests() != fetches {
        return Err("keys were fetched while it was measured: run it again".into());
    }
    sort(&mut measured);

    let table = report::table(&measured, &material, arguments.rounds, node.as_deref());
    print!("{table}");
    if let Some(folder) = arguments.out {
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("verification.md"), &table)?;
        let chart = chart::svg(&measured, material.token.len())?;
        fs::write(folder.join("verification.svg"), chart)?;
    }
    Ok(())
}

/// The floor first, then this library, then the others, fast ones first.
fn sort(measured: &mut [Measured]) {
    let is_other = |one: &Measured| matches!(one.group, Group::Rust | Group::Node);
    measured.sort_by(|a, b| match (is_other(a), is_other(b)) {
        (true, true) => {
            let (a, b) = (a.plain.multiple.median, b.plain.multiple.median);
            a.total_cmp(&b)
        }
        (a, b) => a.cmp(&b),
    });
}

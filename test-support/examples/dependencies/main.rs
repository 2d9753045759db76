//! What each direct dependency of the published crates brings along:
//! `cargo run -p clerk-test-support --example dependencies`.
//!
//! For each, with the default features or, if it is none of these, with all features: how many crates would be gone
//! without it, how many it needs in all, and thousands of lines of Rust in the former and in itself. The table of
//! `docs/dependencies.md` has its figures from here.
// A tool stops at the first thing that is not as it should be.
#![allow(clippy::indexing_slicing, clippy::print_stdout, clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

const PUBLISHED: [&str; 3] = ["clerk-verify", "clerk-axum", "clerk-actix"];

/// What each crate of a build, by name and version, needs.
type Graph = BTreeMap<String, BTreeSet<String>>;

fn main() {
    let sources = sources();
    println!(
        "| dependency | of | crates only it brings | in its tree | their thousand lines | its own |"
    );
    println!("|---|---|---:|---:|---:|---:|");
    for package in PUBLISHED {
        let (default, full) = (graph(package, &[]), graph(package, &["--all-features"]));
        for dependency in &full.1[&full.0] {
            if PUBLISHED
                .iter()
                .any(|name| dependency.starts_with(&format!("{name} ")))
            {
                continue;
            }
            let is_default = default.1[&default.0].contains(dependency);
            let (root, graph) = if is_default { &default } else { &full };
            let all = reachable(graph, root, None);
            let without = reachable(graph, root, Some(dependency));
            let alone: Vec<&String> = all.difference(&without).collect();
            let lines = |name: &String| sources.get(name).map_or(0, |path| lines_below(path));
            println!(
                "| {dependency} | {package}{} | {} | {} | {:.1} | {:.1} |",
                if is_default { "" } else { ", not by default" },
                alone.len(),
                reachable(graph, dependency, None).len(),
                alone.into_iter().map(lines).sum::<usize>() as f64 / 1000.0,
                lines(dependency) as f64 / 1000.0,
            );
        }
    }
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// A package of ours, and all that its build needs; without what only tests need.
fn graph(package: &str, features: &[&str]) -> (String, Graph) {
    let mut arguments = vec![
        "tree",
        "--locked",
        "-e",
        "normal,build",
        "--prefix",
        "depth",
    ];
    arguments.extend(["-p", package]);
    arguments.extend(features);
    let mut graph = Graph::new();
    let mut above: Vec<String> = Vec::new();
    for line in cargo(&arguments).lines() {
        let name = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let depth: usize = line[..line.len() - name.len()].parse().unwrap();
        let mut words = name.split(' ');
        let name = format!("{} {}", words.next().unwrap(), words.next().unwrap());
        above.truncate(depth);
        if let Some(parent) = above.last() {
            graph.get_mut(parent).unwrap().insert(name.clone());
        }
        graph.entry(name.clone()).or_default();
        above.push(name);
    }
    (above[0].clone(), graph)
}

/// What a build of this crate needs, itself included, if its need of another one is cut.
fn reachable(graph: &Graph, root: &String, cut: Option<&String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![root];
    while let Some(name) = waiting.pop() {
        if found.insert(name.clone()) {
            let stays = |needed: &&String| name != root || Some(*needed) != cut;
            waiting.extend(graph[name].iter().filter(stays));
        }
    }
    found
}

/// Where the source of each crate lies.
fn sources() -> BTreeMap<String, PathBuf> {
    let metadata = cargo(&["metadata", "--format-version=1", "--locked"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|package| {
            let text = |name: &str| package[name].as_str().unwrap();
            let manifest = Path::new(text("manifest_path"));
            let name = format!("{} v{}", text("name"), text("version"));
            (name, manifest.with_file_name("src"))
        })
        .collect()
}

fn lines_below(path: &Path) -> usize {
    let Ok(entries) = fs::read_dir(path) else {
        return 0;
    };
    let lines = |path: &Path| match path.extension().is_some_and(|end| end == "rs") {
        true => fs::read_to_string(path).map_or(0, |text| text.lines().count()),
        false => 0,
    };
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            if path.is_dir() {
                lines_below(&path)
            } else {
                lines(&path)
            }
        })
        .sum()
}

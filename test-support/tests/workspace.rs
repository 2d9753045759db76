//! What the manifests promise.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::{collections::BTreeSet, path::Path, process::Command};

use serde_json::Value;

fn cargo(arguments: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "cargo {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The crates that come with a package, name and version.
fn tree(arguments: &[&str]) -> BTreeSet<String> {
    let mut all = vec!["tree", "--locked", "-e", "normal,build", "--prefix", "none"];
    all.extend(arguments);
    cargo(&all)
        .lines()
        .map(|line| {
            line.trim_end_matches(" (*)")
                .trim_end_matches(" (proc-macro)")
                .to_owned()
        })
        .collect()
}

#[test]
fn the_networkless_build_has_no_network_and_at_most_45_crates() {
    let crates = tree(&["-p", "clerk-verify", "--no-default-features"]);
    for absent in [
        "tokio",
        "reqwest",
        "moka",
        "hyper",
        "rustls",
        "jsonwebtoken",
    ] {
        let found = crates
            .iter()
            .any(|name| name.starts_with(&format!("{absent} v")));
        assert!(!found, "{absent} is in the tree");
    }
    assert!(crates.len() <= 45, "{} crates:\n{crates:#?}", crates.len());
}

#[test]
fn the_axum_adapter_does_not_depend_on_all_of_axum() {
    let crates = tree(&["-p", "clerk-axum"]);
    for absent in ["axum v", "tower-http v0.7", "actix-web v"] {
        assert!(
            !crates.iter().any(|name| name.starts_with(absent)),
            "{absent} is in the tree"
        );
    }
}

#[test]
fn no_dependency_needs_a_newer_rust_than_we_say() {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--locked", "--format-version", "1"])).unwrap();
    let version =
        |text: &str| -> Vec<u64> { text.split('.').map(|part| part.parse().unwrap()).collect() };
    let stated = version(env!("CARGO_PKG_RUST_VERSION"));
    let mut needed: BTreeSet<String> = BTreeSet::new();
    for package in ["clerk-verify", "clerk-axum", "clerk-actix"] {
        needed.extend(tree(&["-p", package, "--all-features"]));
    }
    let mut checked = 0;
    for package in metadata["packages"].as_array().unwrap() {
        let name = format!(
            "{} v{}",
            package["name"].as_str().unwrap(),
            package["version"].as_str().unwrap()
        );
        if !needed
            .iter()
            .any(|line| *line == name || line.starts_with(&format!("{name} ")))
        {
            continue;
        }
        checked += 1;
        if let Some(rust) = package["rust_version"].as_str() {
            assert!(
                version(rust)[..2] <= stated[..2],
                "{name} needs Rust {rust}"
            );
        }
    }
    assert!(checked > 100, "only {checked} packages were looked at");
}

/// What users build: without the dependencies of tests.
fn dependencies(package: &str) -> BTreeSet<String> {
    let metadata = cargo(&["metadata", "--format-version=1", "--locked", "--no-deps"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|found| found["name"] == package);
    let dependencies = package.unwrap()["dependencies"].as_array().unwrap();
    dependencies
        .iter()
        .filter(|dependency| dependency["kind"].is_null())
        .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
        .filter(|name| name != "clerk-verify")
        .collect()
}

/// The names in the first column of the tables between two headings.
fn documented(text: &str, from: &str, to: Option<&str>) -> BTreeSet<String> {
    let (_, text) = text.split_once(from).unwrap();
    let text = to.map_or(text, |to| text.split_once(to).unwrap().0);
    text.lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .filter(|names| *names != "crate")
        .flat_map(|names| names.split(", "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn each_direct_dependency_has_its_reason_in_the_docs() {
    let text = include_str!("../../docs/dependencies.md");
    let adapters = "## The adapters";
    let core = documented(text, "## clerk-verify, always", Some(adapters));
    assert_eq!(core, dependencies("clerk-verify"));
    let of_adapters = &dependencies("clerk-axum") | &dependencies("clerk-actix");
    assert_eq!(documented(text, adapters, None), of_adapters);
}

#[test]
fn the_least_versions_that_are_asked_for_are_the_ones_that_are_tested() {
    let metadata = cargo(&["metadata", "--format-version=1", "--locked"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let is_ours = |package: &&Value| package["source"].is_null();
    let versions: BTreeSet<(&str, &str)> = packages
        .iter()
        .map(|package| (text(package, "name"), text(package, "version")))
        .collect();
    let mut asked = 0;
    for package in packages.iter().filter(is_ours) {
        for dependency in package["dependencies"].as_array().unwrap() {
            let (name, least) = (text(dependency, "name"), text(dependency, "req"));
            let least = least.trim_start_matches('^');
            // Within the workspace a path may stand alone.
            if least != "*" {
                asked += 1;
                assert!(versions.contains(&(name, least)), "{name} {least}");
            }
        }
    }
    assert!(asked > 50, "{asked}");
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

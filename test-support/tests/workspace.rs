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

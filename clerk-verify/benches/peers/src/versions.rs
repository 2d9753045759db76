//! Which versions are compared: those in `Cargo.lock`, as this program was built, and those that npm installed.

use std::{fs, path::Path};

use serde_json::Value;

const LOCK: &str = include_str!("../Cargo.lock");

/// Of a crate that is there once.
pub(crate) fn of(name: &str) -> String {
    starting(name, "")
}

/// Of a crate that is there in several versions.
pub(crate) fn starting(name: &str, start: &str) -> String {
    let name = format!("\nname = \"{name}\"\n");
    LOCK.split("[[package]]")
        .filter(|package| package.contains(&name))
        .filter_map(|package| package.split_once("\nversion = \"")?.1.split('"').next())
        .find(|version| version.starts_with(start))
        .unwrap_or("unknown")
        .to_owned()
}

/// Of a package in this folder's `node_modules`.
pub(crate) fn installed(folder: &Path, name: &str) -> String {
    let path = folder.join("node_modules").join(name).join("package.json");
    fs::read_to_string(path)
        .ok()
        .and_then(|text| serde_json::from_str::<Value>(&text).ok())
        .and_then(|manifest| Some(manifest.get("version")?.as_str()?.to_owned()))
        .unwrap_or_else(|| "unknown".to_owned())
}

//! Which versions are measured: those of the lock files, and of the tools.

use std::process::Command;

use serde_json::Value;

use crate::contestant::Framework;

const CARGO_LOCK: &str = include_str!("../Cargo.lock");
const PACKAGE_LOCK: &str = include_str!("../node/package-lock.json");

/// Of a framework or middleware, as its lock file has it.
pub(crate) fn package(framework: Framework, name: &str) -> String {
    let version = if framework.is_node() {
        npm_package(name)
    } else {
        cargo_package(name)
    };
    format!(
        "{name} {}",
        version.as_deref().unwrap_or("of an unknown version")
    )
}

fn cargo_package(name: &str) -> Option<String> {
    let name = format!("\nname = \"{name}\"\n");
    let mut packages = CARGO_LOCK.split("[[package]]");
    let package = packages.find(|package| package.contains(&name))?;
    let (_, rest) = package.split_once("\nversion = \"")?;
    Some(rest.split_once('"')?.0.to_owned())
}

fn npm_package(name: &str) -> Option<String> {
    let lock: Value = serde_json::from_str(PACKAGE_LOCK).ok()?;
    let version = lock
        .get("packages")?
        .get(format!("node_modules/{name}"))?
        .get("version")?;
    Some(version.as_str()?.to_owned())
}

pub(crate) fn rustc() -> Option<String> {
    second_word(&first_line("rustc", "--version")?)
}

pub(crate) fn node() -> Option<String> {
    Some(
        first_line("node", "--version")?
            .trim_start_matches('v')
            .to_owned(),
    )
}

pub(crate) fn wrk() -> Option<String> {
    // wrk debian/4.1.0-3+b2 [epoll] …
    let version = second_word(&first_line("wrk", "--version")?)?;
    Some(version.trim_start_matches("debian/").to_owned())
}

fn second_word(line: &str) -> Option<String> {
    line.split_whitespace().nth(1).map(str::to_owned)
}

fn first_line(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.lines().next()?.to_owned())
}

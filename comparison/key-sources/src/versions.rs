//! Which versions are compared: those in `Cargo.lock`, as this program was built.

const LOCK: &str = include_str!("../Cargo.lock");

/// Of a package that is there once.
pub(crate) fn version(name: &str) -> &'static str {
    version_starting(name, "")
}

/// Of a package that is there in several versions.
pub(crate) fn version_starting(name: &str, start: &str) -> &'static str {
    let name = format!("\nname = \"{name}\"\n");
    LOCK.split("[[package]]")
        .filter(|package| package.contains(&name))
        .filter_map(|package| package.split_once("\nversion = \"")?.1.split('"').next())
        .find(|version| version.starts_with(start))
        .unwrap_or("of an unknown version")
}

//! The copy of the workspace that is changed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

/// The workspace that this program lies in.
pub(crate) fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here.parent().context("a folder above")?.to_path_buf())
}

/// All files that git knows or would take, in `target/mutation/tree`. Unchanged ones are left alone, so that a second run
/// builds less.
pub(crate) fn copy(root: &Path) -> Result<PathBuf> {
    let copy = root.join("target/mutation/tree");
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()?;
    ensure!(output.status.success(), "git ls-files failed");
    let names = String::from_utf8(output.stdout)?;
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let from = root.join(name);
        if from.is_file() {
            write_if_changed(&copy.join(name), &fs::read(from)?)?;
        }
    }
    Ok(copy)
}

pub(crate) fn write_if_changed(file: &Path, content: &[u8]) -> Result<()> {
    if fs::read(file).is_ok_and(|old| old == content) {
        return Ok(());
    }
    fs::create_dir_all(file.parent().context("a folder")?)?;
    fs::write(file, content).with_context(|| file.display().to_string())
}

//! The tests: how long each takes, and which mutants it reaches.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};

pub(crate) struct Test {
    pub(crate) binary: PathBuf,
    pub(crate) name: String,
    pub(crate) time: Duration,
    pub(crate) reaches: BTreeSet<usize>,
}

/// How often a test that fails unchanged is run again: a busy machine may be too slow for a deadline.
const ATTEMPTS: usize = 3;

/// Each runs once, in a process of its own. One that keeps failing unchanged is an error.
pub(crate) fn all(copy: &Path, binaries: &[PathBuf]) -> Result<Vec<Test>> {
    let mut names = Vec::new();
    for binary in binaries {
        let output = command(copy, binary)
            .args(["--list", "--format", "terse"])
            .output()?;
        ensure!(
            output.status.success(),
            "{} lists no tests",
            binary.display()
        );
        let listed = String::from_utf8(output.stdout)?;
        let tests = listed
            .lines()
            .filter_map(|line| line.strip_suffix(": test"));
        names.extend(tests.map(|name| (binary.clone(), name.to_owned())));
    }
    let notes = copy.with_file_name("reached");
    fs::create_dir_all(&notes)?;
    let (next, tests) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || -> Result<()> {
        while let Some((number, (binary, name))) = take(&next, &names) {
            let note = notes.join(number.to_string());
            let test = unchanged(copy, binary, name, &note)?;
            lock(&tests).push(test);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| match worker.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            })
    })?;
    let mut tests = tests
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    tests.retain(|test| !test.reaches.is_empty());
    tests.sort_by_key(|test| test.time);
    Ok(tests)
}

fn unchanged(copy: &Path, binary: &Path, name: &str, note: &Path) -> Result<Test> {
    for attempt in 1.. {
        let _ = fs::remove_file(note);
        let start = Instant::now();
        let output = command(copy, binary)
            .args(["--exact", name])
            .env("MUTATION_REACHED", note)
            .output()?;
        let time = start.elapsed();
        if output.status.success() {
            let reached = fs::read_to_string(note).unwrap_or_default();
            return Ok(Test {
                binary: binary.to_owned(),
                name: name.to_owned(),
                time,
                reaches: reached.lines().filter_map(|id| id.parse().ok()).collect(),
            });
        }
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(
            attempt < ATTEMPTS,
            "{name} fails without any mutant: {said}"
        );
        println!("{name} failed without any mutant, and is run again: {said}");
    }
    bail!("{name} was not run")
}

pub(crate) fn reached(tests: &[Test]) -> BTreeSet<usize> {
    tests
        .iter()
        .flat_map(|test| test.reaches.iter().copied())
        .collect()
}

/// As cargo runs it: in the folder of its package.
pub(crate) fn command(copy: &Path, binary: &Path) -> Command {
    let name = binary.file_name().unwrap_or_default().to_string_lossy();
    let package = package(copy, &name);
    let mut command = Command::new(binary);
    command
        .current_dir(&package)
        .env("CARGO_MANIFEST_DIR", &package)
        .stdin(Stdio::null());
    command
}

/// The binary's name does not say, but its test file does: it is in one of the three.
fn package(copy: &Path, binary: &str) -> PathBuf {
    let stem = binary.rsplit_once('-').map_or(binary, |(stem, _)| stem);
    let packages = ["clerk-verify", "clerk-axum", "clerk-actix"];
    let has_it = |package: &&&str| {
        let tests = copy.join(package).join("tests");
        package.replace('-', "_") == stem
            || tests.join(format!("{stem}.rs")).is_file()
            || tests.join(stem).join("main.rs").is_file()
    };
    copy.join(packages.iter().find(has_it).unwrap_or(&"clerk-verify"))
}

pub(crate) fn take<'n, T>(next: &AtomicUsize, things: &'n [T]) -> Option<(usize, &'n T)> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    things.get(number).map(|thing| (number, thing))
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

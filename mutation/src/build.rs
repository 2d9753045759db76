//! Building all mutants at once: what does not compile is left out, until the rest does.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::Range,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{
    instrument,
    mutant::{Genre, Mutant, Verdict},
    tree,
};

/// rustc reports the errors of one phase at a time, and there are a few phases.
const ROUNDS: usize = 30;

type Places = BTreeMap<String, Vec<(usize, Range<usize>)>>;

/// Writes the changed sources into the copy.
pub(crate) fn instrumented(copy: &Path, mutants: &mut [Mutant]) -> Result<()> {
    let source = copy.join("clerk-verify/src");
    let count = mutants.iter().map(|mutant| mutant.id).max().unwrap_or(0);
    let switch = instrument::switch_module(count);
    tree::write_if_changed(&source.join("mutation_switch.rs"), switch.as_bytes())?;
    let mut originals: BTreeMap<String, String> = BTreeMap::new();
    for mutant in mutants.iter() {
        if !originals.contains_key(&mutant.file) {
            let text = fs::read_to_string(copy.join(&mutant.file))?;
            originals.insert(mutant.file.clone(), text);
        }
    }
    let root = "clerk-verify/src/lib.rs";
    let root_text = fs::read_to_string(copy.join(root))?;
    ensure!(
        !originals.contains_key(root),
        "mutants in lib.rs are not foreseen"
    );
    tree::write_if_changed(
        &copy.join(root),
        instrument::crate_root(&root_text)?.as_bytes(),
    )?;

    let mut const_kept: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for _ in 0..ROUNDS {
        let places = write(copy, mutants, &originals, &const_kept)?;
        let errors = errors(copy)?;
        if errors.is_empty() {
            return Ok(());
        }
        let mut has_changed = false;
        for error in &errors {
            has_changed |= keep_const(error, &originals, &mut const_kept)?;
            has_changed |= drop_unviable(error, &places, mutants);
        }
        if !has_changed {
            bail!(
                "what is wrong here has nothing to do with a mutant: {}",
                errors[0]["rendered"]
            );
        }
    }
    bail!("it does not compile after {ROUNDS} rounds")
}

fn write(
    copy: &Path,
    mutants: &mut [Mutant],
    originals: &BTreeMap<String, String>,
    const_kept: &BTreeMap<String, BTreeSet<usize>>,
) -> Result<Places> {
    let mut places = Places::new();
    for (file, text) in originals {
        let mut of_file: Vec<&mut Mutant> = mutants
            .iter_mut()
            .filter(|mutant| mutant.file == *file)
            .collect();
        let kept = const_kept.get(file).cloned().unwrap_or_default();
        let changed = instrument::file(text, &mut of_file, &kept).with_context(|| file.clone())?;
        tree::write_if_changed(&copy.join(file), changed.text.as_bytes())?;
        places.insert(file.clone(), changed.places);
    }
    Ok(places)
}

fn errors(copy: &Path) -> Result<Vec<Value>> {
    let output = Command::new("cargo")
        .args([
            "check",
            "-p",
            "clerk-verify",
            "--all-features",
            "--message-format=json",
            "--quiet",
        ])
        .args(["--target-dir".as_ref(), target(copy).as_os_str()])
        .current_dir(copy)
        .output()?;
    let mut errors = Vec::new();
    for line in output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let mut message: Value = serde_json::from_slice(line)?;
        if message["reason"] == "compiler-message" && message["message"]["level"] == "error" {
            errors.push(message["message"].take());
        }
    }
    let failed = !output.status.success();
    ensure!(
        !failed || !errors.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(errors)
}

/// A function that is called in a constant can't lose its `const`.
fn keep_const(
    error: &Value,
    originals: &BTreeMap<String, String>,
    const_kept: &mut BTreeMap<String, BTreeSet<usize>>,
) -> Result<bool> {
    if error["code"]["code"] != "E0015" {
        return Ok(false);
    }
    let message = error["message"].as_str().unwrap_or_default();
    let path = message.split('`').nth(1).unwrap_or_default();
    let name = path.rsplit("::").next().unwrap_or_default();
    let mut has_changed = false;
    for (file, text) in originals {
        for at in instrument::const_function(text, name)? {
            has_changed |= const_kept.entry(file.clone()).or_default().insert(at);
        }
    }
    Ok(has_changed)
}

/// The mutants in whose text the error is, or, if it is in none, those on its lines.
fn drop_unviable(error: &Value, places: &Places, mutants: &mut [Mutant]) -> bool {
    let spans = error["spans"].as_array().map_or(&[][..], Vec::as_slice);
    let mut hit = BTreeSet::new();
    for span in spans {
        let file = span["file_name"].as_str().unwrap_or_default();
        let Some(of_file) = places.get(file) else {
            continue;
        };
        let number = |name: &str| span[name].as_u64().unwrap_or_default() as usize;
        let (start, end) = (
            number("byte_start"),
            number("byte_end").max(number("byte_start") + 1),
        );
        let within = |place: &Range<usize>| place.start <= start && end <= place.end;
        hit.extend(
            of_file
                .iter()
                .filter(|(_, place)| within(place))
                .map(|(id, _)| *id),
        );
    }
    if hit.is_empty() {
        for span in spans.iter().filter(|span| span["is_primary"] == true) {
            let file = span["file_name"].as_str().unwrap_or_default();
            let number = |name: &str| span[name].as_u64().unwrap_or_default() as usize;
            let (start, end) = (number("byte_start"), number("byte_end"));
            for (id, place) in places.get(file).into_iter().flatten() {
                if place.start < end && start < place.end {
                    hit.insert(*id);
                }
            }
        }
    }
    if hit.is_empty() {
        hit.extend(needed_arm(error, places, mutants));
    }
    let mut has_changed = false;
    for mutant in mutants.iter_mut().filter(|mutant| hit.contains(&mutant.id)) {
        has_changed |= mutant.is_viable();
        mutant.verdict = Verdict::Unviable;
    }
    has_changed
}

/// The last arm that can be left out of a match which is not exhaustive without it. The error is at the head of the match; what
/// it suggests stands below the last arm.
fn needed_arm(error: &Value, places: &Places, mutants: &[Mutant]) -> Option<usize> {
    if error["code"]["code"] != "E0004" {
        return None;
    }
    let head = error["spans"]
        .as_array()?
        .iter()
        .find(|span| span["is_primary"] == true)?;
    let below = error["children"]
        .as_array()?
        .iter()
        .filter_map(|child| child["spans"].as_array())
        .flatten()
        .filter(|span| span["file_name"] == head["file_name"])
        .filter_map(|span| span["byte_end"].as_u64())
        .max()? as usize;
    let head_end = head["byte_end"].as_u64()? as usize;
    let is_arm = |id: &usize| {
        mutants
            .iter()
            .any(|mutant| mutant.id == *id && mutant.genre == Genre::MatchArm && mutant.is_viable())
    };
    places
        .get(head["file_name"].as_str()?)?
        .iter()
        .filter(|(id, place)| head_end <= place.start && place.end <= below && is_arm(id))
        .max_by_key(|(_, place)| place.start)
        .map(|(id, _)| *id)
}

/// The programs that hold the tests of the three crates.
pub(crate) fn test_binaries(copy: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("cargo")
        .args([
            "test",
            "--no-run",
            "--all-features",
            "--lib",
            "--tests",
            "--message-format=json",
        ])
        .args([
            "--quiet",
            "-p",
            "clerk-verify",
            "-p",
            "clerk-axum",
            "-p",
            "clerk-actix",
        ])
        .args(["--target-dir".as_ref(), target(copy).as_os_str()])
        .current_dir(copy)
        .output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut binaries = Vec::new();
    for line in output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let message: Value = serde_json::from_slice(line)?;
        if message["profile"]["test"] == true
            && let Some(binary) = message["executable"].as_str()
        {
            binaries.push(binary.into());
        }
    }
    Ok(binaries)
}

fn target(copy: &Path) -> PathBuf {
    copy.with_file_name("build")
}

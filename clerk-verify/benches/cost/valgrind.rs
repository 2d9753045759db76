//! Counting instructions: each case in a process of its own, under valgrind's callgrind.

use std::{
    env, fs,
    hint::black_box,
    process::{Command, Stdio},
};

use crate::{
    floor::Floor,
    profile,
    scene::{Case, Scene, Verdict, WARM_UPS},
};

/// What the parent tells the child.
pub(crate) const CASE: &str = "--case";
pub(crate) const FLOOR: &str = "--floor";

pub(crate) fn is_installed() -> bool {
    let version = Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    version.is_ok_and(|status| status.success())
}

/// The instructions of a case, or of its floor, without the allocator's own: how long that looks for a place depends on
/// what else lies in the heap, and so on the names of files. The allocations are counted by themselves.
pub(crate) fn instructions(case: &str, floor: bool) -> u64 {
    let name: String = case.chars().filter(char::is_ascii_alphanumeric).collect();
    let file = format!("callgrind-{}-{name}-{floor}", std::process::id());
    let file = env::temp_dir().join(file);
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--compress-strings=no"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg("--toggle-collect=cost::valgrind::measured*")
        .arg(env::current_exe().expect("the bench knows its own file"))
        .args([CASE, case])
        .args(floor.then_some(FLOOR))
        .output()
        .expect("valgrind starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{case}: {said}");
    let profile = fs::read_to_string(&file).expect("valgrind wrote it");
    fs::remove_file(&file).expect("it can be removed");
    profile::instructions(&profile)
}

/// What runs under valgrind.
pub(crate) fn child(case: &Case, floor: bool) {
    let scene = (case.build)();
    if floor {
        let token = scene.signed.expect("a case with a signature");
        let floor = Floor::of(&token);
        for _ in 0..WARM_UPS {
            floor.verify();
        }
        measured_floor(&floor);
    } else {
        scene.warm_up();
        scene.check(measured(&scene));
    }
}

// What is counted begins and ends with these two: their names begin alike, and neither may call the other.

#[inline(never)]
fn measured(scene: &Scene) -> Verdict {
    black_box(scene.play(WARM_UPS))
}

#[inline(never)]
fn measured_floor(floor: &Floor) -> bool {
    black_box(floor.verify())
}

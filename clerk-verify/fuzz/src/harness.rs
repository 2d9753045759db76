//! What the fuzzer calls: each target is run through here.

use std::{fs::File, io::Write as _, path::PathBuf, sync::Mutex, sync::OnceLock};

/// What came of an input, for the table of what is reached.
pub type Outcome = String;

static OUTCOMES: OnceLock<Option<Mutex<File>>> = OnceLock::new();

/// Called once. With `CLERK_VERIFY_FUZZ_SEEDS` set, writes the target's seeds into that folder and ends the process.
pub fn start(target: &str) {
    let file = std::env::var_os("CLERK_VERIFY_FUZZ_OUTCOMES").map(|path| {
        let file = File::options().create(true).append(true).open(path);
        Mutex::new(file.unwrap())
    });
    OUTCOMES.get_or_init(|| file);
    if let Some(folder) = std::env::var_os("CLERK_VERIFY_FUZZ_SEEDS") {
        let folder = PathBuf::from(folder);
        std::fs::create_dir_all(&folder).unwrap();
        for (number, seed) in crate::seeds::of(target).into_iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number:04}")), seed).unwrap();
        }
        std::process::exit(0);
    }
}

/// Runs one input. With `CLERK_VERIFY_FUZZ_OUTCOMES` set, adds what came of it to that file, and what calls
/// have allocated.
pub fn run(target: impl Fn(&[u8]) -> Outcome, input: &[u8]) {
    let outcome = target(input);
    note(&outcome);
}

fn note(line: &str) {
    if let Some(Some(file)) = OUTCOMES.get() {
        writeln!(file.lock().unwrap(), "{line}").unwrap();
    }
}

/// Runs a call of the library, and holds what it allocates, in all and at once, to a bound that grows with the input.
///
/// This is also the bound of time: it is exact, where a clock would see the machine's other work. What loops without
/// allocating is left to libFuzzer's `-timeout`.
#[track_caller]
pub fn bounded<T>(input: usize, bound: &Bound, call: impl FnOnce() -> T) -> T {
    let mut result = None;
    let counted = allocation_counter::measure(|| result = Some(call()));
    note(&format!(
        "allocated {input} {} {}",
        counted.bytes_total, counted.count_total
    ));
    let bytes = bound.bytes + bound.bytes_per_byte * input as u64;
    let count = bound.count + bound.count_per_kilobyte * input as u64 / 1024;
    assert!(
        counted.bytes_total <= bytes,
        "{} bytes allocated for an input of {input}, more than {bytes}",
        counted.bytes_total
    );
    assert!(
        counted.count_total <= count,
        "{} allocations for an input of {input}, more than {count}",
        counted.count_total
    );
    result.unwrap()
}

/// How much a call may allocate.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// Bytes, whatever the input.
    pub bytes: u64,
    /// Bytes for each byte of the input.
    pub bytes_per_byte: u64,
    /// Allocations, whatever the input.
    pub count: u64,
    /// Allocations for each 1,024 bytes of the input.
    pub count_per_kilobyte: u64,
}

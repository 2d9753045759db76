//! What the fuzzer calls: each target is run through here.

use std::{
    fs::File,
    io::Write as _,
    path::PathBuf,
    sync::{Mutex, OnceLock},
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};

/// The processor time that any call may take, and for each byte of its input: twenty times what any input of the
/// corpora takes (`run --reach`), because machines differ, and less than what work takes that grows with the square of 20 kB.
const TIME: Duration = Duration::from_millis(50);
const TIME_PER_BYTE: Duration = Duration::from_micros(5);

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
/// have allocated and how long they took.
pub fn run(target: impl Fn(&[u8]) -> Outcome, input: &[u8]) {
    let outcome = target(input);
    note(&outcome);
}

fn note(line: &str) {
    if let Some(Some(file)) = OUTCOMES.get() {
        writeln!(file.lock().unwrap(), "{line}").unwrap();
    }
}

/// Runs a call of the library, and holds what it allocates, in all and at once, and its processor time to bounds that
/// grow with the input. The first are exact; the last is wide, for what loops without allocating.
#[track_caller]
pub fn bounded<T>(input: usize, bound: &Bound, call: impl FnOnce() -> T) -> T {
    let mut result = None;
    let start = processor_time();
    let counted = allocation_counter::measure(|| result = Some(call()));
    let took = processor_time() - start;
    note(&format!(
        "allocated {input} {} {} {}",
        counted.bytes_total,
        counted.count_total,
        took.as_micros()
    ));
    let time = TIME + TIME_PER_BYTE * u32::try_from(input).unwrap();
    assert!(
        took <= time,
        "{took:?} for an input of {input}, more than {time:?}"
    );
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

/// Of this thread, so that other programs' work is not in it.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap()
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

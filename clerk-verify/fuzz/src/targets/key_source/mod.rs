//! The remote key source against a server that does what the input says, on a clock that the input moves.
//!
//! Input: a byte of options, then steps of two bytes, a letter and an argument; [`Step`] lists them. Whatever the steps are:
//!
//! - A token is accepted only if its key stood in the last set that the server has served, not longer ago than the
//!   options allow.
//! - While it does stand there, not longer ago than keys stay in use at least, the token is accepted, and at once.
//! - No verification takes longer than `cold_wait`.
//! - There are no more requests than the documented budgets allow.
//! - Once the server is well again, tokens are accepted after the longest pause that the documentation names, and those of
//!   withdrawn keys are refused after the longest freshness.

mod server;
mod step;
mod world;

pub use self::step::Step;

use crate::harness::Outcome;

#[must_use]
pub fn run(input: &[u8]) -> Outcome {
    let Some((options, steps)) = input.split_first() else {
        return "too short".to_owned();
    };
    let steps = step::read(steps);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(world::play(*options, &steps))
}

#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let scripts = [
        // Healthy, rotated under a new id, withdrawn.
        "h\x01v\x00t\x03h\x03v\x01t\x06h\x02t\x07v\x00v\x01",
        // Rotated under the same id.
        "h\x01v\x00t\x05h\x04v\x02v\x00t\x05v\x02",
        // Down from the start, then well.
        "s\x00v\x00t\x01v\x00t\x03V\x00h\x01t\x04v\x00",
        // An outage of a day.
        "h\x01v\x00s\x01t\x09v\x00t\x08v\x00t\x08v\x00t\x08v\x00t\x08v\x00h\x01t\x04v\x00",
        // Hanging, panicking, not reached, while callers go away.
        "x\x00v\x00d\x01d\x02t\x04x\x01v\x00t\x04x\x02v\x00t\x04h\x01v\x00",
        // Emptied on purpose.
        "h\x01v\x00h\x00t\x06v\x00t\x07v\x00t\x07v\x00",
        // Conditional.
        "e\x01c\x02h\x01v\x00t\x06v\x00t\x06h\x03t\x06v\x01s\x06t\x06v\x01",
        // Too many requests, with a pause.
        "h\x01v\x00s\x07r\x02t\x06v\x03t\x04v\x03r\x05t\x04v\x04t\x05v\x03",
        // Forged key ids and signatures.
        "h\x01v\x00v\x03v\x04v\x05v\x06v\x07t\x04v\x03v\x08t\x04v\x06v\x07V\x04",
        // Slow.
        "l\x03h\x01V\x00l\x04t\x06v\x00l\x05t\x07v\x01v\x00",
        // Odd bodies.
        "h\x01v\x00s\x08t\x06s\x09t\x06s\x0at\x06s\x0bt\x06v\x00s\x0ct\x06v\x00y\x00S\x00",
        // The time of day jumps.
        "h\x01v\x00j\x00v\x00t\x01j\x01v\x00S\x00j\x02t\x04v\x00",
    ];
    // Many key ids that nobody has, one after the other.
    let forged: String = (4..44)
        .map(|number| format!("v{}t\x01", char::from(number)))
        .collect();
    // Nothing has changed, says the server to who has not asked that.
    let unasked: String = (4..14)
        .map(|number| format!("t\x05v{}", char::from(number)))
        .collect();
    let more = [
        format!("h\x01v\x00{forged}"),
        format!("h\x01v\x00s\x06{unasked}v\x00"),
        // An outage, and a key that is withdrawn in it.
        format!("h\x03v\x01s\x00{}", "t\x07v\x01".repeat(9)),
    ];
    let mut seeds = Vec::new();
    for script in scripts.into_iter().chain(more.iter().map(String::as_str)) {
        for options in [0, 1, 2, 4, 7, 8] {
            seeds.push([&[options], script.as_bytes()].concat());
        }
    }
    seeds
}

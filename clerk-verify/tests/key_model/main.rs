//! The key source against a small model of it, in sequences of operations that are made at random: time, the server and
//! its answers, caches, clocks, and verifications at once. The time is tokio's, which stands still until it is needed.
//!
//! The model (`model/`, with the numbers in `rules.rs`) is written from the documentation. It hears each event and says
//! what must not be; `promises.rs` checks what holds in any case, without it. A key source decides some things at random;
//! those the model takes from the events, and checks their bounds. That is why these are plain proptest sequences:
//! proptest-state-machine's reference runs ahead of the system, and could not know what was decided.
//!
//! `PROPTEST_RNG_SEED=1 PROPTEST_CASES=20000 cargo test … --test key_model` plays others, and more of them; with `KEY_MODEL_FIGURES=1 … -- --nocapture`
//! it says how often each branch was met.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod log;
mod material;
mod model;
mod ops;
mod play;
mod promises;
mod rules;
mod server;

use std::cell::RefCell;

use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, RngSeed, TestRng, TestRunner},
};

use self::play::{Seen, play};

/// Each of these is met by the cases that are always the same.
const BRANCHES: &[&str] = &[
    "a second attempt",
    "absent",
    "accepted after waiting",
    "accepted at once",
    "all keys withdrawn",
    "asked again past caches",
    "bad signature, after waiting",
    "bad signature, at once",
    "bad-signature",
    "by the timer",
    "cold",
    "empty",
    "expired",
    "found",
    "fresh",
    "gone away",
    "joins",
    "keys too young for a recheck",
    "no such key, after waiting",
    "no such key, at once",
    "no-answer",
    "not modified",
    "other keys",
    "over budget while failing",
    "over-budget",
    "panicked",
    "rechecked not long ago",
    "rejected",
    "remembered-absent",
    "renewal",
    "renewed by a reader",
    "renewed by a reader after sleep",
    "stale",
    "status",
    "the minute is full",
    "the same keys",
    "timed-out",
    "told to stay away",
    "tried again after a failure",
    "unavailable",
    "unavailable, after waiting",
    "unavailable, at once",
    "unknown-key-id",
    "waited as long as one may",
    "waits",
    "well again",
];

fn run(mut runner: TestRunner) -> Seen {
    let seen = RefCell::new(Seen::default());
    let result = runner.run(&ops::case(), |case| {
        seen.borrow_mut()
            .add(play(&case).map_err(TestCaseError::fail)?);
        Ok(())
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
    let seen = seen.into_inner();
    if std::env::var_os("KEY_MODEL_FIGURES").is_some() {
        println!("{seen:#?}");
    }
    seen
}

/// How many, and from which seed, unless `PROPTEST_CASES` and `PROPTEST_RNG_SEED` say so.
fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    let asked = asked.map(|cases| cases.parse().unwrap());
    let mut config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(asked.unwrap_or(usual))
    };
    if matches!(config.rng_seed, RngSeed::Random) {
        config.rng_seed = RngSeed::Fixed(5);
    }
    config
}

#[test]
fn the_key_source_does_what_its_model_says() {
    run(TestRunner::new(cases(200)));
}

/// The same cases each time: so many that nothing which the model knows is left out.
#[test]
fn every_branch_of_the_model_is_met() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let seen = run(TestRunner::new_with_rng(
        ProptestConfig::with_cases(200),
        rng,
    ));
    let missed: Vec<_> = BRANCHES
        .iter()
        .filter(|branch| !seen.branches.contains_key(*branch))
        .collect();
    assert!(missed.is_empty(), "never met: {missed:?}");
    let unlisted: Vec<_> = seen
        .branches
        .keys()
        .filter(|branch| !BRANCHES.contains(branch))
        .collect();
    assert!(unlisted.is_empty(), "not in the list: {unlisted:?}");
}

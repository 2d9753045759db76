//! Runs a property, and counts what it meets.

use std::{cell::Cell, fmt::Debug};

use proptest::{
    strategy::Strategy,
    test_runner::{Config, RngSeed, TestCaseError, TestRunner},
};

/// What a case was about: one of the two that every property must meet often.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Met {
    Accepted,
    Refused,
}

impl Met {
    pub(crate) fn accepted_if(accepted: bool) -> Self {
        if accepted {
            Self::Accepted
        } else {
            Self::Refused
        }
    }
}

/// Checks a property on `cases` cases, or on as many as `PROPTEST_CASES` says. At least one case in twenty must be
/// accepted, and one in twenty refused.
pub(crate) fn holds<S: Strategy>(
    cases: u32,
    strategy: S,
    property: impl Fn(S::Value) -> Result<Met, TestCaseError>,
) where
    S::Value: Debug,
{
    let mut config = Config {
        failure_persistence: None,
        max_global_rejects: 100_000,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if matches!(config.rng_seed, RngSeed::Random) {
        config.rng_seed = RngSeed::Fixed(6);
    }
    let (cases, seed) = (config.cases, config.rng_seed);
    let (accepted, refused) = (Cell::new(0_u32), Cell::new(0_u32));
    let result = TestRunner::new(config).run(&strategy, |case| {
        let count = match property(case)? {
            Met::Accepted => &accepted,
            Met::Refused => &refused,
        };
        count.set(count.get() + 1);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}\nwith PROPTEST_RNG_SEED={seed} PROPTEST_CASES={cases}");
    }
    let (accepted, refused) = (accepted.get(), refused.get());
    assert!(
        accepted.min(refused) >= cases / 20,
        "{accepted} accepted and {refused} refused of {cases}"
    );
}

//! Test data and fixtures that the tests of all crates share. Not published.
// Fixtures may stop a test.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod logs;
mod real;
mod vectors;
mod verdict;

pub use self::{
    logs::{Logs, capture_logs},
    real::RealToken,
    vectors::{Request, Vector, vectors},
    verdict::{Verdict, policy_table},
};

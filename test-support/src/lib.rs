//! Test data and fixtures that the tests of all crates share. Not published.
// Fixtures may stop a test.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod abuse;
mod answer;
pub mod behaviour;
mod client;
mod cookies;
mod logs;
mod peers;
mod real;

mod vectors;
mod verdict;

pub use self::{
    answer::Answer,
    client::{Client, bearer, cookie},
    cookies::{CookieCase, cookie_cases},
    logs::{LoggedEvent, Logs, capture_logs},
    peers::{Outcome, PeerCase, peer_cases},
    real::RealToken,
    vectors::{Request, Vector, vectors},
    verdict::{Verdict, policy_table},
};

/// A file of `data/keys`.
///
/// # Panics
///
/// Where there is no such file.
#[must_use]
pub fn key_file(name: &str) -> String {
    let path = format!("{}/data/keys/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The README's code, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The code of the page about key sources.
#[cfg(doctest)]
#[doc = include_str!("../../docs/key-sources.md")]
struct KeySources;

/// The code of the page about performance.
#[cfg(doctest)]
#[doc = include_str!("../../docs/performance.md")]
struct Performance;

/// The code of the guide.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide.md")]
struct Guide;

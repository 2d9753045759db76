//! What holds of every request, token, configuration and clock: properties, on input that is nearly good.
//!
//! What `has` says of claims stands in `has_properties.rs`. Each property here also counts how often the library says yes
//! and no, and fails where one of the two is rare: a property that only ever meets refusals says nothing.
//!
//! The seed is fixed, so a failure comes back with the next run. For other input:
//!
//! ```sh
//! PROPTEST_RNG_SEED=7 PROPTEST_CASES=5000 cargo test -p clerk-verify --all-features --test properties
//! ```
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod additions;
mod agreement;
mod case;
mod check;
mod cookies;
mod draft;
mod instances;
mod junk;
mod key_sets;
mod mint;
mod order;
mod requests;
mod restrictions;
mod round_trip;
mod rules;
mod secrecy;
mod tampering;
mod time;
mod verdict;

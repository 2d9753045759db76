//! Fuzz targets of clerk-verify. Each holds the library to a model of the rules; see the README beside this.
// A target stops at the first thing that is not as it should be.
#![allow(clippy::missing_panics_doc)]
#![forbid(unsafe_code)]

pub mod clock;
pub mod harness;
pub mod model;
pub mod mutate;
pub mod seeds;
pub mod signer;
pub mod targets;
pub mod vectors;
pub mod verdict;

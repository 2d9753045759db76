//! What can go wrong with a remote key source, case by case: the time is tokio's, which stands still until it is needed,
//! and the key server is a script. Where a socket matters (`sockets.rs`), it is a real one on loopback.
//!
//! Each test begins with the id of its case in the survey of key sources on which this one is built: load (L), unknown
//! keys (U), outages (O), poisoned answers (P), cancellation (C), time (T), cache headers (H), several instances (M) and
//! seeds (S).
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod cached;
mod headers;
mod instances;
mod lifecycle;
mod load;
mod mended;
mod outage;
mod poison;
mod readers;
mod sockets;
mod support;
mod unknown;

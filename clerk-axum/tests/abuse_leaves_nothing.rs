//! What a real axum server holds after abuse: no task, no handle, no memory.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

#[path = "abuse/server.rs"]
mod server;

use clerk_test_support::abuse;
use peak_alloc::PeakAlloc;
use server::start;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// One test alone: what is counted is the process's.
#[cfg_attr(not(target_os = "linux"), ignore = "open handles are counted in /proc")]
#[tokio::test]
async fn nothing_stays() {
    abuse::nothing_stays_of_abuse(start).await;
    abuse::nothing_stays_of_a_server(start).await;
}

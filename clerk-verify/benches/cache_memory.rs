//! The memory that 100,000 remembered tokens take: `cargo bench -p clerk-verify --bench cache_memory`.
//!
//! Mints so many, on all cores, which takes a minute or two; verifies each once with a cache that has room for them; and
//! says what is allocated afterwards, and what the process takes more than before.
// A bench stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used
)]
#![allow(missing_docs)]

use std::{fs, thread, time::Duration};

use clerk_verify::{TokenCache, testing::TestIssuer};

const TOKENS: usize = 100_000;
const MAX_BYTES: u64 = 220_000_000;

fn main() {
    // `cargo test --benches` starts it too.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let issuer = TestIssuer::new();
    let tokens = mint(&issuer);
    // Parts of the map fill unevenly, so there is room for a few more.
    let cache = TokenCache::default().max_entries(2 * TOKENS as u64);
    let cache = cache.max_bytes(2 * MAX_BYTES);
    let verifier = issuer.verifier().token_cache(cache).build().unwrap();
    let before = resident();
    let allocated = allocation_counter::measure(|| {
        for token in &tokens {
            assert!(verifier.verify_token_now(token).unwrap().is_ok());
        }
    });
    let status = verifier.token_cache_status();
    println!("tokens of {} bytes: {}", tokens[0].len(), status.entries());
    println!("counted by the cache: {} bytes", status.bytes());
    println!("allocated: {} bytes", allocated.bytes_current);
    if let (Some(before), Some(after)) = (before, resident()) {
        println!(
            "resident: {} bytes more than before",
            after.saturating_sub(before)
        );
    }
    assert_eq!(status.entries(), TOKENS as u64);
    assert!(status.bytes() <= MAX_BYTES && allocated.bytes_current <= MAX_BYTES as i64);
}

fn mint(issuer: &TestIssuer) -> Vec<String> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let token = |number: usize| {
        let token = issuer
            .token()
            .user(format!("user_2abcdefghijklmnopqrst{number:06}"));
        let token = token
            .azp("https://app.example.com")
            .lifetime(Duration::from_secs(24 * 60 * 60));
        let token = token.claim("email", "someone.with.a.name@mail.example.com");
        token
            .claim(
                "image",
                "https://img.example.com/2abcdefghijklmnopqrstuvwxyz",
            )
            .sign()
    };
    thread::scope(|scope| {
        let part = |first| move || (first..TOKENS).step_by(threads).map(token).collect();
        let parts: Vec<_> = (0..threads).map(|first| scope.spawn(part(first))).collect();
        let join = |part: thread::ScopedJoinHandle<'_, Vec<String>>| part.join().unwrap();
        parts.into_iter().flat_map(join).collect()
    })
}

/// The memory of this process, where the system says it.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

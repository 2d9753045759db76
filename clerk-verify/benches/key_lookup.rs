//! How long it takes to look a key up among fetched keys: `cargo bench -p clerk-verify --bench key_lookup`.
//!
//! With 1, 10 and 100 keys in the set, on one thread and on two at the same time. Beside it the whole verification, to
//! see what the lookup is a part of.
// A bench stops at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used)]
#![allow(missing_docs)]

use std::{
    hint::black_box,
    time::{Duration, SystemTime},
};

use clerk_verify::{
    Clock, FetchError, FetchRequest, FetchResponse, Fetcher, SystemClock, Verifier,
    testing::{TestIssuer, look_up},
};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};

/// The time of day stands still: a verification reads it once, for the claims, and hands it to the lookup. The
/// monotonic clock is the system's; the lookup reads it.
#[derive(Debug)]
struct HalfClock(SystemTime);

impl Clock for HalfClock {
    fn now(&self) -> SystemTime {
        self.0
    }
}

struct Set(String);

impl Fetcher for Set {
    async fn fetch(&self, _: FetchRequest) -> Result<FetchResponse, FetchError> {
        Ok(FetchResponse::new(200, self.0.clone()))
    }
}

/// A verifier that has fetched this many keys, the issuer's among them.
fn verifier(issuer: &TestIssuer, keys: usize) -> Verifier {
    let set: Value = serde_json::from_str(&issuer.jwks_json()).unwrap();
    let mut all = vec![set["keys"][0].clone()];
    for number in 1..keys {
        let mut key = all[0].clone();
        key["kid"] = format!("ins_{number:027}").into();
        all.push(key);
    }
    let verifier = Verifier::builder()
        .jwks_url("https://keys.example.test/jwks.json")
        .issuer(issuer.issuer())
        .clock(HalfClock(SystemTime::now()))
        .fetcher(Set(json!({ "keys": all }).to_string()))
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(verifier.ready()).unwrap();
    assert_eq!(verifier.status().keys(), keys);
    verifier
}

fn lookups(criterion: &mut Criterion) {
    let issuer = TestIssuer::new();
    let mut group = criterion.benchmark_group("key lookup");
    for keys in [1, 10, 100] {
        let verifier = verifier(&issuer, keys);
        group.bench_function(BenchmarkId::new("one thread", keys), |bencher| {
            bencher.iter(|| look_up(&verifier, black_box(issuer.key_id())));
        });
        group.bench_function(BenchmarkId::new("two threads", keys), |bencher| {
            bencher.iter_custom(|rounds| two_threads(&verifier, &issuer, rounds));
        });
        assert_eq!(verifier.status().fetches(), 1);
    }
    group.finish();
}

/// How long both take for so many lookups each.
fn two_threads(verifier: &Verifier, issuer: &TestIssuer, rounds: u64) -> Duration {
    let work = || {
        let start = std::time::Instant::now();
        for _ in 0..rounds {
            assert!(look_up(verifier, black_box(issuer.key_id())));
        }
        start.elapsed()
    };
    std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads
            .map(|thread| thread.join().unwrap())
            .into_iter()
            .max()
    })
    .unwrap()
}

/// What of the lookup is the clock's.
fn clocks(criterion: &mut Criterion) {
    criterion.bench_function("monotonic clock", |bencher| {
        bencher.iter(|| SystemClock.monotonic());
    });
}

fn verifications(criterion: &mut Criterion) {
    let issuer = TestIssuer::new();
    let verifier = verifier(&issuer, 1);
    let token = issuer.token().lifetime(Duration::from_secs(3600)).sign();
    criterion.bench_function("whole verification", |bencher| {
        bencher.iter(|| {
            verifier
                .verify_token_now(black_box(&token))
                .unwrap()
                .unwrap()
        });
    });
}

criterion_group!(benches, lookups, clocks, verifications);
criterion_main!(benches);

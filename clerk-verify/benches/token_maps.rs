//! The map that holds verified tokens, beside the one that was not taken:
//! `cargo bench -p clerk-verify --bench token_maps`.
//!
//! Both hold entries like a session's under keys like a token, whose hash is made once, and are bounded by weight.
// A bench stops at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used)]
#![allow(missing_docs)]

use std::{
    hash::{Hash, Hasher},
    hint::black_box,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use criterion::{Criterion, criterion_group, criterion_main};
use foldhash::quality::RandomState;

/// How many entries there is room for.
const ROOM: u64 = 1_000;
const WEIGHT: u32 = 2_200;

#[derive(Clone, Eq, PartialEq)]
struct Token {
    hash: u64,
    text: Box<str>,
}

impl Hash for Token {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

type Session = Arc<[u8]>;

#[derive(Clone)]
struct EachTheSame;

impl quick_cache::Weighter<Token, Session> for EachTheSame {
    fn weight(&self, _: &Token, _: &Session) -> u64 {
        u64::from(WEIGHT)
    }
}

type Quick = quick_cache::sync::Cache<Token, Session, EachTheSame, RandomState>;
type Moka = moka::sync::Cache<Token, Session, RandomState>;

fn quick() -> Quick {
    let items = usize::try_from(ROOM).unwrap();
    let hasher = RandomState::default();
    Quick::with(
        items,
        ROOM * u64::from(WEIGHT),
        EachTheSame,
        hasher,
        Default::default(),
    )
}

struct InAMinute;

impl moka::Expiry<Token, Session> for InAMinute {
    fn expire_after_create(&self, _: &Token, _: &Session, _: Instant) -> Option<Duration> {
        Some(Duration::from_secs(60))
    }
}

fn moka() -> Moka {
    moka::sync::Cache::builder()
        .max_capacity(ROOM * u64::from(WEIGHT))
        .weigher(|_, _| WEIGHT)
        // Entries end with their tokens.
        .expire_after(InAMinute)
        .eviction_policy(moka::policy::EvictionPolicy::lru())
        .build_with_hasher(RandomState::default())
}

fn token(number: u64) -> Token {
    Token {
        hash: number.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        text: format!("{number:0970}").into(),
    }
}

fn session() -> Session {
    Arc::from([0; 800])
}

fn hits(criterion: &mut Criterion) {
    let (quick, moka) = (quick(), moka());
    let token = token(7);
    quick.insert(token.clone(), session());
    moka.insert(token.clone(), session());
    moka.run_pending_tasks();
    let of_quick = || assert!(quick.get(black_box(&token)).is_some());
    let of_moka = || assert!(moka.get(black_box(&token)).is_some());

    let mut group = criterion.benchmark_group("hit");
    group.bench_function("quick_cache", |bencher| bencher.iter(of_quick));
    group.bench_function("moka", |bencher| bencher.iter(of_moka));
    group.bench_function("quick_cache, on two threads", |bencher| {
        bencher.iter_custom(|rounds| on_two_threads(&of_quick, rounds));
    });
    group.bench_function("moka, on two threads", |bencher| {
        bencher.iter_custom(|rounds| on_two_threads(&of_moka, rounds));
    });
    group.finish();
}

/// How long both take for so many each.
fn on_two_threads(hit: &(impl Fn() + Sync), rounds: u64) -> Duration {
    let work = || {
        let start = Instant::now();
        (0..rounds).for_each(|_| hit());
        start.elapsed()
    };
    let both = thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.map(|thread| thread.join().unwrap())
    });
    both.into_iter().max().unwrap()
}

/// Of tokens that have not been there before, into a full map.
fn insertions(criterion: &mut Criterion) {
    let (quick, moka) = (quick(), moka());
    let mut group = criterion.benchmark_group("insertion");
    let mut number = 0;
    let mut next = || {
        number += 1;
        (token(number), session())
    };
    group.bench_function("what is inserted, by itself", |bencher| {
        bencher.iter(|| black_box(next()));
    });
    group.bench_function("quick_cache", |bencher| {
        bencher.iter(|| {
            let (token, session) = next();
            quick.insert(token, session);
        });
    });
    group.bench_function("moka", |bencher| {
        bencher.iter(|| {
            let (token, session) = next();
            moka.insert(token, session);
        });
    });
    group.finish();
}

criterion_group!(benches, hits, insertions);
criterion_main!(benches);

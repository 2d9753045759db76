use super::*;
use crate::{
    claims::{ClaimedTimes, Claims, Outline, Payload},
    keys::Voucher,
    session::Session,
};

fn cache() -> VerifiedTokens {
    VerifiedTokens::new(TokenCache::default()).unwrap()
}

fn verified() -> Verified {
    let times = ClaimedTimes {
        expires_at: 0,
        not_before: None,
        issued_at: None,
    };
    let outline = Outline::of(&Payload::default(), times, "");
    Verified {
        session: Session::new(Claims::new(String::new(), outline)),
        place: 0,
        voucher: Voucher::Fixed,
    }
}

fn left(cache: &VerifiedTokens, now: i64) -> (u64, u64) {
    let status = cache.sweep(now, |_| true);
    (status.entries, status.bytes)
}

#[test]
fn one_that_takes_what_one_may_is_kept_and_a_larger_one_is_not() {
    let bytes = weight::of("token", verified().session.claims());
    for (most, kept) in [(bytes - 1, (0, 0)), (bytes, (1, bytes))] {
        let limits = TokenCache::default().max_entry_bytes(most);
        let cache = VerifiedTokens::new(limits).unwrap();
        cache.insert(&cache.seek("token"), verified(), 1);
        assert_eq!(left(&cache, 0), kept);
    }
}

#[test]
fn the_same_token_is_there_once_until_it_is_forgotten() {
    let cache = cache();
    let token = cache.seek("token");
    cache.insert(&token, verified(), 1);
    cache.insert(&token, verified(), 2);
    cache.insert(&cache.seek("another"), verified(), 1);
    assert_eq!(left(&cache, 0).0, 2);
    cache.forget(&token);
    assert!(cache.get(&token).is_none() && cache.get(&cache.seek("another")).is_some());
    assert_eq!(left(&cache, 0).0, 1);
}

#[test]
fn a_sweep_leaves_what_has_not_ended_and_is_vouched_for() {
    let cache = cache();
    for ends_at in [9, 10, 11, 12] {
        let text = format!("token {ends_at:02}");
        cache.insert(&cache.seek(&text), verified(), ends_at);
    }
    let each = weight::of("token 10", verified().session.claims());
    assert_eq!(left(&cache, 8), (4, 4 * each));
    assert_eq!(left(&cache, 10), (2, 2 * each));
    assert!(cache.get(&cache.seek("token 10")).is_none());
    assert!(cache.get(&cache.seek("token 11")).is_some());
    assert_eq!(cache.sweep(10, |_| false).entries, 0);
    assert!(cache.get(&cache.seek("token 11")).is_none());
}

#[test]
fn a_sweep_is_due_once_a_minute_also_where_the_clock_was_set_back() {
    let cache = cache();
    for (now, is_due) in [
        (60_000, true),
        (60_000, false),
        (119_999, false),
        (120_000, true),
        (120_001, false),
        // Never more than a minute before the next.
        (120_000, false),
        (119_999, true),
        (179_998, false),
        (179_999, true),
        (i64::MIN, true),
        (i64::MAX, true),
    ] {
        assert_eq!(cache.sweep_is_due(now), is_due, "at {now}");
    }
}

/// On threads as they are; under Miri also on memory that is as weak as Rust allows.
#[cfg(not(shuttle))]
#[test]
fn threads_find_what_was_put_in_for_that_token_or_nothing() {
    const ROUNDS: usize = if cfg!(miri) { 8 } else { 2_000 };
    let cache = cache();
    let texts = ["token a", "token b", "token c"];
    std::thread::scope(|scope| {
        for first in 0..texts.len() {
            let cache = &cache;
            scope.spawn(move || {
                for round in first..first + ROUNDS {
                    let place = round % texts.len();
                    let token = cache.seek(texts[place]);
                    if let Some(found) = cache.get(&token) {
                        assert_eq!(found.place, place);
                    }
                    match round % 5 {
                        0 => cache.forget(&token),
                        1 => drop(cache.sweep(0, |found| found.place != place)),
                        _ => cache.insert(
                            &token,
                            Verified {
                                place,
                                ..verified()
                            },
                            1,
                        ),
                    }
                }
            });
        }
    });
    cache.clear();
    assert_eq!(left(&cache, 0), (0, 0));
}

#[cfg(not(shuttle))]
#[test]
fn one_of_the_threads_that_come_sweeps() {
    for _ in 0..if cfg!(miri) { 2 } else { 500 } {
        let cache = cache();
        let swept = std::thread::scope(|scope| {
            let threads = [(); 3].map(|()| scope.spawn(|| cache.sweep_is_due(60_000)));
            let swept = threads.map(|thread| usize::from(thread.join().unwrap()));
            swept.iter().sum::<usize>()
        });
        assert_eq!(swept, 1);
    }
}

/// 64 of them need room in each.
#[test]
fn the_smallest_are_reckoned_with_1024_bytes_for_the_shards() {
    for (max_bytes, expected) in [(2 * 64 * 1_024 - 1, 1), (2 * 64 * 1_024, 2)] {
        let limits = TokenCache::default()
            .max_entries(u64::MAX)
            .max_bytes(max_bytes)
            .max_entry_bytes(1);
        let cache = VerifiedTokens::new(limits).unwrap();
        assert_eq!(cache.tokens.num_shards(), expected, "{max_bytes} bytes");
    }
}

/// Of those that came once, the last ones have the other half.
#[test]
fn tokens_that_came_more_than_once_have_half_of_the_room() {
    let cache = VerifiedTokens::new(TokenCache::default().max_entries(100)).unwrap();
    let names = |kind: &'static str| (0..150).map(move |number| format!("{kind} {number}"));
    let count = |kind| {
        let is_there = |name: &String| cache.tokens.peek(&cache.seek(name)).is_some();
        names(kind).filter(is_there).count()
    };
    for name in names("often") {
        let token = cache.seek(&name);
        cache.insert(&token, verified(), i64::MAX);
        assert!(cache.get(&token).is_some());
    }
    for name in names("once") {
        cache.insert(&cache.seek(&name), verified(), i64::MAX);
    }
    assert_eq!((count("often"), count("once")), (50, 50));
}

#[test]
fn shards_are_four_a_thread_as_far_as_there_is_room_for_64_entries_and_two_of_the_largest() {
    let many = u64::MAX;
    for (threads, entries, capacity, max_entry, expected) in [
        (2, 10_000, 32 << 20, 32 << 10, 8),
        (1, 10_000, 32 << 20, 32 << 10, 4),
        (3, 10_000, 32 << 20, 32 << 10, 16),
        (100, many, many, 1, 256),
        (2, 512, many, 1, 8),
        (2, 511, many, 1, 4),
        (2, 128, many, 1, 2),
        (2, 127, many, 1, 1),
        (2, 0, 0, 1, 1),
        (2, many, 16_000, 1_000, 8),
        (2, many, 15_999, 1_000, 4),
        (2, many, 4_000, 1_000, 2),
        (2, many, 3_999, 1_000, 1),
    ] {
        assert_eq!(
            shards(threads, entries, capacity, max_entry),
            expected,
            "of {threads} threads, {entries} entries, {capacity} bytes, {max_entry} each"
        );
    }
}

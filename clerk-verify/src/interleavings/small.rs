//! What is small enough to try every order.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use shuttle::thread;

use super::{explore, explore_all};
use crate::{TokenCache, cache::VerifiedTokens, token::Header, usual_header::UsualHeaders};

#[test]
fn one_of_those_who_come_sweeps_the_cache() {
    let orders = explore_all(|| {
        let cache = Arc::new(VerifiedTokens::new(TokenCache::default()).unwrap());
        let swept = Arc::new(AtomicUsize::new(0));
        let threads = [(); 3].map(|()| {
            let (cache, swept) = (Arc::clone(&cache), Arc::clone(&swept));
            thread::spawn(move || {
                let turn = usize::from(cache.sweep_is_due(60_000));
                swept.fetch_add(turn, Ordering::SeqCst);
            })
        });
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert_eq!(swept.load(Ordering::SeqCst), 1);
        assert!(!cache.sweep_is_due(119_999) && cache.sweep_is_due(120_000));
    });
    assert!(orders > 100, "only {orders}");
}

/// Each is kept once, as what it is, and the places are filled from the first on.
fn kept_once_each<const THREADS: usize>(threads: [&'static [&'static str]; THREADS]) {
    let kept = Arc::new(UsualHeaders::default());
    let threads = threads.map(|parts| {
        let kept = Arc::clone(&kept);
        thread::spawn(move || {
            for part in parts {
                if kept.find(part).is_none() {
                    let text = text(part);
                    kept.keep(part, &text, &Header::parse(&text).unwrap());
                }
                let found = kept.find(part).unwrap().header();
                assert_eq!(found.kid.text().as_deref(), Some(*part));
            }
        })
    });
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    let kept = kept.parts();
    let different: HashSet<_> = kept.iter().collect();
    assert_eq!(kept.len(), different.len(), "{kept:?}");
}

#[test]
fn a_header_is_kept_once() {
    let orders = explore_all(|| kept_once_each([&["a"], &["a"]]));
    assert!(orders > 10, "only {orders}");
}

#[test]
fn two_headers_are_kept() {
    let orders = explore_all(|| kept_once_each([&["a"], &["b"]]));
    assert!(orders > 10, "only {orders}");
}

#[test]
fn headers_are_kept_once_each() {
    explore(|| kept_once_each([&["a", "b", "c"], &["b", "c", "d"], &["c", "a"]]));
}

fn text(part: &str) -> String {
    format!(r#"{{"alg":"RS256","kid":"{part}","typ":"JWT"}}"#)
}

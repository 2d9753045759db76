//! The verdict as a function of the clock, with everything else fixed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clerk_verify::{Clock, Reason, TokenCache, Verifier, VerifierBuilder};
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::{
    check::{Met, holds},
    mint::{ISSUER, OWN, object},
};

/// A clock to the millisecond; `FixedClock` knows seconds.
#[derive(Clone, Debug, Default)]
struct Millis(Arc<AtomicI64>);

impl Clock for Millis {
    fn now(&self) -> SystemTime {
        let millis = self.0.load(Ordering::Relaxed);
        let distance = Duration::from_millis(millis.unsigned_abs());
        match millis {
            0.. => UNIX_EPOCH + distance,
            _ => UNIX_EPOCH - distance,
        }
    }
}

/// The three claims as they are written, and what that means in whole seconds.
#[derive(Clone, Debug)]
struct Times {
    exp: (String, i64),
    nbf: Option<(String, i64)>,
    iat: Option<(String, i64)>,
    skew_millis: i64,
}

impl Times {
    fn token(&self) -> String {
        let mut claims = vec![("sub".to_owned(), "\"user_1\"".to_owned())];
        let times = [("exp", Some(&self.exp)), ("nbf", self.nbf.as_ref())];
        for (name, time) in times.into_iter().chain([("iat", self.iat.as_ref())]) {
            claims.extend(time.map(|(text, _)| (name.to_owned(), text.clone())));
        }
        let header = format!(r#"{{"alg":"RS256","kid":"{}"}}"#, ISSUER.key_id());
        OWN.sign("RS256", &header, &object(&claims, ""))
    }

    fn verifier(&self, clock: &Millis) -> VerifierBuilder {
        let skew = Duration::from_millis(self.skew_millis.unsigned_abs());
        Verifier::builder()
            .jwt_key(ISSUER.public_pem())
            .clock_skew(skew)
            .clock(clock.clone())
    }

    /// Checks 13 to 15 of the README's table, word by word.
    fn expected(&self, now: i64) -> Option<Reason> {
        let (now, skew) = (i128::from(now), i128::from(self.skew_millis));
        let millis = |time: &(String, i64)| i128::from(time.1) * 1000;
        let is_early = |time: &Option<(String, i64)>| {
            time.as_ref().is_some_and(|time| millis(time) > now + skew)
        };
        if millis(&self.exp) <= now - skew {
            Some(Reason::TokenExpired)
        } else if is_early(&self.nbf) {
            Some(Reason::TokenNotActiveYet)
        } else if is_early(&self.iat) {
            Some(Reason::TokenIatInTheFuture)
        } else {
            None
        }
    }

    /// Moments around every edge, and far from all.
    fn moments(&self, others: &[i64]) -> Vec<i64> {
        let times = [Some(&self.exp), self.nbf.as_ref(), self.iat.as_ref()];
        let edges = times.into_iter().flatten().flat_map(|(_, time)| {
            let skew = self.skew_millis;
            [-skew, skew].map(|skew| time.saturating_mul(1000).saturating_add(skew))
        });
        let near = edges.flat_map(|edge| [-1000, -1, 0, 1, 1000].map(|by| edge.saturating_add(by)));
        let bound = i64::MAX / 4;
        let mut moments: Vec<i64> = near.chain(others.iter().copied()).collect();
        moments.retain(|moment| (-bound..bound).contains(moment));
        moments
    }
}

fn reason(verifier: &Verifier, token: &str) -> Option<Reason> {
    let result = verifier.verify_token_now(token).unwrap();
    result.err().map(|error| error.reason())
}

/// Whole seconds, and one of the ways to write them: with a fraction that is dropped, or with an exponent.
fn written(seconds: i64) -> impl Strategy<Value = (String, i64)> {
    let fractions = select(&["", "", ".0", ".5", ".999", ".000001", "e0", "E+0"][..]);
    fractions.prop_map(move |fraction| {
        let is_exact = seconds.unsigned_abs() < 1 << 40;
        let fraction = if is_exact { fraction } else { "" };
        (format!("{seconds}{fraction}"), seconds)
    })
}

fn times() -> impl Strategy<Value = Times> {
    let base = prop_oneof![
        4 => Just(1_790_000_000_i64),
        1 => select(&[0, 1, 5, 4_000_000_000, 1 << 40, (1 << 53) - 1_000, 1 << 53][..]),
    ];
    let skew = prop_oneof![
        2 => Just(5_000),
        1 => Just(0),
        1 => select(&[1, 999, 1_001, 60_000, 86_400_000][..]),
        1 => 0_i64..20_000,
    ];
    let times = base.prop_flat_map(|base| {
        let near = move |from: i64, to: i64| (base + from..base + to).prop_flat_map(written);
        let far = select(&[0, -1, -(1 << 50), 1 << 62, i64::MIN][..]).prop_flat_map(written);
        let start = prop_oneof![9 => near(-90, 30), 1 => far].boxed();
        let end = (base - 30..base + 90)
            .prop_map(|end| end.clamp(0, 1 << 53))
            .prop_flat_map(written);
        (end, option::of(start.clone()), option::of(start))
    });
    (times, skew).prop_map(|((exp, nbf, iat), skew_millis)| Times {
        exp,
        nbf,
        iat,
        skew_millis,
    })
}

fn moments() -> impl Strategy<Value = Vec<i64>> {
    let near = 1_789_999_900_000_i64..1_790_000_100_000;
    let any = -9_000_000_000_000_000_i64..9_000_000_000_000_000;
    vec(prop_oneof![6 => near, 1 => any], 4..12)
}

#[test]
fn it_is_early_then_good_then_late_with_the_edges_of_the_rules() {
    holds(128, (times(), moments()), |(times, others)| {
        let clock = Millis::default();
        let uncached = times.verifier(&clock).token_cache(TokenCache::disabled());
        let uncached = uncached.build().unwrap();
        let token = times.token();
        let mut moments = times.moments(&others);
        moments.sort_unstable();
        let (mut stage, mut was_good) = (0, false);
        for now in moments {
            clock.0.store(now, Ordering::Relaxed);
            let reason = reason(&uncached, &token);
            prop_assert_eq!(reason, times.expected(now), "at {}", now);
            let next = match reason {
                Some(Reason::TokenNotActiveYet) => 0,
                Some(Reason::TokenIatInTheFuture) => 1,
                None => 2,
                Some(Reason::TokenExpired) => 3,
                other => panic!("{other:?}"),
            };
            prop_assert!(next >= stage, "from {} back to {} at {}", stage, next, now);
            stage = next;
            was_good |= reason.is_none();
        }
        Ok(Met::accepted_if(was_good))
    });
}

/// The clock moves in any order: what was remembered at one moment says nothing wrong at another.
#[test]
fn a_verifier_that_remembers_says_what_one_without_memory_says() {
    let order = vec(any::<prop::sample::Index>(), 1..25);
    let case = (vec(times(), 1..4), moments(), order);
    let last = std::cell::Cell::new(false);
    holds(96, case, |(all, others, order)| {
        let clock = Millis::default();
        let skew_millis = all[0].skew_millis;
        let all: Vec<Times> = all
            .into_iter()
            .map(|times| Times {
                skew_millis,
                ..times
            })
            .collect();
        let build = |cache| all[0].verifier(&clock).token_cache(cache).build().unwrap();
        let caches = [TokenCache::default(), TokenCache::default().max_entries(1)];
        let cached = caches.map(build);
        let uncached = build(TokenCache::disabled());
        let tokens: Vec<(String, Vec<i64>)> = all
            .iter()
            .map(|times| (times.token(), times.moments(&others)))
            .collect();
        for (step, place) in order.iter().enumerate() {
            let (_, moments) = &tokens[step % tokens.len()];
            clock.0.store(*place.get(moments), Ordering::Relaxed);
            for (token, _) in &tokens {
                let expected = reason(&uncached, token);
                last.set(expected.is_none());
                for verifier in &cached {
                    prop_assert_eq!(reason(verifier, token), expected);
                }
            }
        }
        Ok(Met::accepted_if(last.get()))
    });
}

//! Many callers, one fetch; renewals that nobody waits for.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use clerk_verify::{Clock, JwksOptions, Reason, testing::TestIssuer};
use tokio::{task::JoinSet, time::Instant};

use super::support::*;

#[tokio::test(start_paused = true)]
async fn l1_a_thousand_cold_calls_make_one_fetch() {
    let world = World::new();
    world.server.takes(Duration::from_millis(200));
    let (verifier, start) = (world.verifier(), Instant::now());
    let answers = all_at_once(&verifier, vec![world.token(); 1000]).await;
    assert_eq!(count(&answers, None), 1000);
    assert_eq!((world.server.count(), verifier.status().fetches()), (1, 1));
    let took = since(start).as_millis();
    assert!((200..=201).contains(&took), "{took} ms");
}

#[tokio::test(start_paused = true)]
async fn l2_a_thousand_cold_calls_with_unknown_kids_make_one_fetch() {
    let world = World::new();
    world.server.takes(Duration::from_millis(200));
    let (verifier, token) = (world.verifier(), world.token());
    let tokens = (0..1000).map(|number| with_kid(&token, &format!("ins_{number}")));
    let answers = all_at_once(&verifier, tokens).await;
    assert_eq!(count(&answers, Some(Reason::JwkKidMismatch)), 1000);
    assert_eq!(world.server.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn l3_a_cold_fetch_that_fails_is_tried_again_at_once() {
    for trouble in [status(500), status(503), status(429), Step::NotReached] {
        let world = World::new();
        let latency = Duration::from_millis(50);
        world.server.takes(latency);
        let good = ok(world.issuer.jwks_json());
        world.server.behave(move |number| {
            if number == 0 {
                trouble.clone()
            } else {
                good.clone()
            }
        });
        let (verifier, start) = (world.verifier(), Instant::now());
        let answers = all_at_once(&verifier, vec![world.token(); 1000]).await;
        assert_eq!(count(&answers, None), 1000);
        assert_eq!(world.server.count(), 2);
        let took = since(start);
        assert!(took >= Duration::from_millis(200), "{took:?}");
        assert!(took <= Duration::from_millis(302) + 2 * latency, "{took:?}");
    }
}

/// What will not pass by itself is not asked again at once.
#[tokio::test(start_paused = true)]
async fn l3_a_cold_fetch_that_will_fail_again_is_not_tried_at_once() {
    let later = clerk_verify::FetchResponse::new(429, "").with_header("retry-after", "60");
    for trouble in [status(404), ok("{}"), Step::Hang, Step::Answer(later)] {
        let world = World::new();
        world.server.always(trouble);
        let verifier = world.verifier();
        assert_eq!(
            reason(&verifier, &world.token()).await,
            Some(Reason::JwkRemoteFailedToLoad)
        );
        assert_eq!(world.server.count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn l4_three_cold_issuers_make_three_fetches() {
    let worlds = [World::new(), World::new(), World::new()];
    let mut calls = JoinSet::new();
    for world in &worlds {
        world.server.takes(Duration::from_millis(200));
        let (verifier, token) = (world.verifier(), world.token());
        calls.spawn(async move { all_at_once(&verifier, vec![token; 300]).await });
    }
    while let Some(answers) = calls.join_next().await {
        assert_eq!(count(&answers.unwrap(), None), 300);
    }
    assert_eq!(worlds.map(|world| world.server.count()), [1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn l6_while_due_keys_are_fetched_nobody_waits() {
    let world = World::new();
    // The timer would begin with the renewal before the first token does.
    let options = JwksOptions {
        renew_when_idle: false,
        ..JwksOptions::default()
    };
    let verifier = world.builder().jwks(options).build().unwrap();
    verifier.ready().await.unwrap();
    pass(241 * SECOND).await;
    world.server.always(Step::Hang);
    let token = world.token();
    for call in 0..10_000 {
        assert_eq!(first_poll(&verifier, &token), Some(true));
        if call % 2500 == 0 {
            pass(SECOND).await;
        }
    }
    assert_eq!(verifier.status().fetches(), 2, "one cold, one renewal");
}

/// By the tokens that come, and by the timer alone.
#[tokio::test(start_paused = true)]
async fn l7_a_day_of_one_token_a_second_takes_about_four_hundred_fetches() {
    for renew_when_idle in [false, true] {
        let world = World::new();
        let options = JwksOptions {
            renew_when_idle,
            ..JwksOptions::default()
        };
        let verifier = world.builder().jwks(options).build().unwrap();
        verifier.ready().await.unwrap();
        let token = world.token();
        for second in 0..24 * 60 * 60 {
            // A whole verification now and then, its lookup otherwise: the fetches depend on that alone.
            if second % 100 == 0 {
                assert_eq!(first_poll(&verifier, &token), Some(true));
            } else {
                assert!(clerk_verify::testing::look_up(
                    &verifier,
                    world.issuer.key_id()
                ));
            }
            tokio::time::sleep(SECOND).await;
        }
        let fetches = verifier.status().fetches();
        assert!((360..=413).contains(&fetches), "{fetches} fetches");
        let times: Vec<Duration> = world
            .server
            .requests()
            .iter()
            .map(|asked| asked.at)
            .collect();
        for pair in times.windows(2) {
            let gap = pair[1] - pair[0];
            assert!(gap >= 210 * SECOND && gap <= 241 * SECOND, "{gap:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn l7_without_a_token_keys_are_renewed_all_the_same_unless_told_otherwise() {
    for (renew_when_idle, expected) in [(true, 15..=17), (false, 1..=1)] {
        let world = World::new();
        let options = JwksOptions {
            renew_when_idle,
            ..JwksOptions::default()
        };
        let verifier = world.builder().jwks(options).build().unwrap();
        verifier.ready().await.unwrap();
        pass(HOUR).await;
        let fetches = world.server.count();
        assert!(expected.contains(&fetches), "{fetches} fetches");
    }
}

#[tokio::test(start_paused = true)]
async fn l8_sources_that_start_together_do_not_renew_together() {
    let world = World::new();
    let mut sources = Vec::new();
    for _ in 0..200 {
        let server = Script::new(ok(world.issuer.jwks_json()));
        let verifier = world.builder().fetcher(server.clone()).build().unwrap();
        verifier.ready().await.unwrap();
        sources.push((verifier, server));
    }
    pass(260 * SECOND).await;
    let mut bins: HashMap<u64, usize> = HashMap::new();
    for (_, server) in &sources {
        let renewal = server.requests()[1].at;
        assert!(
            renewal >= 210 * SECOND && renewal <= 241 * SECOND,
            "{renewal:?}"
        );
        *bins.entry(renewal.as_secs()).or_default() += 1;
    }
    let most = bins.values().max().unwrap();
    assert!(*most <= 40, "{most} of 200 in one second");
}

#[tokio::test(start_paused = true)]
async fn the_random_part_repeats_with_a_seed() {
    let mut renewals = Vec::new();
    for seed in [1, 1, 2] {
        let world = World::new();
        let options = JwksOptions {
            jitter_seed: Some(seed),
            ..JwksOptions::default()
        };
        let verifier = world.builder().jwks(options).build().unwrap();
        verifier.ready().await.unwrap();
        pass(5 * MINUTE).await;
        renewals.push(world.server.requests()[1].at);
    }
    assert_eq!(renewals[0], renewals[1]);
    assert_ne!(renewals[0], renewals[2]);
}

#[tokio::test(start_paused = true)]
async fn a_second_attempt_comes_100_to_300_ms_after_the_first() {
    let mut gaps = Vec::new();
    for seed in 0..300 {
        let world = World::new();
        world.server.always(status(500));
        let options = JwksOptions {
            jitter_seed: Some(seed),
            ..JwksOptions::default()
        };
        let verifier = world.builder().jwks(options).build().unwrap();
        verifier.ready().await.unwrap_err();
        let requests = world.server.requests();
        gaps.push((requests[1].at - requests[0].at).as_millis());
    }
    assert!(gaps.iter().all(|gap| (100..=301).contains(gap)), "{gaps:?}");
    assert!(gaps.iter().any(|gap| *gap < 110), "{gaps:?}");
    assert!(gaps.iter().any(|gap| *gap > 290), "{gaps:?}");
}

/// A clock that stands still, and how often it was looked at.
#[derive(Clone, Debug, Default)]
struct Still(Arc<AtomicU64>);

impl Clock for Still {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn monotonic(&self) -> Duration {
        self.0.fetch_add(1, Ordering::SeqCst);
        Duration::ZERO
    }
}

/// By its own time the renewal never comes nearer.
#[tokio::test(start_paused = true)]
async fn a_clock_that_stands_still_is_looked_at_twenty_times_a_second() {
    let world = World::new();
    let clock = Still::default();
    let options = JwksOptions {
        ttl: Duration::from_millis(10),
        ..JwksOptions::default()
    };
    let builder = world.builder().clock(clock.clone()).jwks(options);
    let verifier = builder.build().unwrap();
    verifier.ready().await.unwrap();
    let before = clock.0.load(Ordering::SeqCst);
    pass(10 * SECOND).await;
    let looks = clock.0.load(Ordering::SeqCst) - before;
    assert!((195..=205).contains(&looks), "{looks}");
    assert_eq!(world.server.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn ready_asks_all_instances_at_once() {
    let world = World::new();
    world.server.takes(2 * SECOND);
    let other = TestIssuer::fresh();
    let verifier = world
        .builder()
        .instance(clerk_verify::Instance::issuer(other.issuer()))
        .build()
        .unwrap();
    let start = Instant::now();
    verifier.ready().await.unwrap();
    assert_eq!(since(start).as_secs(), 2);
    assert_eq!(world.server.count(), 2);
}

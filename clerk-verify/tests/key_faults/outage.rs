//! The key server is down, hangs, or wants to be left alone.

use std::time::Duration;

use clerk_verify::{FetchResponse, JwksOptions, KeySourceState, Reason};
use tokio::time::Instant;

use super::support::*;

const DOWN: Option<Reason> = Some(Reason::JwkRemoteFailedToLoad);

#[tokio::test(start_paused = true)]
async fn o1_nobody_notices_an_outage_of_half_an_hour() {
    let world = World::new();
    let (verifier, token) = (world.warm().await, world.token());
    world.server.always(status(500));
    let (before, start) = (verifier.status().fetches(), Instant::now());
    for call in 0..18_000_u32 {
        assert_eq!(reason(&verifier, &token).await, None);
        if call % 100 == 0 {
            let stale = since(start) >= 300 * SECOND;
            let status = verifier.status();
            let expected = if stale {
                KeySourceState::Stale
            } else {
                KeySourceState::Fresh
            };
            assert_eq!((status.state(), status.is_ready()), (expected, true));
        }
        tokio::time::sleep(SECOND / 10).await;
    }
    let status = verifier.status();
    let flights = status.fetches() - before;
    assert!((30..=66).contains(&flights), "{flights} flights");
    assert_eq!(status.failures(), flights);
    assert!(status.last_error().unwrap().contains("status 500"));
}

#[tokio::test(start_paused = true)]
async fn o2_keys_that_cant_be_renewed_last_a_day_and_no_longer() {
    let world = World::new();
    let (verifier, token) = (world.warm().await, world.token());
    world.server.always(status(500));
    pass(24 * HOUR + 299 * SECOND).await;
    assert_eq!(reason(&verifier, &token).await, None);
    assert!(verifier.status().expires_in().unwrap() <= SECOND);
    pass(SECOND).await;
    let error = verifier.verify_token(&token).await.unwrap_err();
    assert_eq!(Some(error.reason()), DOWN);
    assert_eq!(error.refusal().status(), 503);
    let status = verifier.status();
    assert_eq!(
        (status.state(), status.is_ready()),
        (KeySourceState::Expired, false)
    );
}

#[tokio::test(start_paused = true)]
async fn o2_strict_keys_last_their_ttl() {
    let world = World::new();
    let builder = world.builder().jwks(JwksOptions::strict());
    let (verifier, token) = (builder.build().unwrap(), world.token());
    verifier.ready().await.unwrap();
    world.server.always(status(500));
    pass(299 * SECOND).await;
    assert_eq!(reason(&verifier, &token).await, None);
    pass(SECOND).await;
    assert_eq!(reason(&verifier, &token).await, DOWN);
}

#[tokio::test(start_paused = true)]
async fn o3_a_cold_outage_is_not_turned_into_load_and_ends_soon() {
    let world = World::new();
    world.server.always(status(500));
    let (verifier, token) = (world.verifier(), world.token());
    let start = Instant::now();
    for call in 0..10_000_u32 {
        assert_eq!(reason(&verifier, &token).await, DOWN);
        tokio::time::sleep_until(start + call * Duration::from_millis(6)).await;
    }
    let status = verifier.status();
    assert!(status.fetches() <= 15, "{status:?}");
    assert!(status.requests() <= 30, "{status:?}");

    world.server.always(ok(world.issuer.jwks_json()));
    let took = until(async || reason(&verifier, &token).await.is_none()).await;
    assert!(took <= 10 * SECOND + SECOND / 10, "{took:?}");
}

/// The pause that was set while there were keys may be a minute; without keys it is ten seconds at most.
#[tokio::test(start_paused = true)]
async fn o3_keys_that_end_in_an_outage_are_back_soon_after_it() {
    for _ in 0..20 {
        let world = World::new();
        let options = JwksOptions {
            max_stale: 20 * MINUTE,
            ..JwksOptions::default()
        };
        let verifier = world.builder().jwks(options).build().unwrap();
        verifier.ready().await.unwrap();
        let wish = FetchResponse::new(503, "").with_header("retry-after", "1");
        world.server.always(Step::Answer(wish));
        pass(25 * MINUTE).await;
        assert_eq!(verifier.status().state(), KeySourceState::Expired);
        world.server.always(ok(world.issuer.jwks_json()));
        // No token comes: the source does it by itself.
        let took = until(async || verifier.status().is_ready()).await;
        assert!(took <= 10 * SECOND + SECOND / 10, "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn o3_pauses_differ_so_that_servers_do_not_ask_in_step() {
    let mut pauses = Vec::new();
    for _ in 0..50 {
        let world = World::new();
        world.server.always(status(500));
        let error = world.verifier().ready().await.unwrap_err();
        pauses.push(error.retry_after().unwrap());
    }
    pauses.sort();
    assert!(
        pauses[0] >= SECOND / 2 && pauses[49] <= SECOND,
        "{pauses:?}"
    );
    assert!(
        pauses[0] < 650 * SECOND / 1000 && pauses[49] > 850 * SECOND / 1000,
        "{pauses:?}"
    );
}

/// Renewals may pause for a minute; who needs a new key waits ten seconds at most after the server is back.
#[tokio::test(start_paused = true)]
async fn o9_a_rotation_after_a_long_outage_is_seen_soon() {
    for same_kid in [false, true] {
        let world = World::new();
        let verifier = world.warm().await;
        world.server.always(status(500));
        pass(30 * MINUTE).await;
        let kid = if same_kid {
            world.issuer.key_id()
        } else {
            "ins_next"
        };
        let next = world.rotated(kid);
        for _ in 0..600 {
            let _ = reason(&verifier, &next.token()).await;
            pass(SECOND / 10).await;
        }
        let fetches = world.server.count();
        world.server.always(ok(next.jwks_json()));
        let token = next.token();
        let took = until(async || reason(&verifier, &token).await.is_none()).await;
        assert!(took <= 10 * SECOND + SECOND / 5, "{took:?}");
        assert!(fetches < 70 + 12, "{fetches} fetches");
    }
}

/// A service that is not ready is sent no token, so it must not take one to become ready again.
#[tokio::test(start_paused = true)]
async fn o3_without_a_token_a_source_becomes_ready_after_an_outage() {
    let world = World::new();
    world.server.always(status(500));
    let verifier = world.verifier();
    assert!(verifier.ready().await.is_err());
    pass(HOUR).await;
    assert!(
        world.server.count() < 1000,
        "{} requests",
        world.server.count()
    );
    world.server.always(ok(world.issuer.jwks_json()));
    pass(10 * SECOND + SECOND / 10).await;
    assert!(verifier.status().is_ready());

    world.server.always(status(500));
    pass(26 * HOUR).await;
    assert_eq!(verifier.status().state(), KeySourceState::Expired);
    assert_eq!(verifier.status().keys(), 0);
    world.server.always(ok(world.issuer.jwks_json()));
    pass(10 * SECOND + SECOND / 10).await;
    assert!(verifier.status().is_ready());
}

#[tokio::test(start_paused = true)]
async fn o3_a_source_that_nobody_has_asked_stays_lazy() {
    let world = World::new();
    let verifier = world.verifier();
    pass(HOUR).await;
    assert_eq!(
        (verifier.status().state(), world.server.count()),
        (KeySourceState::Empty, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn o5_with_stale_keys_at_hand_nobody_waits_for_a_server_that_hangs() {
    let world = World::new();
    let (verifier, token) = (world.warm().await, world.token());
    world.server.always(Step::Hang);
    pass(10 * MINUTE).await;
    assert_eq!(verifier.status().state(), KeySourceState::Stale);
    for _ in 0..1000 {
        assert_eq!(first_poll(&verifier, &token), Some(true));
        tokio::time::sleep(SECOND / 10).await;
    }
}

#[tokio::test(start_paused = true)]
async fn o8_a_server_that_names_a_time_is_left_alone_until_then() {
    for (wish, least, most) in [("120", 120, 121), ("99999", 300, 301), ("0", 1, 60)] {
        let world = World::new();
        let (verifier, token) = (world.warm().await, world.token());
        let wish = FetchResponse::new(429, "").with_header("retry-after", wish);
        world.server.always(Step::Answer(wish));
        // Tokens of all kinds keep coming.
        for number in 0..600 {
            assert_eq!(reason(&verifier, &token).await, None);
            let _ = reason(&verifier, &with_kid(&token, &format!("ins_{number}"))).await;
            let _ = reason(&verifier, &with_junk_signature(&token, number)).await;
            pass(SECOND).await;
        }
        let times: Vec<Duration> = world
            .server
            .requests()
            .iter()
            .map(|asked| asked.at)
            .collect();
        let gaps: Vec<u64> = times[1..]
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).as_secs())
            .collect();
        assert!(!gaps.is_empty());
        assert!(
            gaps.iter().all(|gap| (least..=most).contains(gap)),
            "{gaps:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn o8_a_cold_server_that_names_a_time_is_left_alone_too() {
    let world = World::new();
    let wish = FetchResponse::new(503, "").with_header("retry-after", "120");
    world.server.always(Step::Answer(wish));
    let (verifier, token) = (world.verifier(), world.token());
    for _ in 0..119 {
        assert_eq!(reason(&verifier, &token).await, DOWN);
        pass(SECOND).await;
    }
    assert_eq!(world.server.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn o9_nobody_notices_a_server_that_fails_every_other_time() {
    let world = World::new();
    // So little that an hour without renewals would show.
    let options = JwksOptions {
        max_stale: 5 * MINUTE,
        ..JwksOptions::default()
    };
    let (verifier, token) = (
        world.builder().jwks(options).build().unwrap(),
        world.token(),
    );
    verifier.ready().await.unwrap();
    let good = ok(world.issuer.jwks_json());
    let mut rng = fastrand::Rng::with_seed(1);
    world.server.behave(move |_| {
        if rng.bool() {
            good.clone()
        } else {
            status(502)
        }
    });
    for _ in 0..3600 {
        assert_eq!(first_poll(&verifier, &token), Some(true));
        pass(SECOND).await;
    }
    assert!(verifier.status().failures() > 0);
}

//! Callers, runtimes and sources that come and go, and clocks that jump.

use std::{future::Future, time::Duration};

use clerk_verify::{JwksOptions, Reason, Verifier};
use tokio::{runtime::Handle, task::JoinSet, time::Instant};

use super::support::*;

const DOWN: Option<Reason> = Some(Reason::JwkRemoteFailedToLoad);

#[tokio::test(start_paused = true)]
async fn c1_the_caller_who_started_the_fetch_may_leave() {
    let world = World::new();
    world.server.takes(200 * Duration::from_millis(1));
    let (verifier, token) = (world.verifier(), world.token());
    let leader = tokio::spawn({
        let (verifier, token) = (verifier.clone(), token.clone());
        async move { reason(&verifier, &token).await }
    });
    settle().await;
    let mut others = JoinSet::new();
    for _ in 0..999 {
        let (verifier, token) = (verifier.clone(), token.clone());
        others.spawn(async move { reason(&verifier, &token).await });
    }
    pass(Duration::from_millis(100)).await;
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    assert_eq!(count(&others.join_all().await, None), 999);
    assert_eq!(world.server.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn c2_the_fetch_lands_although_all_callers_have_left() {
    let world = World::new();
    world.server.takes(200 * Duration::from_millis(1));
    let (verifier, token) = (world.verifier(), world.token());
    for _ in 0..100 {
        let call = verifier.verify_token(&token);
        assert!(
            tokio::time::timeout(Duration::from_millis(1), call)
                .await
                .is_err()
        );
    }
    pass(Duration::from_millis(200)).await;
    assert_eq!(first_poll(&verifier, &token), Some(true));
    assert_eq!(world.server.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn c3_ten_thousand_callers_who_leave_cost_a_few_fetches() {
    let world = World::new();
    world.server.always(Step::Hang);
    let (verifier, token) = (world.verifier(), world.token());
    for _ in 0..10_000 {
        let call = verifier.verify_token(&token);
        let _ = tokio::time::timeout(Duration::from_millis(1), call).await;
    }
    // Each hangs for 5 seconds, and the pauses are a second at most and then two.
    let fetches = world.server.count();
    assert!((1..=3).contains(&fetches), "{fetches} fetches");
}

#[tokio::test(start_paused = true)]
async fn c4_a_transport_that_panics_is_a_failure_like_any_other() {
    let world = World::new();
    world.server.always(Step::Panic);
    let (verifier, token) = (world.verifier(), world.token());
    let answers = all_at_once(&verifier, vec![token.clone(); 100]).await;
    assert_eq!(count(&answers, DOWN), 100);
    assert!(verifier.status().last_error().unwrap().contains("panicked"));
    world.server.always(ok(world.issuer.jwks_json()));
    pass(SECOND).await;
    assert_eq!(reason(&verifier, &token).await, None);
}

#[tokio::test(start_paused = true)]
async fn c4_a_hook_that_panics_stops_nothing() {
    let world = World::new();
    let builder = world
        .builder()
        .key_events(|_: &str, _: &clerk_verify::KeyEvent<'_>| {
            panic!("the hook panics, as it should here")
        });
    let verifier = builder.build().unwrap();
    assert_eq!(reason(&verifier, &world.token()).await, None);
}

/// However a fetch ends, the hook hears of it, once.
#[tokio::test(start_paused = true)]
async fn each_fetch_that_was_started_is_told_to_have_ended() {
    let world = World::new();
    let verifier = world.warm().await;
    for step in [
        status(500),
        Step::Panic,
        Step::Hang,
        ok(world.issuer.jwks_json()),
    ] {
        world.server.always(step);
        for number in 0..20 {
            let _ = reason(
                &verifier,
                &with_kid(&world.token(), &format!("ins_{number}")),
            )
            .await;
            pass(10 * SECOND).await;
        }
    }
    // One is given up for lost, and lands after all.
    world.server.takes(4 * SECOND);
    assert_eq!(
        first_poll(&verifier, &with_kid(&world.token(), "ins_a")),
        None
    );
    settle().await;
    world.clock.skip(7);
    world.server.takes(Duration::ZERO);
    let _ = reason(&verifier, &with_kid(&world.token(), "ins_b")).await;
    pass(5 * SECOND).await;
    // One is under way when the last handle is dropped.
    world.server.takes(HOUR);
    pass(10 * SECOND).await;
    assert_eq!(
        first_poll(&verifier, &with_kid(&world.token(), "ins_c")),
        None
    );
    settle().await;
    drop(verifier);
    settle().await;
    let [started, failed, succeeded] =
        ["started ", "failed ", "succeeded "].map(|what| world.told.count(what));
    assert_eq!(started, failed + succeeded);
    assert_eq!(started, world.server.count());
    for outcome in ["status", "panicked", "timed-out", "superseded", "cancelled"] {
        assert!(
            world.told.count(&format!("failed {outcome}")) > 0,
            "{outcome}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn c5_who_looks_late_at_a_landed_fetch_has_the_answer_at_once() {
    let world = World::new();
    world.server.takes(SECOND);
    let (verifier, token) = (world.verifier(), world.token());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut late = Box::pin(reason(&verifier, &token));
    assert!(late.as_mut().poll(&mut context).is_pending());
    pass(2 * SECOND).await;
    assert_eq!(
        late.as_mut().poll(&mut context),
        std::task::Poll::Ready(None)
    );
    assert_eq!(world.server.count(), 1);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
}

#[test]
fn c6_a_runtime_that_ends_in_mid_fetch_leaves_the_source_to_the_next() {
    let world = World::new();
    world.server.takes(3 * SECOND);
    let (verifier, token) = (world.verifier(), world.token());
    let first = runtime();
    first.block_on(async {
        let (verifier, token) = (verifier.clone(), token.clone());
        tokio::spawn(async move { reason(&verifier, &token).await });
        pass(SECOND).await;
    });
    assert_eq!(world.server.count(), 1);
    drop(first);
    runtime().block_on(async {
        let start = Instant::now();
        assert_eq!(reason(&verifier, &token).await, None);
        assert!(since(start) <= 5 * SECOND);
    });
    assert_eq!(world.server.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn c7_tasks_end_with_the_last_handle() {
    let world = World::new();
    let token = world.token();
    let tasks = || Handle::current().metrics().num_alive_tasks();
    settle().await;
    let baseline = tasks();
    for number in 0..10_000 {
        let verifier = world.verifier();
        match number % 3 {
            // A timer waits for the renewal.
            0 => verifier.ready().await.unwrap(),
            // A fetch is under way.
            1 => {
                world.server.takes(HOUR);
                assert_eq!(first_poll(&verifier, &token), None);
                settle().await;
                assert!(tasks() > baseline);
                world.server.takes(Duration::ZERO);
            }
            // Nothing has happened yet.
            _ => {}
        }
        let clone = verifier.clone();
        drop(verifier);
        drop(clone);
        if number % 1000 == 0 {
            settle().await;
            assert_eq!(tasks(), baseline);
        }
    }
    settle().await;
    assert_eq!(tasks(), baseline);
}

#[tokio::test(start_paused = true)]
async fn t1_the_time_of_day_may_jump_by_a_day() {
    for hours in [24, -24] {
        let world = World::new();
        let verifier = world.warm().await;
        pass(MINUTE).await;
        world.clock.jump(hours * 3600);
        for _ in 0..60 {
            assert_eq!(first_poll(&verifier, &world.token()), Some(true));
            pass(SECOND).await;
        }
        assert!(
            world.server.count() <= 2,
            "{} fetches",
            world.server.count()
        );
        assert!(verifier.status().is_ready());
    }
}

#[tokio::test(start_paused = true)]
async fn t2_after_a_suspension_the_first_token_renews_and_passes() {
    let world = World::new();
    let verifier = world.warm().await;
    world.clock.jump(2 * 3600);
    for _ in 0..100 {
        assert_eq!(first_poll(&verifier, &world.token()), Some(true));
    }
    settle().await;
    assert_eq!(world.server.count(), 2);
    for _ in 0..100 {
        assert_eq!(first_poll(&verifier, &world.token()), Some(true));
    }
    assert_eq!(world.server.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn t2_after_a_suspension_a_server_that_is_down_is_not_flooded() {
    let world = World::new();
    let verifier = world.warm().await;
    world.clock.jump(100 * 3600);
    world.server.always(status(500));
    for _ in 0..600 {
        assert_eq!(first_poll(&verifier, &world.token()), Some(true));
        pass(SECOND / 10).await;
    }
    let fetches = world.server.count() - 1;
    assert!((4..=12).contains(&fetches), "{fetches} fetches");
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_may_be_dropped_while_others_wait_for_a_clone() {
    let world = World::new();
    world.server.takes(SECOND);
    let (verifier, token) = (world.verifier(), world.token());
    let waiting = tokio::spawn({
        let (verifier, token) = (verifier.clone(), token.clone());
        async move { reason(&verifier, &token).await }
    });
    settle().await;
    drop(verifier);
    assert_eq!(waiting.await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_who_waits_comes_within_cold_wait() {
    let world = World::new();
    world.server.always(Step::Hang);
    let options = JwksOptions {
        cold_wait: SECOND,
        ..JwksOptions::default()
    };
    let verifier: Verifier = world.builder().jwks(options).build().unwrap();
    let start = Instant::now();
    let error = verifier.verify_token(&world.token()).await.unwrap_err();
    assert_eq!(Some(error.reason()), DOWN);
    assert_eq!(since(start).as_millis() / 10, 100);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_a_day_whatever_cold_wait_says() {
    let world = World::new();
    world.server.always(Step::Hang);
    let options = JwksOptions {
        cold_wait: Duration::MAX,
        timeout: Duration::MAX,
        ..JwksOptions::default()
    };
    let verifier: Verifier = world.builder().jwks(options).build().unwrap();
    let start = Instant::now();
    let error = verifier.verify_token(&world.token()).await.unwrap_err();
    assert_eq!(Some(error.reason()), DOWN);
    assert_eq!(since(start).as_secs(), 86_400);
}

/// A transport that notes what passes and hands it on, as one might to record or to trace.
struct Noting(Script, std::sync::Mutex<Vec<String>>);

impl clerk_verify::Fetcher for Noting {
    async fn fetch(
        &self,
        request: clerk_verify::FetchRequest,
    ) -> Result<clerk_verify::FetchResponse, clerk_verify::FetchError> {
        let response = self.0.fetch(request.with_header("x-trace", "1")).await?;
        let note = format!(
            "{} {} {}",
            response.status(),
            response.headers().count(),
            response.body().len()
        );
        self.1.lock().unwrap().push(note);
        Ok(response)
    }
}

#[tokio::test(start_paused = true)]
async fn a_transport_can_wrap_another_and_be_looked_at() {
    let world = World::new();
    let noting = std::sync::Arc::new(Noting(world.server.clone(), std::sync::Mutex::default()));
    let builder = world.builder().fetcher(std::sync::Arc::clone(&noting));
    assert_eq!(
        reason(&builder.build().unwrap(), &world.token()).await,
        None
    );
    assert_eq!(world.server.requests()[0].header("x-trace"), Some("1"));
    let length = world.issuer.jwks_json().len();
    assert_eq!(*noting.1.lock().unwrap(), [format!("200 0 {length}")]);
}

/// Options that nobody should set, and that must not break anything.
#[tokio::test(start_paused = true)]
async fn extreme_options_neither_panic_nor_spin() {
    let longest = JwksOptions {
        ttl: Duration::MAX,
        min_ttl: Duration::MAX,
        max_ttl: Duration::MAX,
        max_stale: Duration::MAX,
        max_empty: Duration::MAX,
        cold_wait: Duration::MAX,
        timeout: Duration::MAX,
        backoff: Duration::MAX,
        max_backoff: Duration::MAX,
        max_cold_backoff: Duration::MAX,
        unknown_kid_interval: Duration::MAX,
        absent_kid_ttl: Duration::MAX,
        bad_signature_interval: Duration::MAX,
        bad_signature_min_age: Duration::MAX,
        unknown_kid_burst: u32::MAX,
        max_fetches_per_minute: u32::MAX,
        ..JwksOptions::default()
    };
    let tiny = Duration::from_nanos(1);
    let shortest = JwksOptions {
        ttl: tiny,
        min_ttl: tiny,
        max_ttl: tiny,
        max_stale: Duration::ZERO,
        backoff: tiny,
        max_backoff: tiny,
        max_cold_backoff: tiny,
        unknown_kid_interval: Duration::ZERO,
        absent_kids: 0,
        absent_kid_ttl: Duration::ZERO,
        bad_signature_interval: Duration::ZERO,
        bad_signature_min_age: Duration::ZERO,
        ..JwksOptions::default()
    };
    for options in [longest, shortest] {
        let world = World::new();
        let headers = clerk_verify::FetchResponse::new(200, world.issuer.jwks_json())
            .with_header("cache-control", "max-age=18446744073709551615")
            .with_header("age", "18446744073709551615");
        world.server.always(Step::Answer(headers));
        let (verifier, token) = (
            world.builder().jwks(options).build().unwrap(),
            world.token(),
        );
        for round in 0..20 {
            let _ = reason(&verifier, &token).await;
            let _ = reason(&verifier, &with_kid(&token, "ins_unknown")).await;
            let _ = reason(&verifier, &with_junk_signature(&token, round)).await;
            let _ = format!("{:?}", verifier.status());
            world.server.always(if round % 2 == 0 {
                status(500)
            } else {
                ok(world.issuer.jwks_json())
            });
            pass(MINUTE).await;
        }
    }
}

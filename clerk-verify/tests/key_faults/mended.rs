//! Faults that this key source once had.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use clerk_verify::{
    FetchError, FetchRequest, FetchResponse, Fetcher, Instance, JwksOptions, Reason, Verifier,
    testing::TestIssuer,
};
use tokio::runtime::Handle;

use super::support::*;

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// A server that chokes on conditional requests.
struct Choking(String);

impl Fetcher for Choking {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        if request.headers().any(|(name, _)| name == "if-none-match") {
            return Ok(FetchResponse::new(400, ""));
        }
        Ok(FetchResponse::new(200, self.0.clone()).with_header("etag", "\"1\""))
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_is_followed_by_one_without_conditions() {
    let world = World::new();
    let builder = world.builder().fetcher(Choking(world.issuer.jwks_json()));
    let verifier = builder.build().unwrap();
    verifier.ready().await.unwrap();
    for _ in 0..60 {
        pass(MINUTE).await;
        assert!(verifier.status().age().unwrap() < 260 * SECOND);
    }
    assert!(verifier.status().failures() > 0);
}

#[tokio::test(start_paused = true)]
async fn fetched_keys_behind_a_fixed_key_of_their_id_are_renewed() {
    let world = World::new();
    let [second, third] = [(); 2].map(|()| world.rotated(world.issuer.key_id()));
    world.server.always(ok(third.jwks_json()));
    let options = JwksOptions {
        renew_when_idle: false,
        ..JwksOptions::default()
    };
    let verifier = world
        .builder()
        .jwks(options)
        .jwks_json(world.issuer.jwks_json())
        .with_seed(second.jwks_json(), clerk_verify::Clock::now(&world.clock))
        .build()
        .unwrap();
    assert_eq!(reason(&verifier, &second.token()).await, None);
    settle().await;
    assert_eq!(
        reason(&verifier, &second.token()).await,
        Some(Reason::TokenInvalidSignature)
    );
    assert_eq!(reason(&verifier, &third.token()).await, None);
}

/// The server said "no keys" before it said these keys.
#[tokio::test(start_paused = true)]
async fn a_late_empty_answer_takes_nothing_away() {
    for options in [JwksOptions::default(), JwksOptions::strict()] {
        let world = World::new();
        let verifier = world.builder().jwks(options).build().unwrap();
        verifier.ready().await.unwrap();
        let next = world.rotated("ins_next");
        world.server.takes(4 * SECOND);
        world.server.always(ok(r#"{"keys":[]}"#));
        let first = tokio::spawn({
            let (verifier, forged) = (verifier.clone(), with_kid(&world.token(), "ins_bogus"));
            async move { reason(&verifier, &forged).await }
        });
        settle().await;
        world.clock.skip(7);
        world.server.takes(SECOND);
        world.server.always(ok(next.jwks_json()));
        assert_eq!(reason(&verifier, &next.token()).await, None);
        let before = verifier.status().expires_in().unwrap();
        pass(5 * SECOND).await;
        let _ = first.await.unwrap();
        assert_eq!(first_poll(&verifier, &next.token()), Some(true));
        let status = verifier.status();
        assert_eq!(status.last_error(), None);
        assert!(status.expires_in().unwrap() + 6 * SECOND > before);
    }
}

/// The other way round: "no keys" is the newer word.
#[tokio::test(start_paused = true)]
async fn a_late_answer_brings_no_withdrawn_keys_back() {
    let world = World::new();
    let builder = world.builder().jwks(JwksOptions::strict());
    let (verifier, token) = (builder.build().unwrap(), world.token());
    verifier.ready().await.unwrap();
    world.server.takes(4 * SECOND);
    let forged = with_kid(&token, "ins_a");
    assert_eq!(first_poll(&verifier, &forged), None);
    settle().await;
    world.clock.skip(7);
    world.server.takes(Duration::ZERO);
    world.server.always(ok(r#"{"keys":[]}"#));
    let _ = reason(&verifier, &with_kid(&token, "ins_b")).await;
    assert!(!verifier.status().is_ready());
    pass(5 * SECOND).await;
    assert!(!verifier.status().is_ready());
    assert_eq!(
        reason(&verifier, &token).await,
        Some(Reason::JwkRemoteFailedToLoad)
    );
}

/// A renewal is under way, and brings what a cache has.
#[tokio::test(start_paused = true)]
async fn new_material_is_asked_for_past_all_caches_after_a_renewal() {
    let world = World::new();
    let verifier = world.warm().await;
    let next = world.rotated(world.issuer.key_id());
    let (cached, origin) = (ok(world.issuer.jwks_json()), ok(next.jwks_json()));
    world.server.cache(cached, origin);
    world.server.takes(SECOND);
    until(async || world.server.count() > 1).await;
    pass(SECOND / 2).await;
    assert_eq!(reason(&verifier, &next.token()).await, None);
    assert_eq!(world.server.count(), 3);
}

/// Hangs the first time.
struct HangingOnce(String, Mutex<bool>);

impl Fetcher for HangingOnce {
    async fn fetch(&self, _: FetchRequest) -> Result<FetchResponse, FetchError> {
        let hang = !std::mem::replace(&mut *self.1.lock().unwrap(), true);
        if hang {
            std::future::pending::<()>().await;
        }
        Ok(FetchResponse::new(200, self.0.clone()))
    }
}

#[test]
fn a_runtime_that_ends_in_somebody_elses_panic_says_nothing_about_the_server() {
    let issuer = TestIssuer::new();
    let fetcher = HangingOnce(issuer.jwks_json(), Mutex::new(false));
    let verifier = Verifier::builder()
        .jwks_url("https://keys.example.test/jwks.json")
        .fetcher(fetcher)
        .build()
        .unwrap();
    let token = issuer.token().sign();
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let panicked = std::thread::spawn({
        let (verifier, token) = (verifier.clone(), token.clone());
        move || {
            runtime().block_on(async move {
                let call = tokio::spawn(async move { reason(&verifier, &token).await });
                tokio::time::sleep(Duration::from_millis(50)).await;
                drop(call);
                panic!("something else, as it should here");
            });
        }
    });
    assert!(panicked.join().is_err());
    assert_eq!(runtime().block_on(reason(&verifier, &token)), None);
    assert_eq!(verifier.status().failures(), 0);
}

#[test]
fn a_runtime_without_time_is_503_and_says_what_it_lacks() {
    let issuer = TestIssuer::new();
    let verifier = Verifier::builder()
        .jwks_url("https://keys.example.test/jwks.json")
        .fetcher(HangingOnce(issuer.jwks_json(), Mutex::new(true)))
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let error = runtime
        .block_on(verifier.verify_token(&issuer.token().sign()))
        .unwrap_err();
    assert_eq!(error.reason(), Reason::JwkRemoteFailedToLoad);
    assert!(error.to_string().contains("enable_all"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn retry_after_makes_no_pause_shorter() {
    let world = World::new();
    let wish = FetchResponse::new(503, "").with_header("retry-after", "0");
    world.server.always(Step::Answer(wish));
    let (verifier, token) = (world.verifier(), world.token());
    for _ in 0..600 {
        let _ = reason(&verifier, &token).await;
        pass(SECOND / 10).await;
    }
    let status = verifier.status();
    assert!(
        status.fetches() <= 15 && status.requests() <= 30,
        "{status:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_first_token_of_a_new_key_is_accepted_also_while_keys_are_due_and_a_cache_is_old() {
    let world = World::new();
    let next = world.rotated("ins_next");
    let options = JwksOptions {
        renew_when_idle: false,
        ..JwksOptions::default()
    };
    let verifier = world.builder().jwks(options).build().unwrap();
    verifier.ready().await.unwrap();
    pass(245 * SECOND).await;
    let (cached, origin) = (ok(world.issuer.jwks_json()), ok(next.jwks_json()));
    world.server.cache(cached, origin);
    assert_eq!(reason(&verifier, &next.token()).await, None);
}

/// A renewal is under way when the token comes, and brings what a cache has.
#[tokio::test(start_paused = true)]
async fn a_token_that_meets_a_renewal_is_asked_for_past_all_caches_after_it() {
    let world = World::new();
    let next = world.rotated("ins_next");
    let verifier = world.warm().await;
    let (cached, origin) = (ok(world.issuer.jwks_json()), ok(next.jwks_json()));
    world.server.cache(cached, origin);
    world.server.takes(SECOND);
    until(async || world.server.count() > 1).await;
    assert_eq!(reason(&verifier, &next.token()).await, None);
    assert_eq!(world.server.count(), 3);
}

/// The first fetch is not past all caches, so it can't say for a minute that a key id is absent.
#[tokio::test(start_paused = true)]
async fn a_kid_that_the_first_fetch_did_not_bring_is_not_remembered_as_absent() {
    let world = World::new();
    let next = world.rotated("ins_next");
    let (cached, origin) = (ok(world.issuer.jwks_json()), ok(next.jwks_json()));
    world.server.cache(cached, origin);
    let verifier = world.verifier();
    assert_eq!(
        reason(&verifier, &next.token()).await,
        Some(Reason::JwkKidMismatch)
    );
    assert_eq!(reason(&verifier, &next.token()).await, None);
}

#[test]
fn a_seed_that_belongs_to_no_instance_is_a_mistake() {
    let issuer = TestIssuer::new();
    let error = Verifier::builder()
        .with_seed(issuer.jwks_json(), std::time::SystemTime::now())
        .instance(Instance::issuer(issuer.issuer()))
        .build()
        .unwrap_err();
    assert!(error.to_string().contains("no key source"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_query_of_a_key_url_is_in_no_debug_output() {
    let shown = Arc::new(Mutex::new(String::new()));
    struct Showing(Arc<Mutex<String>>);
    impl Fetcher for Showing {
        async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
            *self.0.lock().unwrap() = format!("{request:?}");
            Err(FetchError::new("nothing here"))
        }
    }
    let verifier = Verifier::builder()
        .jwks_url("https://keys.example.test/jwks.json?api_key=s3cret")
        .fetcher(Showing(Arc::clone(&shown)))
        .build()
        .unwrap();
    let error = verifier.ready().await.unwrap_err();
    let shown = shown.lock().unwrap().clone();
    assert!(shown.contains("https://keys.example.test/jwks.json"));
    for text in [shown, format!("{verifier:?} {error:?} {error}")] {
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_was_given_up_ends_with_the_last_handle_too() {
    let world = World::new();
    let baseline = tasks();
    world.server.always(Step::Hang);
    let (verifier, token) = (world.verifier(), world.token());
    assert_eq!(first_poll(&verifier, &token), None);
    settle().await;
    world.clock.skip(7);
    world.server.always(ok(world.issuer.jwks_json()));
    assert_eq!(reason(&verifier, &token).await, None);
    drop(verifier);
    settle().await;
    assert_eq!(tasks(), baseline);
}

/// The fetch lands in one thread while the last handle is dropped in another.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_fetch_that_lands_while_the_last_handle_is_dropped_leaves_no_timer() {
    let issuer = TestIssuer::new();
    let (token, set) = (issuer.token().sign(), issuer.jwks_json());
    let baseline = tasks();
    for round in 0..3000_u32 {
        let verifier = Verifier::builder()
            .jwks_url("https://keys.example.test/jwks.json")
            .fetcher(Script::new(ok(set.clone())))
            .build()
            .unwrap();
        let _ = first_poll(&verifier, &token);
        for _ in 0..(round * 17) % 60_000 {
            std::hint::spin_loop();
        }
        drop(verifier);
    }
    for _ in 0..500 {
        if tasks() == baseline {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} tasks are left", tasks() - baseline);
}

/// An unknown kid's bucket fills within ten seconds; the other takes half a minute, which an outage need not add to.
#[tokio::test(start_paused = true)]
async fn a_recheck_that_failed_is_repeated_when_the_server_is_back() {
    let world = World::new();
    let next = world.rotated(world.issuer.key_id());
    world.server.always(status(500));
    let builder = world.builder().jwks_json(world.issuer.jwks_json());
    let verifier = builder.build().unwrap();
    assert_eq!(
        reason(&verifier, &next.token()).await,
        Some(Reason::TokenInvalidSignature)
    );
    world.server.always(ok(next.jwks_json()));
    pass(2 * SECOND).await;
    assert_eq!(reason(&verifier, &next.token()).await, None);
}

#[tokio::test(start_paused = true)]
async fn keys_that_expire_at_once_are_not_fetched_without_end() {
    let world = World::new();
    world.server.takes(Duration::from_millis(10));
    let options = JwksOptions {
        ttl: Duration::from_millis(1),
        max_stale: Duration::ZERO,
        ..JwksOptions::default()
    };
    let (verifier, token) = (
        world.builder().jwks(options).build().unwrap(),
        world.token(),
    );
    for _ in 0..1000 {
        let error = verifier.verify_token(&token).await.unwrap_err();
        assert_eq!(error.reason(), Reason::JwkRemoteFailedToLoad);
    }
    assert!(verifier.status().fetches() <= 13, "{:?}", verifier.status());
}

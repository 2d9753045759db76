//! Tokens that are remembered, while their keys come and go: what was verified once is no reason to accept it again.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use clerk_verify::{
    Clock, FixedClock, JwksOptions, Reason, TokenCache, Verifier, VerifyError, testing::TestIssuer,
};
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};

use super::support::{
    HOUR, MINUTE, SECOND, Script, Step, TokioClock, World, ok, pass, reason, settle, status, union,
};

/// A verifier with a token cache, that has fetched its keys.
async fn warm(world: &World, options: JwksOptions) -> Verifier {
    let builder = world.builder().jwks(options);
    let verifier = builder.token_cache(TokenCache::default()).build().unwrap();
    verifier.ready().await.unwrap();
    verifier
}

/// The verifier remembers the token; says whether it does.
async fn remembered(verifier: &Verifier, token: &str) -> bool {
    verifier.verify_token(token).await.is_ok() && verifier.token_cache_status().entries() == 1
}

#[tokio::test(start_paused = true)]
async fn a_remembered_token_dies_with_its_key() {
    let world = World::new();
    let verifier = warm(&world, JwksOptions::default()).await;
    let token = world.token();
    assert!(remembered(&verifier, &token).await);

    let next = world.rotated("ins_next");
    world.server.always(ok(next.jwks_json()));
    pass(5 * MINUTE).await;
    assert_eq!(
        reason(&verifier, &token).await,
        Some(Reason::JwkKidMismatch)
    );
    assert_eq!(verifier.token_cache_status().entries(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_remembered_token_dies_with_a_key_that_is_replaced_under_its_id() {
    let world = World::new();
    let verifier = warm(&world, JwksOptions::default()).await;
    let token = world.token();
    assert!(remembered(&verifier, &token).await);

    let same_id = world.rotated(world.issuer.key_id());
    world.server.always(ok(same_id.jwks_json()));
    pass(5 * MINUTE).await;
    let refused = Some(Reason::TokenInvalidSignature);
    assert_eq!(reason(&verifier, &token).await, refused);
}

#[tokio::test(start_paused = true)]
async fn a_remembered_token_dies_with_keys_that_nobody_vouches_for_any_more() {
    let world = World::new();
    let verifier = warm(&world, JwksOptions::default()).await;
    let token = world.token();
    assert!(remembered(&verifier, &token).await);

    world.server.always(Step::NotReached);
    pass(23 * HOUR).await;
    assert_eq!(reason(&verifier, &token).await, None, "stale, and good");
    pass(2 * HOUR).await;
    let unavailable = Some(Reason::JwkRemoteFailedToLoad);
    assert_eq!(reason(&verifier, &token).await, unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_remembered_token_whose_key_stays_is_good_when_the_set_changes() {
    let world = World::new();
    let verifier = warm(&world, JwksOptions::default()).await;
    let token = world.token();
    assert!(remembered(&verifier, &token).await);

    let other = world.rotated("ins_next");
    world
        .server
        .always(ok(union(&world.issuer.jwks_json(), &other.jwks_json())));
    pass(5 * MINUTE).await;
    assert!(remembered(&verifier, &token).await);
    assert!(remembered(&verifier, &token).await);
}

/// Nobody but remembered tokens asks for keys here: they must not keep old ones in use.
#[tokio::test(start_paused = true)]
async fn a_remembered_token_renews_keys_that_are_due() {
    let world = World::new();
    let options = JwksOptions {
        renew_when_idle: false,
        ..JwksOptions::default()
    };
    let verifier = warm(&world, options).await;
    let token = world.token();
    assert!(remembered(&verifier, &token).await);
    assert_eq!(world.server.count(), 1);

    pass(4 * MINUTE + 30 * SECOND).await;
    assert!(remembered(&verifier, &token).await);
    settle().await;
    assert_eq!(world.server.count(), 2);
}

/// The same where its own key is a fixed one: what was fetched for others is kept fresh.
#[tokio::test(start_paused = true)]
async fn a_remembered_token_of_a_fixed_key_renews_keys_that_are_due_too() {
    let world = World::new();
    let options = JwksOptions {
        renew_when_idle: false,
        ..JwksOptions::default()
    };
    let fixed = TestIssuer::fresh().with_key_id("ins_fixed");
    let builder = world.builder().jwks(options).jwks_json(fixed.jwks_json());
    let verifier = builder.token_cache(TokenCache::default()).build().unwrap();
    verifier.ready().await.unwrap();
    let token = world.issuer.token().lifetime(HOUR).signed_by(&fixed);
    let token = token.header("kid", fixed.key_id()).sign();
    assert!(remembered(&verifier, &token).await);
    assert_eq!(world.server.count(), 1);

    pass(4 * MINUTE + 30 * SECOND).await;
    assert!(remembered(&verifier, &token).await);
    settle().await;
    assert_eq!(world.server.count(), 2);
}

/// A clock of the user's own, which fails for a moment.
#[derive(Clone, Debug)]
struct Moody {
    clock: TokioClock,
    fails: Arc<AtomicBool>,
}

impl Clock for Moody {
    fn now(&self) -> SystemTime {
        self.clock.now()
    }

    fn monotonic(&self) -> Duration {
        assert!(!self.fails.load(Ordering::SeqCst), "the clock fails");
        self.clock.monotonic()
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_panics_during_a_sweep_leaves_the_cache_usable() {
    let world = World::new();
    let fails = Arc::new(AtomicBool::new(false));
    let clock = Moody {
        clock: world.clock.clone(),
        fails: Arc::clone(&fails),
    };
    let builder = world.builder().clock(clock);
    let verifier = builder.token_cache(TokenCache::default()).build().unwrap();
    verifier.ready().await.unwrap();
    let token = world.token();
    assert!(remembered(&verifier, &token).await);

    pass(MINUTE).await;
    fails.store(true, Ordering::SeqCst);
    let call = AssertUnwindSafe(|| verifier.verify_token_now(&token).is_some());
    assert!(catch_unwind(call).is_err(), "the clock was read");
    fails.store(false, Ordering::SeqCst);
    assert!(remembered(&verifier, &token).await);
}

/// What happens between two looks at all tokens.
#[derive(Clone, Debug)]
enum Event {
    Pass(u64),
    Jump(i64),
    Publish(usize),
    Down,
}

fn event() -> impl Strategy<Value = Event> {
    let pass = prop::sample::select(&[1, 10, 61, 250, 301, 4_000, 90_000][..]);
    let jump = prop::sample::select(&[-3_600, -90, -6, 6, 90, 3_600][..]);
    prop_oneof![
        3 => pass.prop_map(Event::Pass),
        2 => jump.prop_map(Event::Jump),
        3 => (0..SETS).prop_map(Event::Publish),
        1 => Just(Event::Down),
    ]
}

const SETS: usize = 6;

/// Sets and tokens of one issuer, who has had three keys; made once, for keys take their time.
struct Material {
    sets: [String; SETS],
    tokens: Vec<String>,
}

static MATERIAL: LazyLock<Material> = LazyLock::new(|| {
    let clock = FixedClock::at_unix(1_790_000_000);
    let first = TestIssuer::new().with_clock(clock.clone());
    let second = TestIssuer::fresh()
        .with_key_id("ins_second")
        .with_clock(clock.clone());
    let usurper = TestIssuer::fresh()
        .with_key_id(first.key_id())
        .with_clock(clock);
    let of_second = |token: clerk_verify::testing::TokenBuilder| {
        let token = token.signed_by(&second);
        token.header("kid", second.key_id()).sign()
    };
    let long = Duration::from_secs(30 * 24 * 60 * 60);
    let at = |seconds: i64| 1_790_000_000 + seconds;
    let good = first.token().lifetime(long).sign();
    let forged = {
        let (signed, signature) = good.rsplit_once('.').unwrap();
        format!("{signed}.{}{}", &signature[1..], "A")
    };
    Material {
        tokens: vec![
            good,
            forged,
            of_second(first.token().lifetime(long)),
            first.token().lifetime(long).signed_by(&usurper).sign(),
            first.token().lifetime(MINUTE).sign(),
            first.token().lifetime(HOUR).claim("nbf", at(120)).sign(),
            of_second(first.token().lifetime(HOUR).claim("iat", at(300))),
            first.token().lifetime(HOUR).claim("nbf", at(-60)).sign(),
        ],
        sets: [
            first.jwks_json(),
            second.jwks_json(),
            union(&first.jwks_json(), &second.jwks_json()),
            usurper.jwks_json(),
            union(&usurper.jwks_json(), &first.jwks_json()),
            r#"{"keys":[]}"#.to_owned(),
        ],
    }
});

/// The user and the claims, or the reason.
fn verdict(result: Result<clerk_verify::Session, VerifyError>) -> Result<String, Reason> {
    match result {
        Ok(session) => Ok(session.claims().raw().to_owned()),
        Err(error) => Err(error.reason()),
    }
}

/// One world for all three verifiers, whose random parts are the same, so that only the cache tells them apart.
async fn play(events: &[Event]) -> Result<usize, TestCaseError> {
    let world = World::new();
    let material = &*MATERIAL;
    let caches = [
        TokenCache::disabled(),
        TokenCache::default(),
        TokenCache::default().max_entries(1),
    ];
    let servers = [(); 3].map(|()| Script::new(ok(material.sets[0].as_str())));
    let options = JwksOptions {
        jitter_seed: Some(7),
        ..JwksOptions::default()
    };
    let mut verifiers = Vec::new();
    for (cache, server) in caches.into_iter().zip(&servers) {
        let builder = world.builder().fetcher(server.clone());
        let builder = builder.jwks(options.clone()).token_cache(cache);
        verifiers.push(builder.build().unwrap());
    }
    let mut accepted = 0;
    for event in events {
        match event {
            Event::Pass(seconds) => pass(Duration::from_secs(*seconds)).await,
            Event::Jump(seconds) => world.clock.jump(*seconds),
            Event::Publish(set) => servers
                .iter()
                .for_each(|server| server.always(ok(material.sets[*set].as_str()))),
            Event::Down => servers.iter().for_each(|server| server.always(status(503))),
        }
        // Twice: the second time what was verified the first time is remembered.
        for (number, token) in material.tokens.iter().chain(&material.tokens).enumerate() {
            // At one moment: one that waits for keys lets time pass.
            let [uncached, cached, one] =
                [0, 1, 2].map(|place| verifiers[place].verify_token(token));
            let (uncached, cached, one) = tokio::join!(uncached, cached, one);
            let verdicts = [uncached, cached, one].map(verdict);
            settle().await;
            prop_assert!(
                verdicts.iter().all(|verdict| *verdict == verdicts[0]),
                "after {event:?}, token {number}: {verdicts:?}"
            );
            accepted += usize::from(verdicts[0].is_ok());
        }
        let [uncached, cached, one] = [0, 1, 2].map(|place| verifiers[place].status().fetches());
        prop_assert_eq!(
            (cached, one),
            (uncached, uncached),
            "fetches after {:?}",
            event
        );
    }
    Ok(accepted)
}

#[test]
fn a_verdict_is_the_same_with_and_without_the_cache() {
    let accepted = Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(150));
    let result = runner.run(&vec(event(), 1..16), |events| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        accepted.set(accepted.get() + runtime.block_on(play(&events))?);
        Ok(())
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
    let accepted = accepted.get();
    assert!(accepted > 1_000, "only {accepted} tokens were accepted");
}

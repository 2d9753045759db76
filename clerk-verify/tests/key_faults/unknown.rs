//! Tokens whose key is not at hand: forged ones by the thousand, and the first of a new key.

use std::time::Duration;

use clerk_verify::{KeySearch, Reason};
use tokio::time::{Instant, sleep_until};

use super::support::*;

const REFUSED: Option<Reason> = Some(Reason::JwkKidMismatch);

/// Ten thousand forged tokens, evenly over 60 seconds, each 20th time followed by what `also` does.
async fn flood(
    verifier: &clerk_verify::Verifier,
    token: &str,
    kid: impl Fn(usize) -> String,
    mut also: impl AsyncFnMut(usize),
) {
    let start = Instant::now();
    for number in 0..10_000 {
        let forged = with_kid(token, &kid(number));
        assert_eq!(reason(verifier, &forged).await, REFUSED);
        if number % 20 == 0 {
            also(number).await;
        }
        sleep_until(start + Duration::from_micros(5999 * (number as u64 + 1))).await;
    }
    assert!(since(start) < 60 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn u1_ten_thousand_unknown_kids_in_a_minute_make_at_most_seven_fetches() {
    let world = World::new();
    let (verifier, token) = (world.warm().await, world.token());
    let before = world.server.count();
    flood(
        &verifier,
        &token,
        |number| format!("ins_{number}"),
        async |_| assert_eq!(reason(&verifier, &token).await, None),
    )
    .await;
    let fetches = world.server.count() - before;
    assert!((1..=7).contains(&fetches), "{fetches} fetches");
}

#[tokio::test(start_paused = true)]
async fn u2_ten_thousand_unknown_kids_at_one_instant_make_one_fetch() {
    let world = World::new();
    let (verifier, token) = (world.warm().await, world.token());
    world.server.takes(Duration::from_millis(50));
    let tokens = (0..10_000).map(|number| with_kid(&token, &format!("ins_{number}")));
    let answers = all_at_once(&verifier, tokens).await;
    assert_eq!(count(&answers, REFUSED), 10_000);
    assert_eq!(world.server.count(), 2, "one before, one now");
}

#[tokio::test(start_paused = true)]
async fn u3_one_unknown_kid_ten_thousand_times_makes_one_fetch() {
    let world = World::new();
    let (verifier, token) = (world.warm().await, world.token());
    flood(&verifier, &token, |_| "ins_bogus".to_owned(), async |_| {}).await;
    assert_eq!(world.server.count(), 2, "one before, one now");
    assert_eq!(world.told.searches(KeySearch::RememberedAbsent), 9_999);
    assert_eq!(verifier.status().absent_key_ids(), 1);
}

#[tokio::test(start_paused = true)]
async fn u4_a_rotation_in_a_flood_is_seen_within_ten_seconds() {
    let world = World::new();
    let (verifier, token) = (world.warm().await, world.token());
    let next = world.rotated("ins_next");
    let both = union(&world.issuer.jwks_json(), &next.jwks_json());
    let new_token = next.token();
    let (mut published, mut accepted) = (None, None);
    flood(
        &verifier,
        &token,
        |number| format!("ins_{number}"),
        async |number| {
            if number == 5_000 {
                world.server.always(ok(both.clone()));
                published = Some(Instant::now());
            }
            assert_eq!(
                reason(&verifier, &token).await,
                None,
                "the old key stays good"
            );
            if published.is_some()
                && accepted.is_none()
                && reason(&verifier, &new_token).await.is_none()
            {
                accepted = Some(Instant::now());
            }
        },
    )
    .await;
    let delay = accepted.unwrap() - published.unwrap();
    assert!(
        delay <= 10 * SECOND + Duration::from_millis(200),
        "{delay:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn u5_the_first_token_of_a_new_key_is_accepted() {
    let world = World::new();
    let verifier = world.warm().await;
    let next = world.rotated("ins_next");
    world.server.always(ok(next.jwks_json()));
    world.server.takes(Duration::from_millis(50));
    let answers = all_at_once(&verifier, vec![next.token(); 100]).await;
    assert_eq!(count(&answers, None), 100);
    assert_eq!(world.server.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn u6_a_bogus_kid_does_not_hide_the_rotation_after_it() {
    let world = World::new();
    let (verifier, token) = (world.warm().await, world.token());
    let before = world.server.count();
    assert_eq!(
        reason(&verifier, &with_kid(&token, "ins_bogus")).await,
        REFUSED
    );
    pass(SECOND).await;
    let next = world.rotated("ins_next");
    world.server.always(ok(next.jwks_json()));
    assert_eq!(reason(&verifier, &next.token()).await, None);
    assert_eq!(world.server.count() - before, 2);
}

#[tokio::test(start_paused = true)]
async fn u7_what_iss_exp_alg_or_a_long_kid_rule_out_is_not_asked_for() {
    let world = World::new();
    let verifier = world.verifier();
    let token = || world.issuer.token().header("kid", "ins_unknown");
    let cases = [
        (
            token().issuer("https://evil.example").sign(),
            Reason::TokenInvalidIssuer,
        ),
        (token().expired().sign(), Reason::TokenExpired),
        (
            token().header("alg", "HS256").sign(),
            Reason::TokenInvalidAlgorithm,
        ),
        (
            token().header("kid", "k".repeat(10 * 1024)).sign(),
            Reason::JwkKidMismatch,
        ),
    ];
    // Cold, and with keys at hand.
    for fetches in 0..2 {
        for (token, expected) in &cases {
            for _ in 0..10_000 / 2 {
                assert_eq!(reason(&verifier, token).await, Some(*expected));
            }
        }
        assert_eq!(world.server.count(), fetches);
        assert_eq!(verifier.status().absent_key_ids(), 0);
        verifier.ready().await.unwrap();
    }
}

fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// In waves of ten thousand, each of which is answered by one fetch, so that each kid is one that the server was asked
/// for. The memory is looked at in a process of its own, where no other test allocates.
#[test]
fn u8_a_million_unknown_kids_are_not_kept() {
    in_a_process_of_its_own("unknown::u8_in_a_process_of_its_own");
}

#[tokio::test(start_paused = true)]
async fn u8_in_a_process_of_its_own() {
    if !is_alone() {
        return;
    }
    let world = World::new();
    let (verifier, token) = (world.warm().await, world.token());
    let mut resident = 0;
    for wave in 0..100 {
        pass(10 * SECOND).await;
        let tokens = (0..10_000).map(|number| with_kid(&token, &format!("ins_{wave}_{number}")));
        let answers = all_at_once(&verifier, tokens).await;
        assert_eq!(count(&answers, REFUSED), 10_000);
        let kept = verifier.status().absent_key_ids();
        assert!((1..=1024).contains(&kept), "{kept} key ids");
        if wave == 10 {
            resident = resident_bytes();
        }
    }
    let grown = resident_bytes().saturating_sub(resident);
    assert!(grown < 1024 * 1024, "{grown} bytes");
}

#[tokio::test(start_paused = true)]
async fn u9_an_absent_kid_is_found_a_minute_after_it_is_published() {
    let world = World::new();
    let verifier = world.warm().await;
    let next = world.rotated("ins_next");
    assert_eq!(reason(&verifier, &next.token()).await, REFUSED);
    world.server.always(ok(next.jwks_json()));
    pass(59 * SECOND).await;
    assert_eq!(reason(&verifier, &next.token()).await, REFUSED);
    pass(SECOND).await;
    assert_eq!(reason(&verifier, &next.token()).await, None);
}

#[tokio::test(start_paused = true)]
async fn u9_an_absent_kid_is_found_at_once_after_the_keys_have_changed() {
    let world = World::new();
    let verifier = world.warm().await;
    let next = world.rotated("ins_next");
    assert_eq!(reason(&verifier, &next.token()).await, REFUSED);
    // Another token brings a set that has others, but not this one.
    let other = world.rotated("ins_other");
    let two = union(&world.issuer.jwks_json(), &other.jwks_json());
    world.server.always(ok(two.clone()));
    assert_eq!(reason(&verifier, &other.token()).await, None);
    world.server.always(ok(union(&two, &next.jwks_json())));
    pass(10 * SECOND).await;
    assert_eq!(reason(&verifier, &next.token()).await, None);
}

#[tokio::test(start_paused = true)]
async fn u10_an_unknown_kid_is_503_while_the_server_is_down_and_is_not_remembered() {
    let world = World::new();
    let (verifier, token) = (world.warm().await, world.token());
    world.server.always(status(500));
    for number in 0..100 {
        let forged = with_kid(&token, &format!("ins_{number}"));
        assert_eq!(
            reason(&verifier, &forged).await,
            Some(Reason::JwkRemoteFailedToLoad)
        );
        assert_eq!(reason(&verifier, &token).await, None);
    }
    assert_eq!(verifier.status().absent_key_ids(), 0);
    assert_eq!(world.server.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn u11_ten_thousand_junk_signatures_in_a_minute_make_at_most_two_fetches() {
    let world = World::new();
    let (verifier, token) = (world.warm().await, world.token());
    pass(11 * SECOND).await;
    let (before, start) = (world.server.count(), Instant::now());
    for number in 0..10_000 {
        let forged = with_junk_signature(&token, number);
        assert_eq!(
            reason(&verifier, &forged).await,
            Some(Reason::TokenInvalidSignature)
        );
        if number % 20 == 0 {
            assert_eq!(reason(&verifier, &token).await, None);
        }
        sleep_until(start + Duration::from_micros(5999 * (number as u64 + 1))).await;
    }
    let fetches = world.server.count() - before;
    assert!((1..=2).contains(&fetches), "{fetches} fetches");
}

#[tokio::test(start_paused = true)]
async fn u11_young_keys_are_not_doubted() {
    let world = World::new();
    let (verifier, token) = (world.warm().await, world.token());
    pass(10 * SECOND).await;
    let forged = with_junk_signature(&token, 1);
    assert!(verifier.verify_token_now(&forged).unwrap().is_err());
    assert_eq!(world.server.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn u11_a_junk_signature_is_401_while_the_server_is_down() {
    let world = World::new();
    let (verifier, token) = (world.warm().await, world.token());
    pass(11 * SECOND).await;
    world.server.always(status(500));
    for number in 0..100 {
        assert_eq!(
            reason(&verifier, &with_junk_signature(&token, number)).await,
            Some(Reason::TokenInvalidSignature)
        );
    }
    assert_eq!(world.server.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn u11_what_iss_or_exp_rule_out_is_not_worth_a_fetch() {
    let world = World::new();
    let verifier = world.warm().await;
    pass(11 * SECOND).await;
    for token in [
        world.issuer.token().issuer("https://evil.example"),
        world.issuer.token().expired(),
    ] {
        let forged = with_junk_signature(&token.sign(), 1);
        assert_eq!(
            reason(&verifier, &forged).await,
            Some(Reason::TokenInvalidSignature)
        );
    }
    assert_eq!(world.server.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn u12_new_material_under_the_same_kid_is_found_by_its_first_tokens() {
    let world = World::new();
    let (verifier, old) = (world.warm().await, world.token());
    pass(11 * SECOND).await;
    let before = world.server.count();
    let next = world.rotated(world.issuer.key_id());
    world.server.always(ok(next.jwks_json()));
    world.server.takes(Duration::from_millis(50));
    let answers = all_at_once(&verifier, vec![next.token(); 100]).await;
    assert_eq!(count(&answers, None), 100);
    assert_eq!(world.server.count() - before, 1);
    assert_eq!(
        reason(&verifier, &old).await,
        Some(Reason::TokenInvalidSignature)
    );
    assert_eq!(verifier.status().generation(), 2);
}

#[tokio::test(start_paused = true)]
async fn u12_new_material_behind_fixed_keys_of_the_same_kid_is_found_too() {
    let world = World::new();
    let next = world.rotated(world.issuer.key_id());
    world.server.always(ok(next.jwks_json()));
    let builder = world.builder().jwks_json(world.issuer.jwks_json());
    let verifier = builder.build().unwrap();
    assert_eq!(reason(&verifier, &world.token()).await, None);
    assert_eq!(world.server.count(), 0, "fixed keys come first");
    assert_eq!(reason(&verifier, &next.token()).await, None);
    assert_eq!(reason(&verifier, &world.token()).await, None);
    assert_eq!(world.server.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn u13_a_forced_fetch_wants_no_cache_and_has_nothing_of_the_token_in_its_url() {
    let world = World::new();
    let (verifier, token) = (world.warm().await, world.token());
    pass(11 * SECOND).await;
    let _ = reason(&verifier, &with_kid(&token, "ins_evil&x=1")).await;
    pass(11 * SECOND).await;
    let _ = reason(&verifier, &with_junk_signature(&token, 1)).await;
    pass(5 * MINUTE).await;
    let asked = world.server.requests();
    let no_cache: Vec<bool> = asked
        .iter()
        .map(|asked| asked.header("cache-control") == Some("no-cache"))
        .collect();
    assert_eq!(
        no_cache,
        [false, true, true, false],
        "cold, kid, signature, renewal"
    );
    for asked in asked {
        assert_eq!(asked.url, "https://keys.example.test/jwks.json?tenant=1");
    }
}

/// A fetch that was under way when the token came may have been too early for its key.
#[tokio::test(start_paused = true)]
async fn a_kid_that_a_fetch_under_way_did_not_bring_is_not_remembered_as_absent() {
    let world = World::new();
    let (verifier, token) = (world.warm().await, world.token());
    world.server.takes(SECOND);
    let first = tokio::spawn({
        let (verifier, forged) = (verifier.clone(), with_kid(&token, "ins_bogus"));
        async move { reason(&verifier, &forged).await }
    });
    pass(SECOND / 2).await;
    let next = world.rotated("ins_next");
    assert_eq!(reason(&verifier, &next.token()).await, REFUSED, "joined");
    assert_eq!(first.await.unwrap(), REFUSED);
    world.server.always(ok(next.jwks_json()));
    assert_eq!(reason(&verifier, &next.token()).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_ceiling_holds_over_all_reasons() {
    let world = World::new();
    let options = clerk_verify::JwksOptions {
        unknown_kid_burst: 1000,
        bad_signature_interval: Duration::ZERO,
        bad_signature_min_age: Duration::ZERO,
        ..clerk_verify::JwksOptions::default()
    };
    let verifier = world.builder().jwks(options).build().unwrap();
    verifier.ready().await.unwrap();
    let token = world.token();
    for number in 0..1000 {
        let _ = reason(&verifier, &with_kid(&token, &format!("ins_{number}"))).await;
        let _ = reason(&verifier, &with_junk_signature(&token, number)).await;
        pass(Duration::from_millis(10)).await;
    }
    assert_eq!(world.server.count(), 12);
    assert_eq!(reason(&verifier, &token).await, None);
}

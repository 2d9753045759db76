//! Answers that are no key set, and key sets with something wrong in them.

use std::sync::{Arc, Mutex};

use clerk_verify::{FetchResponse, JwksOptions, KeyEvent, KeySourceState, Reason, Verifier};

use super::support::*;

/// How many members of the last set were passed over.
#[derive(Clone, Default)]
struct Skipped(Arc<Mutex<usize>>);

impl Skipped {
    fn last(&self) -> usize {
        *self.0.lock().unwrap()
    }

    fn hook(&self) -> impl Fn(&str, &KeyEvent<'_>) + Send + Sync + 'static {
        let counted = self.clone();
        move |_: &str, event: &KeyEvent<'_>| {
            if let KeyEvent::FetchSucceeded { skipped, .. } = event {
                *counted.0.lock().unwrap() = *skipped;
            }
        }
    }
}

/// In every kind of fetch: a forced one, a renewal (conditional, and then without conditions), and a cold one.
async fn is_rejected(answer: Step) {
    is_rejected_when_forced(answer.clone()).await;
    is_rejected_as_renewal(answer.clone()).await;
    let world = World::new();
    world.server.always(answer);
    let verifier = world.verifier();
    assert_eq!(
        reason(&verifier, &world.token()).await,
        Some(Reason::JwkRemoteFailedToLoad)
    );
    assert_eq!(verifier.status().state(), KeySourceState::Empty);
}

async fn is_rejected_as_renewal(answer: Step) {
    let world = World::new();
    let set = FetchResponse::new(200, world.issuer.jwks_json());
    world
        .server
        .always(Step::Answer(set.with_header("last-modified", "garbage")));
    let (verifier, token) = (world.warm().await, world.token());
    let answers_304 = matches!(&answer, Step::Answer(answer) if answer.status() == 304);
    world.server.always(answer);
    pass(10 * MINUTE).await;
    assert_eq!(first_poll(&verifier, &token), Some(true));
    let status = verifier.status();
    assert_eq!((status.generation(), status.keys()), (1, 1));
    // To a condition 304 is an answer.
    assert_eq!(status.failures() > 5, !answers_304, "{status:?}");
}

/// The answer must not touch the keys at hand, must be told once, and must not stop a good token.
async fn is_rejected_when_forced(answer: Step) {
    let world = World::new();
    let (verifier, token) = (world.warm().await, world.token());
    world.server.always(answer);
    assert_eq!(
        reason(&verifier, &with_kid(&token, "ins_unknown")).await,
        Some(Reason::JwkRemoteFailedToLoad)
    );
    assert_eq!((world.server.count(), world.told.failures()), (2, 1));
    let status = verifier.status();
    assert_eq!((status.generation(), status.keys()), (1, 1));
    assert_eq!(status.state(), KeySourceState::Fresh);
    for _ in 0..100 {
        assert_eq!(first_poll(&verifier, &token), Some(true));
    }
}

macro_rules! rejected {
    ($($(#[$about:meta])* $name:ident: $answer:expr;)*) => {$(
        $(#[$about])*
        #[tokio::test(start_paused = true)]
        async fn $name() {
            is_rejected($answer).await;
        }
    )*};
}

const OCT: &str = r#"{"kty":"oct","kid":"a","k":"AAAA","alg":"HS256"}"#;
const EC: &str = r#"{"kty":"EC","kid":"b","crv":"P-256","x":"AA","y":"AA","use":"enc"}"#;

rejected! {
    p1_html: ok("<html><body>{\"keys\":[]}</body></html>");
    /// Whatever stands in it.
    p1_a_good_set_that_says_it_is_html: {
        let world = World::new();
        let answer = FetchResponse::new(200, world.issuer.jwks_json());
        Step::Answer(answer.with_header("content-type", "Text/HTML; charset=utf-8"))
    };
    p1_multipart: {
        let world = World::new();
        let answer = FetchResponse::new(200, world.issuer.jwks_json());
        Step::Answer(answer.with_header("content-type", "multipart/mixed; boundary=x"))
    };
    p2_an_empty_object: ok("{}");
    p3_an_empty_set: ok(r#"{"keys":[]}"#);
    p4_an_array: ok("[]");
    p5_truncated_json: {
        let text = World::new().issuer.jwks_json();
        ok(&text[..text.len() / 2])
    };
    p6_204: status(204);
    p7_a_redirect_to_a_good_set: {
        let answer = FetchResponse::new(302, World::new().issuer.jwks_json());
        Step::Answer(answer.with_header("location", "https://keys.example.test/other.json"))
    };
    p8_304_that_was_not_asked_for: status(304);
    p9_one_byte_over_the_limit: {
        let mut text = World::new().issuer.jwks_json();
        text.push_str(&" ".repeat(512 * 1024 + 1 - text.len()));
        ok(text)
    };
    p11_nothing_but_secret_encryption_and_private_keys: {
        let private = r#"{"kty":"RSA","kid":"c","n":"AQAB","e":"AQAB","d":"AQAB"}"#;
        ok(format!(r#"{{"keys":[{OCT},{EC},{private}]}}"#))
    };
    p12_101_keys: {
        let set: serde_json::Value = serde_json::from_str(&World::new().issuer.jwks_json()).unwrap();
        let keys = vec![set["keys"][0].clone(); 101];
        ok(serde_json::json!({ "keys": keys }).to_string())
    };
    bytes_that_are_not_utf8: ok([0xff, 0xfe, 0x00]);
    a_part_of_the_set: Step::Answer(FetchResponse::new(206, World::new().issuer.jwks_json()));
}

#[tokio::test(start_paused = true)]
async fn p9_a_set_of_the_very_limit_is_taken() {
    let world = World::new();
    let mut text = world.issuer.jwks_json();
    text.push_str(&" ".repeat(512 * 1024 - text.len()));
    world.server.always(ok(text));
    assert_eq!(reason(&world.verifier(), &world.token()).await, None);
}

#[tokio::test(start_paused = true)]
async fn p13_odd_members_are_passed_over_and_the_good_one_used() {
    let world = World::new();
    let odd = concat!(
        r#"{"kty":"AKP","kid":"a","alg":"ML-DSA-44","pub":"AA"},"#,
        r#"{"kty":"RSA","kid":"b","use":"enc","alg":"RSA-OAEP","n":"AQAB","e":"AQAB"},"#,
        r#"{"kty":"EC","kid":"c","crv":"P-999"},null"#
    );
    let set = world
        .issuer
        .jwks_json()
        .replacen('[', &format!("[{odd},"), 1);
    world.server.always(ok(set));
    let skipped = Skipped::default();
    let verifier = world.builder().key_events(skipped.hook()).build().unwrap();
    assert_eq!(reason(&verifier, &world.token()).await, None);
    assert_eq!(verifier.status().keys(), 1);
    assert_eq!(skipped.last(), 4);
}

#[tokio::test(start_paused = true)]
async fn p14_one_kid_twice_is_one_key_or_two() {
    let world = World::new();
    let other = world.rotated(world.issuer.key_id());
    let same = union(&world.issuer.jwks_json(), &world.issuer.jwks_json());
    let different = union(&world.issuer.jwks_json(), &other.jwks_json());
    for (set, others, keys) in [
        (same, Some(Reason::TokenInvalidSignature), 1),
        (different, None, 2),
    ] {
        world.server.always(ok(set));
        let verifier = world.warm().await;
        assert_eq!(verifier.status().keys(), keys);
        assert_eq!(reason(&verifier, &world.token()).await, None);
        assert_eq!(reason(&verifier, &other.token()).await, others);
    }
}

#[tokio::test(start_paused = true)]
async fn p14_of_one_kid_the_first_four_keys_are_kept_or_as_many_as_the_user_says() {
    let world = World::new();
    let others = [(); 4].map(|()| world.rotated(world.issuer.key_id()));
    let mut set = others[0].jwks_json();
    for other in &others[1..] {
        set = union(&set, &other.jwks_json());
    }
    world
        .server
        .always(ok(union(&set, &world.issuer.jwks_json())));
    let mut tokens: Vec<String> = others.iter().map(Rotated::token).collect();
    tokens.push(world.token());
    let default = JwksOptions::default().max_keys_per_kid;
    assert_eq!(default, 4);
    for limit in [1, default, 5] {
        let skipped = Skipped::default();
        let options = JwksOptions {
            max_keys_per_kid: limit,
            ..JwksOptions::default()
        };
        let builder = world.builder().jwks(options);
        let verifier = builder.key_events(skipped.hook()).build().unwrap();
        verifier.ready().await.unwrap();
        assert_eq!(verifier.status().keys(), limit);
        assert_eq!(skipped.last(), tokens.len() - limit);
        for (place, token) in tokens.iter().enumerate() {
            let refused = (place >= limit).then_some(Reason::TokenInvalidSignature);
            assert_eq!(
                reason(&verifier, token).await,
                refused,
                "{place} of {limit}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p15_an_empty_set_takes_the_keys_away_after_an_hour() {
    let world = World::new();
    let (verifier, token) = (world.warm().await, world.token());
    world.server.always(ok(r#"{"keys":[]}"#));
    // The first empty answer is that of the first renewal.
    until(async || world.server.count() > 1).await;
    pass(HOUR - 2 * SECOND).await;
    assert_eq!(reason(&verifier, &token).await, None);
    pass(3 * SECOND).await;
    assert_eq!(
        reason(&verifier, &token).await,
        Some(Reason::JwkRemoteFailedToLoad)
    );
    assert_eq!(verifier.status().state(), KeySourceState::Expired);
    // It was a fault: the keys are back.
    world.server.always(ok(world.issuer.jwks_json()));
    pass(11 * SECOND).await;
    assert_eq!(reason(&verifier, &token).await, None);
}

#[tokio::test(start_paused = true)]
async fn p15_an_outage_after_the_empty_set_gives_no_more_time() {
    let world = World::new();
    let (verifier, token) = (world.warm().await, world.token());
    world.server.always(ok(r#"{"keys":[]}"#));
    until(async || world.server.count() > 1).await;
    world.server.always(status(500));
    pass(HOUR + SECOND).await;
    assert_eq!(
        reason(&verifier, &token).await,
        Some(Reason::JwkRemoteFailedToLoad)
    );
}

#[tokio::test(start_paused = true)]
async fn p15_strict_keys_end_with_the_empty_set() {
    let world = World::new();
    let builder = world.builder().jwks(JwksOptions::strict());
    let (verifier, token) = (builder.build().unwrap(), world.token());
    verifier.ready().await.unwrap();
    world.server.always(ok(r#"{"keys":[]}"#));
    pass(241 * SECOND).await;
    assert_eq!(
        reason(&verifier, &token).await,
        Some(Reason::JwkRemoteFailedToLoad)
    );
}

/// The key stays hot all the time, and forged key ids keep forcing fetches: neither keeps it alive.
#[tokio::test(start_paused = true)]
async fn p16_a_removed_key_dies_with_the_next_fetch_and_at_its_ttl_at_the_latest() {
    for flood in [false, true] {
        let world = World::new();
        let (verifier, token) = (world.warm().await, world.token());
        pass(20 * SECOND).await;
        world
            .server
            .always(ok(world.rotated("ins_next").jwks_json()));
        let (removed, fetched) = (tokio::time::Instant::now(), world.server.count());
        let mut number = 0;
        loop {
            if flood {
                let _ = reason(&verifier, &with_kid(&token, &format!("ins_{number}"))).await;
                number += 1;
            }
            let refused = reason(&verifier, &token).await;
            if world.server.count() > fetched {
                assert_eq!(refused, Some(Reason::JwkKidMismatch));
                break;
            }
            assert_eq!(refused, None);
            assert!(since(removed) <= 300 * SECOND);
            pass(SECOND / 10).await;
        }
        if flood {
            assert!(
                since(removed) <= SECOND,
                "the first forged token brings the news"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p17_an_older_answer_never_replaces_a_newer_one() {
    let world = World::new();
    let (verifier, old) = (world.warm().await, world.token());
    let next = world.rotated("ins_next");
    // The old set, on its way for so long that it is given up for lost.
    world.server.takes(4 * SECOND);
    let first = tokio::spawn({
        let (verifier, forged) = (verifier.clone(), with_kid(&old, "ins_bogus"));
        async move { reason(&verifier, &forged).await }
    });
    settle().await;
    assert_eq!(world.server.count(), 2);
    world.clock.skip(7);
    world.server.takes(SECOND);
    world.server.always(ok(next.jwks_json()));
    assert_eq!(reason(&verifier, &next.token()).await, None);
    pass(5 * SECOND).await;
    let _ = first.await.unwrap();
    assert_eq!(world.server.count(), 3);
    assert_eq!(first_poll(&verifier, &next.token()), Some(true));
    assert_eq!(verifier.status().generation(), 2);
}

#[tokio::test(start_paused = true)]
async fn p18_a_shared_secret_in_the_set_verifies_nothing() {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let world = World::new();
    let secret = b"a secret that everybody can read";
    let oct = format!(
        r#"{{"keys":[{{"kty":"oct","kid":"shared","alg":"HS256","k":"{}"}}]}}"#,
        URL_SAFE_NO_PAD.encode(secret)
    );
    world
        .server
        .always(ok(union(&oct, &world.issuer.jwks_json())));
    let good = world.token();
    let payload = good.split('.').nth(1).unwrap();
    let verifier = world.warm().await;
    for (alg, expected) in [
        ("HS256", Reason::TokenInvalidAlgorithm),
        ("RS256", Reason::JwkKidMismatch),
    ] {
        let header = format!(r#"{{"alg":"{alg}","typ":"JWT","kid":"shared"}}"#);
        let signed = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header));
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
        let tag = aws_lc_rs::hmac::sign(&key, signed.as_bytes());
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag));
        let error = verifier.verify_token(&token).await.unwrap_err();
        assert_eq!((error.reason(), error.refusal().status()), (expected, 401));
    }
}

#[tokio::test(start_paused = true)]
async fn p19_keys_do_not_travel_in_the_clear() {
    for url in [
        "http://keys.example.test/jwks.json",
        "ftp://keys.example.test/jwks.json",
    ] {
        let error = Verifier::builder().jwks_url(url).build().unwrap_err();
        assert_eq!(error.problems()[0].option(), "jwks_url");
    }
    let to_http = FetchResponse::new(301, "");
    is_rejected(Step::Answer(
        to_http.with_header("location", "http://keys.example.test/jwks.json"),
    ))
    .await;
}

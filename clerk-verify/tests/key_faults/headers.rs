//! What the key server's cache headers are worth.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use clerk_verify::{FetchResponse, JwksOptions, KeyEvent, KeySourceState};

use super::support::*;

/// When keys with these headers stop being fresh, in seconds.
async fn ttl(headers: &[(&str, &str)], options: JwksOptions) -> u64 {
    let world = World::new();
    let set = FetchResponse::new(200, world.issuer.jwks_json());
    let set = headers
        .iter()
        .fold(set, |set, (name, value)| set.with_header(name, value));
    world.server.always(Step::Answer(set));
    let verifier = world.builder().jwks(options).build().unwrap();
    verifier.ready().await.unwrap();
    world.server.always(status(500));
    let mut seconds = 0;
    while verifier.status().state() == KeySourceState::Fresh {
        pass(SECOND).await;
        seconds += 1;
        assert!(seconds < 10_000);
    }
    seconds
}

#[tokio::test(start_paused = true)]
async fn h1_cache_headers_decide_within_a_minute_and_an_hour() {
    let default = JwksOptions::default;
    for (headers, expected) in [
        (&[][..], 300),
        (&[("cache-control", "max-age=10")], 60),
        (&[("cache-control", "public, max-age=86400")], 3600),
        (&[("cache-control", "no-store")], 60),
        (&[("cache-control", "garbage")], 300),
        (&[("cache-control", "max-age=300"), ("age", "50")], 250),
        (&[("expires", "0")], 60),
        (
            &[
                ("date", "Sat, 21 Nov 2026 12:00:00 GMT"),
                ("expires", "Sat, 21 Nov 2026 12:10:00 GMT"),
            ],
            600,
        ),
    ] {
        assert_eq!(ttl(headers, default()).await, expected, "{headers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn h1_cache_headers_can_be_left_out_of_account_and_are_bounded_where_it_is_strict() {
    let long = &[("cache-control", "max-age=3600")];
    let deaf = JwksOptions {
        cache_headers: false,
        ..JwksOptions::default()
    };
    assert_eq!(ttl(long, deaf).await, 300);
    // With nothing beyond the freshness, the keys are dropped and not stale.
    assert_eq!(ttl(long, JwksOptions::strict()).await, 300);
}

#[tokio::test(start_paused = true)]
async fn h2_a_set_that_has_not_changed_is_not_sent_again() {
    let date = "Sat, 21 Nov 2026 12:00:00 GMT";
    let world = World::new();
    let set = FetchResponse::new(200, world.issuer.jwks_json())
        .with_header("etag", "\"1\"")
        .with_header("last-modified", date)
        .with_header("cache-control", "max-age=600");
    world.server.behave(move |number| {
        if number == 0 {
            Step::Answer(set.clone())
        } else {
            status(304)
        }
    });
    let (verifier, token) = (world.warm().await, world.token());
    let first = &world.server.requests()[0];
    assert_eq!(
        (
            first.header("if-none-match"),
            first.header("if-modified-since")
        ),
        (None, None)
    );
    pass(9 * MINUTE).await;
    let second = &world.server.requests()[1];
    assert_eq!(second.header("if-none-match"), Some("\"1\""));
    assert_eq!(second.header("if-modified-since"), Some(date));
    // The freshness of the first answer goes for the second too, which says nothing.
    assert!(second.at >= 420 * SECOND && second.at <= 481 * SECOND);
    pass(9 * MINUTE).await;
    let third = &world.server.requests()[2];
    assert_eq!(third.header("if-none-match"), Some("\"1\""));
    assert!(third.at - second.at >= 420 * SECOND);
    let status = verifier.status();
    assert_eq!((status.generation(), status.failures()), (1, 0));
    assert_eq!(status.state(), KeySourceState::Fresh);
    assert_eq!(first_poll(&verifier, &token), Some(true));
}

/// A member that is passed over is told of each time the set is read, and the same bytes are read once.
#[tokio::test(start_paused = true)]
async fn h2_the_same_set_again_is_not_read_again_and_changes_nothing() {
    let world = World::new();
    let skipped = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&skipped);
    let hook = move |_: &str, event: &KeyEvent<'_>| {
        if let KeyEvent::FetchSucceeded { skipped, .. } = event {
            told.lock().unwrap().push(*skipped);
        }
    };
    let set = world.issuer.jwks_json().replacen('[', "[null,", 1);
    world.server.always(ok(set.clone()));
    let verifier = world.builder().key_events(hook).build().unwrap();
    verifier.ready().await.unwrap();
    pass(HOUR).await;
    // Other bytes are read, and are the same keys all the same.
    world.server.always(ok(format!("{set} ")));
    pass(5 * MINUTE).await;
    let skipped = skipped.lock().unwrap().clone();
    assert!(skipped.len() > 10, "{skipped:?}");
    assert_eq!(skipped[0], 1);
    let read = skipped.iter().filter(|skipped| **skipped == 1).count();
    assert_eq!(read, 2, "{skipped:?}");
    let status = verifier.status();
    assert_eq!((status.generation(), status.changes()), (1, 1));
}

/// What the server took to answer is age already.
#[tokio::test(start_paused = true)]
async fn keys_age_from_when_they_were_asked_for() {
    let world = World::new();
    world.server.takes(3 * SECOND);
    let verifier = world.warm().await;
    assert_eq!(verifier.status().age().unwrap().as_secs(), 3);
    world.server.always(status(500));
    pass(296 * SECOND).await;
    assert_eq!(verifier.status().state(), KeySourceState::Fresh);
    pass(2 * SECOND).await;
    assert_eq!(verifier.status().state(), KeySourceState::Stale);
}

#[tokio::test(start_paused = true)]
async fn h2_a_forced_fetch_asks_for_the_set_and_not_whether_it_has_changed() {
    let world = World::new();
    let set = FetchResponse::new(200, world.issuer.jwks_json()).with_header("etag", "\"1\"");
    world.server.always(Step::Answer(set));
    let (verifier, token) = (world.warm().await, world.token());
    let _ = reason(&verifier, &with_kid(&token, "ins_unknown")).await;
    let forced = &world.server.requests()[1];
    assert_eq!(forced.header("if-none-match"), None);
    assert_eq!(forced.header("cache-control"), Some("no-cache"));
    assert_eq!(forced.header("accept"), Some("application/json"));
}

/// Keys confirmed by a 304 live on; a 304 after they have been replaced does not bring the old ones back.
#[tokio::test(start_paused = true)]
async fn h2_304_keeps_the_keys_that_are_in_use() {
    let world = World::new();
    let tagged =
        |json: String| Step::Answer(FetchResponse::new(200, json).with_header("etag", "\"1\""));
    world.server.always(tagged(world.issuer.jwks_json()));
    let verifier = world.warm().await;
    let next = world.rotated("ins_next");
    world.server.always(tagged(next.jwks_json()));
    assert_eq!(reason(&verifier, &next.token()).await, None);
    world.server.always(status(304));
    pass(Duration::from_secs(250)).await;
    assert_eq!(verifier.status().failures(), 0);
    assert_eq!(first_poll(&verifier, &next.token()), Some(true));
    assert_eq!(verifier.status().generation(), 2);
}

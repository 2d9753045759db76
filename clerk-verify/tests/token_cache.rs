//! The verified-token cache: what is remembered, for how long, and how much of it.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::time::Duration;

use clerk_verify::{
    FixedClock, Reason, Session, TokenCache, Verifier, VerifierBuilder,
    testing::{TestIssuer, TokenBuilder},
};

const NOW: i64 = 1_790_000_000;

fn world() -> (TestIssuer, FixedClock) {
    let clock = FixedClock::at_unix(NOW);
    (TestIssuer::new().with_clock(clock.clone()), clock)
}

fn builder(issuer: &TestIssuer, clock: &FixedClock) -> VerifierBuilder {
    let builder = issuer.verifier().clock(clock.clone());
    builder.token_cache(TokenCache::default())
}

fn reason(verifier: &Verifier, token: &str) -> Option<Reason> {
    let result = verifier.verify_token_now(token).unwrap();
    result.err().map(|error| error.reason())
}

fn session(verifier: &Verifier, token: &str) -> Session {
    verifier.verify_token_now(token).unwrap().unwrap()
}

fn entries(verifier: &Verifier) -> u64 {
    verifier.token_cache_status().entries()
}

#[test]
fn the_second_time_is_the_same_session_without_an_allocation() {
    let (issuer, clock) = world();
    let verifier = builder(&issuer, &clock).build().unwrap();
    let token = issuer.token().org("org_1", "admin").sign();
    let first = session(&verifier, &token);

    let allocations = allocation_counter::measure(|| {
        for _ in 0..10_000 {
            assert!(reason(&verifier, &token).is_none());
        }
    });
    assert_eq!(allocations.count_total, 0, "{allocations:?}");
    let again = session(&verifier, &token);
    assert_eq!(again.claims().raw(), first.claims().raw());
    let role = again.organization().and_then(|org| org.role());
    assert_eq!(role, Some("org:admin"));
}

#[test]
fn it_ends_with_its_exp_by_the_clock_of_that_moment() {
    let (issuer, clock) = world();
    let verifier = builder(&issuer, &clock).build().unwrap();
    let token = issuer.token().lifetime(Duration::from_secs(60)).sign();
    assert_eq!(reason(&verifier, &token), None);

    clock.set_unix(NOW + 64);
    assert_eq!(
        reason(&verifier, &token),
        None,
        "within the tolerance of 5 s"
    );
    assert_eq!(entries(&verifier), 1);
    clock.set_unix(NOW + 65);
    assert_eq!(reason(&verifier, &token), Some(Reason::TokenExpired));
    assert_eq!(entries(&verifier), 0, "it is forgotten");
}

#[test]
fn nbf_and_iat_are_looked_at_each_time() {
    for (claim, expected) in [
        ("nbf", Reason::TokenNotActiveYet),
        ("iat", Reason::TokenIatInTheFuture),
    ] {
        let (issuer, clock) = world();
        let verifier = builder(&issuer, &clock).build().unwrap();
        let earlier = issuer
            .token()
            .claim("nbf", NOW - 100)
            .claim("iat", NOW - 100);
        let token = earlier.claim(claim, NOW).sign();
        assert_eq!(reason(&verifier, &token), None);

        clock.set_unix(NOW - 5);
        assert_eq!(
            reason(&verifier, &token),
            None,
            "{claim}, within the tolerance"
        );
        clock.set_unix(NOW - 6);
        assert_eq!(reason(&verifier, &token), Some(expected));
        clock.set_unix(NOW);
        assert_eq!(reason(&verifier, &token), None);
    }
}

#[test]
fn what_is_refused_is_not_remembered() {
    let (issuer, clock) = world();
    let verifier = builder(&issuer, &clock)
        .authorized_parties(["https://app.example.com"])
        .build()
        .unwrap();
    let good = issuer.token().azp("https://app.example.com");
    let early = good.clone().claim("nbf", NOW + 60).sign();
    for token in [
        good.clone().expired().sign(),
        good.clone().azp("https://evil.example.com").sign(),
        good.clone().signed_by(&TestIssuer::fresh()).sign(),
        good.clone().pending().sign(),
        early.clone(),
        "a.b.c".to_owned(),
    ] {
        assert!(reason(&verifier, &token).is_some());
        assert!(reason(&verifier, &token).is_some());
    }
    assert_eq!(entries(&verifier), 0);

    clock.set_unix(NOW + 60);
    assert_eq!(reason(&verifier, &early), None, "its time has come");
    assert_eq!(entries(&verifier), 1);
}

#[test]
fn they_are_counted_after_those_that_have_ended_are_forgotten() {
    let (issuer, clock) = world();
    let verifier = builder(&issuer, &clock).build().unwrap();
    let minute = issuer.token().lifetime(Duration::from_secs(60));
    let day = issuer.token().lifetime(Duration::from_secs(86_400)).sign();
    for number in 0..50 {
        session(
            &verifier,
            &minute.clone().user(format!("user_{number}")).sign(),
        );
    }
    session(&verifier, &day);
    assert_eq!(entries(&verifier), 51);
    clock.set_unix(NOW + 3_600);
    session(&verifier, &day);
    assert_eq!(entries(&verifier), 1);
}

/// Each character is made another one, after the token was remembered: none of these was ever verified.
#[test]
fn no_other_token_is_taken_for_it() {
    let (issuer, clock) = world();
    let cached = builder(&issuer, &clock).build().unwrap();
    let token = issuer.token().user("user_1").sign();
    session(&cached, &token);

    for place in 0..token.len() {
        let mut other = token.clone().into_bytes();
        other[place] = if other[place] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).unwrap();
        assert!(reason(&cached, &other).is_some(), "at {place}");
    }
    for other in [
        token[..token.len() - 1].to_owned(),
        token[1..].to_owned(),
        format!("{token}A"),
        format!("{token}="),
        format!(" {token}"),
    ] {
        assert!(reason(&cached, &other).is_some(), "{other}");
    }
    // The end of the signature, which is what is hashed, before another token's claims.
    let (_, signature) = token.rsplit_once('.').unwrap();
    let admin = issuer.token().user("user_admin").sign();
    let (signed, _) = admin.rsplit_once('.').unwrap();
    let spliced = format!("{signed}.{signature}");
    assert_eq!(
        reason(&cached, &spliced),
        Some(Reason::TokenInvalidSignature)
    );
    assert_eq!(entries(&cached), 1);
}

#[test]
fn clones_share_it_and_other_verifiers_do_not() {
    let (issuer, clock) = world();
    let verifier = builder(&issuer, &clock).build().unwrap();
    let strict = builder(&issuer, &clock)
        .authorized_parties(["https://app.example.com"])
        .build()
        .unwrap();
    let token = issuer.token().azp("https://other.example.com").sign();
    assert_eq!(reason(&verifier, &token), None);
    assert_eq!(entries(&verifier.clone()), 1);
    assert_eq!(
        reason(&strict, &token),
        Some(Reason::TokenInvalidAuthorizedParties)
    );
    assert_eq!(entries(&strict), 0);
}

#[test]
fn it_can_be_turned_off_and_cleared() {
    let (issuer, clock) = world();
    let off = builder(&issuer, &clock).token_cache(TokenCache::disabled());
    let off = off.build().unwrap();
    let on = builder(&issuer, &clock).build().unwrap();
    let token = issuer.token().sign();
    for verifier in [&off, &on] {
        assert_eq!(reason(verifier, &token), None);
        assert_eq!(reason(verifier, &token), None);
    }
    assert_eq!((entries(&off), entries(&on)), (0, 1));
    assert!(off.describe().contains("the token cache is off"));

    on.clear_token_cache();
    off.clear_token_cache();
    assert_eq!(entries(&on), 0);
    assert_eq!(reason(&on, &token), None);
    assert_eq!(entries(&on), 1);
}

#[test]
fn a_cache_without_room_is_a_mistake() {
    let nothing = TokenCache::default().max_entries(0).max_bytes(0);
    let builder = Verifier::builder().jwt_key(TestIssuer::new().public_pem());
    let error = builder
        .token_cache(nothing)
        .build()
        .unwrap_err()
        .to_string();
    for part in [
        "at most 0 entries",
        "at most 0 bytes",
        "TokenCache::disabled()",
    ] {
        assert!(error.contains(part), "{part} is not in {error}");
    }
}

#[test]
fn so_many_tokens_are_remembered_and_one_that_is_in_use_stays() {
    let (issuer, clock) = world();
    let verifier = builder(&issuer, &clock)
        .token_cache(TokenCache::default().max_entries(8))
        .build()
        .unwrap();
    let is_hit = |token: &String| {
        allocation_counter::measure(|| drop(session(&verifier, token))).count_total == 0
    };
    let tokens: Vec<String> = (0..60)
        .map(|number| issuer.token().user(format!("user_{number}")).sign())
        .collect();
    session(&verifier, &tokens[0]);
    for token in &tokens[1..] {
        session(&verifier, token);
        assert!(entries(&verifier) <= 8);
        assert!(is_hit(token), "the latest");
        assert!(is_hit(&tokens[0]), "it is in use");
    }
    assert_eq!(entries(&verifier), 8);
    assert!(!is_hit(&tokens[1]));
}

#[test]
fn as_many_are_remembered_as_there_is_room_for() {
    let (issuer, clock) = world();
    let tokens: Vec<String> = (0..20)
        .map(|number| issuer.token().user(format!("user_{number}")).sign())
        .collect();
    for most in [1, 2, 3, 7, 10] {
        let cache = TokenCache::default().max_entries(most);
        let verifier = builder(&issuer, &clock).token_cache(cache).build().unwrap();
        for token in &tokens {
            session(&verifier, token);
        }
        assert_eq!(entries(&verifier), most);
        let last = tokens.last().unwrap();
        let again = allocation_counter::measure(|| drop(session(&verifier, last)));
        assert_eq!(again.count_total, 0, "the last of {most} is remembered");
    }
}

#[test]
fn limits_at_their_ends_bound_and_break_nothing() {
    let (issuer, clock) = world();
    let tokens: Vec<String> = (0..40)
        .map(|number| issuer.token().user(format!("user_{number}")).sign())
        .collect();
    let ends = [1, 2, 1 << 20, 1 << 60, u64::MAX - 1, u64::MAX];
    for max_entries in ends {
        for max_bytes in ends {
            for max_entry_bytes in ends {
                let cache = TokenCache::default()
                    .max_entries(max_entries)
                    .max_bytes(max_bytes)
                    .max_entry_bytes(max_entry_bytes);
                let verifier = builder(&issuer, &clock).token_cache(cache.clone());
                let verifier = verifier.build().unwrap();
                for token in tokens.iter().chain(&tokens) {
                    session(&verifier, token);
                }
                let has_room = max_bytes > 100_000 && max_entry_bytes > 100_000;
                let most = if has_room { max_entries.min(40) } else { 0 };
                assert_eq!(entries(&verifier), most, "{cache:?}");
            }
        }
    }
}

/// Whatever the number of entries and of cores says of how the room is divided.
#[test]
fn an_entry_finds_room_as_long_as_it_is_no_larger_than_one_may_be() {
    let (issuer, clock) = world();
    let token = heavy(&issuer, 1).sign();
    for max_entries in [1, 100, 10_000, u64::MAX] {
        let cache = TokenCache::default().max_entries(max_entries);
        let cache = cache.max_bytes(500_000).max_entry_bytes(500_000);
        let verifier = builder(&issuer, &clock).token_cache(cache).build().unwrap();
        session(&verifier, &token);
        let status = verifier.token_cache_status();
        assert_eq!(status.entries(), 1, "of {max_entries}");
        assert!((200_000..500_000).contains(&status.bytes()), "{status}");
    }
}

/// Seen by the memory that comes back, for asking how many there are would forget them.
#[test]
fn tokens_that_have_ended_are_forgotten_when_another_comes_a_minute_later() {
    let (issuer, clock) = world();
    let verifier = builder(&issuer, &clock).build().unwrap();
    let day = issuer.token().lifetime(Duration::from_secs(86_400));
    let in_use = day.clone().sign();
    session(&verifier, &in_use);
    let freed_by = |token: &str| {
        let measured = allocation_counter::measure(|| drop(session(&verifier, token)));
        -measured.bytes_current
    };
    for (round, later) in [600, -100_000, 0].into_iter().enumerate() {
        let start = NOW + 3_600 * i64::try_from(round).unwrap();
        clock.set_unix(start);
        let minute = issuer.token().lifetime(Duration::from_secs(60));
        let old = day.clone().issued_at(start - 200_000).without("nbf");
        session(
            &verifier,
            &old.lifetime(Duration::from_secs(400_000)).sign(),
        );
        for number in 0..50 {
            session(
                &verifier,
                &minute.clone().user(format!("user_{round}_{number}")).sign(),
            );
        }
        assert!(freed_by(&in_use) < 1_000, "they are still good");
        clock.set_unix(start + 600 + later);
        let came = issuer.token().issued_at(start + 600 + later).sign();
        let freed = freed_by(&came) + freed_by(&came);
        // Where the clock was set back none has ended, and it goes on all the same.
        assert_eq!(freed > 50_000, later >= 0, "{freed} bytes in round {round}");
    }
}

/// A token whose few kilobytes grant so many permissions that their names take hundreds.
fn heavy(issuer: &TestIssuer, number: usize) -> TokenBuilder {
    let list = |count: usize, name: &str| {
        let names: Vec<String> = (0..count).map(|n| format!("{name}{n}")).collect();
        names.join(",")
    };
    let mask = (1_u128 << 60) - 1;
    let masks = vec![mask.to_string(); 60].join(",");
    let o =
        serde_json::json!({ "id": "org_1", "rol": "admin", "per": list(60, "p"), "fpm": masks });
    let token = issuer.token().user(format!("user_{number}"));
    token.claim("fea", list(60, "o:f")).claim("o", o)
}

/// The heap in use after the tokens have been verified, and all that can be asked of their sessions has been.
fn bytes_in_use(verifier: &Verifier, tokens: &[String]) -> u64 {
    let measured = allocation_counter::measure(|| {
        for token in tokens {
            let session = session(verifier, token);
            let _ = session.organization();
            let _ = (session.features(), session.plans());
            let _ = (session.actor(), session.audience());
        }
        entries(verifier);
    });
    u64::try_from(measured.bytes_current).unwrap()
}

#[test]
fn so_many_bytes_are_remembered_with_all_that_is_decoded_later() {
    let limit = 2 * 1024 * 1024;
    let (issuer, clock) = world();
    let small = |number: usize| issuer.token().user(format!("user_{number}"));
    let wordy = |number: usize| {
        let token = small(number).claim("aud", vec!["a"; 300]);
        let list = "u:a,".repeat(400);
        token
            .claim("fea", &*list)
            .claim("pla", &*list)
            .claim("note", "\u{e9}\"".repeat(500))
    };
    let v1 = |number: usize| {
        let token = small(number).v1().claim("org_id", "org_1");
        token.claim("org_permissions", vec!["org:a:b"; 500])
    };
    let escaped = |number: usize| {
        let text = format!("{number}{}", "\"".repeat(900));
        let token = issuer.token().user(text.clone()).session_id(text.clone());
        token.azp(text.clone()).claim("jti", text)
    };
    let impersonated = |number: usize| {
        let long = "a\"".repeat(700);
        let act = serde_json::json!({ "sub": long, "iss": long, "sid": long, "type": "agent" });
        small(number).claim("act", act)
    };
    let long_masks = |number: usize| {
        let (per, mask) = ("p,".repeat(100), ((1_u128 << 100) - 1).to_string());
        let o = serde_json::json!({ "id": "org_1", "per": per, "fpm": vec![mask; 20].join(",") });
        small(number)
            .claim("fea", "o:f,".repeat(19) + "o:f")
            .claim("o", o)
    };
    let long_names = |number: usize| {
        let name = "n".repeat(300);
        let (per, fea) = ([name.as_str(); 8].join(","), format!("o:{name}"));
        let masks = ["255"; 8].join(",");
        let o = serde_json::json!({ "id": "org_1", "per": per, "fpm": masks });
        small(number)
            .claim("fea", vec![fea; 8].join(","))
            .claim("o", o)
    };
    let fat = |number: usize| {
        let list = "u:abcdefgh,".repeat(480);
        small(number).claim("fea", &*list).claim("pla", &*list)
    };
    let kinds: [(&str, usize, Vec<String>); 9] = [
        ("small", 700, (0..1_200).map(|n| small(n).sign()).collect()),
        (
            "heavy",
            5,
            (0..60).map(|n| heavy(&issuer, n).sign()).collect(),
        ),
        ("wordy", 20, (0..200).map(|n| wordy(n).sign()).collect()),
        ("escaped", 20, (0..150).map(|n| escaped(n).sign()).collect()),
        (
            "impersonated",
            20,
            (0..150).map(|n| impersonated(n).sign()).collect(),
        ),
        (
            "long masks",
            5,
            (0..60).map(|n| long_masks(n).sign()).collect(),
        ),
        (
            "long names",
            5,
            (0..100).map(|n| long_names(n).sign()).collect(),
        ),
        ("fat", 50, (0..900).map(|n| fat(n).sign()).collect()),
        ("version 1", 20, (0..200).map(|n| v1(n).sign()).collect()),
    ];
    for (kind, least, tokens) in kinds {
        let verifier = builder(&issuer, &clock)
            .token_cache(
                TokenCache::default()
                    .max_bytes(limit)
                    .max_entry_bytes(limit),
            )
            .build()
            .unwrap();
        let in_use = bytes_in_use(&verifier, &tokens);
        let status = verifier.token_cache_status();
        assert!(status.bytes() <= limit, "{kind}: {status}");
        assert!(
            in_use <= status.bytes(),
            "{kind}: {in_use} bytes for {status}"
        );
        assert!(status.entries() >= least as u64, "{kind}: {status}");
    }
}

#[test]
fn a_session_that_is_larger_than_one_may_be_is_not_remembered() {
    let (issuer, clock) = world();
    let verifier = builder(&issuer, &clock)
        .token_cache(TokenCache::default().max_entry_bytes(100_000))
        .build()
        .unwrap();
    let token = heavy(&issuer, 1).sign();
    let organization = session(&verifier, &token);
    let permissions = organization.organization().unwrap().permissions().len();
    assert_eq!(permissions, 3_600);
    assert_eq!(entries(&verifier), 0);
}

/// 100,000 tokens in 220 MB, on a hundredth of it.
#[test]
fn an_ordinary_token_takes_less_than_2200_bytes() {
    let (issuer, clock) = world();
    let cache = TokenCache::default()
        .max_entries(2_000)
        .max_bytes(2_000 * 2_200);
    let verifier = builder(&issuer, &clock).token_cache(cache).build().unwrap();
    let token = |number: usize| {
        let token = issuer
            .token()
            .user(format!("user_2abcdefghijklmnopqrst{number:05}"));
        let token = token.azp("https://app.example.com");
        let token = token
            .claim("email", "someone.with.a.name@mail.example.com")
            .sign();
        assert!(token.len() < 973);
        token
    };
    let tokens: Vec<String> = (0..1_000).map(token).collect();
    let in_use = bytes_in_use(&verifier, &tokens);
    assert_eq!(entries(&verifier), 1_000, "all of them fit");
    let counted = verifier.token_cache_status().bytes();
    assert!(
        in_use <= counted && counted <= 1_000 * 2_200,
        "{in_use}, {counted}"
    );
    assert!(in_use > 1_000 * 1_000, "nothing was measured: {in_use}");
}

//! What a verifier says of itself.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::time::{Duration, UNIX_EPOCH};

use clerk_verify::{
    FixedClock, Instance, InstanceType, TokenCache, TokenSource, Verifier, testing::TestIssuer,
};

const KEYS: &str = "https://keys.example.com/jwks.json";

#[test]
fn every_thing_that_is_trusted_stands_there_with_the_option_that_names_it() {
    let verifier = Verifier::builder()
        .with_env_from(|name| match name {
            "CLERK_PUBLISHABLE_KEY" => Some("pk_live_Y2xlcmsuY2xlcmsuZGV2JA".to_owned()),
            "CLERK_AUTHORIZED_PARTIES" => Some("https://a.example,https://b.example".to_owned()),
            "CLERK_PROXY_URL" => Some("https://a.example/__clerk".to_owned()),
            _ => None,
        })
        .audience(["api"])
        .clock_skew(Duration::from_secs(2))
        .clock(FixedClock::at_unix(1_790_000_000))
        .token_cache(TokenCache::default())
        .build()
        .unwrap();
    let expected = "\
clerk-verify 0.1.0
  Clerk instance  clerk.clerk.dev, production (from CLERK_PUBLISHABLE_KEY)
  iss             https://clerk.clerk.dev, https://a.example/__clerk (from CLERK_PUBLISHABLE_KEY, CLERK_PROXY_URL)
  keys            fetched from https://a.example/__clerk/.well-known/jwks.json when the first token comes (from CLERK_PROXY_URL)
  session cookie  __session_1Z8AzTQD or __session, as Clerk's SDKs choose
  azp             https://a.example, https://b.example (from CLERK_AUTHORIZED_PARTIES); a token without is refused
  aud             api; a token without is accepted
  alg             RS256
  exp, nbf, iat   compared with the clock, which says 1790000000 (seconds since 1970); tolerance 2 s
  tokens          session tokens; no JWT templates; pending sessions are signed out; at most 16384 bytes
  looked for in   the Authorization header, the session cookie
  remembered      tokens that have passed, at most 10000 and 33554432 bytes
";
    assert_eq!(verifier.describe(), expected);
}

#[test]
fn what_is_not_checked_is_said_too() {
    let issuer = TestIssuer::new();
    let verifier = Verifier::builder()
        .jwt_key(issuer.public_pem())
        .build()
        .unwrap();
    let text = verifier.describe();
    for part in [
        "iss             not checked",
        "azp             not checked",
        "aud             not checked",
        "keys            one that never changes, for any `kid` (from `jwt_key`)",
        "session cookie  __session; no publishable key",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn switches_that_were_turned_are_seen() {
    let verifier = TestIssuer::new()
        .verifier()
        .authorized_parties(["https://a.example"])
        .allow_missing_azp(true)
        .audience(["api"])
        .require_audience(true)
        .accept_jwt_templates(true)
        .allow_pending_sessions(true)
        .token_sources([TokenSource::header("x-token"), TokenSource::cookie("mine")])
        .build()
        .unwrap();
    let text = verifier.describe();
    for part in [
        "https://a.example (from `authorized_parties`); a token without is accepted",
        "api; a token without is refused",
        "session tokens and JWT templates; pending sessions are signed in",
        "the header `x-token`, the cookie `mine`",
        "keys            a set of 1 that never changes (from `jwks_json`)",
        "iss             https://clerk.example.test (from `issuer`)",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn neither_secrets_nor_queries_nor_key_ids_are_in_it() {
    let issuer = TestIssuer::new();
    let verifier = Verifier::builder()
        .jwks_url("https://keys.example.com/jwks.json?api_key=hunter2")
        .instance(Instance::issuer("https://b.example").secret_key("sk_live_hunter2"))
        .instance(Instance::issuer(issuer.issuer()).jwks_json(issuer.jwks_json()))
        .issuer("https://a.example")
        .build()
        .unwrap();
    let text = verifier.describe();
    assert!(
        !text.contains("hunter2") && !text.contains(issuer.key_id()),
        "{text}"
    );
    for part in [
        "instance 1 of 3",
        "https://keys.example.com/jwks.json when",
        "instance 3 of 3",
        "from https://api.clerk.com/v1/jwks",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn what_was_pasted_by_mistake_forges_no_line() {
    let verifier = TestIssuer::new()
        .verifier()
        .authorized_parties(["https://a.example\n  keys            FORGED"])
        .build()
        .unwrap();
    let text = verifier.describe();
    assert!(!text.contains("\n  keys            FORGED"), "{text}");
}

#[test]
fn cookies_are_described_where_they_are_read() {
    let issuer = TestIssuer::new();
    let verifier = issuer
        .verifier()
        .token_sources([TokenSource::authorization()]);
    assert!(
        !verifier
            .build()
            .unwrap()
            .describe()
            .contains("session cookie")
    );
}

#[tokio::test]
async fn the_state_of_the_keys_is_that_of_the_moment() {
    let issuer = TestIssuer::new();
    let server = issuer.serve().await.unwrap();
    let verifier = Verifier::builder()
        .jwks_url(server.jwks_url())
        .issuer(issuer.issuer())
        .build()
        .unwrap();
    assert!(verifier.describe().contains("when the first token comes"));
    verifier.ready().await.unwrap();
    assert!(verifier.describe().contains("; fresh, 1 at hand, 0 s old"));
}

#[test]
fn keys_from_an_earlier_run_are_at_hand_before_the_first_fetch() {
    let issuer = TestIssuer::new().with_clock(FixedClock::at_unix(1_790_000_000));
    let described = |age: u64| {
        let fetched = UNIX_EPOCH + Duration::from_secs(1_790_000_000 - age);
        let verifier = Verifier::builder()
            .jwks_url(KEYS)
            .issuer(issuer.issuer())
            .clock(FixedClock::at_unix(1_790_000_000))
            .with_seed(issuer.jwks_json(), fetched);
        verifier.build().unwrap().describe()
    };
    for (age, state) in [
        (7, "; stale, 1 at hand, 7 s old"),
        (25 * 60 * 60, "; expired, 0 at hand, 90000 s old"),
    ] {
        let expected = format!("keys            fetched from {KEYS}{state} (from `jwks_url`)");
        let text = described(age);
        assert!(text.contains(&expected), "{expected} is not in\n{text}");
    }
}

#[tokio::test]
async fn keys_that_could_not_be_fetched_are_said_to_be_missing_and_why() {
    let issuer = TestIssuer::new();
    let server = issuer.serve().await.unwrap();
    server.answer(404, "");
    let verifier = Verifier::builder()
        .jwks_url(server.jwks_url())
        .issuer(issuer.issuer())
        .build()
        .unwrap();
    verifier.ready().await.unwrap_err();
    let text = verifier.describe();
    let expected = format!(
        "keys            fetched from {}; empty, 0 at hand; the last fetch failed: ",
        server.jwks_url()
    );
    assert!(text.contains(&expected), "{expected} is not in\n{text}");
}

#[tokio::test]
async fn keys_that_never_change_are_told_from_those_that_are_fetched_beside_them() {
    let issuer = TestIssuer::new().with_clock(FixedClock::at_unix(1_790_000_000));
    let server = issuer.serve().await.unwrap();
    let verifier = issuer
        .verifier()
        .jwks_url(server.jwks_url())
        .build()
        .unwrap();
    let described = |state: &str| {
        let url = server.jwks_url();
        let from = "(from `jwks_json`, `jwks_url`)";
        format!(
            "keys            a set that never changes, and others fetched from {url}{state} {from}"
        )
    };
    let (text, expected) = (
        verifier.describe(),
        described(" when the first token comes"),
    );
    assert!(text.contains(&expected), "{expected} is not in\n{text}");
    verifier.ready().await.unwrap();
    let (text, expected) = (
        verifier.describe(),
        described("; fresh, 2 at hand, 0 s old"),
    );
    assert!(text.contains(&expected), "{expected} is not in\n{text}");
}

#[test]
fn the_publishable_key_names_the_type_of_the_instance() {
    let (live, test) = ("pk_live_Y2xlcmsuY2xlcmsuZGV2JA", "pk_test_ZGV2LmV4YW1wbGUk");
    let of = |key: &str| {
        Verifier::builder()
            .publishable_key(key)
            .build()
            .unwrap()
            .instance_type()
    };
    assert_eq!(of(live), Some(InstanceType::Production));
    assert_eq!(of(test), Some(InstanceType::Development));
    assert_eq!(
        TestIssuer::new()
            .verifier()
            .build()
            .unwrap()
            .instance_type(),
        None
    );
    let several = |keys: [&str; 2]| {
        let [first, second] = keys.map(Instance::publishable_key);
        let builder = Verifier::builder().instance(first).instance(second);
        builder.build().unwrap().instance_type()
    };
    assert_eq!(several([live, test]), Some(InstanceType::Development));
    assert_eq!(several([test, live]), Some(InstanceType::Development));
    let other = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
    assert_eq!(several([live, other]), Some(InstanceType::Production));
}

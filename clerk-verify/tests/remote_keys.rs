//! Keys that are fetched: from a real listener on loopback, with a real HTTP client.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::{net::TcpListener, time::Duration};

use clerk_verify::{
    FixedClock, JwksOptions, KeySourceState, Reason, Verifier, VerifierBuilder,
    testing::{KeyServer, TestIssuer},
};
use tokio::{io::AsyncWriteExt, task::JoinSet};

const NOW: i64 = 1_790_000_000;

struct Setting {
    clock: FixedClock,
    issuer: TestIssuer,
    server: KeyServer,
}

impl Setting {
    async fn new() -> Self {
        let clock = FixedClock::at_unix(NOW);
        let issuer = TestIssuer::new().with_clock(clock.clone());
        let server = issuer.serve().await.unwrap();
        Self {
            clock,
            issuer,
            server,
        }
    }

    fn builder(&self) -> VerifierBuilder {
        Verifier::builder()
            .jwks_url(self.server.jwks_url())
            .clock(self.clock.clone())
    }

    fn verifier(&self) -> Verifier {
        self.builder().build().unwrap()
    }

    /// A good token now, whatever the clock says.
    fn token(&self) -> String {
        self.issuer.token().user("user_1").sign()
    }

    fn unknown(&self, number: usize) -> String {
        self.issuer
            .token()
            .header("kid", format!("ins_{number}"))
            .sign()
    }
}

async fn reason(verifier: &Verifier, token: &str) -> Option<Reason> {
    verifier
        .verify_token(token)
        .await
        .err()
        .map(|error| error.reason())
}

/// Lets the background task of a fetch run until the server has been asked `count` times.
async fn asked(server: &KeyServer, count: usize) {
    for _ in 0..500 {
        if server.requests() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} requests, not {count}", server.requests());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_concurrent_first_calls_make_one_fetch() {
    let setting = Setting::new().await;
    setting.server.hold();
    let (verifier, token) = (setting.verifier(), setting.token());
    let mut calls = JoinSet::new();
    for _ in 0..1000 {
        let (verifier, token) = (verifier.clone(), token.clone());
        calls.spawn(async move { verifier.verify_token(&token).await });
    }
    asked(&setting.server, 1).await;
    setting.server.release();
    let mut accepted = 0;
    while let Some(result) = calls.join_next().await {
        assert_eq!(result.unwrap().unwrap().user_id(), "user_1");
        accepted += 1;
    }
    assert_eq!((accepted, setting.server.requests()), (1000, 1));
}

/// The server answers at once, so that callers meet the fetch at every stage of its landing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_who_meet_a_landing_fetch_start_no_other() {
    let setting = Setting::new().await;
    let token = setting.token();
    for round in 1..=50 {
        let verifier = setting.verifier();
        let mut calls = JoinSet::new();
        for _ in 0..64 {
            let (verifier, token) = (verifier.clone(), token.clone());
            calls.spawn(async move { verifier.verify_token(&token).await });
        }
        while let Some(result) = calls.join_next().await {
            assert!(result.unwrap().is_ok());
        }
        assert_eq!(setting.server.requests(), round);
    }
}

#[tokio::test]
async fn two_verifiers_with_different_keys_under_one_kid_refuse_each_others_tokens() {
    let ours = Setting::new().await;
    let other = TestIssuer::fresh()
        .with_key_id(ours.issuer.key_id())
        .with_clock(ours.clock.clone());
    let their_server = other.serve().await.unwrap();
    let our_verifier = ours.verifier();
    let their_verifier = Verifier::builder()
        .jwks_url(their_server.jwks_url())
        .clock(ours.clock.clone())
        .build()
        .unwrap();
    let (our_token, their_token) = (ours.token(), other.token().sign());
    // Both caches are warm before the tokens are exchanged.
    assert_eq!(reason(&our_verifier, &our_token).await, None);
    assert_eq!(reason(&their_verifier, &their_token).await, None);
    assert_eq!(
        reason(&our_verifier, &their_token).await,
        Some(Reason::TokenInvalidSignature)
    );
    assert_eq!(
        reason(&their_verifier, &our_token).await,
        Some(Reason::TokenInvalidSignature)
    );
    assert_eq!(reason(&our_verifier, &our_token).await, None);
}

#[tokio::test]
async fn keys_are_cached_for_five_minutes_and_renewed_before_that() {
    let setting = Setting::new().await;
    let verifier = setting.verifier();
    assert_eq!(reason(&verifier, &setting.token()).await, None);
    setting.clock.advance(Duration::from_secs(239));
    for _ in 0..100 {
        assert_eq!(reason(&verifier, &setting.token()).await, None);
    }
    assert_eq!(setting.server.requests(), 1);
    setting.clock.advance(Duration::from_secs(1));
    let token = setting.token();
    assert!(
        verifier.verify_token_now(&token).unwrap().is_ok(),
        "nobody waits for a renewal"
    );
    asked(&setting.server, 2).await;
}

#[tokio::test]
async fn a_key_that_is_withdrawn_dies_with_the_next_renewal() {
    let setting = Setting::new().await;
    let verifier = setting.verifier();
    assert_eq!(reason(&verifier, &setting.token()).await, None);
    setting.server.publish(&TestIssuer::fresh());
    setting.clock.advance(Duration::from_secs(300));
    let _ = reason(&verifier, &setting.token()).await;
    asked(&setting.server, 2).await;
    for _ in 0..500 {
        if reason(&verifier, &setting.token()).await == Some(Reason::JwkKidMismatch) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the withdrawn key is still in use");
}

#[tokio::test]
async fn a_rotated_key_is_found_by_the_first_token_it_signs() {
    let setting = Setting::new().await;
    let verifier = setting.verifier();
    assert_eq!(reason(&verifier, &setting.token()).await, None);
    let next = TestIssuer::fresh().with_clock(setting.clock.clone());
    setting.server.publish(&next);
    assert_eq!(reason(&verifier, &next.token().sign()).await, None);
    assert_eq!(setting.server.requests(), 2);
}

#[tokio::test]
async fn unknown_kids_force_two_fetches_at_once_and_one_more_in_ten_seconds() {
    let setting = Setting::new().await;
    let verifier = setting.verifier();
    assert_eq!(reason(&verifier, &setting.token()).await, None);
    for number in 0..1000 {
        assert_eq!(
            reason(&verifier, &setting.unknown(number)).await,
            Some(Reason::JwkKidMismatch)
        );
    }
    assert_eq!(setting.server.requests(), 3);
    setting.clock.advance(Duration::from_secs(10));
    for number in 1000..2000 {
        assert_eq!(
            reason(&verifier, &setting.unknown(number)).await,
            Some(Reason::JwkKidMismatch)
        );
    }
    assert_eq!(setting.server.requests(), 4);
    assert_eq!(reason(&verifier, &setting.token()).await, None);
}

#[tokio::test]
async fn an_unknown_kid_that_was_not_asked_for_says_when_it_can_be() {
    let setting = Setting::new().await;
    let verifier = setting.verifier();
    assert_eq!(reason(&verifier, &setting.token()).await, None);
    for number in 0..2 {
        let _ = reason(&verifier, &setting.unknown(number)).await;
    }
    let error = verifier
        .verify_token(&setting.unknown(2))
        .await
        .unwrap_err();
    assert_eq!(error.reason(), Reason::JwkKidMismatch);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(10)));
    assert!(
        error.to_string().contains("asked again in 10.0 s"),
        "{error}"
    );
    assert!(
        error
            .refusal()
            .headers()
            .all(|(name, _)| name != "retry-after"),
        "401 says nothing of later"
    );
}

#[tokio::test]
async fn a_token_that_issuer_or_expiry_rule_out_causes_no_fetch() {
    let setting = Setting::new().await;
    let verifier = setting
        .builder()
        .issuer(setting.issuer.issuer())
        .build()
        .unwrap();
    let token = || setting.issuer.token();
    let cases = [
        (
            token().issuer("https://evil.example"),
            Reason::TokenInvalidIssuer,
        ),
        (token().expired(), Reason::TokenExpired),
        (token().without("exp"), Reason::TokenVerificationFailed),
        (
            token().header("alg", "HS256"),
            Reason::TokenInvalidAlgorithm,
        ),
        (
            token().header("kid", "k".repeat(257)),
            Reason::JwkKidMismatch,
        ),
        (
            token().header("cat", "cl_B7d4PD222AAA"),
            Reason::TokenTypeMismatch,
        ),
        (token().header("crit", "x"), Reason::TokenInvalid),
    ];
    for (token, expected) in cases {
        assert_eq!(reason(&verifier, &token.sign()).await, Some(expected));
    }
    assert_eq!(setting.server.requests(), 0);
}

#[tokio::test]
async fn a_key_server_that_is_down_is_503_with_retry_after_and_is_left_alone_for_a_while() {
    let setting = Setting::new().await;
    setting.server.answer(500, "out of order");
    let verifier = setting.verifier();
    let error = verifier.verify_token(&setting.token()).await.unwrap_err();
    assert_eq!(error.reason(), Reason::JwkRemoteFailedToLoad);
    assert_eq!(error.refusal().status(), 503);
    let pause = error.retry_after().unwrap();
    assert_pause(pause, 1);
    assert!(error.to_string().contains("status 500"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    for _ in 0..1000 {
        assert_eq!(
            reason(&verifier, &setting.token()).await,
            Some(Reason::JwkRemoteFailedToLoad)
        );
    }
    assert_eq!(
        setting.server.requests(),
        2,
        "asked twice at once because nobody can sign in; nobody asks while backing off"
    );

    setting.server.publish(&setting.issuer);
    setting.clock.advance(pause + Duration::from_millis(1));
    assert_eq!(reason(&verifier, &setting.token()).await, None);
}

/// A pause is cut by up to half at random.
fn assert_pause(pause: Duration, seconds: u64) {
    let longest = Duration::from_secs(seconds);
    assert!(longest / 2 <= pause && pause <= longest, "{pause:?}");
}

#[tokio::test]
async fn pauses_double_and_the_servers_own_wish_wins() {
    let setting = Setting::new().await;
    setting.server.answer(500, "");
    let verifier = setting.verifier();
    for seconds in [1, 2, 4, 8, 10, 10] {
        let error = verifier.verify_token(&setting.token()).await.unwrap_err();
        assert_pause(error.retry_after().unwrap(), seconds);
        setting.clock.advance(Duration::from_secs(seconds));
    }
    setting.server.answer(429, "");
    setting.server.answer_header("retry-after", "120");
    let error = verifier.verify_token(&setting.token()).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(120)));
    setting.clock.advance(Duration::from_secs(120));
    setting.server.answer_header("retry-after", "99999");
    setting.server.answer(429, "");
    setting.server.answer_header("retry-after", "99999");
    let error = verifier.verify_token(&setting.token()).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(300)));
}

#[tokio::test]
async fn older_keys_stay_in_use_while_the_server_is_down_and_not_forever() {
    let setting = Setting::new().await;
    let verifier = setting.verifier();
    assert_eq!(reason(&verifier, &setting.token()).await, None);
    setting.server.answer(500, "");
    setting
        .clock
        .advance(Duration::from_secs(24 * 60 * 60 + 299));
    assert_eq!(reason(&verifier, &setting.token()).await, None);
    assert_eq!(verifier.status().state(), KeySourceState::Stale);
    setting.clock.advance(Duration::from_secs(1));
    assert_eq!(
        reason(&verifier, &setting.token()).await,
        Some(Reason::JwkRemoteFailedToLoad)
    );
    assert_eq!(verifier.status().state(), KeySourceState::Expired);
}

#[tokio::test]
async fn strict_options_drop_keys_at_their_ttl() {
    let setting = Setting::new().await;
    let verifier = setting
        .builder()
        .jwks(JwksOptions::strict())
        .build()
        .unwrap();
    assert_eq!(reason(&verifier, &setting.token()).await, None);
    setting.server.answer(500, "");
    setting.clock.advance(Duration::from_secs(300));
    let error = verifier.verify_token(&setting.token()).await.unwrap_err();
    assert_eq!(error.reason(), Reason::JwkRemoteFailedToLoad);
    assert_pause(error.retry_after().unwrap(), 1);
    assert!(error.to_string().contains("status 500"), "{error}");
}

#[tokio::test]
async fn an_unknown_kid_is_503_where_the_server_is_down_and_good_tokens_pass_on() {
    let setting = Setting::new().await;
    let verifier = setting.verifier();
    assert_eq!(reason(&verifier, &setting.token()).await, None);
    setting.server.answer(500, "");
    assert_eq!(
        reason(&verifier, &setting.unknown(1)).await,
        Some(Reason::JwkRemoteFailedToLoad)
    );
    assert_eq!(reason(&verifier, &setting.token()).await, None);
}

#[tokio::test]
async fn a_poisoned_answer_never_replaces_good_keys() {
    let setting = Setting::new().await;
    let verifier = setting.verifier();
    assert_eq!(reason(&verifier, &setting.token()).await, None);
    let too_large = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(512 * 1024));
    let many_keys = format!("{{\"keys\":[{}]}}", vec!["{}"; 101].join(","));
    let poison = [
        (200, "<html>".to_owned()),
        (200, "{}".to_owned()),
        (200, r#"{"keys":[]}"#.to_owned()),
        (200, "[]".to_owned()),
        (200, r#"{"keys":[{"kty":"#.to_owned()),
        (200, too_large),
        (200, many_keys),
        (
            200,
            r#"{"keys":[null,1,{"kty":"oct","kid":"a","k":"AA"}]}"#.to_owned(),
        ),
        (204, String::new()),
        (404, "{}".to_owned()),
    ];
    let mut failures = 0;
    for (status, body) in poison {
        setting.server.answer(status, body);
        setting.clock.advance(Duration::from_secs(300));
        assert_eq!(
            reason(&verifier, &setting.unknown(1)).await,
            Some(Reason::JwkRemoteFailedToLoad)
        );
        failures += 1;
        assert_eq!(verifier.status().failures(), failures);
        assert_eq!(reason(&verifier, &setting.token()).await, None);
    }
}

#[tokio::test]
async fn one_odd_key_never_spoils_the_set() {
    let setting = Setting::new().await;
    let good = setting.issuer.jwks_json();
    let odd = r#"null,7,{"kty":"EC","kid":"a","crv":"P-256"},{"kty":"AKP","kid":"b"},{"kty":"RSA","kid":"c","n":"AQAB","e":"AQAB"},"#;
    setting
        .server
        .answer(200, good.replacen('[', &format!("[{odd}"), 1));
    let verifier = setting.verifier();
    assert_eq!(reason(&verifier, &setting.token()).await, None);
    assert_eq!(verifier.status().keys(), 1);
}

#[tokio::test]
async fn a_key_server_that_nobody_holds_runs_as_long_as_its_issuer() {
    let issuer = TestIssuer::new();
    let url = issuer.serve().await.unwrap().jwks_url();
    let verifier = Verifier::builder().jwks_url(url).build().unwrap();
    assert_eq!(reason(&verifier, &issuer.token().sign()).await, None);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (setting, elsewhere) = (Setting::new().await, Setting::new().await);
    setting.server.answer(302, "");
    setting
        .server
        .answer_header("location", elsewhere.server.jwks_url());
    assert_eq!(
        reason(&setting.verifier(), &setting.token()).await,
        Some(Reason::JwkRemoteFailedToLoad)
    );
    // A client that follows them on its own account is not believed either.
    let following = setting
        .builder()
        .http_client(reqwest::Client::new())
        .build()
        .unwrap();
    assert_eq!(
        reason(&following, &setting.token()).await,
        Some(Reason::JwkRemoteFailedToLoad)
    );
}

#[tokio::test]
async fn a_secret_key_goes_to_the_backend_api_and_nowhere_else() {
    let setting = Setting::new().await;
    let builder = || {
        Verifier::builder()
            .secret_key("sk_test_s3cret")
            .api_url(setting.server.url())
            .clock(setting.clock.clone())
    };
    let verifier = builder().build().unwrap();
    assert_eq!(reason(&verifier, &setting.token()).await, None);
    assert_eq!(
        setting
            .server
            .last_request_header("authorization")
            .as_deref(),
        Some("Bearer sk_test_s3cret")
    );
    assert!(
        setting
            .server
            .last_request_header("user-agent")
            .unwrap()
            .starts_with("clerk-verify/")
    );

    for status in [401, 403] {
        setting
            .server
            .answer(status, r#"{"errors":[{"code":"clerk_key_invalid"}]}"#);
        let error = builder()
            .build()
            .unwrap()
            .verify_token(&setting.token())
            .await
            .unwrap_err();
        assert_eq!(
            (error.reason(), error.refusal().status()),
            (Reason::SecretKeyInvalid, 503)
        );
        assert!(error.retry_after().is_some());
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
    // Without a secret key, 401 is just a failure.
    assert_eq!(
        reason(&setting.verifier(), &setting.token()).await,
        Some(Reason::JwkRemoteFailedToLoad)
    );
    assert_eq!(setting.server.last_request_header("authorization"), None);
}

#[tokio::test]
async fn fixed_keys_are_looked_into_before_the_remote_ones() {
    let setting = Setting::new().await;
    let fixed = TestIssuer::fresh().with_clock(setting.clock.clone());
    let verifier = setting
        .builder()
        .jwks_json(fixed.jwks_json())
        .build()
        .unwrap();
    assert_eq!(reason(&verifier, &fixed.token().sign()).await, None);
    assert_eq!(setting.server.requests(), 0);
    assert_eq!(reason(&verifier, &setting.token()).await, None);
    assert_eq!(setting.server.requests(), 1);
}

#[test]
fn the_limits_of_a_fetch_are_what_the_documentation_says() {
    let seconds = Duration::from_secs;
    assert_eq!(
        JwksOptions::default(),
        JwksOptions {
            ttl: seconds(300),
            cache_headers: true,
            min_ttl: seconds(60),
            max_ttl: seconds(3600),
            max_stale: seconds(86_400),
            max_empty: seconds(3600),
            renew_when_idle: true,
            cold_wait: seconds(5),
            cold_attempts: 2,
            connect_timeout: seconds(2),
            timeout: seconds(5),
            max_body_bytes: 524_288,
            max_keys: 100,
            max_keys_per_kid: 4,
            backoff: seconds(1),
            max_backoff: seconds(60),
            max_cold_backoff: seconds(10),
            unknown_kid_burst: 2,
            unknown_kid_interval: seconds(10),
            absent_kids: 1024,
            absent_kid_ttl: seconds(60),
            bad_signature_interval: seconds(30),
            bad_signature_min_age: seconds(10),
            max_fetches_per_minute: 12,
            jitter_seed: None,
        }
    );
}

#[tokio::test]
async fn ready_fetches_the_keys_or_says_why_not() {
    let setting = Setting::new().await;
    let verifier = setting.verifier();
    assert_eq!(verifier.status().state(), KeySourceState::Empty);
    assert!(!verifier.status().is_ready());
    verifier.ready().await.unwrap();
    verifier.ready().await.unwrap();
    assert_eq!(setting.server.requests(), 1);
    assert_eq!(verifier.status().state(), KeySourceState::Fresh);
    assert!(verifier.verify_token_now(&setting.token()).unwrap().is_ok());

    setting.server.answer(500, "");
    let error = setting.verifier().ready().await.unwrap_err();
    assert_eq!(error.reason(), Reason::JwkRemoteFailedToLoad);
}

#[tokio::test]
async fn without_a_key_at_hand_verify_token_now_has_no_answer() {
    let setting = Setting::new().await;
    let verifier = setting.verifier();
    assert!(verifier.verify_token_now(&setting.token()).is_none());
    assert_eq!(setting.server.requests(), 0);
}

/// Starts verifying in a task and waits until the key server has been asked.
async fn call_in_mid_fetch(setting: &Setting, verifier: &Verifier) -> tokio::task::JoinHandle<()> {
    let before = setting.server.requests();
    setting.server.hold();
    let (verifier, token) = (verifier.clone(), setting.token());
    let call = tokio::spawn(async move { drop(verifier.verify_token(&token).await) });
    asked(&setting.server, before + 1).await;
    call
}

#[tokio::test]
async fn a_caller_who_goes_away_takes_no_fetch_along() {
    let setting = Setting::new().await;
    let verifier = setting.verifier();
    let call = call_in_mid_fetch(&setting, &verifier).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    setting.server.release();
    assert_eq!(reason(&verifier, &setting.token()).await, None);
    assert_eq!(setting.server.requests(), 1);
}

fn one_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// A runtime for the key server, which goes on while others come and go.
fn servers() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn a_runtime_that_ends_in_mid_fetch_leaves_the_verifier_usable() {
    let servers = servers();
    let setting = servers.block_on(Setting::new());
    let verifier = setting.verifier();
    let runtime = one_thread();
    runtime.block_on(call_in_mid_fetch(&setting, &verifier));
    drop(runtime);
    setting.server.release();
    let reason = one_thread().block_on(reason(&verifier, &setting.token()));
    assert_eq!(reason, None, "at once, without a pause");
    assert_eq!(verifier.status().failures(), 0);
}

#[tokio::test]
async fn a_server_that_accepts_and_hangs_is_given_up_after_the_time_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    let options = JwksOptions {
        timeout: Duration::from_millis(200),
        ..JwksOptions::default()
    };
    let verifier = Verifier::builder()
        .jwks_url(url)
        .jwks(options)
        .build()
        .unwrap();
    assert_eq!(
        reason(&verifier, &TestIssuer::new().token().sign()).await,
        Some(Reason::JwkRemoteFailedToLoad)
    );
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up_at_the_size_limit() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"keys\":[";
        let mut sent = head.len();
        stream.write_all(head).await.unwrap();
        while sent < 64 * 1024 * 1024 && stream.write_all(&[b' '; 8192]).await.is_ok() {
            sent += 8192;
        }
        sent
    });
    let verifier = Verifier::builder().jwks_url(url).build().unwrap();
    let error = verifier
        .verify_token(&TestIssuer::new().token().sign())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("larger than 524288 bytes"),
        "{error}"
    );
    assert!(
        server.await.unwrap() < 32 * 1024 * 1024,
        "the connection was cut off"
    );
}

/// Waits for a fetch in mid-flight in a runtime that then ends; the keys at hand do not have the new key.
#[test]
fn a_rotated_key_is_found_although_the_fetch_for_it_was_cut_off() {
    let servers = servers();
    let setting = servers.block_on(Setting::new());
    let verifier = setting.verifier();
    assert_eq!(servers.block_on(reason(&verifier, &setting.token())), None);
    let next = TestIssuer::fresh().with_clock(setting.clock.clone());
    setting.server.hold();
    let runtime = one_thread();
    runtime.block_on(async {
        let (verifier, token) = (verifier.clone(), next.token().sign());
        tokio::spawn(async move { verifier.verify_token(&token).await });
        asked(&setting.server, 2).await;
    });
    drop(runtime);
    setting.server.publish(&next);
    setting.server.release();
    assert_eq!(
        one_thread().block_on(reason(&verifier, &next.token().sign())),
        None
    );
}

#[test]
fn fetches_that_keep_being_cut_off_are_not_started_without_end() {
    let servers = servers();
    let setting = servers.block_on(Setting::new());
    let verifier = setting.verifier();
    assert_eq!(servers.block_on(reason(&verifier, &setting.token())), None);
    setting.server.hold();
    setting.clock.advance(Duration::from_secs(250));
    // Each call has a runtime of its own, which takes the renewal it has started along.
    for _ in 0..100 {
        assert_eq!(
            one_thread().block_on(reason(&verifier, &setting.token())),
            None
        );
    }
    assert!(verifier.status().fetches() <= 3, "{:?}", verifier.status());
}

#[test]
fn fetches_of_a_runtime_that_sleeps_are_not_made_up_for_when_it_wakes() {
    let servers = servers();
    let setting = servers.block_on(Setting::new());
    let verifier = setting.verifier();
    let sleepy = one_thread();
    assert_eq!(sleepy.block_on(reason(&verifier, &setting.token())), None);
    for _ in 0..50 {
        setting.clock.advance(Duration::from_secs(250));
        assert_eq!(sleepy.block_on(reason(&verifier, &setting.token())), None);
    }
    sleepy.block_on(reason(&verifier, &setting.unknown(1)));
    assert!(
        setting.server.requests() <= 3,
        "{} requests",
        setting.server.requests()
    );
}

#[test]
fn a_runtime_that_is_not_driven_any_more_holds_up_no_other() {
    let servers = servers();
    let setting = servers.block_on(Setting::new());
    let verifier = setting.verifier();
    let idle = one_thread();
    idle.block_on(call_in_mid_fetch(&setting, &verifier));
    setting.server.release();
    setting.clock.advance(Duration::from_secs(6));
    assert_eq!(
        one_thread().block_on(reason(&verifier, &setting.token())),
        None
    );
    assert_eq!(verifier.status().fetches(), 2);
    drop(idle);
}

/// Runs it in a thread of its own and gives up after a while: a deadlock fails the test and does not hang it.
fn within_five_seconds<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(run()));
    receiver
        .recv_timeout(Duration::from_secs(5))
        .expect("it neither hangs nor panics")
}

fn first_poll(verifier: &Verifier, token: &str) -> Option<Option<Reason>> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut call = std::pin::pin!(reason(verifier, token));
    match std::future::Future::poll(call.as_mut(), &mut context) {
        std::task::Poll::Ready(reason) => Some(reason),
        std::task::Poll::Pending => None,
    }
}

#[test]
fn a_runtime_that_has_shut_down_does_not_lock_the_verifier() {
    let servers = servers();
    let setting = servers.block_on(Setting::new());
    let (verifier, token) = (setting.verifier(), setting.token());
    let seen = within_five_seconds({
        let (verifier, token) = (verifier.clone(), token.clone());
        move || {
            let runtime = one_thread();
            let handle = runtime.handle().clone();
            drop(runtime);
            let _entered = handle.enter();
            let seen = first_poll(&verifier, &token);
            (seen, verifier.status())
        }
    });
    assert_eq!(seen.0, Some(Some(Reason::JwkRemoteFailedToLoad)));
    // Another runtime goes on as if nothing had been.
    assert_eq!(servers.block_on(reason(&verifier, &token)), None);
}

#[test]
fn outside_of_a_runtime_the_answer_is_503_also_while_others_fetch() {
    let servers = servers();
    let setting = servers.block_on(Setting::new());
    let (verifier, token) = (setting.verifier(), setting.token());
    assert_eq!(
        first_poll(&verifier, &token),
        Some(Some(Reason::JwkRemoteFailedToLoad))
    );
    servers.block_on(call_in_mid_fetch(&setting, &verifier));
    assert_eq!(
        first_poll(&verifier, &token),
        Some(Some(Reason::JwkRemoteFailedToLoad))
    );
}

#[tokio::test]
async fn an_unknown_kid_stays_503_until_the_server_has_been_asked_with_success() {
    let setting = Setting::new().await;
    let verifier = setting.verifier();
    assert_eq!(reason(&verifier, &setting.token()).await, None);
    setting.server.answer(500, "");
    for _ in 0..12 {
        let error = verifier
            .verify_token(&setting.unknown(1))
            .await
            .unwrap_err();
        assert_eq!(error.reason(), Reason::JwkRemoteFailedToLoad);
        assert!(error.retry_after().is_some());
        setting.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(
        setting.server.requests(),
        4,
        "one cold, two forced at once, and one more after ten seconds"
    );
    setting.server.publish(&setting.issuer);
    setting.clock.advance(Duration::from_secs(10));
    assert_eq!(
        reason(&verifier, &setting.unknown(1)).await,
        Some(Reason::JwkKidMismatch)
    );
}

#[tokio::test]
async fn an_issuer_alone_names_its_key_server() {
    let setting = Setting::new().await;
    let url = setting.server.url();
    let verifier = Verifier::builder()
        .issuer(format!("{url}/"))
        .clock(setting.clock.clone())
        .build()
        .unwrap();
    let token = setting.issuer.token().issuer(url).sign();
    assert_eq!(reason(&verifier, &token).await, None);
    assert_eq!(setting.server.requests(), 1);
}

#[tokio::test]
async fn beside_a_secret_key_in_code_the_environments_publishable_key_fetches_nothing() {
    let setting = Setting::new().await;
    let key = setting.issuer.publishable_key();
    let verifier = Verifier::builder()
        .secret_key("sk_test_1")
        .api_url(setting.server.url())
        .clock(setting.clock.clone())
        .with_env_from(move |name| (name == "CLERK_PUBLISHABLE_KEY").then(|| key.clone()))
        .build()
        .unwrap();
    assert_eq!(reason(&verifier, &setting.token()).await, None);
    assert_eq!(setting.server.requests(), 1);
    let foreign = setting.issuer.token().issuer("https://evil.example").sign();
    assert_eq!(
        reason(&verifier, &foreign).await,
        Some(Reason::TokenInvalidIssuer)
    );
}

#[tokio::test]
async fn a_publishable_key_beside_fixed_keys_fetches_nothing() {
    let setting = Setting::new().await;
    let builder = || {
        Verifier::builder()
            .publishable_key(setting.issuer.publishable_key())
            .clock(setting.clock.clone())
    };
    let by_set = builder()
        .jwks_json(setting.issuer.jwks_json())
        .build()
        .unwrap();
    let by_pem = builder()
        .jwt_key(setting.issuer.public_pem())
        .build()
        .unwrap();
    for verifier in [&by_set, &by_pem] {
        assert!(verifier.verify_token_now(&setting.token()).unwrap().is_ok());
        assert_eq!(verifier.status().state(), KeySourceState::Fixed);
    }
    let unknown = by_set
        .verify_token_now(&setting.unknown(1))
        .unwrap()
        .unwrap_err();
    assert_eq!(unknown.reason(), Reason::JwkKidMismatch);
}

#[tokio::test]
async fn fixed_keys_beside_a_dead_remote_source_are_ready() {
    let setting = Setting::new().await;
    let verifier = setting
        .builder()
        .jwks_url("http://127.0.0.1:1/jwks")
        .jwks_json(setting.issuer.jwks_json())
        .build()
        .unwrap();
    assert!(verifier.status().is_ready());
    assert_eq!(reason(&verifier, &setting.token()).await, None);
}

#[tokio::test]
async fn a_fragment_in_a_key_url_is_of_no_consequence() {
    let setting = Setting::new().await;
    let verifier = setting
        .builder()
        .jwks_url(format!("{}#keys", setting.server.jwks_url()))
        .build()
        .unwrap();
    assert_eq!(reason(&verifier, &setting.token()).await, None);
}

/// http is allowed for this machine alone because nothing leaves it; a proxy would make it leave.
#[test]
fn keys_on_loopback_are_fetched_past_any_proxy() {
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ready_fetches_the_keys_or_says_why_not"])
        .envs(["http_proxy", "HTTP_PROXY", "ALL_PROXY"].map(|name| (name, "http://127.0.0.1:1")))
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && output.contains("1 passed"),
        "{output}"
    );
}

//! What values show of themselves, to people and in logs.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::{
    error::Error as _,
    sync::{Arc, Mutex},
    time::{Duration, UNIX_EPOCH},
};

use clerk_verify::{
    Authentication, Clock as _, FetchCause, FetchError, FetchRequest, FetchResponse, Fetcher,
    FixedClock, Forbidden, Instance, Refused, Requirement, SignedOut, TokenSource, Verifier,
    testing::TestIssuer,
};

const NOW: i64 = 1_790_000_000;

fn issuer() -> TestIssuer {
    TestIssuer::new().with_clock(FixedClock::at_unix(NOW))
}

#[test]
fn a_session_names_its_user_and_itself() {
    let session = issuer()
        .token()
        .user("user_1")
        .session_id("sess_1")
        .session()
        .unwrap();
    assert_eq!(
        format!("{session:?}"),
        r#"Session { user_id: "user_1", session_id: Some("sess_1"), .. }"#
    );
    assert_eq!(
        format!("{:?}", session.claims()),
        r#"Claims { subject: "user_1", session_id: Some("sess_1"), .. }"#
    );
}

#[test]
fn being_signed_out_or_refused_shows_reason_and_message_and_leads_to_the_cause() {
    // No JSON, so that there is a cause.
    let verifier = issuer().verifier().build().unwrap();
    let result = verifier.verify_token_now("e30.eyJ9.AA");
    let error = result.expect("no key is fetched for it").unwrap_err();
    let cause = error.source().expect("the parser's error").to_string();
    let signed_out = SignedOut::from(error.clone());
    assert_eq!(
        signed_out.to_string(),
        format!("signed out (token-invalid): {error}")
    );
    assert_eq!(signed_out.source().unwrap().to_string(), cause);
    let refused = Refused::from(signed_out);
    assert_eq!(
        refused.to_string(),
        format!("signed out (token-invalid): {error}")
    );
    assert_eq!(refused.source().unwrap().to_string(), cause);
}

#[test]
fn being_forbidden_shows_reason_and_message() {
    let session = issuer().token().user("user_1").session().unwrap();
    let forbidden: Forbidden = session
        .require(&Requirement::new().role("org:admin"))
        .unwrap_err();
    let refused = Refused::from(forbidden.clone());
    assert_eq!(
        refused.to_string(),
        format!("forbidden (insufficient-authorization): {forbidden}")
    );
    assert!(refused.source().is_none());
}

#[test]
fn a_fixed_clock_shows_where_it_stands_and_can_stand_before_1970() {
    for (seconds, shown) in [
        (7, "FixedClock { unix: 7, .. }"),
        (-7, "FixedClock { unix: -7, .. }"),
    ] {
        let clock = FixedClock::at_unix(seconds);
        assert_eq!(format!("{clock:?}"), shown);
        assert_eq!(clock.unix(), seconds);
    }
    let clock = FixedClock::at_unix(-7);
    assert_eq!(clock.now(), UNIX_EPOCH - Duration::from_secs(7));
    assert_eq!(clock.monotonic(), Duration::ZERO);
    clock.advance(Duration::from_secs(10));
    assert_eq!(clock.now(), UNIX_EPOCH + Duration::from_secs(3));
    assert_eq!(clock.monotonic(), Duration::from_secs(10));
}

#[test]
fn a_builder_shows_which_options_are_set() {
    let builder = Verifier::builder();
    let with_environment = format!("{:?}", builder.with_env_from(|_| None));
    assert_eq!(
        with_environment,
        "VerifierBuilder { jwt_key: false, jwks_json: false, publishable_key: false, issuers: false, instances: 0, \
         audiences: [], authorized_parties: None, .. }"
    );
    let builder = Verifier::builder()
        .jwt_key("a key")
        .jwks_json("keys")
        .publishable_key("pk_test_x")
        .issuer("https://clerk.example.test")
        .audience(["api"])
        .authorized_parties(["https://a.example"]);
    assert_eq!(
        format!("{builder:?}"),
        "VerifierBuilder { jwt_key: true, jwks_json: true, publishable_key: true, issuers: true, instances: 0, \
         audiences: [\"api\"], authorized_parties: Some([\"https://a.example\"]), .. }"
    );
}

#[test]
fn an_instance_shows_which_options_are_set() {
    for (instance, shown) in [
        (
            Instance::issuer("https://clerk.example.test").jwt_key("a key"),
            "Instance { issuers: true, publishable_key: false, .. }",
        ),
        (
            Instance::publishable_key("pk_test_x"),
            "Instance { issuers: false, publishable_key: true, .. }",
        ),
    ] {
        assert_eq!(format!("{instance:?}"), shown);
    }
}

#[test]
fn a_token_source_shows_where_it_looks() {
    for (source, shown, debug) in [
        (
            TokenSource::authorization(),
            "the Authorization header",
            "Authorization",
        ),
        (
            TokenSource::header("x-token"),
            "the header `x-token`",
            "Header(\"x-token\")",
        ),
        (
            TokenSource::session_cookie(),
            "the session cookie",
            "SessionCookie",
        ),
        (
            TokenSource::cookie("mine"),
            "the cookie `mine`",
            "Cookie(\"mine\")",
        ),
    ] {
        assert_eq!(source.to_string(), shown);
        assert_eq!(format!("{source:?}"), debug);
    }
    let shown = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&shown);
    let source = TokenSource::from_fn(move |headers| {
        *kept.lock().unwrap() = format!("{headers:?}");
        None
    });
    assert_eq!(
        (source.to_string().as_str(), format!("{source:?}").as_str()),
        ("a place of your own", "Custom")
    );
    let verifier = issuer().verifier().token_sources([source]);
    let headers = [("x-token", "a secret")];
    let _ = verifier.build().unwrap().begin(&headers, None);
    assert_eq!(*shown.lock().unwrap(), "HeaderValues { .. }");
}

#[derive(Clone, Debug, Default)]
struct Noting(Arc<Mutex<Vec<String>>>);

impl Fetcher for Noting {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        let answer =
            FetchResponse::new(200, TestIssuer::new().jwks_json()).with_header("etag", "\"1\"");
        let said = [format!("{request:?}"), format!("{answer:?}")];
        self.0.lock().unwrap().extend(said);
        Ok(answer)
    }
}

#[tokio::test(start_paused = true)]
async fn what_fetches_keys_shows_names_and_lengths() {
    let noting = Noting::default();
    let verifier = Verifier::builder()
        .jwks_url("https://clerk.example.test/jwks.json?secret=1")
        .issuer("https://clerk.example.test")
        .fetcher(noting.clone())
        .clock(FixedClock::at_unix(NOW))
        .build()
        .unwrap();
    let token = issuer().token().sign();
    let Authentication::Waiting(waiting) = verifier.begin(&[("authorization", token)], None) else {
        panic!("there are no keys yet");
    };
    assert_eq!(format!("{waiting:?}"), "PendingAuthentication { .. }");
    waiting.finish().await.into_session().unwrap();

    let said = noting.0.lock().unwrap().clone();
    let [request, answer] = said.as_slice() else {
        panic!("one fetch: {said:?}");
    };
    let start = "FetchRequest { url: Some(\"https://clerk.example.test/jwks.json\"), headers: [";
    assert!(request.starts_with(start), "{request}");
    let length = TestIssuer::new().jwks_json().len();
    let shown = format!("FetchResponse {{ status: 200, headers: [\"etag\"], body_len: {length} }}");
    assert_eq!(*answer, shown);

    let shown = format!("{verifier:?}");
    for part in [
        "Verifier { algorithms: ",
        "RemoteKeys { status: KeySourceStatus {",
    ] {
        assert!(shown.contains(part), "no `{part}` in {shown}");
    }
    let snapshot = verifier.export_snapshot().unwrap();
    let shown = format!("{snapshot:?}");
    assert!(shown.starts_with("KeySnapshot {"), "{shown}");
}

#[test]
fn keys_show_how_many_they_are_and_what_they_are_for() {
    let issuer = issuer();
    let set = Verifier::builder()
        .jwks_json(issuer.jwks_json())
        .issuer(issuer.issuer());
    let shown = format!("{:?}", set.build().unwrap());
    assert!(shown.contains("KeySet { len: 1 }"), "{shown}");
    let pem = Verifier::builder().jwt_key(issuer.public_pem());
    let shown = format!("{:?}", pem.issuer(issuer.issuer()).build().unwrap());
    assert!(shown.contains("VerificationKey [RS256]"), "{shown}");
}

#[tokio::test]
async fn the_test_kit_shows_no_key() {
    let issuer = issuer();
    let shown = format!("{issuer:?} {:?}", issuer.token());
    assert!(
        shown.starts_with(&format!(
            "TestIssuer {{ issuer: \"{}\", key_id: ",
            issuer.issuer()
        )),
        "{shown}"
    );
    assert!(
        shown.contains("TokenBuilder { issuer: TestIssuer {"),
        "{shown}"
    );
    let server = issuer.serve().await.unwrap();
    let address = server.url().trim_start_matches("http://").to_owned();
    assert_eq!(
        format!("{server:?}"),
        format!("KeyServer {{ address: {address}, .. }}")
    );
}

#[cfg(feature = "cache")]
#[test]
fn the_status_of_the_token_cache_is_for_people() {
    let verifier = issuer().verifier();
    let verifier = verifier.token_cache(clerk_verify::TokenCache::default());
    let verifier = verifier.build().unwrap();
    assert_eq!(
        verifier.token_cache_status().to_string(),
        "0 tokens, 0 bytes"
    );
}

#[test]
fn causes_outcomes_and_results_have_names_for_metrics() {
    let causes = [
        FetchCause::Cold,
        FetchCause::Renewal,
        FetchCause::UnknownKeyId,
        FetchCause::BadSignature,
    ];
    assert_eq!(
        causes.map(FetchCause::as_str),
        ["cold", "renewal", "unknown-key-id", "bad-signature"]
    );
}

#[test]
fn an_answer_of_a_key_server_gives_its_headers_back() {
    let answer = FetchResponse::new(200, "{}").with_header("etag", "\"1\"");
    let headers: Vec<_> = answer.headers().collect();
    assert_eq!(headers, [("etag", &b"\"1\""[..])]);
    let error = FetchError::new("connection reset");
    assert!(!error.is_not_reached());
    assert!(error.not_reached().is_not_reached());
}

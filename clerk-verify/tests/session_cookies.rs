//! Which of Clerk's session cookies counts.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use clerk_test_support::cookie_cases;
use clerk_verify::{
    AuthState, Authentication, FixedClock, Instance, TokenSource, Verifier, testing::TestIssuer,
};

fn state(verifier: &Verifier, cookies: &str) -> AuthState {
    match verifier.begin(&[("cookie", cookies)], None) {
        Authentication::Done(state) => state,
        Authentication::Waiting(_) => panic!("fixed keys never wait"),
    }
}

fn outcome(verifier: &Verifier, cookies: &str) -> Result<String, String> {
    match state(verifier, cookies).into_session() {
        Ok(session) => Ok(session.user_id().to_owned()),
        Err(signed_out) => Err(signed_out.reason().as_str().to_owned()),
    }
}

#[test]
fn each_of_the_eight_branches_decides_as_it_should() {
    let cases = cookie_cases();
    for branch in 1..=8 {
        let start = format!("branch {branch}:");
        assert!(
            cases.iter().any(|case| case.name.starts_with(&start)),
            "{start}"
        );
    }
    for case in cases {
        let expected = case.outcome.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(
            outcome(&case.verifier, &case.cookies),
            expected,
            "{}",
            case.name
        );
    }
}

#[test]
fn cookies_may_come_in_several_header_fields_in_any_order() {
    for case in cookie_cases() {
        if case.name.starts_with("of two cookies") {
            continue;
        }
        let mut fields: Vec<(&str, &str)> = case
            .cookies
            .split("; ")
            .map(|pair| ("cookie", pair))
            .collect();
        fields.reverse();
        let Authentication::Done(state) = case.verifier.begin(&fields, None) else {
            panic!("fixed keys never wait");
        };
        let user = state.session().map(|session| session.user_id());
        assert_eq!(user, case.outcome.ok(), "{}", case.name);
    }
}

#[test]
fn without_a_publishable_key_only_session_counts() {
    let issuer = TestIssuer::new();
    let verifier = issuer.verifier().build().unwrap();
    let good = issuer.token().user("user_1").sign();
    assert_eq!(
        outcome(&verifier, &format!("__session={good}")),
        Ok("user_1".into())
    );
    for cookies in [
        format!("{}={good}; __client_uat=1", issuer.session_cookie()),
        format!("__session_={good}"),
    ] {
        assert_eq!(
            outcome(&verifier, &cookies),
            Err("session-token-missing".into())
        );
    }
}

#[test]
fn the_suffix_is_that_of_the_publishable_key_exactly_as_given() {
    let issuer = TestIssuer::new();
    let token = issuer.token().user("user_1").sign();
    for (key, suffix) in [
        ("pk_live_Y2xlcmsuY2xlcmsuZGV2JA", "1Z8AzTQD"),
        ("pk_test_Y2xlcmsuY2xlcmsuZGV2JA", "QvfNY2dr"),
        (
            "pk_live_ZmFrZS1jbGVyay10ZXN0LmNsZXJrLmFjY291bnRzLmRldiQ=",
            "qReyu04C",
        ),
        (
            "pk_live_ZmFrZS1jbGVyay10ZXN0LmNsZXJrLmFjY291bnRzLmRldiQ",
            "GptbXqnu",
        ),
        (
            "pk_test_ZW5vdWdoLWFscGFjYS04Mi5jbGVyay5hY2NvdW50cy5sY2xjbGVyay5jb20k",
            "jtYvyt_H",
        ),
        (
            "pk_test_eHh4eHh4LXhhYWFhYS1hYS5jbGVyay5hY2NvdW50cy5sY2xjbGVyay5jb20k",
            "tZJdb-5s",
        ),
    ] {
        let verifier = issuer.verifier().publishable_key(key).build().unwrap();
        let cookies = format!("__session_{suffix}={token}; __client_uat_{suffix}=1");
        assert_eq!(outcome(&verifier, &cookies), Ok("user_1".into()), "{key}");
        let other_case = suffix.to_ascii_lowercase();
        let cookies = format!("__session_{other_case}={token}; __client_uat_{other_case}=1");
        assert!(outcome(&verifier, &cookies).is_err(), "names have case");
    }
}

#[test]
fn a_satellite_knows_its_own_session_by_its_own_domain() {
    let issuer = TestIssuer::new();
    let key = "pk_live_Y2xlcmsuZXhhbXBsZS50ZXN0JA"; // clerk.example.test
    let builder = issuer.verifier().publishable_key(key).issuers([
        "https://clerk.example.test",
        "https://clerk.satellite.example",
    ]);
    let primary = builder.clone().build().unwrap();
    let satellite = builder
        .domain("satellite.example")
        .is_satellite(true)
        .build()
        .unwrap();
    let of_satellite = issuer
        .token()
        .user("user_1")
        .issuer("https://clerk.satellite.example");
    let cookies = format!("__session={}", of_satellite.sign());
    assert_eq!(outcome(&satellite, &cookies), Ok("user_1".into()));
    assert_eq!(
        outcome(&primary, &cookies),
        Err("session-token-missing".into()),
        "for the primary it is another app's"
    );
}

#[test]
fn a_cookie_source_of_a_name_reads_that_cookie_alone() {
    let issuer = TestIssuer::new();
    let verifier = issuer
        .verifier()
        .publishable_key(issuer.publishable_key())
        .token_sources([TokenSource::cookie("__session")])
        .build()
        .unwrap();
    let (one, two) = (
        issuer.token().user("one").sign(),
        issuer.token().user("two").sign(),
    );
    let suffixed = issuer.session_cookie();
    let uat = suffixed.replace("__session", "__client_uat");
    let cookies = format!("__session={one}; {suffixed}={two}; {uat}=1; __client_uat=1");
    assert_eq!(outcome(&verifier, &cookies), Ok("one".into()));
}

#[test]
fn a_header_goes_before_every_cookie() {
    let issuer = TestIssuer::new();
    let verifier = issuer
        .verifier()
        .publishable_key(issuer.publishable_key())
        .build()
        .unwrap();
    let suffixed = issuer.session_cookie();
    let uat = suffixed.replace("__session", "__client_uat");
    let cookies = format!(
        "{suffixed}={}; {uat}=1",
        issuer.token().user("of_cookie").sign()
    );
    let bearer = format!("Bearer {}", issuer.token().user("of_header").sign());
    let headers = [("cookie", cookies), ("authorization", bearer)];
    let Authentication::Done(state) = verifier.begin(&headers, None) else {
        panic!("fixed keys never wait");
    };
    assert_eq!(state.session().unwrap().user_id(), "of_header");
}

#[test]
fn a_cookie_that_does_not_count_is_mentioned() {
    let (ours, theirs) = (TestIssuer::new(), TestIssuer::fresh());
    let verifier = ours
        .verifier()
        .publishable_key(ours.publishable_key())
        .build()
        .unwrap();
    let message = |cookies: &str| {
        let state = state(&verifier, cookies);
        state.signed_out().unwrap().error().to_string()
    };
    let foreign = message(&format!("__session={}", theirs.token().sign()));
    assert!(
        foreign.contains("There is a session cookie, and it does not count"),
        "{foreign}"
    );
    assert!(!message("theme=dark").contains("session cookie, and"));
}

#[test]
fn no_cookie_is_too_odd() {
    let issuer = TestIssuer::new();
    let verifier = issuer
        .verifier()
        .publishable_key(issuer.publishable_key())
        .build()
        .unwrap();
    let suffixed = issuer.session_cookie();
    let uat = suffixed.replace("__session", "__client_uat");
    let token = issuer.token().sign();
    let payload = token.split('.').nth(1).unwrap();
    for odd in [
        "bnVsbA.bnVsbA.",        // null.null.
        "e30.bnVsbA.",           // {}.null.
        "e30.W10.",              // {}.[].
        "e30.e30.",              // {}.{}.
        "e30.eyJpc3MiOjF9.",     // iss: 1
        "e30.eyJpc3MiOm51bGx9.", // iss: null
        "e30.eyJpYXQiOjFlOTk5LCJpc3MiOiJ4In0.",
        "%",
        "%00",
        "\"\"",
        &format!("e30.{payload}."),
        &"a".repeat(100_000),
        &format!("e30.{}.", "W10".repeat(5_000)),
    ] {
        for cookies in [
            format!("__session={odd}"),
            format!("{suffixed}={odd}; {uat}=1"),
        ] {
            assert!(outcome(&verifier, &cookies).is_err(), "{odd}");
        }
        // A good token beside it may count or not, by the branches.
        for cookies in [
            format!("__session={odd}; {suffixed}={token}; {uat}={odd}; __client_uat={odd}"),
            format!("__session={token}; {suffixed}={odd}; {uat}=0; __client_uat={odd}"),
        ] {
            if let Ok(user) = outcome(&verifier, &cookies) {
                assert_eq!(user, "user_test", "{odd}");
            }
        }
    }
}

#[test]
fn our_own_limits_do_not_make_another_apps_cookie_count() {
    let (ours, theirs) = (TestIssuer::new(), TestIssuer::fresh());
    let deep = serde_json::json!({ "a": { "b": { "c": { "d": "x".repeat(1500) } } } });
    let foreign = theirs.token().claim("deep", deep).sign();
    let suffixed = ours.session_cookie();
    let uat = suffixed.replace("__session", "__client_uat");
    let good = ours.token().user("user_1").sign();
    let cookies = format!("__session={foreign}; __client_uat=1; {suffixed}={good}; {uat}=1");
    let builder = ours.verifier().publishable_key(ours.publishable_key());
    for builder in [
        builder.clone(),
        builder.clone().max_claims_nesting(3),
        builder.max_token_len(1024),
    ] {
        let verifier = builder.build().unwrap();
        assert_eq!(outcome(&verifier, &cookies), Ok("user_1".into()));
    }
}

#[test]
fn a_value_that_is_too_long_in_any_case_is_not_decoded() {
    let verifier = TestIssuer::new().verifier().build().unwrap();
    for cookies in [
        format!("__session={}", "%41".repeat(20_000)),
        format!("__session={}", "%41".repeat(17_000)),
        format!("__session={}", "a".repeat(20_000)),
    ] {
        assert_eq!(outcome(&verifier, &cookies), Err("token-invalid".into()));
    }
    // Long in the header and short enough when it is decoded.
    let issuer = TestIssuer::new();
    let token = issuer
        .token()
        .user("user_1")
        .claim("pad", "x".repeat(8_000))
        .sign();
    let escaped: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert!(escaped.len() > 32_000);
    assert_eq!(
        outcome(&verifier, &format!("__session={escaped}")),
        Ok("user_1".into())
    );
}

/// The test issuer, its verifier with the publishable key, and the two names of its own cookies.
fn app(now: i64) -> (TestIssuer, Verifier, String, String) {
    let issuer = TestIssuer::new().with_clock(FixedClock::at_unix(now));
    let builder = issuer.verifier().publishable_key(issuer.publishable_key());
    let session = issuer.session_cookie();
    let uat = session.replace("__session", "__client_uat");
    (issuer, builder.build().unwrap(), session, uat)
}

const NOW: i64 = 1_790_000_000;

#[test]
fn branch_3_decides_also_where_the_plain_cookies_say_signed_out() {
    let (issuer, verifier, ..) = app(NOW);
    let cookies = format!(
        "__session={}; __client_uat=0",
        issuer.token().user("plain").sign()
    );
    assert_eq!(outcome(&verifier, &cookies), Ok("plain".into()));
}

#[test]
fn branch_4_takes_a_missing_iat_for_the_oldest() {
    let (issuer, verifier, session, uat) = app(NOW);
    let with = issuer.token().user("with").sign();
    let without = issuer.token().user("without").without("iat").sign();
    for (plain, suffixed) in [(&without, &with), (&with, &without)] {
        let cookies = format!("__session={plain}; __client_uat=1; {session}={suffixed}; {uat}=1");
        assert_eq!(outcome(&verifier, &cookies), Ok("with".into()));
    }
}

#[test]
fn branch_6_is_exact_to_the_second_and_needs_an_exp() {
    let (issuer, verifier, session, uat) = app(NOW);
    let plain = issuer.token().user("plain").sign();
    let suffixed = issuer.token().user("suffixed");
    let with = |token: &clerk_verify::testing::TokenBuilder, time: &str| {
        let token = token.sign();
        format!("__session={plain}; __client_uat=0; {session}={token}; {uat}={time}")
    };
    for (exp, expected) in [(NOW - 3, "plain"), (NOW, "plain"), (NOW + 1, "suffixed")] {
        let cookies = with(&suffixed.clone().claim("exp", exp), "1");
        assert_eq!(
            outcome(&verifier, &cookies),
            Ok(expected.into()),
            "{}",
            exp - NOW
        );
    }
    let endless = with(&suffixed.clone().without("exp"), "1");
    assert_eq!(
        outcome(&verifier, &endless),
        Err("token-verification-failed".into())
    );
    let both_out = with(&suffixed.claim("exp", NOW - 600), "0");
    assert_eq!(outcome(&verifier, &both_out), Err("token-expired".into()));
}

#[test]
fn an_issuer_is_what_javascript_takes_for_true() {
    let (issuer, verifier, session, uat) = app(NOW);
    let good = issuer.token().user("suffixed").sign();
    let cookies = |token: &clerk_verify::testing::TokenBuilder| {
        let token = token.sign();
        format!("__session={token}; __client_uat=1; {session}={good}; {uat}=1")
    };
    for falsy in [serde_json::json!(null), false.into(), 0.into(), "".into()] {
        let token = issuer.token().claim("iss", falsy.clone());
        assert_eq!(
            outcome(&verifier, &cookies(&token)),
            Err("token-invalid-issuer".into()),
            "{falsy}"
        );
    }
    for truthy in [
        true.into(),
        1.into(),
        serde_json::json!([]),
        serde_json::json!({}),
    ] {
        let token = issuer.token().claim("iss", truthy.clone());
        assert_eq!(
            outcome(&verifier, &cookies(&token)),
            Ok("suffixed".into()),
            "{truthy}"
        );
    }
    // The scheme and its case don't tell apps apart; the check of `iss` does.
    for ours in ["http://clerk.example.test", "HTTPS://clerk.example.test"] {
        let token = issuer.token().issuer(ours).issued_at(NOW + 1);
        let found = outcome(&verifier, &cookies(&token));
        assert_eq!(found, Err("token-invalid-issuer".into()), "{ours}");
    }
}

#[test]
fn a_cookie_whose_header_is_no_header_is_undecodable() {
    let (issuer, verifier, session, uat) = app(NOW);
    let foreign = TestIssuer::fresh().token().sign();
    let (_, rest) = foreign.split_once('.').unwrap();
    let good = issuer.token().sign();
    let cookies = format!("__session=bnVsbA.{rest}; __client_uat=1; {session}={good}; {uat}=1");
    assert_eq!(outcome(&verifier, &cookies), Err("token-invalid".into()));
}

#[test]
fn a_comma_separates_no_cookies() {
    let (issuer, verifier, ..) = app(NOW);
    let cookies = format!("x=1,__session={}", issuer.token().sign());
    assert_eq!(
        outcome(&verifier, &cookies),
        Err("session-token-missing".into())
    );
}

#[test]
fn no_apps_own_cookie_is_that_of_an_instance_without_a_publishable_key() {
    let (ours, theirs) = (TestIssuer::new(), TestIssuer::fresh());
    let of = |issuer: &TestIssuer| {
        Instance::publishable_key(issuer.publishable_key()).jwks_json(issuer.jwks_json())
    };
    let verifier = Verifier::builder()
        .instance(of(&ours))
        .instance(of(&theirs))
        .instance(Instance::issuer("https://third.example").jwks_json(theirs.jwks_json()))
        .build()
        .unwrap();
    for issuer in [&ours, &theirs] {
        let uat = issuer.session_cookie().replace("__session", "__client_uat");
        let cookies = format!(
            "__session={}; __client_uat=0; {uat}=0",
            issuer.token().sign()
        );
        assert_eq!(
            outcome(&verifier, &cookies),
            Err("session-token-missing".into())
        );
    }
}

#[test]
fn a_suffixed_cookie_that_does_not_count_is_mentioned_too() {
    let (issuer, verifier, session, _) = app(NOW);
    let cookies = format!("{session}={}", issuer.token().sign());
    let state = state(&verifier, &cookies);
    let message = state.signed_out().unwrap().error().to_string();
    assert!(
        message.contains("There is a session cookie, and it does not count"),
        "{message}"
    );
    assert!(message.contains("__client_uat"), "{message}");
}

#[test]
fn two_instances_of_one_publishable_key_see_the_same_cookies() {
    let issuer = TestIssuer::new();
    let key = issuer.publishable_key();
    let verifier = Verifier::builder()
        .publishable_key(key.clone())
        .issuer("https://other.example")
        .jwks_json(issuer.jwks_json())
        .instance(Instance::publishable_key(key).jwks_json(issuer.jwks_json()))
        .build()
        .unwrap();
    // Branch 7 says no, for each of them.
    let cookies = format!(
        "{}={}; __client_uat=1",
        issuer.session_cookie(),
        issuer.token().sign()
    );
    assert_eq!(
        outcome(&verifier, &cookies),
        Err("session-token-missing".into())
    );
}

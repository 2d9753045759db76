//! The checks of a token, their order and their edges: one test a rule.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::time::Duration;

use clerk_verify::{
    Algorithm, FixedClock, Reason, SessionStatus, Verifier, VerifierBuilder,
    testing::{TestIssuer, TokenBuilder},
};
use serde_json::{Value, json};

const NOW: i64 = 1_790_000_000;

fn issuer() -> TestIssuer {
    TestIssuer::new().with_clock(FixedClock::at_unix(NOW))
}

fn reason(builder: VerifierBuilder, token: &str) -> Option<Reason> {
    let verifier = builder.build().unwrap();
    verifier
        .verify_token_now(token)
        .unwrap()
        .err()
        .map(|error| error.reason())
}

/// The reason with the issuer's own verifier; `None` for an accepted token.
fn plain(token: &TokenBuilder) -> Option<Reason> {
    reason(issuer().verifier(), &token.sign())
}

#[test]
fn a_token_of_exactly_the_limit_is_looked_at_and_one_byte_more_is_not() {
    let token = issuer().token().sign();
    assert_eq!(
        reason(issuer().verifier().max_token_len(token.len()), &token),
        None
    );
    let short = issuer().verifier().max_token_len(token.len() - 1);
    assert_eq!(reason(short, &token), Some(Reason::TokenInvalid));
}

#[test]
fn the_default_limit_is_16_kib() {
    let verifier = issuer().verifier().build().unwrap();
    let error = verifier
        .verify_token_now(&"a".repeat(16 * 1024 + 1))
        .unwrap()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("16385 bytes, the limit is 16384"),
        "{error}"
    );
}

#[test]
fn another_class_of_token_is_told_before_anything_else_is_wrong_with_it() {
    for token in [
        issuer().token().header("cat", "cl_B7d4PD222AAA"),
        issuer().token().header("cat", "cl_B7d4PD333AAA"),
        issuer().token().header("cat", "cl_unknown"),
        issuer().token().header("cat", Value::Null),
        issuer().token().header("cat", 1),
        issuer().token().header("typ", "at+jwt"),
        issuer().token().header("typ", "application/at+jwt"),
        issuer().token().user("mch_1"),
        // everything else wrong as well
        issuer()
            .token()
            .user("mch_1")
            .header("alg", "none")
            .header("crit", json!([]))
            .expired(),
    ] {
        assert_eq!(
            plain(&token),
            Some(Reason::TokenTypeMismatch),
            "{}",
            token.sign()
        );
    }
}

#[test]
fn jwt_templates_are_accepted_by_opt_in_alone() {
    let token = issuer()
        .token()
        .header("cat", "cl_B7d4PD222AAA")
        .without("sid")
        .sign();
    assert_eq!(
        reason(issuer().verifier(), &token),
        Some(Reason::TokenTypeMismatch)
    );
    assert_eq!(
        reason(issuer().verifier().accept_jwt_templates(true), &token),
        None
    );
    let machine = issuer().token().header("cat", "cl_B7d4PD333AAA").sign();
    let open = issuer().verifier().accept_jwt_templates(true);
    assert_eq!(reason(open, &machine), Some(Reason::TokenTypeMismatch));
}

#[test]
fn typ_is_absent_or_exactly_jwt_and_comes_before_alg() {
    for typ in [json!("jwt"), json!("JWS"), Value::Null, json!(1)] {
        let token = issuer().token().header("typ", typ).header("alg", "none");
        assert_eq!(plain(&token), Some(Reason::TokenInvalid));
    }
}

#[test]
fn crit_and_b64_come_before_alg() {
    for (name, value) in [
        ("crit", json!([])),
        ("crit", json!(null)),
        ("b64", json!(true)),
    ] {
        let token = issuer().token().header(name, value).header("alg", "none");
        assert_eq!(plain(&token), Some(Reason::TokenInvalid));
    }
}

#[test]
fn only_rs256_is_allowed_by_default() {
    for algorithm in [Algorithm::RS384, Algorithm::RS512] {
        let token = issuer().token().algorithm(algorithm);
        assert_eq!(plain(&token), Some(Reason::TokenInvalidAlgorithm));
    }
    for name in ["none", "HS256", "PS256", "ES256", "rs256", "", "RS256 "] {
        let token = issuer().token().header("alg", name);
        assert_eq!(plain(&token), Some(Reason::TokenInvalidAlgorithm), "{name}");
    }
}

#[test]
fn other_rsa_algorithms_verify_by_opt_in() {
    let both = [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512];
    for algorithm in both {
        // With `jwt_key`: a JWK that says `alg: RS256` is for RS256 alone.
        let builder = Verifier::builder()
            .jwt_key(issuer().public_pem())
            .clock(FixedClock::at_unix(NOW))
            .algorithms(both);
        let token = issuer().token().algorithm(algorithm).sign();
        assert_eq!(reason(builder, &token), None, "{algorithm}");
    }
}

#[test]
fn a_key_that_names_its_algorithm_verifies_no_other() {
    let token = issuer().token().algorithm(Algorithm::RS512).sign();
    let builder = issuer()
        .verifier()
        .algorithms([Algorithm::RS256, Algorithm::RS512]);
    assert_eq!(reason(builder, &token), Some(Reason::JwkKidMismatch));
}

#[test]
fn the_algorithm_is_refused_before_a_key_is_looked_for() {
    let token = issuer()
        .token()
        .header("alg", "HS256")
        .header("kid", "ins_unknown");
    assert_eq!(plain(&token), Some(Reason::TokenInvalidAlgorithm));
}

#[test]
fn a_kid_is_a_string_of_1_to_256_bytes_that_names_a_key() {
    for kid in [
        json!("ins_unknown"),
        json!(""),
        json!("k".repeat(257)),
        json!(7),
        json!(["x"]),
        Value::Null,
    ] {
        let token = issuer().token().header("kid", kid.clone());
        assert_eq!(plain(&token), Some(Reason::JwkKidMismatch), "{kid}");
    }
    let long = issuer().with_key_id("k".repeat(256));
    assert_eq!(reason(long.verifier(), &long.token().sign()), None);
}

#[test]
fn a_static_pem_ignores_the_kid() {
    let builder = || {
        Verifier::builder()
            .jwt_key(issuer().public_pem())
            .clock(FixedClock::at_unix(NOW))
    };
    for kid in [
        json!("ins_other"),
        json!(7),
        Value::Null,
        json!("k".repeat(5000)),
    ] {
        let token = issuer().token().header("kid", kid.clone()).sign();
        assert_eq!(reason(builder(), &token), None, "{kid}");
    }
}

#[test]
fn the_signature_comes_before_every_claim() {
    let token = issuer()
        .token()
        .user("")
        .issuer("https://evil.example")
        .azp("https://evil.example")
        .expired()
        .pending()
        .signed_by(&TestIssuer::fresh())
        .sign();
    let builder = issuer()
        .verifier()
        .authorized_parties(["https://app.example.com"]);
    assert_eq!(reason(builder, &token), Some(Reason::TokenInvalidSignature));
}

#[test]
fn claims_are_checked_in_their_order() {
    let builder = || {
        issuer()
            .verifier()
            .audience(["api"])
            .authorized_parties(["https://app.example.com"])
    };
    let mut token = issuer()
        .token()
        .user("")
        .issuer("https://evil.example")
        .audience("other")
        .azp("https://evil.example")
        .claim("exp", NOW - 60)
        .claim("nbf", NOW + 60)
        .claim("iat", NOW + 60)
        .pending();
    let mends: [(&str, Value, Reason); 8] = [
        ("sub", json!("user_1"), Reason::TokenVerificationFailed),
        ("iss", json!(issuer().issuer()), Reason::TokenInvalidIssuer),
        ("aud", json!("api"), Reason::TokenInvalidAudience),
        (
            "azp",
            json!("https://app.example.com"),
            Reason::TokenInvalidAuthorizedParties,
        ),
        ("exp", json!(NOW + 60), Reason::TokenExpired),
        ("nbf", json!(NOW), Reason::TokenNotActiveYet),
        ("iat", json!(NOW), Reason::TokenIatInTheFuture),
        ("sts", json!("active"), Reason::SessionPending),
    ];
    for (claim, mended, expected) in mends {
        assert_eq!(reason(builder(), &token.sign()), Some(expected), "{claim}");
        token = token.claim(claim, mended);
    }
    assert_eq!(reason(builder(), &token.sign()), None);
}

#[test]
fn sub_is_a_string_that_is_not_empty() {
    for sub in [
        json!(""),
        json!(7),
        Value::Null,
        json!(["user_1"]),
        json!({}),
    ] {
        let token = issuer().token().claim("sub", sub.clone());
        assert_eq!(
            plain(&token),
            Some(Reason::TokenVerificationFailed),
            "{sub}"
        );
    }
    assert_eq!(
        plain(&issuer().token().without("sub")),
        Some(Reason::TokenVerificationFailed)
    );
}

#[test]
fn a_slash_is_trimmed_from_the_configured_issuer_and_not_from_the_tokens() {
    let url = issuer().issuer().to_owned();
    let with_slash = format!("{url}/");
    let token = issuer().token().sign();
    assert_eq!(
        reason(issuer().verifier().issuer(with_slash.as_str()), &token),
        None
    );
    let other = issuer().token().issuer(with_slash).sign();
    assert_eq!(
        reason(issuer().verifier(), &other),
        Some(Reason::TokenInvalidIssuer)
    );
}

#[test]
fn without_a_configured_issuer_none_is_compared() {
    let builder = Verifier::builder()
        .jwks_json(issuer().jwks_json())
        .clock(FixedClock::at_unix(NOW));
    let token = issuer().token().issuer("https://any.example").sign();
    assert_eq!(reason(builder, &token), None);
}

#[test]
fn one_of_several_issuers_is_enough() {
    let builder = issuer()
        .verifier()
        .issuers(["https://other.example", issuer().issuer()]);
    assert_eq!(reason(builder, &issuer().token().sign()), None);
}

#[test]
fn the_publishable_key_names_the_issuer_and_a_proxy_adds_one() {
    let builder = || {
        Verifier::builder()
            .jwks_json(issuer().jwks_json())
            .publishable_key(issuer().publishable_key())
            .clock(FixedClock::at_unix(NOW))
    };
    let other = "https://app.example.com/__clerk";
    let token = issuer().token().issuer(other).sign();
    assert_eq!(reason(builder(), &issuer().token().sign()), None);
    assert_eq!(reason(builder(), &token), Some(Reason::TokenInvalidIssuer));
    assert_eq!(reason(builder().proxy_url(other), &token), None);
    assert_eq!(
        reason(builder().proxy_url(other), &issuer().token().sign()),
        None
    );
}

#[test]
fn aud_meets_the_configured_audiences_where_it_is_there() {
    let builder = || issuer().verifier().audience(["one", "two"]);
    let good = [json!("one"), json!(["x", "two"])];
    let bad = [
        json!("three"),
        json!("on"),
        json!("one,two"),
        json!(""),
        json!([]),
        json!(["x"]),
        json!(["one", 1]),
        json!(7),
        Value::Null,
        json!({"one": 1}),
    ];
    for aud in good {
        let token = issuer().token().claim("aud", aud.clone()).sign();
        assert_eq!(reason(builder(), &token), None, "{aud}");
    }
    for aud in bad {
        let token = issuer().token().claim("aud", aud.clone()).sign();
        assert_eq!(
            reason(builder(), &token),
            Some(Reason::TokenInvalidAudience),
            "{aud}"
        );
        assert_eq!(
            reason(issuer().verifier(), &token),
            None,
            "not configured: {aud}"
        );
    }
}

#[test]
fn a_missing_aud_fails_only_where_one_is_required() {
    let token = issuer().token().sign();
    assert_eq!(reason(issuer().verifier().audience(["one"]), &token), None);
    let required = issuer().verifier().audience(["one"]).require_audience(true);
    assert_eq!(reason(required, &token), Some(Reason::TokenInvalidAudience));
}

#[test]
fn azp_is_exactly_one_of_the_authorized_parties() {
    let builder = || {
        issuer()
            .verifier()
            .authorized_parties(["https://app.example.com", "http://localhost:3000"])
    };
    for azp in ["https://app.example.com", "http://localhost:3000"] {
        assert_eq!(reason(builder(), &issuer().token().azp(azp).sign()), None);
    }
    for azp in [
        json!("https://app.example.com/"),
        json!("https://app.example.com:443"),
        json!("HTTPS://APP.EXAMPLE.COM"),
        json!("http://app.example.com"),
        json!("https://app.example.com.evil.example"),
        json!("http://localhost"),
        json!(""),
        json!(["https://app.example.com"]),
        Value::Null,
        json!(0),
    ] {
        let token = issuer().token().claim("azp", azp.clone()).sign();
        assert_eq!(
            reason(builder(), &token),
            Some(Reason::TokenInvalidAuthorizedParties),
            "{azp}"
        );
    }
}

#[test]
fn allow_missing_azp_admits_a_missing_one_and_never_a_different_one() {
    let builder = || {
        issuer()
            .verifier()
            .authorized_parties(["https://app.example.com"])
    };
    let missing = issuer().token().without("azp").sign();
    assert_eq!(
        reason(builder(), &missing),
        Some(Reason::TokenInvalidAuthorizedParties)
    );
    assert_eq!(reason(builder().allow_missing_azp(true), &missing), None);
    for azp in [json!("https://evil.example"), json!(""), Value::Null] {
        let token = issuer().token().claim("azp", azp).sign();
        let open = builder().allow_missing_azp(true);
        assert_eq!(
            reason(open, &token),
            Some(Reason::TokenInvalidAuthorizedParties)
        );
    }
}

#[test]
fn exp_is_a_finite_number_from_0_to_2_to_the_53() {
    for exp in [
        "null",
        "\"1790000060\"",
        "true",
        "[]",
        "-1",
        "-0.5",
        // 2^53 + 1, which a double takes for 2^53.
        "9007199254740993",
        "9007199254740994",
        "9007199254740994.0",
        "9.007199254740994e15",
        "1e20",
        "1e999",
    ] {
        let token = token_with_raw_claim("exp", exp);
        assert_eq!(
            reason(issuer().verifier(), &token),
            Some(Reason::TokenVerificationFailed),
            "{exp}"
        );
    }
    assert_eq!(
        plain(&issuer().token().without("exp")),
        Some(Reason::TokenVerificationFailed)
    );
    for exp in [
        "1790000060",
        "1.79000006e9",
        "1790000060.9",
        "9007199254740992",
        "9007199254740992.0",
        "4102444800",
    ] {
        assert_eq!(
            reason(issuer().verifier(), &token_with_raw_claim("exp", exp)),
            None,
            "{exp}"
        );
    }
    for exp in ["0", "-0", "1e-5"] {
        let token = token_with_raw_claim("exp", exp);
        assert_eq!(
            reason(issuer().verifier(), &token),
            Some(Reason::TokenExpired),
            "{exp}"
        );
    }
}

#[test]
fn nbf_and_iat_are_numbers_or_absent() {
    for (claim, early) in [
        ("nbf", Reason::TokenNotActiveYet),
        ("iat", Reason::TokenIatInTheFuture),
    ] {
        for wrong in ["null", "\"1\"", "false", "{}", "1e999", "-1e999"] {
            let token = token_with_raw_claim(claim, wrong);
            assert_eq!(
                reason(issuer().verifier(), &token),
                Some(Reason::TokenVerificationFailed),
                "{claim} {wrong}"
            );
        }
        for future in ["1790000006", "1e20", "9007199254740993"] {
            let token = token_with_raw_claim(claim, future);
            assert_eq!(
                reason(issuer().verifier(), &token),
                Some(early),
                "{claim} {future}"
            );
        }
        for past in ["1790000005", "1790000005.99", "-1", "0", "-1e20"] {
            assert_eq!(
                reason(issuer().verifier(), &token_with_raw_claim(claim, past)),
                None,
                "{claim} {past}"
            );
        }
        assert_eq!(plain(&issuer().token().without(claim)), None);
    }
}

#[test]
fn times_are_compared_to_the_millisecond() {
    let clock = FixedClock::at_unix(NOW);
    let issuer = TestIssuer::new().with_clock(clock.clone());
    let verifier = |millis| {
        let skew = Duration::from_millis(millis);
        issuer.verifier().clock_skew(skew).build().unwrap()
    };
    let token = issuer.token().claim("exp", NOW + 1).sign();
    let accepted = |verifier: &Verifier| verifier.verify_token_now(&token).unwrap().is_ok();
    let (none, half) = (verifier(0), verifier(500));
    clock.advance(Duration::from_millis(999));
    assert!(accepted(&none));
    clock.advance(Duration::from_millis(1));
    assert!(!accepted(&none), "expired at exp itself");
    clock.advance(Duration::from_millis(499));
    assert!(accepted(&half));
    clock.advance(Duration::from_millis(1));
    assert!(!accepted(&half), "expired at exp plus the tolerance");
}

#[test]
fn messages_about_times_print_both() {
    let error = issuer()
        .token()
        .claim("exp", NOW - 93)
        .session()
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("1789999907") && text.contains("1790000000") && text.contains("93 s later"),
        "{text}"
    );
    let error = issuer()
        .token()
        .claim("iat", NOW + 93)
        .session()
        .unwrap_err();
    assert!(error.to_string().contains("93 s earlier"), "{error}");
}

#[test]
fn pending_sessions_are_signed_out_unless_allowed() {
    let token = issuer().token().pending().sign();
    assert_eq!(
        reason(issuer().verifier(), &token),
        Some(Reason::SessionPending)
    );
    let verifier = issuer()
        .verifier()
        .allow_pending_sessions(true)
        .build()
        .unwrap();
    let session = verifier.verify_token_now(&token).unwrap().unwrap();
    assert_eq!(session.status(), Some(SessionStatus::Pending));
    for status in [
        json!("active"),
        json!("PENDING"),
        json!("new"),
        json!(7),
        Value::Null,
    ] {
        assert_eq!(plain(&issuer().token().claim("sts", status)), None);
    }
}

#[test]
fn names_in_the_header_are_unique_and_so_are_the_claims_that_are_read() {
    let header = r#"{"alg":"RS256","kid":"KID","typ":"JWT","x":1,"x":2}"#;
    assert_eq!(
        reason(issuer().verifier(), &raw_token(header, "{}")),
        Some(Reason::TokenInvalid)
    );
    let header = r#"{"alg":"RS256","kid":"KID","\u0061lg":"RS256"}"#;
    assert_eq!(
        reason(issuer().verifier(), &raw_token(header, "{}")),
        Some(Reason::TokenInvalid)
    );
    for claim in [
        "sub", "iss", "aud", "azp", "exp", "nbf", "iat", "sts", "sid", "org_id", "o", "v",
    ] {
        let payload = format!(r#"{{"{claim}":1,"{claim}":1}}"#);
        let token = raw_token(r#"{"alg":"RS256","kid":"KID"}"#, &payload);
        assert_eq!(
            reason(issuer().verifier(), &token),
            Some(Reason::TokenInvalid),
            "{claim}"
        );
    }
}

#[test]
fn headers_nest_32_levels_and_payloads_127() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let header = |levels| format!(r#"{{"alg":"RS256","kid":"KID","x":{}}}"#, nested(levels));
    let payload = good_payload("x", "1");
    assert_eq!(
        reason(issuer().verifier(), &raw_token(&header(31), &payload)),
        None
    );
    assert_eq!(
        reason(issuer().verifier(), &raw_token(&header(32), &payload)),
        Some(Reason::TokenInvalid)
    );

    let token = |levels| token_with_raw_claim("x", &nested(levels));
    assert_eq!(reason(issuer().verifier(), &token(126)), None);
    assert_eq!(
        reason(issuer().verifier(), &token(127)),
        Some(Reason::TokenInvalid)
    );
    assert_eq!(
        reason(issuer().verifier().max_claims_nesting(2), &token(1)),
        None
    );
    let narrow = issuer().verifier().max_claims_nesting(2);
    assert_eq!(reason(narrow, &token(2)), Some(Reason::TokenInvalid));
}

#[test]
fn a_payload_that_nests_as_deep_as_is_allowed_can_be_read_back() {
    let nested = format!("{}{}", "[".repeat(126), "]".repeat(126));
    let verifier = issuer().verifier().build().unwrap();
    let session = verifier
        .verify_token_now(&token_with_raw_claim("x", &nested))
        .unwrap()
        .unwrap();
    assert!(session.claims().get("x").unwrap().is_array());
    assert!(session.custom_claims::<Value>().is_ok());
}

/// A good token with one claim written out as given.
fn token_with_raw_claim(name: &str, value: &str) -> String {
    raw_token(
        r#"{"alg":"RS256","kid":"KID","typ":"JWT"}"#,
        &good_payload(name, value),
    )
}

fn good_payload(name: &str, value: &str) -> String {
    let mut claims = vec![
        ("sub", r#""user_1""#.to_owned()),
        ("iss", format!("{:?}", issuer().issuer())),
        ("exp", (NOW + 60).to_string()),
    ];
    claims.retain(|(claim, _)| *claim != name);
    claims.push((name, value.to_owned()));
    let members: Vec<String> = claims
        .iter()
        .map(|(name, value)| format!("{name:?}:{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// Signs texts that the test kit would never write. `KID` stands for the issuer's key id.
fn raw_token(header: &str, payload: &str) -> String {
    use jsonwebtoken::{Algorithm, EncodingKey, crypto::aws_lc};
    let encode = |text: &str| base64_url(text.as_bytes());
    let header = header.replace("KID", issuer().key_id());
    let signed = format!("{}.{}", encode(&header), encode(payload));
    let pem = include_bytes!("../src/testing/test-only-private-key.pem");
    let key = EncodingKey::from_rsa_pem(pem).unwrap();
    let signer = (aws_lc::DEFAULT_PROVIDER.signer_factory)(&Algorithm::RS256, &key).unwrap();
    format!("{signed}.{}", base64_url(&signer.sign(signed.as_bytes())))
}

fn base64_url(bytes: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(bytes)
}

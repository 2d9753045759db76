//! What a refusal says to the one who has to mend it: what was expected, what was found, the likely cause.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::time::Duration;

use clerk_verify::{
    Algorithm, Authentication, FixedClock, Instance, Reason, Verifier, VerifierBuilder,
    testing::{TestIssuer, TokenBuilder},
};

const NOW: i64 = 1_790_000_000;

fn issuer() -> TestIssuer {
    TestIssuer::new().with_clock(FixedClock::at_unix(NOW))
}

fn refusal(verifier: &Verifier, token: &str) -> (Reason, String) {
    let error = verifier.verify_token_now(token).unwrap().unwrap_err();
    let message = error.to_string();
    for part in token.split('.').filter(|part| part.len() > 9) {
        assert!(
            !message.contains(part),
            "a part of the token is in {message}"
        );
    }
    (error.reason(), message)
}

fn assert_says(builder: VerifierBuilder, token: &TokenBuilder, reason: Reason, parts: &[&str]) {
    let verifier = builder.build().unwrap();
    let (found, message) = refusal(&verifier, &token.sign());
    assert_eq!(found, reason, "{message}");
    for part in parts {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
}

#[test]
fn another_instances_token_names_both_instances() {
    let theirs = TestIssuer::fresh().with_clock(FixedClock::at_unix(NOW));
    assert_says(
        issuer().verifier(),
        &theirs.token(),
        Reason::JwkKidMismatch,
        &[
            "signed by another Clerk instance",
            theirs.issuer(),
            "this verifier trusts `https://clerk.example.test`",
        ],
    );
    assert_says(
        issuer().verifier(),
        &issuer().token().signed_by(&theirs),
        Reason::TokenInvalidSignature,
        &[
            "either it is forged",
            "the verifier's key is an old one or that of another Clerk instance",
        ],
    );
    let development = theirs
        .token()
        .issuer("https://happy-cat-1.clerk.accounts.dev");
    assert_says(
        issuer().verifier(),
        &development,
        Reason::JwkKidMismatch,
        &["the development instance `https://happy-cat-1.clerk.accounts.dev`"],
    );
    assert_says(
        issuer()
            .verifier()
            .issuer("https://happy-cat-1.clerk.accounts.dev"),
        &theirs.token(),
        Reason::JwkKidMismatch,
        &["trusts the development instance `https://happy-cat-1.clerk.accounts.dev`"],
    );
    assert_says(
        Verifier::builder().jwt_key(issuer().public_pem()),
        &theirs.token(),
        Reason::TokenInvalidSignature,
        &[theirs.issuer(), "told of no issuer to compare that with"],
    );
}

#[test]
fn another_issuer_behind_a_good_signature_is_another_name_of_the_instance() {
    assert_says(
        issuer().verifier(),
        &issuer().token().issuer("https://app.example.com/__clerk"),
        Reason::TokenInvalidIssuer,
        &[
            "`https://app.example.com/__clerk`",
            "`https://clerk.example.test`",
            "The signature holds",
            "`proxy_url`",
        ],
    );
    assert_says(
        issuer().verifier(),
        &issuer().token().without("iss"),
        Reason::TokenInvalidIssuer,
        &["the token's `iss` is missing, this verifier trusts `https://clerk.example.test`"],
    );
    assert_says(
        issuer().verifier(),
        &issuer().token().issuer("https://clerk.example.test/"),
        Reason::TokenInvalidIssuer,
        &["with a slash at the end"],
    );
    assert_says(
        Verifier::builder().jwt_key(issuer().public_pem()),
        &issuer()
            .token()
            .without("iss")
            .signed_by(&TestIssuer::fresh()),
        Reason::TokenInvalidSignature,
        &["the token's `iss` is missing, and this verifier is told of no issuer"],
    );
}

#[test]
fn among_several_instances_the_issuer_is_told_by_the_tokens_own_word() {
    let several = || {
        let instance = |issuer| Instance::issuer(issuer).jwks_json(issuer_keys());
        let first = Verifier::builder().instance(instance("https://a.example"));
        first.instance(instance("https://b.example"))
    };
    assert_says(
        several(),
        &issuer().token(),
        Reason::TokenInvalidIssuer,
        &[
            "it is `https://clerk.example.test`; most likely it is signed by another Clerk instance",
            "trusts `https://a.example`, `https://b.example`",
        ],
    );
    let missing = issuer().token().without("iss").sign();
    let (_, message) = refusal(&several().build().unwrap(), &missing);
    assert!(
        message.contains("the token's `iss` is missing, this verifier trusts"),
        "{message}"
    );
    assert!(!message.contains("most likely"), "{message}");
}

fn issuer_keys() -> String {
    issuer().jwks_json()
}

#[test]
fn all_allowed_algorithms_are_named() {
    let token = issuer().token().header("alg", "HS256");
    let allowed = [Algorithm::RS256, Algorithm::RS512];
    assert_says(
        issuer().verifier(),
        &token,
        Reason::TokenInvalidAlgorithm,
        &["`alg` is `HS256`, allowed is RS256; Clerk signs"],
    );
    assert_says(
        issuer().verifier().algorithms(allowed),
        &token,
        Reason::TokenInvalidAlgorithm,
        &["allowed is RS256, RS512; Clerk signs"],
    );
}

#[test]
fn a_token_that_ends_this_second_is_not_early() {
    assert_says(
        issuer().verifier().clock_skew(Duration::ZERO),
        &issuer().token().claim("exp", NOW),
        Reason::TokenExpired,
        &["expired at 1790000000", "1790000000: 0 s later"],
    );
}

#[test]
fn a_clock_may_be_a_day_behind_and_no_more() {
    for (seconds, part) in [
        (86_400, "at least 86400 s behind"),
        (86_401, "was never set"),
    ] {
        assert_says(
            issuer().verifier(),
            &issuer()
                .token()
                .claim("nbf", NOW + seconds)
                .lifetime(Duration::from_secs(100_000)),
            Reason::TokenNotActiveYet,
            &[part],
        );
    }
}

#[test]
fn a_clock_that_is_behind_is_named_with_the_seconds() {
    let issued = |seconds: i64| issuer().token().issued_at(NOW + seconds);
    assert_says(
        issuer().verifier(),
        &issued(93).without("nbf"),
        Reason::TokenIatInTheFuture,
        &[
            "1790000093",
            "1790000000",
            "at least 93 s behind that of the token's issuer",
            "NTP",
        ],
    );
    assert_says(
        issuer().verifier(),
        &issued(98),
        Reason::TokenNotActiveYet,
        &["1790000093", "1790000000", "93 s behind"],
    );
    assert_says(
        issuer().verifier(),
        &issued(-100),
        Reason::TokenExpired,
        &["1789999960", "1790000000", "40 s later", "getToken()"],
    );
}

#[test]
fn a_time_that_no_clock_explains_is_not_blamed_on_one() {
    let token = issuer().token().without("nbf").claim("iat", 1e300);
    let (_, message) = refusal(&issuer().verifier().build().unwrap(), &token.sign());
    assert!(
        message.contains("was never set, or the issuer made the token so"),
        "{message}"
    );
    assert!(!message.contains("NTP"), "{message}");
}

#[test]
fn a_party_of_the_wrong_type_is_not_called_missing() {
    let (_, message) = refusal(
        &issuer()
            .verifier()
            .authorized_parties(["https://a.example"])
            .allow_missing_azp(true)
            .build()
            .unwrap(),
        &issuer()
            .token()
            .claim("azp", serde_json::Value::Null)
            .sign(),
    );
    assert!(message.contains("it must be a string"), "{message}");
    assert!(!message.contains("allow_missing_azp"), "{message}");
}

#[test]
fn a_near_miss_of_an_authorized_party_is_named() {
    for (configured, azp, hint) in [
        (
            "http://localhost:3000",
            "http://localhost:5173",
            "note the port",
        ),
        ("https://a.example", "http://a.example", "note the scheme"),
        (
            "https://a.example/",
            "https://a.example",
            "ends with a slash",
        ),
        (
            "https://www.a.example",
            "https://a.example",
            "note the `www.`",
        ),
        ("https://a.example", "https://b.example", "to the letter"),
    ] {
        assert_says(
            issuer().verifier().authorized_parties([configured]),
            &issuer().token().azp(azp),
            Reason::TokenInvalidAuthorizedParties,
            &[configured, azp, hint, "is not among the authorized parties"],
        );
    }
    assert_says(
        issuer()
            .verifier()
            .authorized_parties(["https://a.example"]),
        &issuer().token().without("azp"),
        Reason::TokenInvalidAuthorizedParties,
        &[
            "has no `azp`",
            "https://a.example",
            "`allow_missing_azp(true)`",
        ],
    );
}

#[test]
fn other_classes_of_tokens_are_named() {
    let token = || issuer().token();
    for (token, name) in [
        (token().header("typ", "at+jwt"), "an OAuth access token"),
        (
            token().header("typ", "application/at+jwt"),
            "an OAuth access token",
        ),
        (token().user("mch_1"), "a machine-to-machine token"),
        (
            token().header("cat", "cl_B7d4PD333AAA"),
            "a machine-to-machine token",
        ),
        (
            token().header("cat", "cl_B7d4PD222AAA"),
            "made from a JWT template",
        ),
        (
            token().header("cat", "cl_unknown"),
            "of an unknown class (`cat` `cl_unknown`)",
        ),
        (
            token().header("cat", serde_json::Value::Null),
            "of an unknown class",
        ),
    ] {
        assert_says(
            issuer().verifier(),
            &token,
            Reason::TokenTypeMismatch,
            &[name],
        );
    }
    let templates = issuer()
        .verifier()
        .accept_jwt_templates(true)
        .build()
        .unwrap();
    let template = token().header("cat", "cl_B7d4PD222AAA").sign();
    assert!(templates.verify_token_now(&template).unwrap().is_ok());
    for other in [
        token().header("typ", "at+jwt"),
        token().user("mch_1"),
        token().header("cat", "cl_B7d4PD333AAA"),
        token().header("cat", "cl_B7d4PD222AAA").user("mch_1"),
    ] {
        let (reason, _) = refusal(&templates, &other.sign());
        assert_eq!(reason, Reason::TokenTypeMismatch);
    }
}

#[test]
fn what_is_sent_in_place_of_a_token_is_named_and_not_quoted() {
    let verifier = issuer().verifier().build().unwrap();
    for (sent, name) in [
        ("ak_hunter2", "an API key"),
        ("oat_hunter2", "an opaque OAuth access token"),
        ("mt_hunter2", "an opaque machine token"),
        (
            "sk_live_hunter2",
            "a secret key, which must never leave the server",
        ),
        ("pk_live_hunter2", "a publishable key"),
        ("sess_hunter2", "the id of a session"),
        ("undefined", "before it had a token"),
        ("null", "while nobody was signed in"),
        ("a.b.c.d.hunter2", "encrypted (JWE)"),
    ] {
        let (reason, message) = refusal(&verifier, sent);
        assert_eq!(reason, Reason::TokenInvalid);
        assert!(message.contains(name), "{name} is not in: {message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
    let promise = [("authorization", "Bearer [object Promise]")];
    let Authentication::Done(state) = verifier.begin(&promise, None) else {
        panic!("fixed keys never wait");
    };
    let signed_out = state.signed_out().unwrap();
    assert_eq!(signed_out.reason(), Reason::TokenInvalid);
    assert!(signed_out.error().to_string().contains("forgot `await`"));
}

#[tokio::test]
async fn an_unknown_key_names_both_instances_after_a_fetch_too() {
    let (ours, theirs) = (TestIssuer::new(), TestIssuer::fresh());
    let server = ours.serve().await.unwrap();
    let verifier = Verifier::builder()
        .jwks_url(server.jwks_url())
        .build()
        .unwrap();
    for _ in 0..2 {
        let error = verifier
            .verify_token(&theirs.token().sign())
            .await
            .unwrap_err();
        assert_eq!(error.reason(), Reason::JwkKidMismatch);
        let message = error.to_string();
        assert!(message.contains(theirs.issuer()), "{message}");
        assert!(message.contains("no issuer to compare"), "{message}");
    }
}

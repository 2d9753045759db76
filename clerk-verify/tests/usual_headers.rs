//! The headers of verified tokens are kept: what is said of a token must not depend on which came before it.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use clerk_verify::{Algorithm, TokenCache, Verifier, testing::TestIssuer};
use serde_json::json;

fn verifier(issuer: &TestIssuer) -> Verifier {
    // Remembered tokens would hide remembered headers.
    let builder = issuer.verifier().token_cache(TokenCache::disabled());
    builder
        .algorithms([Algorithm::RS256, Algorithm::RS384])
        .build()
        .unwrap()
}

/// The user, or the reason and its words.
fn verdict(verifier: &Verifier, token: &str) -> Result<String, String> {
    match verifier.verify_token_now(token).unwrap() {
        Ok(session) => Ok(session.user_id().to_owned()),
        Err(error) => Err(format!("{} {error}", error.reason())),
    }
}

/// Every token of the list after every other, against a verifier that has seen none.
fn same_in_any_order(issuer: &TestIssuer, tokens: &[String]) {
    let fresh: Vec<_> = tokens
        .iter()
        .map(|token| verdict(&verifier(issuer), token))
        .collect();
    assert!(fresh.iter().any(Result::is_ok) && fresh.iter().any(Result::is_err));
    for start in 0..tokens.len() {
        let seasoned = verifier(issuer);
        for place in (start..tokens.len()).chain(0..tokens.len()) {
            assert_eq!(
                verdict(&seasoned, &tokens[place]),
                fresh[place],
                "{place} after {start}"
            );
        }
    }
}

#[test]
fn a_token_with_a_known_header_is_checked_like_any_other() {
    let issuer = TestIssuer::new();
    let good = issuer.token().user("user_1");
    let signed = good.sign();
    let (rest, signature) = signed.rsplit_once('.').unwrap();
    let (header, _) = rest.split_once('.').unwrap();
    let tokens = [
        signed.clone(),
        good.clone().user("user_2").sign(),
        good.clone().expired().sign(),
        good.clone().pending().sign(),
        good.clone().user("mch_1").sign(),
        good.clone().signed_by(&TestIssuer::fresh()).sign(),
        format!("{rest}.A{}", &signature[1..]),
        format!("{header}.bm8ganNvbg.{signature}"),
        format!("{header}.*.{signature}"),
        format!("{header}..{signature}"),
        format!("{header}.{signature}"),
    ];
    same_in_any_order(&issuer, &tokens);
}

#[test]
fn a_header_that_differs_is_read_for_itself() {
    let issuer = TestIssuer::new();
    let good = issuer.token().user("user_1");
    let signed = good.sign();
    let (header, rest) = signed.split_once('.').unwrap();
    let mut tokens = vec![
        signed.clone(),
        good.clone().header("kid", "ins_other").sign(),
        good.clone().header("typ", "JWS").sign(),
        good.clone().header("typ", "at+jwt").sign(),
        good.clone().header("cat", "cl_B7d4PD222AAA").sign(),
        good.clone().header("cat", "cl_I7d4PD111III").sign(),
        good.clone().header("crit", json!(["exp"])).sign(),
        good.clone().header("b64", true).sign(),
        good.clone().header("jku", "https://evil.example").sign(),
        good.clone().algorithm(Algorithm::RS384).sign(),
        good.clone().header("long", "x".repeat(600)).sign(),
        good.clone().header("escaped", "\u{e9}\"").sign(),
        format!("{header}A.{rest}"),
        format!("{}.{rest}", &header[1..]),
        format!(".{rest}"),
    ];
    // More good ones than are kept.
    tokens.extend((0..6).map(|number| good.clone().header("n", number).sign()));
    same_in_any_order(&issuer, &tokens);
}

/// Short ones are decoded in one place and long ones in another.
#[test]
fn a_header_may_have_any_length() {
    let issuer = TestIssuer::new();
    let verifier = verifier(&issuer);
    for length in 0..450 {
        let token = issuer.token().header("pad", "x".repeat(length)).sign();
        assert_eq!(
            verdict(&verifier, &token),
            Ok("user_test".to_owned()),
            "{length}"
        );
    }
}

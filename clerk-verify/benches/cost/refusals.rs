//! The cases that are refused, cheap ones and those that get as far as the signature.

use std::time::Duration;

use clerk_test_support::RealToken;
use clerk_verify::{Reason, testing::TokenBuilder};
use http::header::AUTHORIZATION;

use crate::{
    accepted::{COLD, COLD_AND_LONG, FIRST_TIME, TWO_COOKIES, two_long_cookies},
    scene::{self, Case, Group, Scene, WARM_UPS},
    stage::{self, built, parts},
};

fn case(name: &str, build: impl Fn() -> Scene + 'static) -> Case {
    beside(COLD, name, build)
}

/// It may cost no more than this way to be accepted.
fn beside(accepting: &'static str, name: &str, build: impl Fn() -> Scene + 'static) -> Case {
    Case {
        name: name.to_owned(),
        group: Group::Refused { accepting },
        build: Box::new(build),
    }
}

/// Those whose signature nobody looks at.
pub(crate) fn without_signature() -> Vec<Case> {
    use Reason::{
        JwkKidMismatch, SessionTokenMissing, TokenInvalid, TokenInvalidAlgorithm, TokenTypeMismatch,
    };
    let request = |name, own: Option<&'static str>, reason| {
        case(name, move || {
            let own = own.map(|value| (AUTHORIZATION, value.to_owned()));
            let headers = stage::headers(own.as_slice());
            Scene::request(built(stage::cold()), headers, Err(reason))
        })
    };
    let text = |name, token: fn() -> String, reason| {
        case(name, move || {
            Scene::token(built(stage::cold()), token(), Err(reason))
        })
    };
    let changed = |name, change: fn(TokenBuilder) -> TokenBuilder, reason| {
        case(name, move || {
            let token = stage::sign(&change(stage::token()));
            Scene::token(built(stage::cold()), token, Err(reason))
        })
    };
    let mut too_long = text(
        "16 KiB and a byte",
        || "x".repeat(stage::LIMIT + 1),
        TokenInvalid,
    );
    too_long.group = Group::Refused {
        accepting: COLD_AND_LONG,
    };
    vec![
        request("no token", None, SessionTokenMissing),
        request(
            "malformed Authorization",
            Some("Bearer one two"),
            TokenInvalid,
        ),
        text("secret key instead of a token", secret_key, TokenInvalid),
        text("not three parts", not_three_parts, TokenInvalid),
        text("not base64url", not_base64url, TokenInvalid),
        text("header is no JSON", header_is_no_json, TokenInvalid),
        text("claim stands twice", claim_twice, TokenInvalid),
        text(
            "nests 128 deep",
            || nested(128, stage::TOKEN_LEN),
            TokenInvalid,
        ),
        too_long,
        text("10 MB", || "x".repeat(10_000_000), TokenInvalid),
        changed(
            "machine token",
            |token| token.user("mch_2abcdefghijklmnop"),
            TokenTypeMismatch,
        ),
        changed(
            "crit",
            |token| token.header("crit", vec!["exp"]),
            TokenInvalid,
        ),
        changed(
            "alg none",
            |token| token.header("alg", "none"),
            TokenInvalidAlgorithm,
        ),
        changed(
            "alg HS256",
            |token| token.header("alg", "HS256"),
            TokenInvalidAlgorithm,
        ),
        changed(
            "unknown kid",
            |token| token.header("kid", "ins_other000000000000000000000"),
            JwkKidMismatch,
        ),
    ]
}

/// Those that are found out by the signature, or after it.
pub(crate) fn with_signature() -> Vec<Case> {
    use Reason::{
        SessionPending, TokenExpired, TokenInvalidAuthorizedParties, TokenInvalidIssuer,
        TokenInvalidSignature, TokenNotActiveYet, TokenVerificationFailed,
    };
    let forged = |name, token: fn() -> String| {
        case(name, move || {
            Scene::signed(built(stage::cold()), token(), Err(TokenInvalidSignature))
        })
    };
    let changed = |name, change: fn(TokenBuilder) -> TokenBuilder, reason| {
        case(name, move || {
            let token = stage::sign(&change(stage::token()));
            Scene::signed(built(stage::cold()), token, Err(reason))
        })
    };
    vec![
        forged("signature changed", signature_changed),
        forged("signature of another key", || {
            with_signature_of(&RealToken::load().token)
        }),
        forged("signature of 255 bytes", || {
            let mut token = stage::good();
            token.truncate(token.len() - 2);
            token
        }),
        changed(
            "sub is empty",
            |token| token.user(""),
            TokenVerificationFailed,
        ),
        changed(
            "wrong iss",
            |token| token.issuer("https://clerk.other.test"),
            TokenInvalidIssuer,
        ),
        changed(
            "wrong azp",
            |token| token.azp("https://evil.example.test"),
            TokenInvalidAuthorizedParties,
        ),
        changed("expired", TokenBuilder::expired, TokenExpired),
        changed(
            "not active yet",
            TokenBuilder::not_active_yet,
            TokenNotActiveYet,
        ),
        changed("pending", TokenBuilder::pending, SessionPending),
        beside(FIRST_TIME, "signature changed, cache on", || {
            let verifier = built(stage::with_cache());
            Scene::signed(verifier, signature_changed(), Err(TokenInvalidSignature))
        }),
        beside(FIRST_TIME, "expired, seen before", seen_before_and_expired),
        beside(TWO_COOKIES, "two session cookies of 16 KiB", || {
            two_long_cookies(changed_near_the_end, Err(TokenInvalidSignature))
        }),
    ]
}

/// Remembered, and since then its time has come: it is looked up, forgotten, and goes the whole way.
fn seen_before_and_expired() -> Scene {
    let clock = stage::clock();
    let verifier = built(stage::with_cache().clock(clock.clone()));
    let token = |number: usize| {
        let token = stage::token().lifetime(Duration::from_secs(10));
        stage::sign(&token.claim("number", number))
    };
    let tokens: Vec<String> = (0..=WARM_UPS).map(token).collect();
    for token in &tokens {
        scene::verify(&verifier, token).expect("it is good still");
    }
    // Not so late that all that have ended are looked for.
    clock.advance(Duration::from_secs(20));
    let measured = tokens[WARM_UPS].clone();
    let run = move |number: usize| scene::verify(&verifier, &tokens[number]);
    Scene::new(Err(Reason::TokenExpired), run).verifying(measured)
}

fn secret_key() -> String {
    format!("sk_test_{}", "x".repeat(42))
}

fn not_three_parts() -> String {
    let good = stage::good();
    let [header, payload, signature] = parts(&good);
    format!("{header}.{payload}_{signature}")
}

/// At the end of the part that is decoded last.
fn not_base64url() -> String {
    let mut token = stage::good();
    token.pop();
    token + "!"
}

/// Also at the end.
fn header_is_no_json() -> String {
    let [header, payload] = stage::texts(&stage::good());
    stage::unsigned(&format!("{}]", open(&header)), &payload)
}

fn claim_twice() -> String {
    with_members(stage::TOKEN_LEN, r#""sub":"user_2""#)
}

/// A payload so deep, of a token that is good else.
pub(crate) fn nested(levels: usize, length: usize) -> String {
    let (opened, closed) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
    with_members(length, &format!(r#""deep":{opened}{closed}"#))
}

/// These members at the end of a good payload, and as much before them as makes the token so long.
fn with_members(length: usize, members: &str) -> String {
    let [header, payload] = stage::texts(&stage::token().sign());
    let payload = open(&payload);
    let padded = |pad: usize| {
        let pad = "x".repeat(pad);
        stage::unsigned(&header, &format!(r#"{payload},"pad":"{pad}",{members}}}"#))
    };
    let missing = length.saturating_sub(padded(0).len());
    padded(missing / 4 * 3)
}

/// An object to go on with.
fn open(object: &str) -> &str {
    object.trim_end_matches('}')
}

/// Near its end, where nothing hangs over that would make it no base64url.
pub(crate) fn signature_changed() -> String {
    changed_near_the_end(stage::good())
}

pub(crate) fn changed_near_the_end(mut token: String) -> String {
    let place = token.len() - 5;
    let other = if &token[place..=place] == "A" {
        "B"
    } else {
        "A"
    };
    token.replace_range(place..=place, other);
    token
}

fn with_signature_of(other: &str) -> String {
    let good = stage::good();
    let ([header, payload, _], [_, _, signature]) = (parts(&good), parts(other));
    format!("{header}.{payload}.{signature}")
}

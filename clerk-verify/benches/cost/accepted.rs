//! The cases that are accepted.

use std::hint::black_box;

use clerk_verify::{Requirement, TokenCache};
use http::header::{AUTHORIZATION, COOKIE};

use crate::{
    scene::{Case, Group, Scene, Verdict, WARM_UPS, verify},
    stage::{self, built},
};

/// What refusing is compared with.
pub(crate) const COLD: &str = "accepted, cache off";
pub(crate) const FIRST_TIME: &str = "accepted, first time";
pub(crate) const TWO_COOKIES: &str = "accepted, two session cookies of 16 KiB";
pub(crate) const COLD_AND_LONG: &str = "accepted, cache off, 16 KiB";

pub(crate) fn cases() -> Vec<Case> {
    let case = |name: &str, build: fn() -> Scene| Case {
        name: name.to_owned(),
        group: Group::Accepted,
        build: Box::new(build),
    };
    vec![
        case(COLD, || {
            Scene::signed(built(stage::cold()), stage::good(), Ok(()))
        }),
        case(COLD_AND_LONG, || {
            let token = stage::sign_at(&stage::token(), stage::LIMIT - 1);
            Scene::signed(built(stage::cold()), token, Ok(()))
        }),
        case(FIRST_TIME, first_time),
        case(TWO_COOKIES, || two_long_cookies(|token| token, Ok(()))),
        case("accepted, seen before", || {
            Scene::token(built(stage::with_cache()), stage::good(), Ok(()))
        }),
        case("accepted, Authorization header", || {
            request(AUTHORIZATION, format!("Bearer {}", stage::good()))
        }),
        case("accepted, __session cookie", || {
            request(COOKIE, format!("theme=dark; __session={}", stage::good()))
        }),
        case("accepted, suffixed cookie", suffixed_cookie),
        case("accepted, organization", organization),
    ]
}

/// Another token each time, of the same length. The cache is small and full, for where a token's place in it is depends
/// on chance, and so does what the first ones there allocate.
fn first_time() -> Scene {
    const PLACES: usize = 4;
    let token = |number: usize| {
        let id = format!("{number:020}");
        stage::sign(&stage::token().claim("jti", id))
    };
    let cache = TokenCache::default().max_entries(PLACES as u64);
    let verifier = built(stage::with_cache().token_cache(cache));
    for number in 0..3 * PLACES {
        assert_eq!(verify(&verifier, &token(number)), Ok(()));
    }
    let tokens: Vec<String> = (0..=WARM_UPS)
        .map(|number| token(3 * PLACES + number))
        .collect();
    let measured = tokens[WARM_UPS].clone();
    let run = move |number: usize| verify(&verifier, &tokens[number]);
    Scene::new(Ok(()), run).verifying(measured)
}

/// Both session cookies, as long as may be and not the same: each is read to choose, and one again to verify it.
pub(crate) fn two_long_cookies(change: fn(String) -> String, expected: Verdict) -> Scene {
    let token = |user| {
        let token = stage::token().user(user);
        change(stage::sign_at(&token, stage::LIMIT - 4))
    };
    let (plain, suffixed) = (token("user_1"), token("user_2"));
    let (verifier, headers) = stage::both_cookies(stage::cold(), [&plain, &suffixed]);
    Scene::request(verifier, headers, expected).verifying(suffixed)
}

fn request(name: http::HeaderName, value: String) -> Scene {
    let verifier = built(stage::with_cache());
    let headers = stage::headers(&[(name, value)]);
    Scene::request(verifier, headers, Ok(()))
}

fn suffixed_cookie() -> Scene {
    let token = stage::good();
    let (verifier, headers) = stage::both_cookies(stage::with_cache(), [&token, &token]);
    Scene::request(verifier, headers, Ok(()))
}

/// With the question that a handler asks. Longer than the other tokens.
fn organization() -> Scene {
    let token = stage::token()
        .org("org_2abcdefghijklmnopqrstuvwxyz", "admin")
        .permissions(["org:invoices:create", "org:invoices:read", "org:teams:read"]);
    let token = token.sign();
    let verifier = built(stage::cold());
    let permission = Requirement::new().permission("org:invoices:create");
    let verify_and_ask = {
        let token = token.clone();
        move |_| -> Verdict {
            let session = verifier.verify_token_now(black_box(&token)).unwrap();
            let session = session.map_err(|error| error.reason())?;
            assert!(session.has(black_box(&permission)));
            Ok(())
        }
    };
    Scene::new(Ok(()), verify_and_ask).verifying(token)
}

//! Inputs so large that accepting is no measure for them: what one costs must grow with its length and no faster, and
//! each byte may cost so much and no more.

use clerk_verify::{Reason, Verifier};
use http::header::{AUTHORIZATION, COOKIE};

use crate::{
    refusals::{changed_near_the_end, nested},
    scene::{Case, Group, Scene},
    stage::{self, built},
};

const MB: usize = 1_000_000;

/// Makes an input of so many bytes.
type Build = fn(usize) -> Scene;

/// Each at its size and at twice the size.
pub(crate) fn cases() -> Vec<Case> {
    let inputs: [(&str, usize, Build); 8] = [
        ("10 MB Authorization", 10 * MB, |bytes| {
            authorization(format!("Bearer {}", "x".repeat(bytes)))
        }),
        ("10 MB Authorization, no scheme", 10 * MB, |bytes| {
            authorization(format!("{}.x.x", "x".repeat(bytes)))
        }),
        ("10 MB cookie", 10 * MB, |bytes| {
            cookies(
                format!("__session={}", "x".repeat(bytes)),
                Err(Reason::TokenInvalid),
            )
        }),
        ("10 MB cookie of escapes", 10 * MB, |bytes| {
            cookies(
                format!("__session={}", "%41".repeat(bytes / 3)),
                Err(Reason::TokenInvalid),
            )
        }),
        ("100,000 cookies", 100_000 * 9, |bytes| {
            cookies(
                "name=v1; ".repeat(bytes / 9),
                Err(Reason::SessionTokenMissing),
            )
        }),
        ("1 MB token", MB, |bytes| {
            let token = changed_near_the_end(stage::sign_at(&stage::token(), bytes));
            Scene::signed(roomy(), token, Err(Reason::TokenInvalidSignature))
        }),
        ("1 MB header of many names", MB, |bytes| {
            let names: Vec<String> = (0..bytes / 4 * 3 / 12)
                .map(|number| format!(r#""a{number:06}":1"#))
                .collect();
            let header = format!(r#"{{"alg":"RS256",{}}}"#, names.join(","));
            Scene::token(
                roomy(),
                stage::unsigned(&header, "[]"),
                Err(Reason::TokenInvalid),
            )
        }),
        ("nests 10,000 deep", 10_000 * 8 / 3 + 1, |bytes| {
            // Two brackets a level, and 4 bytes of base64 for 3.
            let levels = bytes * 3 / 8;
            Scene::token(roomy(), nested(levels, 0), Err(Reason::TokenInvalid))
        }),
    ];
    let mut cases = Vec::new();
    for (name, size, build) in inputs {
        let twice = Group::Twice {
            of: name.to_owned(),
        };
        let large = Group::Large { bytes: size };
        for (name, group, size) in [
            (name.to_owned(), large, size),
            (format!("{name}, doubled"), twice, 2 * size),
        ] {
            let build = Box::new(move || build(size));
            cases.push(Case { name, group, build });
        }
    }
    cases
}

/// One that looks at tokens of 2 MB, which none should.
fn roomy() -> Verifier {
    built(stage::cold().max_token_len(2 * 1024 * 1024))
}

fn authorization(value: String) -> Scene {
    let headers = stage::headers(&[(AUTHORIZATION, value)]);
    Scene::request(built(stage::cold()), headers, Err(Reason::TokenInvalid))
}

fn cookies(value: String, expected: Result<(), Reason>) -> Scene {
    let headers = stage::headers(&[(COOKIE, value)]);
    Scene::request(built(stage::cold()), headers, expected)
}

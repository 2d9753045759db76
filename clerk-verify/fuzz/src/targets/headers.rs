//! `Authorization` and `Cookie` fields: which token is chosen, with and without a publishable key.
//!
//! Input: a byte that chooses the verifier, one that chooses the time, then header fields, a line each. A line's first
//! letter is the field's name: `A` and `a` Authorization, `C` and `c` Cookie, anything else a field of no meaning. The
//! control characters from 0x0e on stand for tokens, so that a mutation needs no luck to have one.

use std::{cell::LazyCell, sync::LazyLock};

use clerk_verify::{Authentication, Session, SignedOut, TokenCache, Verifier};

use super::signed::SIGNER;
use crate::{
    clock::{NOW_MS, SetClock, around_now},
    harness::{Bound, Outcome, bounded},
    model::{
        request::{App, Choice, Field, choices, suffix},
        token::{Key, Rules, check},
    },
    vectors, verdict,
};

const BOUND: Bound = Bound {
    bytes: 16 * 1024,
    bytes_per_byte: 16,
    count: 100,
    count_per_kilobyte: 50,
};

const FIRST_PLACEHOLDER: u8 = 0x0e;

struct Setup {
    verifier: Verifier,
    rules: Rules,
    app: Option<App>,
}

thread_local! {
    static CLOCK: SetClock = SetClock::default();
    static SETUPS: LazyCell<Vec<Setup>> = LazyCell::new(|| {
        let apps = [
            None,
            Some(app("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", true)),
            Some(app("pk_test_Y2xlcmsuZXhhbXBsZS5jb20k", false)),
        ];
        apps.into_iter().map(setup).collect()
    });
    static KEYS: Vec<Key> = vec![SIGNER.key(None, None)];
}

fn app(publishable_key: &str, is_production: bool) -> App {
    App {
        publishable_key: publishable_key.to_owned(),
        host: "clerk.example.com".to_owned(),
        is_production,
    }
}

fn setup(app: Option<App>) -> Setup {
    let mut rules = Rules::usual();
    let mut builder = Verifier::builder()
        .jwt_key(SIGNER.pem())
        .clock(CLOCK.with(SetClock::clone))
        .token_cache(TokenCache::disabled());
    if let Some(app) = &app {
        builder = builder.publishable_key(app.publishable_key.as_str());
        rules.issuers = vec![format!("https://{}", app.host)];
    }
    Setup {
        verifier: builder.build().unwrap(),
        rules,
        app,
    }
}

static TOKENS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let now = NOW_MS / 1000;
    let own = r#""iss":"https://clerk.example.com""#;
    let payloads = [
        format!(
            r#"{{"sub":"user_1",{own},"iat":{},"exp":{}}}"#,
            now - 10,
            now + 50
        ),
        format!(
            r#"{{"sub":"user_2",{own},"iat":{},"exp":{}}}"#,
            now - 5,
            now + 55
        ),
        format!(
            r#"{{"sub":"user_3",{own},"iat":{},"exp":{}}}"#,
            now - 60,
            now
        ),
        format!(
            r#"{{"sub":"user_4",{own},"iat":{},"exp":{}}}"#,
            now - 10,
            now - 5
        ),
        format!(
            r#"{{"sub":"user_5","iss":"https://clerk.other.com","iat":{},"exp":{}}}"#,
            now - 1,
            now + 59
        ),
        format!(
            r#"{{"sub":"user_6","iat":{},"exp":{}}}"#,
            now - 10,
            now + 50
        ),
        format!(
            r#"{{"sub":"user_7","iss":5,"iat":{},"exp":{}}}"#,
            now - 10,
            now + 50
        ),
        format!(
            r#"{{"sub":"user_8","iss":"http://clerk.example.com","exp":{}}}"#,
            now + 50
        ),
        format!(r#"{{"sub":"user_9",{own},"iat":"1","exp":{}}}"#, now + 50),
        format!(
            r#"{{"sub":"user_10","iss":"","iat":{},"exp":"x"}}"#,
            now - 10
        ),
        format!(
            r#"{{"sub":"user_11",{own},"iat":{}.5,"exp":{}.5}}"#,
            now - 10,
            now
        ),
    ];
    let header = br#"{"alg":"RS256","typ":"JWT"}"#;
    let mut tokens: Vec<_> = payloads
        .iter()
        .map(|payload| SIGNER.token("RS256", header, payload.as_bytes()))
        .collect();
    let [first, second] = [&tokens[0], &tokens[1]].map(String::as_str);
    // What check 1 refuses, and lenient readers understand.
    let padded = second.replacen('.', "=.", 1);
    let header_twice = br#"{"alg":"RS256","alg":"RS256"}"#;
    let twice = SIGNER.token("RS256", header_twice, payloads[1].as_bytes());
    let schemes = payloads[0].replace("https://", "https://http://");
    let schemes = SIGNER.token("RS256", header, schemes.as_bytes());
    let cut = first[..first.len() / 2].to_owned();
    tokens.extend([padded, twice, schemes, cut]);
    tokens.push("e30.e30.AA".to_owned());
    tokens.push("not.a token".to_owned());
    tokens
});

#[must_use]
pub fn run(input: &[u8]) -> Outcome {
    let [choice, time, lines @ ..] = input else {
        return "too short".to_owned();
    };
    let fields: Vec<Field> = lines.split(|byte| *byte == b'\n').map(field).collect();
    let length = fields.iter().map(|(_, value)| value.len() + 16).sum();
    let now_ms = around_now(*time);
    CLOCK.with(|clock| clock.set_ms(now_ms));
    SETUPS.with(|setups| {
        let setup = &setups[usize::from(*choice) % setups.len()];
        let outcome = bounded(length, &BOUND, || {
            match setup.verifier.begin(fields.as_slice(), None) {
                Authentication::Done(state) => state.into_session(),
                Authentication::Waiting(_) => panic!("fixed keys never wait"),
            }
        });
        let names: Vec<Field> = fields
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
            .collect();
        let [strict, lax] = choices(&names, setup.app.as_ref(), &setup.rules, now_ms);
        if strict != lax && reason_of(&outcome) == Some("token-invalid") {
            return "open".to_owned();
        }
        match lax {
            Choice::Token(token) => {
                let result = outcome.map_err(|signed_out| signed_out.error().clone());
                let model = KEYS.with(|keys| check(&token, &setup.rules, keys, now_ms));
                format!("token: {}", verdict::compare(&result, &model))
            }
            Choice::Missing | Choice::Malformed => {
                let expected = match lax {
                    Choice::Missing => "session-token-missing",
                    _ => "token-invalid",
                };
                assert_eq!(reason_of(&outcome), Some(expected));
                expected.to_owned()
            }
        }
    })
}

/// `None` where it is a session.
fn reason_of(outcome: &Result<Session, SignedOut>) -> Option<&'static str> {
    outcome
        .as_ref()
        .err()
        .map(|signed_out| signed_out.reason().as_str())
}

fn field(line: &[u8]) -> Field {
    let (name, value) = line.split_first().unwrap_or((&b'X', &[]));
    let name = match name {
        b'A' => "Authorization",
        b'a' => "authorization",
        b'C' => "Cookie",
        b'c' => "cookie",
        _ => "x-session",
    };
    let mut bytes = Vec::new();
    for byte in value {
        let token = byte.checked_sub(FIRST_PLACEHOLDER).map(usize::from);
        match token.and_then(|at| TOKENS.get(at)) {
            Some(token) => bytes.extend(token.as_bytes()),
            None => bytes.push(*byte),
        }
    }
    (name.to_owned(), bytes)
}

#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (number, request) in vectors::requests().enumerate() {
        let mut seed = vec![number as u8 % 3, 0];
        let lines: Vec<Vec<u8>> = request
            .iter()
            .map(|(name, value)| {
                let letter = if name.eq_ignore_ascii_case("authorization") {
                    b'A'
                } else {
                    b'C'
                };
                [&[letter], &value[..value.len().min(3000)]].concat()
            })
            .collect();
        seed.extend(lines.join(&b'\n'));
        seeds.push(seed);
    }
    let suffixes = [
        "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k",
        "pk_test_Y2xlcmsuZXhhbXBsZS5jb20k",
    ]
    .map(suffix);
    for (number, suffix) in suffixes.iter().enumerate() {
        for (plain, suffixed) in [
            (0x0e, 0x0f),
            (0x0f, 0x0e),
            (0x12, 0x0e),
            (0x10, 0x11),
            (0x13, 0x0e),
            (0x14, 0x0e),
            (0x16, 0x0e),
            (0x0e, 0x16),
            (0x0e, 0x19),
            (0x0e, 0x1a),
            (0x1b, 0x0e),
            (0x0e, 0x1c),
            (0x1d, 0x0e),
        ] {
            for (uat, suffixed_uat) in [("1", "1"), ("0", "1"), ("1", "0"), ("0", "0")] {
                let (plain, suffixed) = (char::from(plain), char::from(suffixed));
                let text = format!(
                    "C__session={plain}; __session_{suffix}={suffixed}\nc__client_uat={uat}; __client_uat_{suffix}={suffixed_uat}"
                );
                seeds.push([&[number as u8 + 1, 0], text.as_bytes()].concat());
            }
            let text = format!("C__session_{suffix}=\"{}\"", char::from(suffixed));
            seeds.push([&[number as u8 + 1, 0], text.as_bytes()].concat());
        }
    }
    for line in [
        "ABearer \x0e",
        "Abearer\t\x0f ",
        "A\x0e",
        "ABasic eA==\nC__session=\x0e",
        "ABearer \x0e\naBearer \x0e",
        "ABearer",
        "C__session=%65\x0e;__session=\x0f",
    ] {
        seeds.push([&[0, 0], line.as_bytes()].concat());
    }
    seeds
}

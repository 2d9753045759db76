//! Header and claims behind a valid signature: the target signs, so that mutations come past check 8.
//!
//! Input: two bytes of options, one that chooses the time, one that chooses what becomes of the signature, then the
//! header's text, a zero byte, and the payload's text. Either text may be anything. The mutator works on members.

use std::{cell::RefCell, collections::HashMap, sync::LazyLock, time::Duration};

use clerk_verify::{Algorithm, TokenCache, Verifier};

use crate::{
    clock::{SetClock, around_now},
    harness::{Bound, Outcome, bounded},
    model::{
        base64url,
        json::{self, Json},
        token::{Key, Rules, check},
    },
    mutate::{self, Words},
    signer::Signer,
    vectors, verdict,
};

const BOUND: Bound = Bound {
    bytes: 8 * 1024,
    bytes_per_byte: 16,
    count: 100,
    count_per_kilobyte: 50,
};

/// Before the two texts.
const PREFIX: usize = 4;

/// Sets of verifiers that are kept at once.
const MAX_KEPT: usize = 2_000;

pub const KEY_ID: &str = "ins_fuzz";
pub const ISSUER: &str = "https://clerk.example.com";
const AUDIENCES: [&str; 2] = ["api", "https://api.example.com"];
const PARTIES: [&str; 2] = ["https://app.example.com", "http://localhost:3000"];

pub static SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer::new(1, 2048));
pub static OTHER_SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer::new(2, 2048));

thread_local! {
    static CLOCK: SetClock = SetClock::default();
    static KEPT: RefCell<HashMap<u16, Setup>> = RefCell::default();
}

#[derive(Clone)]
struct Setup {
    verifier: Verifier,
    rules: Rules,
    keys: Vec<Key>,
    remembers: bool,
}

#[must_use]
pub fn run(input: &[u8]) -> Outcome {
    let Some((prefix, header, payload)) = split(input) else {
        return "too short".to_owned();
    };
    let setup = setup(u16::from_le_bytes([prefix[0], prefix[1]]));
    let now_ms = around_now(prefix[2]);
    CLOCK.with(|clock| clock.set_ms(now_ms));
    let token = token(prefix[3], header, payload);

    let verify = || setup.verifier.verify_token_now(&token).unwrap();
    let result = if setup.remembers {
        // What a map of tokens takes when it grows is not the token's.
        verify()
    } else {
        bounded(token.len(), &BOUND, verify)
    };
    let model = check(&token, &setup.rules, &setup.keys, now_ms);
    let outcome = verdict::compare(&result, &model);
    if setup.remembers {
        assert_eq!(
            verdict::compare(&verify(), &model),
            outcome,
            "the second time"
        );
    }
    outcome
}

fn split(input: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (prefix, texts) = input.split_at_checked(PREFIX)?;
    let end = texts.iter().position(|byte| *byte == 0)?;
    Some((prefix, &texts[..end], &texts[end + 1..]))
}

/// Signed as the header says, where it says so; or one of some ways to be signed wrongly.
fn token(spoiled: u8, header: &[u8], payload: &[u8]) -> String {
    let header_value = json::parse(header).map(|parsed| parsed.value);
    let alg = header_value.as_ref().and_then(|header| header.get("alg"));
    let alg = alg.and_then(Json::text).unwrap_or("RS256");
    let token = match spoiled {
        249 => return OTHER_SIGNER.token(alg, header, payload),
        250 => {
            return SIGNER.token(
                if alg == "RS256" { "RS512" } else { "RS256" },
                header,
                payload,
            );
        }
        _ => SIGNER.token(alg, header, payload),
    };
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut bytes = base64url::decode(signature.as_bytes()).unwrap();
    match spoiled {
        251 => bytes.clear(),
        252 => bytes[128] ^= 1,
        253 => bytes.insert(0, 0),
        254 => drop(bytes.pop()),
        255 => bytes.fill(0),
        _ => return token,
    }
    format!("{signed}.{}", base64url::encode(&bytes))
}

/// The verifier of these options, and the same for the model.
fn setup(options: u16) -> Setup {
    KEPT.with_borrow_mut(|kept| {
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.entry(options)
            .or_insert_with(|| new_setup(options))
            .clone()
    })
}

fn new_setup(options: u16) -> Setup {
    let has = |bit: u16| options >> bit & 1 == 1;
    let texts = |all: &[&str]| {
        all.iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    let skew_ms = [5_000, 0, 60_000, 5_000][usize::from(options >> 9 & 3)];
    let rules = Rules {
        max_token_len: if has(13) { 700 } else { 16 * 1024 },
        max_claims_nesting: if has(11) { 3 } else { 127 },
        algorithms: if has(0) {
            vec!["RS256", "RS384", "RS512"]
        } else {
            vec!["RS256"]
        },
        accept_jwt_templates: has(8),
        issuers: if has(2) { texts(&[ISSUER]) } else { Vec::new() },
        audiences: if has(3) {
            texts(&AUDIENCES)
        } else {
            Vec::new()
        },
        require_audience: has(3) && has(4),
        authorized_parties: if has(5) { texts(&PARTIES) } else { Vec::new() },
        allow_missing_azp: has(6),
        skew_ms,
        allow_pending: has(7),
    };
    let mut builder = Verifier::builder()
        .clock(CLOCK.with(SetClock::clone))
        .clock_skew(Duration::from_millis(skew_ms.unsigned_abs()))
        .max_token_len(rules.max_token_len)
        .max_claims_nesting(rules.max_claims_nesting)
        .accept_jwt_templates(has(8))
        .audience(rules.audiences.clone())
        .require_audience(rules.require_audience)
        .authorized_parties(rules.authorized_parties.clone())
        .allow_missing_azp(has(6))
        .allow_pending_sessions(has(7));
    if has(0) {
        builder = builder.algorithms([Algorithm::RS256, Algorithm::RS384, Algorithm::RS512]);
    }
    if has(2) {
        builder = builder.issuer(ISSUER);
    }
    if !has(15) {
        builder = builder.token_cache(TokenCache::disabled());
    }
    let keys = if has(1) {
        builder = builder.jwt_key(SIGNER.pem());
        vec![SIGNER.key(None, None)]
    } else {
        let alg = has(12).then_some("RS256");
        let member = alg.map_or(String::new(), |alg| format!(r#","alg":"{alg}""#));
        builder = builder.jwks_json(format!(r#"{{"keys":[{}]}}"#, SIGNER.jwk(KEY_ID, &member)));
        vec![SIGNER.key(Some(KEY_ID), alg)]
    };
    Setup {
        verifier: builder.build().unwrap(),
        rules,
        keys,
        remembers: has(15),
    }
}

/// Changes members of header or payload, mostly.
pub fn mutate(input: &mut [u8], size: usize, max_size: usize, seed: u32) -> Option<usize> {
    let (prefix, header, payload) = split(&input[..size])?;
    let mut random = mutate::Random::new(seed);
    let (mut header, mut payload) = (header.to_vec(), payload.to_vec());
    if random.below(3) == 0 {
        header = mutate::json(&header, &HEADER_WORDS, &mut random)?;
    } else {
        payload = mutate::json(&payload, &CLAIM_WORDS, &mut random)?;
    }
    let changed = [prefix, &header, &[0], &payload].concat();
    if changed.len() > max_size {
        return None;
    }
    input[..changed.len()].copy_from_slice(&changed);
    Some(changed.len())
}

const HEADER_WORDS: Words = Words {
    names: &[
        "alg", "typ", "kid", "cat", "crit", "b64", "jwk", "jku", "x5c", "cty", "zip", "oiat",
    ],
    values: &[
        r#""RS256""#,
        r#""RS384""#,
        r#""RS512""#,
        r#""none""#,
        r#""HS256""#,
        r#""PS256""#,
        r#""rs256""#,
        r#""JWT""#,
        r#""jwt""#,
        r#""at+jwt""#,
        r#""application/at+jwt""#,
        r#""ins_fuzz""#,
        r#""ins_other""#,
        r#""ins\u005ffuzz""#,
        r#""cl_B7d4PD111AAA""#,
        r#""cl_I7d4PD111III""#,
        r#""cl_B7d4PD222AAA""#,
        r#""cl_B7d4PD333AAA""#,
        "[]",
        r#"["exp"]"#,
        "true",
        "false",
        "null",
        "0",
        "1e999",
        "{}",
        r#""""#,
        r#""\ud800""#,
    ],
};

const CLAIM_WORDS: Words = Words {
    names: &[
        "sub",
        "iss",
        "aud",
        "azp",
        "exp",
        "nbf",
        "iat",
        "sts",
        "sid",
        "v",
        "o",
        "fea",
        "pla",
        "fva",
        "act",
        "jti",
        "org_id",
        "org_role",
        "s\\u0075b",
        "custom",
    ],
    values: &[
        r#""user_1""#,
        r#""mch_1""#,
        r#""""#,
        r#"" ""#,
        r#""\ud83d\ude00""#,
        r#""\ud800""#,
        r#""https://clerk.example.com""#,
        r#""https://clerk.example.com/""#,
        r#""https://evil.example""#,
        r#""api""#,
        r#"["api"]"#,
        r#"["x","api"]"#,
        r#"["api",1]"#,
        r#"[["api"]]"#,
        r#""https://api.example.com""#,
        r#""https://app.example.com""#,
        r#""https://app.example.com.""#,
        r#""http://localhost:3000""#,
        "1790000000",
        "1790000004",
        "1790000005",
        "1790000005.999",
        "1790000006",
        "1789999995",
        "1789999995.5",
        "1789999996",
        "1790000050",
        "1.79000005e9",
        "17900000500e-1",
        "-1",
        "-0",
        "0",
        "0.5",
        "-0.5",
        "1e-400",
        "1e400",
        "-1e400",
        "9007199254740992",
        "9007199254740993",
        "9007199254740994",
        "9223372036854775808",
        "1e308",
        r#""1790000050""#,
        r#""pending""#,
        r#""active""#,
        r#""Pending""#,
        r#"["pending"]"#,
        "null",
        "true",
        "false",
        "{}",
        "[]",
        "[0,0]",
        "[[[[]]]]",
        r#"{"a":{"a":{"a":{}}}}"#,
        "2",
        "1",
    ],
};

#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let of_vectors = vectors::parts(2048);
    // The vectors' key ids, issuers and origins are others: in theirs, only the rules without them are met.
    let prefixes: [[u8; 4]; 6] = [
        [0b0000_0000, 0b0001_0000, 0, 0],
        [0b0000_0011, 0, 0, 0],
        [0b0010_1110, 0, 0, 0],
        [0b0111_1110, 0b0000_0010, 0, 0],
        [0b1000_0010, 0b1000_1001, 0, 0],
        [0b0001_1010, 0, 12, 252],
    ];
    for (number, (header, payload)) in of_vectors.enumerate() {
        let prefix = prefixes[number % 5];
        seeds.push([&prefix[..], &header, &[0], &payload].concat());
    }
    let payloads = [
        r#"{"sub":"user_1","exp":1790000050,"iat":1790000000,"nbf":1789999990,"iss":"https://clerk.example.com","azp":"https://app.example.com","aud":"api","sid":"sess_1","sts":"active","v":2,"fva":[1,-1]}"#,
        r#"{"sub":"user_1","exp":1790000050}"#,
        r#"{"sub":"user_1","exp":1790000050.5,"iss":"https://clerk.example.com","azp":"http://localhost:3000","aud":["x","https://api.example.com"],"sts":"pending","o":{"id":"org_1","rol":"admin"}}"#,
    ];
    let headers = [
        r#"{"alg":"RS256","typ":"JWT","kid":"ins_fuzz","cat":"cl_B7d4PD111AAA"}"#,
        r#"{"alg":"RS384","kid":"ins_fuzz"}"#,
        r#"{"alg":"RS512","typ":"JWT","cat":"cl_B7d4PD222AAA"}"#,
    ];
    for prefix in prefixes {
        for header in headers {
            for payload in payloads {
                seeds.push(joined(prefix, header, payload));
            }
        }
    }
    for spoiled in 249..=255 {
        seeds.push(joined([2, 0, 0, spoiled], headers[0], payloads[0]));
    }
    seeds.extend(one_by_one(headers[0], payloads[0]));
    seeds
}

fn joined(prefix: [u8; PREFIX], header: &str, payload: &str) -> Vec<u8> {
    [&prefix[..], header.as_bytes(), &[0], payload.as_bytes()].concat()
}

/// A good token with one member left out, doubled, or put in with each of the words, to a verifier that checks all and to
/// one that checks little: what a single member does is then seen in every run, however short.
fn one_by_one(header: &str, payload: &str) -> Vec<Vec<u8>> {
    const ALL: [u8; PREFIX] = [0b0011_1110, 0, 0, 0];
    const LITTLE: [u8; PREFIX] = [0b1100_0011, 1, 0, 0];
    let mut seeds = Vec::new();
    for prefix in [ALL, LITTLE] {
        for header in variants(header, &HEADER_WORDS) {
            seeds.push(joined(prefix, &header, payload));
        }
        for payload in variants(payload, &CLAIM_WORDS) {
            seeds.push(joined(prefix, header, &payload));
        }
    }
    seeds
}

fn variants(text: &str, words: &Words) -> Vec<String> {
    let members = mutate::members(text).unwrap();
    let object = |members: &[String]| format!("{{{}}}", members.join(","));
    let mut variants = Vec::new();
    for at in 0..members.len() {
        let without = [&members[..at], &members[at + 1..]].concat();
        variants.push(object(&without));
        variants.push(object(&[&members[..], &members[at..=at]].concat()));
    }
    for name in words.names {
        let is_another = |member: &&String| !member.starts_with(&format!("\"{name}\":"));
        let others: Vec<_> = members.iter().filter(is_another).cloned().collect();
        for value in words.values {
            let member = format!("\"{name}\":{value}");
            variants.push(object(&[&others[..], &[member]].concat()));
        }
    }
    variants
}

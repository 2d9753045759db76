//! What a session may do: organization, masks, features, plans and the age of the sign-in, behind a valid signature.
//!
//! Input: lines of what is asked, a zero byte, and the text of the claims beside `sub` and `exp`. A line's first letter says
//! what is asked: `R` role, `P` permission, `F` feature, `L` plan, `1` `2` `3` a factor with minutes as two bytes. `|` asks
//! for any of the lines after it instead of all.

use std::cell::LazyCell;

use clerk_verify::{Level, Requirement, Reverification, TokenCache, Verifier};

use super::signed::SIGNER;
use crate::{
    clock::{NOW_MS, SetClock},
    harness::{Bound, Outcome, bounded},
    model::{
        has::{Ask, Factor, has},
        json::Json,
        token::{Key, Rules, check_with},
    },
    mutate::{self, Words},
    vectors, verdict,
};

/// Each digit of a mask may grant three permissions, so what `has` makes may be a multiple of the token.
const BOUND: Bound = Bound {
    bytes: 64 * 1024,
    bytes_per_byte: 512,
    count: 1_000,
    count_per_kilobyte: 4_000,
};

const MAX_ASKED: usize = 4;

thread_local! {
    static SETUP: LazyCell<(Verifier, Rules, Vec<Key>)> = LazyCell::new(|| {
        let verifier = Verifier::builder()
            .jwt_key(SIGNER.pem())
            .clock(SetClock::default())
            .allow_pending_sessions(true)
            .token_cache(TokenCache::disabled())
            .build()
            .unwrap();
        let rules = Rules { allow_pending: true, ..Rules::usual() };
        (verifier, rules, vec![SIGNER.key(None, None)])
    });
}

#[must_use]
pub fn run(input: &[u8]) -> Outcome {
    let Some((asked, claims)) = split(input) else {
        return "too short".to_owned();
    };
    let (is_any, asks) = asks(asked);
    let claims = String::from_utf8_lossy(claims);
    let payload = format!(r#"{{"sub":"user_1","exp":1790000050,{claims}}}"#);
    let token = SIGNER.token("RS256", br#"{"alg":"RS256"}"#, payload.as_bytes());
    SETUP.with(|setup| {
        let (verifier, rules, keys) = &**setup;
        let result = verifier.verify_token_now(&token).unwrap();
        // The signature is ours; the target `signed` asks another crate about it.
        let model = check_with(&token, rules, keys, NOW_MS, |_, _, _, _| true);
        let outcome = verdict::compare(&result, &model);
        let (Ok(session), Ok(claims)) = (result, model.result) else {
            return outcome;
        };
        let requirements: Vec<_> = asks.iter().map(requirement).collect();
        let each: Vec<_> = asks.iter().map(|ask| has(&claims, ask)).collect();
        let (all, expected) = if is_any {
            (Requirement::any_of(requirements), each.contains(&true))
        } else {
            let all = requirements.into_iter().reduce(Requirement::and);
            (
                all.unwrap_or_default(),
                !each.is_empty() && !each.contains(&false),
            )
        };
        let (granted, forbidden) = bounded(token.len() + input.len(), &BOUND, || {
            (session.has(&all), session.require(&all).err())
        });
        assert_eq!(granted, forbidden.is_none());
        assert!(
            !granted || expected,
            "granted, but the model denies {asks:?}"
        );
        assert!(
            granted
                || !expected
                || model.may_be_malformed
                || !asks.iter().all(is_ordinary)
                || is_malformed(&claims),
            "denied, but the model grants {asks:?}"
        );
        format!("{} of {} {}", granted, asks.len(), kinds(&asks))
    })
}

fn kinds(asks: &[Ask]) -> String {
    let letter = |ask: &Ask| match ask {
        Ask::Role(_) => 'R',
        Ask::Permission(_) => 'P',
        Ask::Feature(_) => 'F',
        Ask::Plan(_) => 'L',
        Ask::Fresh(..) => 'V',
    };
    let mut letters: Vec<_> = asks.iter().map(letter).collect();
    letters.sort_unstable();
    letters.into_iter().collect()
}

/// What somebody would ask for. The library says of some others that they are never met, and does not meet them.
fn is_ordinary(ask: &Ask) -> bool {
    let is_slug = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    match ask {
        Ask::Role(role) => is_slug(role.trim_start_matches("org:")),
        Ask::Permission(permission) => {
            let parts: Vec<_> = permission.trim_start_matches("org:").split(':').collect();
            parts.len() == 2
                && parts.iter().all(|part| is_slug(part))
                && !parts[0].starts_with("sys_")
        }
        Ask::Feature(name) | Ask::Plan(name) => {
            let parts: Vec<_> = name.split(':').collect();
            parts.len() <= 2 && parts.iter().all(|part| is_slug(part))
        }
        Ask::Fresh(..) => true,
    }
}

/// Claims of a shape that they should not have, where the library may deny more than the model.
fn is_malformed(claims: &Json) -> bool {
    let is_text = |value: Option<&Json>| value.is_none_or(|value| value.text().is_some());
    let organization = claims.get("o");
    let in_organization = ["id", "slg", "rol", "per", "fpm"];
    let texts = ["fea", "pla", "org_id", "org_slug", "org_role", "sid"];
    let is_list_of_texts = |value: &Json| matches!(value, Json::List(all) if all.iter().all(|one| one.text().is_some()));
    !texts.iter().all(|name| is_text(claims.get(name)))
        || organization.is_some_and(|organization| {
            organization.members().is_none()
                || organization.repeats_a_name()
                || !in_organization
                    .iter()
                    .all(|name| is_text(organization.get(name)))
        })
        || claims
            .get("org_permissions")
            .is_some_and(|value| !is_list_of_texts(value))
}

fn split(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = input.iter().position(|byte| *byte == 0)?;
    Some((&input[..end], &input[end + 1..]))
}

fn asks(text: &[u8]) -> (bool, Vec<Ask>) {
    let is_any = text.first() == Some(&b'|');
    let lines = text.split(|byte| *byte == b'\n').take(MAX_ASKED + 1);
    let asks = lines.filter_map(|line| {
        let (kind, rest) = line.split_first()?;
        let name = String::from_utf8_lossy(rest).into_owned();
        let minutes = rest
            .iter()
            .take(2)
            .fold(0, |minutes, byte| minutes << 8 | u32::from(*byte));
        Some(match kind {
            b'R' => Ask::Role(name),
            b'P' => Ask::Permission(name),
            b'F' => Ask::Feature(name),
            b'L' => Ask::Plan(name),
            b'1' => Ask::Fresh(Factor::First, minutes),
            b'2' => Ask::Fresh(Factor::Second, minutes),
            b'3' => Ask::Fresh(Factor::Both, minutes),
            _ => return None,
        })
    });
    (is_any, asks.take(MAX_ASKED).collect())
}

fn requirement(ask: &Ask) -> Requirement {
    let asked = Requirement::new();
    match ask {
        Ask::Role(role) => asked.role(role),
        Ask::Permission(permission) => asked.permission(permission),
        Ask::Feature(feature) => asked.feature(feature),
        Ask::Plan(plan) => asked.plan(plan),
        Ask::Fresh(factor, minutes) => {
            let level = match factor {
                Factor::First => Level::FirstFactor,
                Factor::Second => Level::SecondFactor,
                Factor::Both => Level::MultiFactor,
            };
            asked.reverification(Reverification::new(level, *minutes))
        }
    }
}

/// Changes members of the claims or of `o`.
pub fn mutate(input: &mut [u8], size: usize, max_size: usize, seed: u32) -> Option<usize> {
    let (asked, claims) = split(&input[..size])?;
    let mut random = mutate::Random::new(seed);
    let text = std::str::from_utf8(claims).ok()?;
    let inner = text
        .find("\"o\":{")
        .filter(|_| random.below(2) == 0)
        .and_then(|at| {
            let start = at + 4;
            let end = start + text[start..].find('}')? + 1;
            Some((start, end))
        });
    let claims = match inner {
        Some((start, end)) => {
            let changed = mutate::json(&text.as_bytes()[start..end], &WORDS, &mut random)?;
            [&text.as_bytes()[..start], &changed, &text.as_bytes()[end..]].concat()
        }
        None => {
            let changed = mutate::json(format!("{{{text}}}").as_bytes(), &WORDS, &mut random)?;
            changed[1..changed.len() - 1].to_vec()
        }
    };
    let changed = [asked, &[0], &claims].concat();
    if changed.len() > max_size {
        return None;
    }
    input[..changed.len()].copy_from_slice(&changed);
    Some(changed.len())
}

const WORDS: Words = Words {
    names: &[
        "v",
        "o",
        "fea",
        "pla",
        "fva",
        "org_id",
        "org_role",
        "org_slug",
        "org_permissions",
        "id",
        "slg",
        "rol",
        "per",
        "fpm",
        "sts",
    ],
    values: &[
        "2",
        "1",
        "3",
        "2.0",
        "2e0",
        r#""2""#,
        "null",
        "true",
        "{}",
        "[]",
        r#""""#,
        r#"{"id":"org_1","rol":"admin","per":"read,write","fpm":"3,1"}"#,
        r#"{"id":"org_1","rol":"admin"}"#,
        r#""o:a,o:b""#,
        r#""o:a,u:b,ou:c""#,
        r#""u:a,o:b""#,
        r#""uo:a""#,
        r#""x:a,o:b""#,
        r#""a""#,
        r#""o:a,""#,
        r#""o:,u:""#,
        r#"" o:a , u:b ""#,
        r#""read""#,
        r#""read,write""#,
        r#""read,write,read""#,
        r#""a,b,c,d,e,f,g,h,i,j""#,
        r#"",read""#,
        r#""1""#,
        r#""3""#,
        r#""3,1""#,
        r#""0,2""#,
        r#""1,2,3""#,
        r#""-1""#,
        r#""+1""#,
        r#""1.0""#,
        r#""1e1""#,
        r#""0x3""#,
        r#""003""#,
        r#""٣""#,
        r#""18446744073709551616""#,
        r#""18446744073709551617,3""#,
        r#""99999999999999999999999999999999999999999999999999""#,
        r#""org_1""#,
        r#""admin""#,
        r#""org:admin""#,
        r#""org:org:admin""#,
        r#"["org:a:read"]"#,
        r#"["a:read"]"#,
        r#"["org:a:read",1]"#,
        "[0,0]",
        "[5,-1]",
        "[-1,5]",
        "[-1,-1]",
        "[9,10]",
        "[0.5,59]",
        "[1e999,0]",
        "[0]",
        "[0,0,0]",
        r#"["0",0]"#,
        "[-2,0]",
        "[-0,-1.0]",
        r#""pending""#,
    ],
};

#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let claims = [
        r#""v":2,"o":{"id":"org_1","slg":"acme","rol":"admin","per":"manage,read","fpm":"3,2"},"fea":"o:dashboard,o:teams","pla":"o:team,u:pro","fva":[5,-1]"#,
        r#""v":2,"o":{"id":"org_1","rol":"member","per":"read,write","fpm":"2,3"},"fea":"o:a,u:b,uo:c,o:d","pla":"u:free","fva":[9,10]"#,
        r#""v":2,"o":{"id":"org_1","per":"read,write","fpm":"1,0,3"},"fea":"o:a,u:b,ou:c""#,
        r#""v":2,"o":{"id":"org_1","per":"read,write","fpm":"1,3"},"fea":"u:b,o:a,ou:c","fva":[-1,0]"#,
        r#""org_id":"org_1","org_role":"org:admin","org_permissions":["org:a:read","org:b:write"],"fva":[0,0]"#,
        r#""v":2,"fea":"u:a","pla":"u:b""#,
        r#""v":2,"o":{"id":"org_1","per":"read,write","fpm":"3,3,3,3"},"fea":"o:a,u:b,x:c,ou:d""#,
        r#""v":2,"o":{"id":"org_1","per":"read,write","fpm":"3,3"},"fea":"u:b,o:a,u:c,uo:d""#,
    ];
    let asked = [
        "Radmin",
        "Rorg:member",
        "Pa:read",
        "Porg:a:write",
        "Pdashboard:manage\nPteams:read",
        "Fa",
        "Fuser:a",
        "Forg:a",
        "Lteam",
        "Lu:pro",
        "1\x01\x01",
        "2\x01\x0a",
        "3\x01\x3c",
        "|Radmin\nPa:read\n1\x01\x01",
        "Radmin\nFa\nLteam\n2\x01\x0a",
        "Pd:read",
        "Pc:read",
        "Pb:read",
        "|Pb:write\nPc:write",
    ];
    let mut seeds = Vec::new();
    for asked in asked {
        for claims in claims {
            seeds.push([asked.as_bytes(), &[0], claims.as_bytes()].concat());
        }
    }
    for (number, (_, payload)) in vectors::parts(2048).enumerate().take(60) {
        let Ok(text) = std::str::from_utf8(&payload) else {
            continue;
        };
        let Some(members) = mutate::members(text) else {
            continue;
        };
        let kept: Vec<_> = members
            .into_iter()
            .filter(|member| !member.contains("\"sub\"") && !member.contains("\"exp\""))
            .collect();
        let asked = asked[number % asked.len()];
        seeds.push([asked.as_bytes(), &[0], kept.join(",").as_bytes()].concat());
    }
    seeds
}

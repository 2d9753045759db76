//! The header of a token, well made and odd.

use super::dice::Dice;

/// Names and values, as they are written.
pub(crate) type Members = Vec<(String, String)>;

pub(crate) fn usual(dice: &mut Dice) -> Members {
    let mut members = vec![
        member("alg", r#""RS256""#),
        member("kid", r#""ins_2GIoQhbUpy0hX7B2cVkuTMinXoD""#),
        member("typ", r#""JWT""#),
    ];
    if dice.percent(70) {
        members.insert(1, member("cat", r#""cl_B7d4PD111AAA""#));
    }
    members
}

/// Changes one thing.
pub(crate) fn change(dice: &mut Dice, members: &mut Members) {
    match dice.between(0, 11) {
        0 | 1 => set(members, "alg", dice.one(&ALGORITHMS)),
        2 | 3 => set(members, "typ", dice.one(&TYPES)),
        4 | 5 => set(members, "cat", dice.one(&CATEGORIES)),
        6 => set(members, "kid", dice.one(&KEY_IDS)),
        7 => {
            let name = dice.one(&["crit", "b64"]);
            let value = dice.one(&[
                "[]",
                r#"["b64"]"#,
                "null",
                r#""x""#,
                "true",
                "false",
                r#"["exp"]"#,
            ]);
            members.push(member(name, value));
        }
        8 => members.push(dice.one(&extras())),
        9 => repeat(dice, members),
        10 => {
            let depth = dice.one(&[5_usize, 30, 31, 32, 40]);
            members.push(member("deep", &nested(depth)));
        }
        _ => {
            // An escape means the letter.
            let escaped = members
                .iter_mut()
                .find(|(name, _)| name == "typ" || name == "cat");
            if let Some((name, _)) = escaped {
                *name = name.replace('t', "\\u0074");
            }
        }
    }
}

/// No object, or no value at all.
pub(crate) fn other_json(dice: &mut Dice) -> &'static str {
    dice.one(&[
        "null",
        "[]",
        r#"["a"]"#,
        r#""text""#,
        "5",
        "true",
        "",
        "{",
        "{}",
        "{}{}",
        "{'a':1}",
    ])
}

pub(crate) fn member(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// Gives a member another value; `""` takes it out.
pub(crate) fn set(members: &mut Members, name: &str, value: &str) {
    let place = members.iter().position(|(known, _)| known == name);
    members.retain(|(known, _)| known != name);
    if !value.is_empty() {
        let place = place.unwrap_or(members.len()).min(members.len());
        members.insert(place, member(name, value));
    }
}

pub(crate) fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

fn repeat(dice: &mut Dice, members: &mut Members) {
    if members.is_empty() {
        return;
    }
    let (name, value) = dice.one(members);
    let name = match dice.percent(30) {
        true => name.replacen(['a', 'k', 't'], &escaped(&name), 1),
        false => name,
    };
    let value = if dice.percent(60) {
        value
    } else {
        r#""other""#.to_owned()
    };
    let place = dice.below(members.len() + 1);
    members.insert(place, (name, value));
}

/// The escape of the first letter that is replaced.
fn escaped(name: &str) -> String {
    let letter = name
        .chars()
        .find(|letter| matches!(letter, 'a' | 'k' | 't'));
    letter.map_or_else(String::new, |letter| {
        format!("\\u{:04x}", u32::from(letter))
    })
}

fn extras() -> [(String, String); 9] {
    [
        member("cty", r#""JWT""#),
        member("zip", r#""DEF""#),
        member("oiat", "1700000000"),
        member("jku", r#""https://evil.example/jwks""#),
        member("x5u", r#""https://evil.example/x5u""#),
        member("jwk", r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#),
        member("\\ud800", "1"),
        member("custom", r#""\ud800""#),
        member("number", "1e999"),
    ]
}

const ALGORITHMS: [&str; 14] = [
    "",
    r#""RS384""#,
    r#""RS512""#,
    r#""RS384""#,
    r#""PS256""#,
    r#""none""#,
    r#""HS256""#,
    r#""ES256""#,
    r#""rs256""#,
    r#""""#,
    "null",
    "5",
    r#"["RS256"]"#,
    r#""RS\u0032""#,
];
const TYPES: [&str; 12] = [
    "",
    r#""JWT""#,
    r#""jwt""#,
    r#""at+jwt""#,
    r#""application/at+jwt""#,
    r#""AT+JWT""#,
    "null",
    "1",
    r#""JWS""#,
    r#"["JWT"]"#,
    r#""JWT ""#,
    r#""J\u0057T""#,
];
const CATEGORIES: [&str; 12] = [
    "",
    r#""cl_B7d4PD111AAA""#,
    r#""cl_I7d4PD111III""#,
    r#""cl_I7d4PD111III""#,
    r#""cl_B7d4PD222AAA""#,
    r#""cl_B7d4PD222AAA""#,
    r#""cl_B7d4PD333AAA""#,
    r#""cl_x""#,
    r#""""#,
    "null",
    "1",
    r#"["cl_B7d4PD111AAA"]"#,
];
const KEY_IDS: [&str; 7] = [
    "",
    "null",
    "5",
    r#""""#,
    r#""__proto__""#,
    r#""ins_other""#,
    r#""\u0000""#,
];

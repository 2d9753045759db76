//! The claims of a token, well made and odd.

use super::{
    dice::Dice,
    header::{Members, member, nested, set},
    options::{AUDIENCES, PARTIES},
    organization,
};
use crate::case::Options;

/// Whose token, and when it was made.
pub(crate) struct Subject {
    pub(crate) user: &'static str,
    pub(crate) issued_at: i64,
}

pub(crate) fn usual(dice: &mut Dice, subject: &Subject, options: &Options) -> Members {
    let text = |text: &str| format!("\"{text}\"");
    let own = options.app.issuers();
    let issuer = match options.issuers.iter().find(|issuer| !issuer.ends_with('/')) {
        Some(issuer) if dice.percent(50) => issuer.clone(),
        None if !options.issuers.is_empty() && dice.percent(40) => {
            format!("https://{}/", options.app.host)
        }
        _ => format!("https://{}", options.app.issuing_host()),
    };
    let issuer = if dice.percent(5) {
        dice.one(&own)
    } else {
        issuer
    };
    let issued_at = subject.issued_at;
    let mut members = vec![
        member("azp", &text(dice.one(&PARTIES))),
        member("exp", &(issued_at + 60).to_string()),
        member("iat", &issued_at.to_string()),
        member("iss", &text(&issuer)),
        member("nbf", &(issued_at - dice.one(&[5, 10, 0])).to_string()),
        member("sid", &text("sess_2Ro7e2IxrffdqBboq8KfB6eGbIy")),
        member("sub", &text(subject.user)),
    ];
    if options.authorized_parties.len() == 1 && dice.percent(80) {
        set(&mut members, "azp", &text(PARTIES.first().unwrap_or(&"")));
    }
    if dice.percent(if options.audience.is_empty() { 5 } else { 40 }) {
        members.push(member("aud", &text(dice.one(&AUDIENCES))));
    }
    if dice.percent(75) {
        members.push(member("sts", r#""active""#));
    }
    organization::add(dice, &mut members);
    members
}

/// Changes one thing.
pub(crate) fn change(dice: &mut Dice, members: &mut Members, options: &Options) {
    match dice.between(0, 32) {
        0 | 1 => set(members, "sub", dice.one(&SUBJECTS)),
        2 | 3 => {
            let issuers = issuers(options);
            set(members, "iss", &dice.one(&issuers));
        }
        4 | 5 => set(members, "aud", dice.one(&AUDIENCE_CLAIMS)),
        6 | 7 => set(members, "azp", dice.one(&PARTY_CLAIMS)),
        8..12 => {
            let name = dice.one(&["exp", "exp", "nbf", "iat"]);
            let value = time(dice, members, name);
            set(members, name, &value);
        }
        12 => set(members, "sts", dice.one(&STATUSES)),
        13 => set(members, "sts", r#""pending""#),
        14 => set(
            members,
            "v",
            dice.one(&[
                "", "2", "1", "2.0", "2e0", "0.2E1", "3", "\"2\"", "null", "true", "[2]",
            ]),
        ),
        15 => set(
            members,
            "sid",
            dice.one(&[
                "",
                "null",
                "5",
                "\"\"",
                "true",
                "[]",
                "\"sess_\\u00e9\"",
                "\"\\ud800\"",
            ]),
        ),
        16 => repeat(dice, members),
        17 => members.push(custom(dice)),
        18 => {
            let depth = dice.one(&[31_usize, 100, 126, 127, 200]);
            members.push(member("deep", &nested(depth)));
        }
        19 => set(
            members,
            "act",
            dice.one(&["", "null", r#"{"sub":"user_admin"}"#, r#"{"sub":5}"#]),
        ),
        20 => {
            // An escape means the letter.
            if let Some((name, _)) = members.iter_mut().find(|(name, _)| name.contains('s')) {
                *name = name.replacen('s', "\\u0073", 1);
            }
        }
        21 => {
            let length = dice.one(&[3_000_usize, 9_000, 11_000, 13_000]);
            members.push(member("large", &format!("\"{}\"", "x".repeat(length))));
        }
        _ => organization::change(dice, members),
    }
}

/// A time of another type, another size or another way to write it.
fn time(dice: &mut Dice, members: &Members, name: &str) -> String {
    let known = members.iter().find(|(known, _)| known == name);
    let usual = known.map_or("1800000000", |(_, value)| value);
    match dice.between(0, 9) {
        0 => String::new(),
        1 => dice
            .one(&["null", "true", "[]", "{}", "\"\"", "\"soon\"", "[1]"])
            .to_owned(),
        2 => format!("\"{usual}\""),
        3 => format!(
            "{usual}{}",
            dice.one(&[".0", ".001", ".5", ".999", "e0", "E+0", ".5e0"])
        ),
        4 => format!(
            "{usual}{}",
            dice.one(&["0", "000", "00000000", "e9", "e99", "e999"])
        ),
        _ => dice.one(&TIMES).to_owned(),
    }
}

fn issuers(options: &Options) -> Vec<String> {
    let host = &options.app.host;
    [
        "".to_owned(),
        "\"https://clerk.else.example\"".to_owned(),
        format!("\"https://{host}/\""),
        format!("\"http://{host}\""),
        format!("\"{host}\""),
        format!("\"HTTPS://{host}\""),
        format!("\"https://https://{host}\""),
        format!("\"{host}https://\""),
        format!("\"https://{}\"", host.to_uppercase()),
        format!("\"https:\\/\\/{host}\""),
        format!("[\"https://{host}\"]"),
        "\"\"".to_owned(),
        "null".to_owned(),
        "0".to_owned(),
        "7".to_owned(),
        "{}".to_owned(),
        "\"\\ud800\"".to_owned(),
    ]
    .into()
}

fn repeat(dice: &mut Dice, members: &mut Members) {
    if members.is_empty() {
        return;
    }
    let (name, value) = dice.one(members);
    let name = match dice.percent(30) {
        true => name.replacen('s', "\\u0073", 1),
        false => name,
    };
    let value = match dice.between(0, 2) {
        0 => value,
        1 => "null".to_owned(),
        _ => "\"https://evil.example\"".to_owned(),
    };
    let place = dice.below(members.len() + 1);
    members.insert(place, (name, value));
}

fn custom(dice: &mut Dice) -> (String, String) {
    let (name, value) = dice.one(&[
        ("custom", "{\"a\":1,\"a\":2}"),
        ("custom", "1e999"),
        ("custom", "\"\\ud800\""),
        ("\\ud800", "1"),
        ("__proto__", "{\"sub\":\"user_other\"}"),
        ("constructor", "null"),
        ("toString", "5"),
        ("é", "\"ü\""),
    ]);
    member(name, value)
}

const SUBJECTS: [&str; 11] = [
    "",
    "\"\"",
    "null",
    "5",
    "{}",
    "[\"user_1\"]",
    "true",
    "\"mch_1\"",
    "\"user_\\u00e9\"",
    "\"user_\\ud800\"",
    "\" \"",
];
const AUDIENCE_CLAIMS: [&str; 19] = [
    "",
    "\"api\"",
    "\"API\"",
    "\"other\"",
    "\"\"",
    "null",
    "0",
    "5",
    "true",
    "false",
    "{}",
    "[]",
    "[\"api\"]",
    "[\"other\",\"api\"]",
    "[\"other\"]",
    "[\"api\",5]",
    "[\"\",\"api\"]",
    "[[\"api\"]]",
    "[null]",
];
const PARTY_CLAIMS: [&str; 11] = [
    "",
    "\"https://app.example.com\"",
    "\"https://app.example.com/\"",
    "\"https://APP.example.com\"",
    "\"https://evil.example\"",
    "\"\"",
    "null",
    "0",
    "[\"https://app.example.com\"]",
    "\"https:\\/\\/app.example.com\"",
    "{}",
];
const STATUSES: [&str; 9] = [
    "",
    "\"active\"",
    "\"PENDING\"",
    "\" pending\"",
    "\"p\\u0065nding\"",
    "null",
    "5",
    "[\"pending\"]",
    "\"revoked\"",
];
const TIMES: [&str; 26] = [
    "0",
    "-0",
    "-1",
    "-0.5",
    "0.5",
    "1e3",
    "1.8e9",
    "1000000000000",
    "8640000000000",
    "8640000000001",
    "8640000000000.5",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "9007199254740994",
    "1e16",
    "18446744073709551616",
    "1e20",
    "1e300",
    "1e999",
    "-1e999",
    "-8640000000001",
    "-1e20",
    "4294967296",
    "2147483648",
    "1e-5",
];

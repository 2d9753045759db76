//! The `Cookie` header: session cookies by both their names, what goes with them, and what gets in their way.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{dice::Dice, fields::Fields};

/// The tokens that a browser holds, and when they were issued.
pub(crate) struct Jar<'a> {
    pub(crate) plain: Option<(&'a str, i64)>,
    pub(crate) suffixed: Option<(&'a str, i64)>,
    pub(crate) publishable_key: &'a str,
    pub(crate) is_production: bool,
}

/// A name that stands without a value.
const ALONE: &str = "alone";

/// What the publishable key gives to the names of its cookies: by Clerk's documentation the first eight characters of
/// its SHA-1 in base64url.
pub(crate) fn suffix(publishable_key: &str) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, publishable_key.as_bytes());
    let text = URL_SAFE_NO_PAD.encode(hash);
    text.chars().take(8).collect()
}

pub(crate) fn cookies(dice: &mut Dice, jar: &Jar<'_>) -> Fields {
    let suffix = suffix(jar.publishable_key);
    let mut pairs = Vec::new();
    for (token, name) in [
        (jar.plain, String::new()),
        (jar.suffixed, format!("_{suffix}")),
    ] {
        let issued_at = token.map(|(_, issued_at)| issued_at);
        if let Some((token, _)) = token {
            pairs.push((format!("__session{name}"), token.to_owned()));
        }
        if let Some(time) = client_uat(dice, issued_at, !name.is_empty()) {
            pairs.push((format!("__client_uat{name}"), time));
        }
        let is_wanted = if jar.is_production { 10 } else { 95 };
        if dice.percent(is_wanted) {
            pairs.push((format!("__clerk_db_jwt{name}"), "dvb_1".to_owned()));
        }
    }
    if dice.percent(35) {
        let count = 1 + dice.below(2);
        for _ in 0..count {
            disturb(dice, &mut pairs, &suffix);
        }
    }
    if dice.percent(25) {
        let place = dice.below(pairs.len() + 1);
        let other = dice.one(&[
            ("theme", "dark"),
            ("_ga", "GA1.2.3"),
            ("__session_AAAAAAAA", "a.b.c"),
            ("x", ""),
        ]);
        pairs.insert(place, (other.0.to_owned(), other.1.to_owned()));
    }
    write(dice, &pairs)
}

/// The time of the sign-in: mostly one that goes with the token.
fn client_uat(dice: &mut Dice, issued_at: Option<i64>, is_suffixed: bool) -> Option<String> {
    let Some(issued_at) = issued_at else {
        let chance = if is_suffixed { 15 } else { 40 };
        let any = dice.percent(chance);
        return any.then(|| dice.one(&["0", "0", "1700000000", ""]).to_owned());
    };
    if dice.percent(86) {
        return Some((issued_at - dice.one(&[0, 1, 60, 86_400])).to_string());
    }
    Some(match dice.between(0, 6) {
        0 | 1 => "0".to_owned(),
        2 => (issued_at + dice.one(&[1, 30])).to_string(),
        3 => dice
            .one(&["abc", "-5", "1.5", "  12", "%30", "0x10", "1e9", "00"])
            .to_owned(),
        4 => format!("\"{issued_at}\""),
        5 => dice
            .one(&["\u{e9}", "1\u{e9}", "\u{1}", "0\u{7f}"])
            .to_owned(),
        _ => return None,
    })
}

fn disturb(dice: &mut Dice, pairs: &mut Vec<(String, String)>, suffix: &str) {
    if pairs.is_empty() {
        return;
    }
    let place = dice.below(pairs.len());
    let repeated = dice.one(pairs);
    let Some((name, value)) = pairs.get_mut(place) else {
        return;
    };
    match dice.between(0, 12) {
        0 | 1 => *value = format!("\"{value}\""),
        2 => *value = value.replace('.', "%2E").replacen('a', "%61", 2),
        3 => value.push_str(dice.one(&["%", "%zz", "%ff", "%00", "%3B", "%20"])),
        4 => value.push_str(dice.one(&["\u{e9}", "\u{7f}", "\u{1}", "\u{c}", "\u{a0}"])),
        5 => {
            *value = format!(
                "{}{value}{}",
                dice.one(&["", " ", "\t"]),
                dice.one(&["", "  "])
            )
        }
        6 => *name = format!("{} ", name),
        7 => *name = name.to_ascii_uppercase(),
        8 => value.clear(),
        9 => {
            // The first of two counts.
            let other = dice.one(&["a.b.c", "", "0", "x"]).to_owned();
            let other = if dice.percent(50) {
                (repeated.0, other)
            } else {
                repeated
            };
            let place = dice.below(pairs.len() + 1);
            pairs.insert(place, other);
        }
        10 => pairs.push((format!("x%3B__session_{suffix}"), "a.b.c".to_owned())),
        11 => {
            let token = repeated.1;
            pairs.insert(0, ("sid".to_owned(), format!("x%3B__session={token}")));
        }
        _ => {
            let at = pairs.len().min(place);
            pairs.insert(at, (ALONE.to_owned(), String::new()));
        }
    }
}

fn write(dice: &mut Dice, pairs: &[(String, String)]) -> Fields {
    let equals = dice.weighed(&[(96, "="), (2, " = "), (2, "= ")]);
    let separator = dice.weighed(&[(90, "; "), (4, ";"), (3, " ; "), (3, ";;")]);
    let name = dice.one(&["cookie", "Cookie"]);
    let text = |pairs: &[(String, String)]| {
        let written = pairs.iter().map(|(name, value)| match name.as_str() {
            ALONE => name.clone(),
            name => format!("{name}{equals}{value}"),
        });
        written.collect::<Vec<_>>().join(separator)
    };
    if dice.percent(8) {
        let place = dice.below(pairs.len() + 1);
        if let Some((first, second)) = pairs.split_at_checked(place) {
            return vec![(name, text(first)), (name, text(second))];
        }
    }
    vec![(name, text(pairs))]
}

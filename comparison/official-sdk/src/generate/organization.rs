//! What a token says of the organization, of features, plans and of how fresh the sign-in is.

use super::{
    dice::Dice,
    header::{Members, member, set},
};

const FEATURES: [&str; 7] = ["invoices", "reports", "beta", "teams", "org", "o", "sys"];
const SCOPES: [(u32, &str); 6] = [
    (8, "o"),
    (4, "u"),
    (2, "ou"),
    (2, "uo"),
    (1, "x"),
    (1, "org"),
];
const PERMISSIONS: [&str; 5] = ["create", "read", "delete", "manage", "a:b"];
const PLANS: [&str; 4] = ["team", "pro", "free_user", "org"];

pub(crate) fn add(dice: &mut Dice, members: &mut Members) {
    let is_second = dice.percent(75);
    if is_second {
        members.push(member("v", "2"));
    }
    if dice.percent(60) {
        let features = list(dice, &FEATURES);
        members.push(member("fea", &quoted(&features)));
        match is_second {
            true if dice.percent(80) => {
                let object = second(dice, &features);
                members.push(member("o", &object));
            }
            true => {}
            false => first(dice, members),
        }
    }
    if dice.percent(50) {
        let plans = list(dice, &PLANS);
        members.push(member("pla", &quoted(&plans)));
    }
    if dice.percent(60) {
        let ages = [-1, 0, 3, 9, 10, 11, 59, 60, 1439, 1440, 5000];
        let (one, two) = (dice.one(&ages), dice.one(&ages));
        members.push(member("fva", &format!("[{one},{two}]")));
    }
}

/// Features of which some are the user's, and masks that may stand for all or for the organization's alone.
pub(crate) fn places(dice: &mut Dice, members: &mut Members) {
    let names: Vec<&str> = FEATURES.iter().copied().take(3).collect();
    let features: Vec<String> = names
        .iter()
        .map(|name| format!("{}:{name}", dice.weighed(&SCOPES)))
        .collect();
    set(members, "v", "2");
    set(members, "fea", &quoted(&features.join(",")));
    let masks: Vec<String> = (0..=dice.below(4))
        .map(|_| dice.between(0, 7).to_string())
        .collect();
    let object = format!(
        r#"{{"id":"org_2","rol":"member","per":"create,read,delete","fpm":"{}"}}"#,
        masks.join(",")
    );
    set(members, "o", &object);
}

/// Changes one thing.
pub(crate) fn change(dice: &mut Dice, members: &mut Members) {
    match dice.between(0, 8) {
        0 => set(members, "fva", dice.one(&AGES)),
        1 | 2 => {
            let name = dice.one(&["fea", "fea", "pla"]);
            set(members, name, dice.one(&LISTS));
        }
        3 => set(members, "o", dice.one(&OBJECTS)),
        4 => {
            let name = dice.one(&["org_id", "org_role", "org_slug", "org_permissions"]);
            set(members, name, dice.one(&FIRST_VERSION));
        }
        5 => {
            let (fea, o) = dice.one(&ODD);
            set(members, "v", "2");
            set(members, "fea", fea);
            set(members, "o", o);
        }
        6 => {
            // Names that are empty.
            set(members, "pla", "\"u:,o:team\"");
            set(members, "fea", "\"o:,u:beta\"");
            if dice.percent(60) {
                set(members, "v", "");
                set(members, "org_id", "\"org_1\"");
                set(members, "org_role", dice.one(&["\"org:\"", "\"\""]));
                set(members, "org_slug", dice.one(&["\"\"", "\"acme\""]));
                set(members, "org_permissions", "[\"org:\"]");
            }
        }
        7 => {
            // Claims of one version in a token of the other.
            let is_second = members.iter().any(|(name, _)| name == "v");
            set(members, "v", if is_second { "" } else { "2" });
        }
        _ => places(dice, members),
    }
}

fn second(dice: &mut Dice, features: &str) -> String {
    let names = dice.some(&PERMISSIONS, 4);
    let count = match dice.percent(50) {
        true => features.split(',').count(),
        false => features
            .split(',')
            .filter(|entry| !entry.starts_with("u:"))
            .count(),
    };
    let masks: Vec<String> = (0..count)
        .map(|_| match dice.percent(95) {
            true => dice.between(0, 31).to_string(),
            false => dice
                .one(&["9007199254740993", "-1", "1.5", "0x1", "", "007"])
                .to_owned(),
        })
        .collect();
    let mut parts = vec![r#""id":"org_1""#.to_owned()];
    if dice.percent(90) {
        parts.push(format!(
            "\"rol\":\"{}\"",
            dice.one(&["admin", "member", "org:admin"])
        ));
    }
    if dice.percent(80) {
        parts.push(r#""slg":"acme""#.to_owned());
    }
    if !names.is_empty() {
        parts.push(format!("\"per\":\"{}\"", names.join(",")));
        parts.push(format!("\"fpm\":\"{}\"", masks.join(",")));
    }
    format!("{{{}}}", parts.join(","))
}

fn first(dice: &mut Dice, members: &mut Members) {
    let role = dice.one(&["org:admin", "org:member", "admin"]);
    let granted = [
        "\"org:invoices:create\"",
        "\"org:invoices:read\"",
        "\"org:reports:manage\"",
        "\"invoices:read\"",
        "\"org:org:invoices:read\"",
    ];
    let granted = dice.some(&granted, 3).join(",");
    members.push(member("org_id", r#""org_1""#));
    members.push(member("org_role", &format!("\"{role}\"")));
    members.push(member("org_slug", r#""acme""#));
    members.push(member("org_permissions", &format!("[{granted}]")));
}

fn list(dice: &mut Dice, names: &[&str]) -> String {
    let count = 1 + dice.below(4);
    let entries: Vec<String> = (0..count)
        .map(|_| format!("{}:{}", dice.weighed(&SCOPES), dice.one(names)))
        .collect();
    entries.join(if dice.percent(10) { " , " } else { "," })
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

const AGES: [&str; 18] = [
    "",
    "null",
    "[]",
    "[1]",
    "[1,2,3]",
    "[-1,-1]",
    "[-2,0]",
    "[9.5,-1]",
    "[10.5,9.5]",
    "[1e999,1]",
    "[\"1\",2]",
    "[null,1]",
    "5",
    "{\"0\":1,\"1\":2,\"length\":2}",
    "\"1,2\"",
    "[-0,0]",
    "[-0.5,1]",
    "[1e30,1]",
];
const LISTS: [&str; 18] = [
    "",
    "null",
    "\"\"",
    "5",
    "[\"o:invoices\"]",
    "{}",
    "\"invoices\"",
    "\"o:invoices,beta\"",
    "\"o:invoices,\"",
    "\"o:\"",
    "\"u:,o:invoices\"",
    "\":invoices\"",
    "\"o:invoices:extra\"",
    "\" o:invoices ,\\tu:beta\"",
    "\"\\u00a0o:invoices\"",
    "\"o:invoices\\u000b\"",
    "\"O:invoices\"",
    "true",
];
const OBJECTS: [&str; 18] = [
    "",
    "null",
    "{}",
    "[]",
    "\"org_1\"",
    "5",
    "false",
    r#"{"id":"org_1"}"#,
    r#"{"id":""}"#,
    r#"{"id":5,"rol":"admin"}"#,
    r#"{"id":"org_1","rol":""}"#,
    r#"{"id":"org_1","rol":5}"#,
    r#"{"id":"org_1","slg":7,"rol":"admin"}"#,
    r#"{"rol":"admin","slg":"acme"}"#,
    r#"{"id":"org_1","id":"org_2","rol":"admin"}"#,
    r#"{"id":"org_1","per":5,"fpm":"1"}"#,
    r#"{"id":"org_1","per":"read","fpm":1}"#,
    r#"{"id":"org_1","rol":"admin","per":"","fpm":"1"}"#,
];
const FIRST_VERSION: [&str; 11] = [
    "",
    "null",
    "\"\"",
    "5",
    "[]",
    "\"org:\"",
    "[\"org:invoices:create\",5]",
    "[\"org:\"]",
    "\"org:invoices:create\"",
    "{}",
    "\"org:org:admin\"",
];
/// `fea` and `o`.
const ODD: [(&str, &str); 11] = [
    (
        r#""o:invoices""#,
        r#"{"id":"org_1","rol":"admin","id":"org_2","per":"create","fpm":"1"}"#,
    ),
    (
        r#""o:invoices""#,
        r#"{"id":"org_1","rol":"admin","per":"create","per":"read","fpm":"1"}"#,
    ),
    (
        r#""o:invoices,u:beta,o:reports""#,
        r#"{"id":"org_1","rol":"admin","per":"create,read","fpm":"3,1"}"#,
    ),
    (
        r#""o:invoices,u:beta,o:reports""#,
        r#"{"id":"org_1","rol":"admin","per":"create,read","fpm":"3,1,2"}"#,
    ),
    (
        r#""u:beta,o:invoices""#,
        r#"{"id":"org_1","rol":"admin","per":"create,read","fpm":"0,1"}"#,
    ),
    (
        r#""o:invoices,u:beta,o:reports""#,
        r#"{"id":"org_1","rol":"admin","per":"create,read","fpm":"3,1,2,1"}"#,
    ),
    (
        r#""o:,o:invoices""#,
        r#"{"id":"org_1","rol":"admin","per":"create,read","fpm":"1,1"}"#,
    ),
    (
        r#""o:invoices""#,
        r#"{"id":"org_1","rol":"admin","per":",read","fpm":"3"}"#,
    ),
    (
        r#""o:invoices\u00a0,o:reports""#,
        r#"{"id":"org_1","rol":"admin","per":"create,read","fpm":"3,1"}"#,
    ),
    (
        r#""o:invoices""#,
        r#"{"id":"org_1","rol":"admin","per":"create,\u00a0read","fpm":"3\u00a0"}"#,
    ),
    (
        r#""o:invoices,o:invoices""#,
        r#"{"id":"org_1","rol":"admin","per":"create,read","fpm":"1,2"}"#,
    ),
];

//! Tokens that are good, or nearly: a good one with up to two changes, each of which some configuration refuses.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

use crate::mint::{ISSUER, Member, NOW, OWN, STRANGER, object};

/// A token before it is signed.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) header: Vec<Member>,
    pub(crate) claims: Vec<Member>,
    /// Signed by a key that nobody trusts.
    pub(crate) is_forged: bool,
}

impl Draft {
    pub(crate) fn sign(&self) -> String {
        self.sign_with("")
    }

    /// With `space` where JSON lets white space stand.
    pub(crate) fn sign_with(&self, space: &str) -> String {
        let alg = self.header.iter().find(|(name, _)| name == "alg");
        let alg = alg.map_or("", |(_, value)| value.trim_matches('"'));
        let key = if self.is_forged { &STRANGER } else { &OWN };
        let (header, claims) = (object(&self.header, space), object(&self.claims, space));
        key.sign(alg, &header, &claims)
    }

    pub(crate) fn set(&mut self, change: &Change) {
        let members = match change.part {
            Part::Header => &mut self.header,
            Part::Claims => &mut self.claims,
        };
        members.retain(|(name, _)| *name != change.name);
        if let Some(json) = &change.json {
            members.push((change.name.to_owned(), json.clone()));
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    Header,
    Claims,
}

/// A member with another value, or without any.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) part: Part,
    pub(crate) name: &'static str,
    pub(crate) json: Option<String>,
}

pub(crate) fn draft() -> impl Strategy<Value = Draft> {
    let changes = prop_oneof![
        5 => Just(Vec::new()),
        4 => vec(change(), 1),
        1 => vec(change(), 2),
    ];
    (good(), changes, prop::bool::weighted(0.06)).prop_map(|(mut draft, changes, is_forged)| {
        for change in &changes {
            draft.set(change);
        }
        Draft { is_forged, ..draft }
    })
}

/// Good by every configuration that asks for nothing.
pub(crate) fn good() -> impl Strategy<Value = Draft> {
    let parts = (
        select(&["user_1", "user_2", "\u{fc}ser \"3\""][..]),
        select(&["https://app.example.com", "http://localhost:3000"][..]),
        organization(),
        entitlements(),
        vec(custom(), 0..3),
    );
    parts.prop_map(|(user, azp, organization, entitlements, custom)| {
        let header = [
            ("alg", json!("RS256")),
            ("cat", json!("cl_B7d4PD111AAA")),
            ("kid", json!(ISSUER.key_id())),
            ("typ", json!("JWT")),
        ];
        let claims = [
            ("sub", json!(user)),
            ("sid", json!("sess_1")),
            ("iss", json!(ISSUER.issuer())),
            ("azp", json!(azp)),
            ("iat", json!(NOW - 3)),
            ("nbf", json!(NOW - 13)),
            ("exp", json!(NOW + 57)),
            ("sts", json!("active")),
            ("jti", json!("abcdef0123456789")),
        ];
        let others = [organization, entitlements, custom].concat();
        let members = |members: Vec<(&str, Value)>| {
            let written = |(name, value): (&str, Value)| (name.to_owned(), value.to_string());
            members.into_iter().map(written).collect::<Vec<Member>>()
        };
        let mut claims = members([claims.as_slice(), &others].concat());
        // A custom claim may be drawn twice.
        let mut known = std::collections::HashSet::new();
        claims.retain(|(name, _)| known.insert(name.clone()));
        Draft {
            header: members(header.to_vec()),
            claims,
            is_forged: false,
        }
    })
}

type Claims = Vec<(&'static str, Value)>;

fn organization() -> impl Strategy<Value = Claims> {
    let o =
        json!({ "id": "org_1", "slg": "acme", "rol": "admin", "per": "read,manage", "fpm": "3,1" });
    select(vec![
        vec![("v", json!(2))],
        vec![("v", json!(2)), ("o", o)],
        vec![("v", json!(2)), ("o", json!({ "id": "org_2" }))],
        vec![
            ("org_id", json!("org_3")),
            ("org_role", json!("org:member")),
            ("org_slug", json!("three")),
            ("org_permissions", json!(["org:a:b", "org:c:d"])),
        ],
        vec![],
    ])
}

fn entitlements() -> impl Strategy<Value = Claims> {
    select(vec![
        vec![
            ("fea", json!("o:invoices,u:beta")),
            ("pla", json!("o:team,u:free")),
            ("fva", json!([5, -1])),
        ],
        vec![
            ("fva", json!([0, 12])),
            ("act", json!({ "sub": "user_admin", "iss": "x" })),
        ],
        vec![("fea", json!("ou:invoices,o:seats"))],
        vec![],
    ])
}

fn custom() -> impl Strategy<Value = (&'static str, Value)> {
    let names = ["email", "metadata", "plan", "Sub", "org"];
    let values = vec![
        json!("a@b.example"),
        json!({ "a": [1, null, { "b": "\u{1f600}\n" }] }),
        json!(1.5),
        json!(null),
    ];
    (select(names.to_vec()), select(values))
}

/// One member of the header, or one claim, made another one: the edges of every check.
pub(crate) fn change() -> impl Strategy<Value = Change> {
    let header = header_values().into_iter().map(|(name, values)| {
        let values = select(values);
        values.prop_map(move |json| changed(Part::Header, name, json))
    });
    let claims = claim_values().into_iter().map(|(name, values)| {
        let values = select(values);
        values.prop_map(move |json| changed(Part::Claims, name, json))
    });
    let all: Vec<_> = header
        .map(Strategy::boxed)
        .chain(claims.map(Strategy::boxed))
        .collect();
    proptest::strategy::Union::new(all)
}

fn changed(part: Part, name: &'static str, json: Option<&str>) -> Change {
    let json = json.map(str::to_owned);
    Change { part, name, json }
}

/// Line breaks, an escape sequence of terminals, and a change of the direction of reading.
const NASTY: &str = r#""a\n\u001b[31mred\r\u0000\u202e`b""#;

type Values = Vec<Option<&'static str>>;

fn header_values() -> Vec<(&'static str, Values)> {
    let some = |values: &[&'static str]| -> Values {
        let values = values.iter().copied().map(Some);
        values.chain([None, Some("null"), Some(NASTY)]).collect()
    };
    vec![
        (
            "alg",
            some(&["\"RS384\"", "\"RS512\"", "\"none\"", "\"HS256\"", "7"]),
        ),
        ("kid", some(&["\"ins_other\"", "\"\"", "5"])),
        ("typ", some(&["\"jwt\"", "\"at+jwt\"", "\"JWT\""])),
        (
            "cat",
            some(&["\"cl_I7d4PD111III\"", "\"cl_B7d4PD222AAA\"", "\"x\""]),
        ),
        ("crit", vec![Some("[\"exp\"]"), Some("null")]),
        ("b64", vec![Some("true"), Some("false")]),
    ]
}

fn claim_values() -> Vec<(&'static str, Values)> {
    let some = |values: &[&'static str]| -> Values {
        let values = values.iter().copied().map(Some);
        values.chain([None, Some("null"), Some(NASTY)]).collect()
    };
    let later = ["1790000005", "1790000006", "1790000005.9", "\"1\"", "1e400"];
    vec![
        ("sub", some(&["\"\"", "7", "\"mch_1\"", "\"user_9\""])),
        (
            "iss",
            some(&["\"https://clerk.example.test/\"", "\"https://b.example\""]),
        ),
        (
            "aud",
            some(&["\"api\"", "[\"x\",\"api\"]", "[]", "\"x\"", "[1]"]),
        ),
        (
            "azp",
            some(&["\"\"", "\"https://evil.example\"", "[\"x\"]"]),
        ),
        (
            "exp",
            some(&[
                "1789999995",
                "1789999996",
                "1789999995.9",
                "0",
                "-1",
                "9007199254740992",
                "9007199254740993",
                "1e400",
                "1.79e9",
            ]),
        ),
        ("nbf", some(&later)),
        ("iat", some(&later)),
        ("sts", some(&["\"pending\"", "\"pending\"", "\"odd\""])),
        ("sid", some(&["5"])),
        ("v", some(&["1", "2", "\"2\""])),
    ]
}

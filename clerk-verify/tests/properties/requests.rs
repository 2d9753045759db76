//! Requests: tokens, good and nearly good, in all the places where one may be, and beside them what is no token.

use clerk_verify::{Clock, Verifier};
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::{
    draft::{Draft, draft, good},
    mint::{ISSUER, NOW},
    rules::Rules,
};

/// A field of the header.
pub(crate) type Field = (String, Vec<u8>);

/// A request before its cookies are put into fields.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) authorization: Vec<String>,
    /// Names and values as they are sent.
    pub(crate) cookies: Vec<(String, String)>,
}

impl Request {
    /// All fields, each cookie in one of its own.
    pub(crate) fn fields(&self) -> Vec<Field> {
        let authorization = self.authorization.iter();
        let authorization = authorization.map(|value| field("Authorization", value));
        let cookies = self.cookies.iter();
        let cookies = cookies.map(|(name, value)| field("Cookie", &format!("{name}={value}")));
        authorization.chain(cookies).collect()
    }
}

pub(crate) fn field(name: &str, value: &str) -> Field {
    (name.to_owned(), value.as_bytes().to_vec())
}

/// A verifier that knows the cookies by a publishable key, or `__session` alone.
pub(crate) fn verifier(rules: &Rules, has_publishable_key: bool, clock: impl Clock) -> Verifier {
    let builder = rules.builder().clock(clock);
    match has_publishable_key {
        true => builder.publishable_key(ISSUER.publishable_key()),
        false => builder,
    }
    .build()
    .unwrap()
}

pub(crate) fn request() -> impl Strategy<Value = Request> {
    let drafts = (prop_oneof![good(), draft()], draft());
    let authorization = prop_oneof![
        5 => Just(Vec::new()),
        4 => vec(authorization(), 1),
        1 => vec(authorization(), 2),
    ];
    (drafts, authorization, vec(cookie(), 0..7)).prop_map(
        |((first, second), authorization, cookies)| {
            let tokens = [first, second].map(|draft: Draft| draft.sign());
            let fill = |text: &String| text.replace("{A}", &tokens[0]).replace("{B}", &tokens[1]);
            Request {
                authorization: authorization.iter().map(fill).collect(),
                cookies: cookies
                    .iter()
                    .map(|(name, value)| (name.clone(), fill(value)))
                    .collect(),
            }
        },
    )
}

/// `{A}` and `{B}` stand for the two tokens.
fn authorization() -> impl Strategy<Value = String> {
    let values = [
        "Bearer {A}",
        "Bearer {A}",
        "Bearer {B}",
        "{A}",
        "Bearer",
        "Bearer {A} {B}",
        "Basic dXNlcjpwYXNz",
        "",
    ];
    select(values.to_vec()).prop_map(str::to_owned)
}

fn cookie() -> impl Strategy<Value = (String, String)> {
    let suffix = ISSUER
        .session_cookie()
        .trim_start_matches("__session_")
        .to_owned();
    let session = select(&["{A}", "{A}", "{A}", "{B}", "\"{A}\"", "{A}%20", "x", ""][..]);
    let seen = select(vec!["0".to_owned(), (NOW - 100).to_string(), String::new()]);
    let own = move |name: &str| [name.to_owned(), format!("{name}_{suffix}")];
    prop_oneof![
        3 => (select(own("__session").to_vec()), session.prop_map(str::to_owned)),
        2 => (select(own("__client_uat").to_vec()), seen),
        1 => unrelated_cookie(),
    ]
}

/// A cookie of another name, also of nearly the same, with any value that a field can hold.
pub(crate) fn unrelated_cookie() -> impl Strategy<Value = (String, String)> {
    let names = [
        "theme",
        "__Session",
        "__SESSION",
        "__session2",
        "__session_",
        "__session_otherApp",
        "__client_uat_otherApp",
        "x__session",
        "__sessio",
        "__session%",
        "$Version",
        "",
    ];
    let values = prop_oneof![
        2 => Just("{A}".to_owned()),
        1 => Just("{B}".to_owned()),
        1 => Just("%3B__session={B}".to_owned()),
        3 => "[!-:<-~]{0,20}",
    ];
    (select(names.to_vec()), values).prop_map(|(name, value)| (name.to_owned(), value))
}

/// A field that has nothing to do with tokens, though its name or value may look so.
pub(crate) fn unrelated_field() -> impl Strategy<Value = Field> {
    let names = [
        "accept",
        "x-authorization",
        "authorization-x",
        "proxy-authorization",
        "cookie2",
        "set-cookie",
        "x-cookie",
        "host",
        "",
    ];
    let value = prop_oneof![
        Just(b"Bearer a.b.c".to_vec()),
        Just(b"__session=a.b.c".to_vec()),
        vec(any::<u8>(), 0..20),
    ];
    (select(names.to_vec()), value).prop_map(|(name, value)| (name.to_owned(), value))
}

/// Whether there is a publishable key, and the rules that fit one: no other issuer.
pub(crate) fn set_up() -> impl Strategy<Value = (bool, Rules)> {
    (any::<bool>(), option::of(crate::rules::rules()))
        .prop_map(|(has_key, rules)| (has_key, rules.unwrap_or_default()))
}

//! Requests with tokens of several apps, in the header and in cookies of all their names.

use proptest::{collection::vec, option::weighted, prelude::*, sample::select};

use super::{
    apps::{App, SetUp},
    model::{Choice, Held, Pair, choose},
    tokens::{Token, token},
};
use crate::{
    mint::NOW,
    requests::{Field, field},
};

#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) bearer: Option<Held>,
    /// In the order in which they are sent.
    pub(super) cookies: Vec<Cookie>,
}

#[derive(Clone, Debug)]
pub(super) struct Cookie {
    /// With its underscore; empty for the plain ones.
    pub(super) suffix: String,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Of `__session`.
    Session(Held),
    EmptySession,
    /// Of `__client_uat`.
    Uat(&'static str),
}

fn text(held: &Held) -> String {
    match held {
        Held::Token(token) => token.sign(),
        Held::Junk(text) => (*text).to_owned(),
    }
}

impl Request {
    pub(super) fn fields(&self) -> Vec<Field> {
        let bearer = self.bearer.iter();
        let bearer = bearer.map(|held| field("authorization", &format!("Bearer {}", text(held))));
        let cookies = self.cookies.iter().map(|Cookie { suffix, value }| {
            let pair = match value {
                Value::Session(held) => format!("__session{suffix}={}", text(held)),
                Value::EmptySession => format!("__session{suffix}="),
                Value::Uat(time) => format!("__client_uat{suffix}={time}"),
            };
            field("cookie", &pair)
        });
        bearer.chain(cookies).collect()
    }

    pub(super) fn tokens_mut(&mut self) -> impl Iterator<Item = &mut Token> {
        let sessions = self
            .cookies
            .iter_mut()
            .filter_map(|cookie| match &mut cookie.value {
                Value::Session(held) => Some(held),
                _ => None,
            });
        let all = self.bearer.iter_mut().chain(sessions);
        all.filter_map(|held| match held {
            Held::Token(token) => Some(token),
            Held::Junk(_) => None,
        })
    }

    /// The first of a name counts.
    pub(super) fn pair(&self, suffix: &str) -> Pair<'_> {
        let mut named = self.cookies.iter().filter(|cookie| cookie.suffix == suffix);
        let mut others = named.clone();
        let session = named.find(|cookie| !matches!(cookie.value, Value::Uat(_)));
        let uat = others.find(|cookie| matches!(cookie.value, Value::Uat(_)));
        Pair {
            session: session.and_then(|cookie| match &cookie.value {
                Value::Session(held) => Some(held),
                _ => None,
            }),
            uat: uat.and_then(|cookie| match cookie.value {
                Value::Uat(time) => Some(time).filter(|time| !time.is_empty()),
                _ => None,
            }),
        }
    }

    /// What is read: the header's token, and only without one a cookie's.
    pub(super) fn read(&self, set_up: &SetUp) -> Choice<'_> {
        match &self.bearer {
            Some(_) => Choice {
                held: self.bearer.as_ref(),
                rule: "header",
                place: None,
            },
            None => choose(set_up, |suffix| self.pair(suffix)),
        }
    }
}

/// Cookies of all names in any order, and sometimes a header.
pub(super) fn request(set_up: &SetUp) -> impl Strategy<Value = Request> + use<> {
    let bearer = prop_oneof![20 => Just(None), 1 => held(set_up).prop_map(Some)];
    let cookies = prop_oneof![
        14 => any_cookies(set_up),
        1 => left_behind(set_up).unwrap_or_else(|| any_cookies(set_up)),
    ];
    (bearer, cookies.prop_shuffle()).prop_map(|(bearer, cookies)| Request { bearer, cookies })
}

/// The cookies of each app and the plain ones, or some of them, and a few more.
fn any_cookies(set_up: &SetUp) -> BoxedStrategy<Vec<Cookie>> {
    let suffixes = set_up.apps.iter().filter_map(App::suffix);
    let mut suffixes: Vec<String> = suffixes.map(|suffix| format!("_{suffix}")).collect();
    suffixes.push(String::new());
    let session = held(set_up).prop_map(Value::Session);
    let uat = || select(vec!["0", "0", "1789999000", "1789999000", ""]).prop_map(Value::Uat);
    let usual = suffixes.iter().map(|suffix| {
        let (suffix, values) = (
            suffix.clone(),
            (weighted(0.5, session.clone()), weighted(0.7, uat())),
        );
        values.prop_map(move |(session, uat)| {
            let values = session.into_iter().chain(uat);
            let cookies = values.map(|value| Cookie {
                suffix: suffix.clone(),
                value,
            });
            cookies.collect::<Vec<_>>()
        })
    });
    let usual: Vec<_> = usual.collect();
    suffixes.push("_otherApp".to_owned());
    let value = prop_oneof![2 => session, 1 => Just(Value::EmptySession), 2 => uat()];
    let other = (select(suffixes), value).prop_map(|(suffix, value)| Cookie { suffix, value });
    let others = prop_oneof![2 => Just(Vec::new()), 1 => vec(other, 1..3)];
    let cookies = (usual, others).prop_map(|(usual, others)| [usual.concat(), others].concat());
    cookies.boxed()
}

/// Of an app in development, a session that is over, beside a plain one of a user who has signed out: too seldom by chance.
fn left_behind(set_up: &SetUp) -> Option<BoxedStrategy<Vec<Cookie>>> {
    let apps = set_up.apps.iter();
    let apps: Vec<(String, String)> = apps
        .filter_map(|app| {
            let names = app.publishable.as_ref().filter(|names| !names.is_live)?;
            Some((
                format!("_{}", app.suffix()?),
                format!("https://{}", names.host),
            ))
        })
        .collect();
    if apps.is_empty() {
        return None;
    }
    let cookies = (
        select(apps),
        token(set_up),
        token(set_up),
        select(vec![NOW, NOW - 4]),
    );
    let cookies = cookies.prop_map(|((suffix, issuer), mut plain, mut own, exp)| {
        plain.iss = Some(issuer);
        own.exp = exp;
        let session = |token| Value::Session(Held::Token(token));
        let values = [
            (String::new(), session(plain)),
            (String::new(), Value::Uat("0")),
            (suffix.clone(), session(own)),
            (suffix, Value::Uat("1789999000")),
        ];
        let cookies = values.map(|(suffix, value)| Cookie { suffix, value });
        cookies.to_vec()
    });
    Some(cookies.boxed())
}

fn held(set_up: &SetUp) -> impl Strategy<Value = Held> + Clone + use<> {
    prop_oneof![
        12 => token(set_up).prop_map(Held::Token),
        1 => select(vec!["x", "junk.junk.junk"]).prop_map(Held::Junk),
    ]
}

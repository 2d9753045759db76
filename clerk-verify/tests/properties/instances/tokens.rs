//! Tokens that claim to be of one of several instances: what is in them, so that the model need not read them.

use proptest::{prelude::*, sample::select};
use serde_json::{Map, Value, json};

use super::apps::{NOBODYS, SetUp, key};
use crate::{
    draft::Draft,
    mint::{ISSUER, NOW, object},
    rules::PARTIES,
};

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) iss: Option<String>,
    /// The number of the key that signs it.
    pub(super) signer: usize,
    pub(super) kid: Option<&'static str>,
    pub(super) user: &'static str,
    pub(super) azp: Option<&'static str>,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
}

impl Token {
    pub(super) fn sign(&self) -> String {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.kid });
        let claims = json!({
            "sub": self.user, "iss": self.iss, "azp": self.azp, "iat": self.iat, "nbf": self.nbf, "exp": self.exp,
        });
        let [header, claims] = [header, claims].map(|members| without_nulls(members).to_string());
        key(self.signer).sign("RS256", &header, &claims)
    }
}

fn without_nulls(members: Value) -> Value {
    let Value::Object(members) = members else {
        panic!("an object");
    };
    let there = members.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(there.collect::<Map<_, _>>())
}

/// A good one of an instance, in half of the cases with one thing changed.
pub(super) fn token(set_up: &SetUp) -> impl Strategy<Value = Token> + Clone + use<> {
    let all: Vec<(usize, &'static str, String)> = set_up
        .apps
        .iter()
        .flat_map(|app| {
            let issuers = app.all_issuers().into_iter();
            issuers.map(|issuer| (app.number, app.kid, issuer))
        })
        .collect();
    let issuers: Vec<String> = all.iter().map(|(.., issuer)| issuer.clone()).collect();
    let good = (
        select(all),
        select(&["user_1", "user_2"][..]),
        select(&PARTIES[..]),
        select(&[NOW - 3, NOW - 3, NOW - 30, NOW - 31, NOW - 600][..]),
        // Over for whoever grants no seconds, which the choice between cookies does not.
        select(&[NOW + 57, NOW + 57, NOW + 1, NOW, NOW - 4][..]),
    );
    let good = good.prop_map(|((number, kid, issuer), user, azp, iat, exp)| Token {
        iss: Some(issuer),
        signer: number,
        kid: Some(kid),
        user,
        azp: Some(azp),
        iat,
        nbf: NOW - 13,
        exp,
    });
    let change = prop_oneof![4 => Just(None), 5 => change(&issuers).prop_map(Some)];
    (good, change).prop_map(|(mut token, change)| {
        match change {
            None => {}
            Some(Change::Iss(iss)) => token.iss = iss,
            Some(Change::Signer(signer)) => token.signer = signer,
            Some(Change::Kid(kid)) => token.kid = kid,
            Some(Change::Azp(azp)) => token.azp = azp,
            Some(Change::Iat(iat)) => token.iat = iat,
            Some(Change::Nbf(nbf)) => token.nbf = nbf,
            Some(Change::Exp(exp)) => token.exp = exp,
        }
        token
    })
}

#[derive(Clone, Debug)]
enum Change {
    Iss(Option<String>),
    Signer(usize),
    Kid(Option<&'static str>),
    Azp(Option<&'static str>),
    Iat(i64),
    Nbf(i64),
    Exp(i64),
}

fn change(issuers: &[String]) -> impl Strategy<Value = Change> + Clone + use<> {
    let odd = vec![
        None,
        Some(String::new()),
        Some("https://nobody.example".to_owned()),
        Some(format!("{}/", issuers[0])),
        Some(issuers[0].to_uppercase()),
        // The Frontend APIs of instances that may have named other issuers, or not be there.
        Some("https://clerk.a.test".to_owned()),
        Some("https://clerk.b.test".to_owned()),
        Some("https://clerk.c.test".to_owned()),
    ];
    let issuers: Vec<Option<String>> = issuers.iter().cloned().map(Some).collect();
    prop_oneof![
        2 => select(issuers).prop_map(Change::Iss),
        2 => select(odd).prop_map(Change::Iss),
        3 => (0..=NOBODYS).prop_map(Change::Signer),
        2 => select(vec![None, None, Some("ins_shared"), Some("ins_a"), Some("ins_b"), Some("")]).prop_map(Change::Kid),
        1 => select(vec![None, Some("https://evil.example")]).prop_map(Change::Azp),
        1 => select(vec![NOW + 5, NOW + 6]).prop_map(Change::Iat),
        1 => select(vec![NOW + 5, NOW + 6]).prop_map(Change::Nbf),
        1 => select(vec![NOW - 5, NOW - 600]).prop_map(Change::Exp),
    ]
}

/// A draft as one of this instance and issuer: what is not changed in it is theirs.
pub(super) fn aimed(
    draft: &Draft,
    kid: &str,
    iss: &str,
    signer: usize,
) -> (Option<String>, String) {
    let mut draft = draft.clone();
    let quoted = |text: &str| Value::from(text).to_string();
    let kids = draft.header.iter_mut().filter(|(name, _)| name == "kid");
    let issuers = draft.claims.iter_mut().filter(|(name, _)| name == "iss");
    let aims = [(ISSUER.key_id(), kid), (ISSUER.issuer(), iss)];
    for ((_, value), (from, to)) in kids
        .map(|kid| (kid, aims[0]))
        .chain(issuers.map(|iss| (iss, aims[1])))
    {
        if *value == quoted(from) {
            *value = quoted(to);
        }
    }
    let claimed = draft.claims.iter().find(|(name, _)| name == "iss");
    let claimed = claimed.and_then(|(_, value)| serde_json::from_str(value).ok());
    let alg = draft.header.iter().find(|(name, _)| name == "alg");
    let alg = alg.map_or("", |(_, value)| value.trim_matches('"'));
    let (header, claims) = (object(&draft.header, ""), object(&draft.claims, ""));
    (claimed, key(signer).sign(alg, &header, &claims))
}

//! Where the token of a request is.

use sha1::{Digest as _, Sha1};

use super::{
    base64url,
    cookies::{Cookies, suffixed_counts},
    token::Rules,
};

/// The app whose publishable key is configured.
#[derive(Clone, Debug)]
pub struct App {
    pub publishable_key: String,
    pub host: String,
    pub is_production: bool,
}

/// Which token counts.
#[derive(Debug, PartialEq)]
pub enum Choice {
    Token(String),
    Missing,
    Malformed,
}

/// A field's name in lower case, and its value.
pub type Field = (String, Vec<u8>);

/// The default sources: the `Authorization` header, then the session cookie. Two choices may be right, where the rules leave
/// open whether a cookie is well formed.
#[must_use]
pub fn choices(fields: &[Field], app: Option<&App>, rules: &Rules, now_ms: i64) -> [Choice; 2] {
    [true, false].map(|open_is_malformed| choose(fields, app, rules, now_ms, open_is_malformed))
}

fn choose(
    fields: &[Field],
    app: Option<&App>,
    rules: &Rules,
    now_ms: i64,
    open_is_malformed: bool,
) -> Choice {
    let values = |name: &str| -> Vec<&[u8]> {
        let named = fields.iter().filter(|(known, _)| known == name);
        named.map(|(_, value)| value.as_slice()).collect()
    };
    match authorization(&values("authorization")) {
        Choice::Missing => {}
        decided => return decided,
    }
    let fields = values("cookie");
    let plain = Cookies::new(&fields, "", rules, open_is_malformed);
    let Some(app) = app else {
        return plain.token();
    };
    let suffixed = Cookies::new(
        &fields,
        &format!("_{}", suffix(&app.publishable_key)),
        rules,
        open_is_malformed,
    );
    if suffixed_counts(&plain, &suffixed, app, rules, now_ms) {
        suffixed.token()
    } else {
        plain.token()
    }
}

/// What a publishable key gives the names of its cookies.
#[must_use]
pub fn suffix(publishable_key: &str) -> String {
    let hash = Sha1::digest(publishable_key.as_bytes());
    base64url::encode(&hash)[..8].to_owned()
}

fn authorization(values: &[&[u8]]) -> Choice {
    let trimmed: Vec<_> = values.iter().map(|value| trim(value)).collect();
    let Some(value) = trimmed.first() else {
        return Choice::Missing;
    };
    if trimmed.iter().any(|other| other != value) {
        return Choice::Malformed;
    }
    let is_visible = |byte: &u8| matches!(byte, b' ' | b'\t' | b'!'..=b'~');
    if !value.iter().all(is_visible) {
        return Choice::Malformed;
    }
    let text = String::from_utf8_lossy(value);
    let words: Vec<_> = text
        .split([' ', '\t'])
        .filter(|word| !word.is_empty())
        .collect();
    match words[..] {
        [scheme] if scheme.eq_ignore_ascii_case("bearer") => Choice::Malformed,
        [word] if has_form_of_token(word) => Choice::Token(word.to_owned()),
        [scheme, token] if scheme.eq_ignore_ascii_case("bearer") => Choice::Token(token.to_owned()),
        [scheme, ..] if scheme.eq_ignore_ascii_case("bearer") => Choice::Malformed,
        _ => Choice::Missing,
    }
}

fn has_form_of_token(word: &str) -> bool {
    let parts: Vec<_> = word.split('.').collect();
    let is_of_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    parts.len() == 3
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(is_of_alphabet))
}

pub(super) fn trim(value: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| *byte == b' ' || *byte == b'\t';
    let start = value.iter().take_while(|byte| is_space(byte)).count();
    let value = &value[start..];
    let end = value.iter().rev().take_while(|byte| is_space(byte)).count();
    &value[..value.len() - end]
}

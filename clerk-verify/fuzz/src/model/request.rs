//! Where the token of a request is.

use sha1::{Digest as _, Sha1};

use super::{
    base64url,
    json::Json,
    token::{Rules, read},
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

/// The default sources: the `Authorization` header, then the session cookie.
#[must_use]
pub fn choose(fields: &[Field], app: Option<&App>, rules: &Rules, now_ms: i64) -> Choice {
    let values = |name: &str| -> Vec<&[u8]> {
        let named = fields.iter().filter(|(known, _)| known == name);
        named.map(|(_, value)| value.as_slice()).collect()
    };
    match authorization(&values("authorization")) {
        Choice::Missing => {}
        decided => return decided,
    }
    let fields = values("cookie");
    let plain = Cookies::new(&fields, "", rules);
    let Some(app) = app else {
        return plain.token();
    };
    let suffixed = Cookies::new(
        &fields,
        &format!("_{}", suffix(&app.publishable_key)),
        rules,
    );
    if suffixed_counts(&plain, &suffixed, app, now_ms) {
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

fn trim(value: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| *byte == b' ' || *byte == b'\t';
    let start = value.iter().take_while(|byte| is_space(byte)).count();
    let value = &value[start..];
    let end = value.iter().rev().take_while(|byte| is_space(byte)).count();
    &value[..value.len() - end]
}

/// The cookies of one suffix.
struct Cookies {
    session: Option<String>,
    client_uat: Option<String>,
    /// The claims of the session, where it is a token at all.
    claims: Option<Json>,
}

impl Cookies {
    fn new(fields: &[&[u8]], suffix: &str, rules: &Rules) -> Self {
        let session = cookie(fields, &format!("__session{suffix}"));
        let claims = session
            .as_deref()
            .and_then(|token| read(token.as_bytes(), rules));
        Self {
            client_uat: cookie(fields, &format!("__client_uat{suffix}")),
            claims: claims.map(|(_, claims)| claims),
            session,
        }
    }

    fn token(self) -> Choice {
        self.session.map_or(Choice::Missing, Choice::Token)
    }

    fn claim(&self, name: &str) -> Option<&Json> {
        self.claims.as_ref()?.get(name)
    }

    fn has_signed_out(&self) -> bool {
        self.client_uat.as_deref() == Some("0")
    }

    fn issued_at(&self) -> f64 {
        self.claim("iat").and_then(Json::number).unwrap_or(0.0)
    }
}

/// The eight branches by which Clerk's SDKs decide.
fn suffixed_counts(plain: &Cookies, suffixed: &Cookies, app: &App, now_ms: i64) -> bool {
    if plain.session.is_some() {
        // 1
        let iss = match plain.claim("iss") {
            None | Some(Json::Null | Json::Bool(false)) => return false,
            Some(Json::Text(text)) if text.is_empty() => return false,
            Some(number @ Json::Number(_)) if number.number() == Some(0.0) => return false,
            Some(iss) => iss.text().unwrap_or_default(),
        };
        // 2
        let host = iss
            .strip_prefix("https://")
            .or_else(|| iss.strip_prefix("http://"))
            .unwrap_or(iss);
        if host != app.host {
            return true;
        }
    }
    // 3
    if suffixed.client_uat.is_none() && suffixed.session.is_none() {
        return false;
    }
    // 4
    let is_newer = plain.issued_at() > suffixed.issued_at();
    if !suffixed.has_signed_out() && !plain.has_signed_out() && is_newer {
        return false;
    }
    // 5
    if suffixed.has_signed_out() && !plain.has_signed_out() {
        return false;
    }
    // 6
    let now = now_ms.div_euclid(1000) as f64;
    let exp = suffixed.claim("exp").and_then(Json::number);
    let has_expired = exp.is_some_and(|exp| exp <= now);
    if !app.is_production && !suffixed.has_signed_out() && plain.has_signed_out() && has_expired {
        return false;
    }
    // 7, 8
    suffixed.client_uat.is_some()
}

/// The first cookie of exactly this name.
fn cookie(fields: &[&[u8]], name: &str) -> Option<String> {
    let pairs = fields
        .iter()
        .flat_map(|field| field.split(|byte| *byte == b';'));
    for pair in pairs {
        let Some(at) = pair.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        if trim(&pair[..at]) == name.as_bytes() {
            let value = trim(&pair[at + 1..]);
            let is_visible = value
                .iter()
                .all(|byte| matches!(byte, b' ' | b'\t' | b'!'..=b'~'));
            return Some(decoded(value)).filter(|text| is_visible && !text.is_empty());
        }
    }
    None
}

/// Without its quotes and percent-decoded; as it came where that is no text.
fn decoded(value: &[u8]) -> String {
    let value = value
        .strip_prefix(b"\"")
        .and_then(|value| value.strip_suffix(b"\""))
        .unwrap_or(value);
    let as_it_came = || value.iter().copied().map(char::from).collect();
    let mut bytes = Vec::new();
    let mut at = 0;
    while at < value.len() {
        if value[at] == b'%' {
            let digits = value.get(at + 1..at + 3).and_then(|digits| {
                let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
                is_hex.then(|| std::str::from_utf8(digits).unwrap_or_default())
            });
            let Some(digits) = digits else {
                return as_it_came();
            };
            bytes.push(u8::from_str_radix(digits, 16).unwrap_or_default());
            at += 3;
        } else {
            bytes.push(value[at]);
            at += 1;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| as_it_came())
}

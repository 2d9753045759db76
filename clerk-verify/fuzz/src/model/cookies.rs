//! Which session cookie counts.

use super::{
    base64url,
    json::Json,
    request::{App, Choice, trim},
    token::{Rules, read},
};

/// The cookies of one suffix.
pub(super) struct Cookies {
    session: Option<String>,
    client_uat: Option<String>,
    /// The claims of the session, where it is a token at all.
    claims: Option<Json>,
}

impl Cookies {
    /// `open_is_malformed`: what to make of a token of which the rules leave open whether it is well formed.
    pub(super) fn new(
        fields: &[&[u8]],
        suffix: &str,
        rules: &Rules,
        open_is_malformed: bool,
    ) -> Self {
        let session = cookie(fields, &format!("__session{suffix}"));
        let read = session
            .as_deref()
            .and_then(|token| read(token.as_bytes(), rules));
        let claims = read.filter(|(_, _, is_open)| !(*is_open && open_is_malformed));
        Self {
            client_uat: cookie(fields, &format!("__client_uat{suffix}")),
            claims: claims.map(|(_, claims, _)| claims),
            session,
        }
    }

    pub(super) fn token(self) -> Choice {
        self.session.map_or(Choice::Missing, Choice::Token)
    }

    fn claim(&self, name: &str) -> Option<&Json> {
        self.claims.as_ref()?.get(name)
    }

    fn has_signed_out(&self) -> bool {
        self.client_uat.as_deref() == Some("0")
    }

    /// Who is in doubt is later than any: a time that is no number, or a token that other readers may understand.
    fn issued_at(&self, rules: &Rules) -> f64 {
        match (&self.claims, &self.session) {
            (Some(claims), _) => match claims.get("iat") {
                Some(iat) => iat.number().unwrap_or(f64::INFINITY),
                None => 0.0,
            },
            (None, Some(token)) if others_may_read(token, rules) => f64::INFINITY,
            (None, _) => 0.0,
        }
    }
}

/// The eight branches by which Clerk's SDKs decide.
pub(super) fn suffixed_counts(
    plain: &Cookies,
    suffixed: &Cookies,
    app: &App,
    rules: &Rules,
    now_ms: i64,
) -> bool {
    if plain.session.is_some() {
        // 1
        let iss = match plain.claim("iss") {
            None | Some(Json::Null | Json::Bool(false)) => return false,
            Some(Json::Text(text)) if text.is_empty() => return false,
            Some(number @ Json::Number(_)) if number.number() == Some(0.0) => return false,
            Some(iss) => iss.text().unwrap_or_default(),
        };
        // 2
        if without_schemes(iss) != app.host {
            return true;
        }
    }
    // 3
    if suffixed.client_uat.is_none() && suffixed.session.is_none() {
        return false;
    }
    // 4
    let is_newer = plain.issued_at(rules) > suffixed.issued_at(rules);
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

/// Whether a token that breaks check 1 is one to a more lenient reader.
fn others_may_read(token: &str, rules: &Rules) -> bool {
    let decode = |part: &str| base64url::decode(part.trim_end_matches('=').as_bytes());
    let is_json = |part: &str| {
        decode(part).is_some_and(|bytes| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
        })
    };
    let parts: Vec<_> = token.split('.').collect();
    let is_token = |parts: &[&str]| match parts {
        [header, payload, signature] => {
            is_json(header) && is_json(payload) && decode(signature).is_some()
        }
        _ => false,
    };
    token.len() > rules.max_token_len || is_token(&parts)
}

fn without_schemes(mut text: &str) -> String {
    let mut without = String::new();
    while !text.is_empty() {
        let lower = text.to_ascii_lowercase();
        let rest = lower
            .strip_prefix("https://")
            .or_else(|| lower.strip_prefix("http://"));
        match rest {
            Some(rest) => text = &text[text.len() - rest.len()..],
            None => {
                let end = text.chars().next().map_or(1, char::len_utf8);
                without.push_str(&text[..end]);
                text = &text[end..];
            }
        }
    }
    without
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

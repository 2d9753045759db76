//! What a cookie's token says of itself, before anybody has verified it. It only chooses between cookies; the one that
//! is chosen is verified like any other token.
//!
//! Whoever reads less strictly than check 1 may see a later token where this library sees none. So where it is asked which is
//! later (branch 4), such a one is later than any, and what counts is then refused.

use memchr::memchr;
use serde::de::IgnoredAny;

use crate::{
    base64url,
    claims::Payload,
    json::Member,
    token::{Compact, Room},
    usual_header::UsualHeaders,
};

const LATER_THAN_ANY: f64 = f64::INFINITY;

#[derive(Default)]
pub(super) struct Unverified {
    pub(super) names_an_issuer: bool,
    /// `iss` without schemes, where it is a string.
    host: Option<String>,
    /// 0 where it is missing.
    pub(super) issued_at: f64,
    pub(super) expires_at: Option<f64>,
}

impl Unverified {
    /// The default where nobody could read it.
    pub(super) fn read(token: &str, max_len: usize, max_nesting: usize) -> Self {
        Self::strictly(token, max_len, max_nesting).unwrap_or_else(|| Self {
            issued_at: match token.len() > max_len || is_readable(token) {
                true => LATER_THAN_ANY,
                false => 0.0,
            },
            ..Self::default()
        })
    }

    fn strictly(token: &str, max_len: usize, max_nesting: usize) -> Option<Self> {
        let mut room = Room::new();
        let usual = UsualHeaders::default();
        let compact = Compact::split(token, max_len, &mut room, &usual).ok()?;
        compact.header().ok()?;
        let payload = Payload::parse(&compact.payload, max_nesting).ok()?;
        Some(Self {
            names_an_issuer: is_truthy(payload.iss),
            host: payload.iss.text().map(|iss| without_schemes(&iss)),
            issued_at: match payload.iat.is_absent() {
                true => 0.0,
                false => payload.iat.number().unwrap_or(LATER_THAN_ANY),
            },
            expires_at: payload.exp.number(),
        })
    }

    /// By an issuer without schemes.
    pub(super) fn is_of(&self, issuer: &str) -> bool {
        self.host.as_deref() == Some(issuer)
    }
}

/// Whether a lenient reader takes it for a token, as Clerk's SDK for JavaScript does: any padding, bytes that are no UTF-8, a
/// byte order mark, repeated members, any depth. serde_json skips values without recursion.
fn is_readable(token: &str) -> bool {
    let decode = |part: &str| base64url::decode(part.trim_end_matches('='));
    let is_json = |part: &str| {
        let Some(bytes) = decode(part) else {
            return false;
        };
        let text = String::from_utf8_lossy(&bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        serde_json::from_str::<IgnoredAny>(text).is_ok()
    };
    let mut parts = token.split('.');
    match [parts.next(), parts.next(), parts.next(), parts.next()] {
        [Some(header), Some(payload), Some(signature), None] => {
            is_json(header) && is_json(payload) && decode(signature).is_some()
        }
        _ => false,
    }
}

/// Wherever they stand: so have it Clerk's SDKs.
pub(super) fn without_schemes(url: &str) -> String {
    let mut rest = without_scheme(url).unwrap_or(url);
    if memchr(b':', rest.as_bytes()).is_none() {
        return rest.to_owned();
    }
    let mut without = String::with_capacity(rest.len());
    while let Some(first) = rest.chars().next() {
        rest = without_scheme(rest).unwrap_or_else(|| {
            without.push(first);
            rest.get(first.len_utf8()..).unwrap_or_default()
        });
    }
    without
}

/// What stands behind the scheme at its start.
fn without_scheme(url: &str) -> Option<&str> {
    let behind = |scheme: &str| {
        let (start, rest) = url.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    behind("https://").or_else(|| behind("http://"))
}

/// As JavaScript has it, in which the rule was first written.
fn is_truthy(member: Member<'_>) -> bool {
    match member.raw() {
        None | Some("null" | "false") => false,
        Some(_) => match (member.text(), member.number()) {
            (Some(text), _) => !text.is_empty(),
            (None, Some(number)) => number != 0.0,
            (None, None) => true,
        },
    }
}

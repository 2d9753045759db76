//! The `Authorization` header (RFC 9110 §11.6.2, RFC 6750 §2.1).

use std::borrow::Cow;

use memchr::{memchr_iter, memchr2};

use super::source::Extraction;

/// The token of a bearer header, or of a header that holds a bare token.
pub(super) fn bearer<'h>(values: impl Iterator<Item = &'h [u8]>, field: &'h str) -> Extraction<'h> {
    let malformed = |found| Extraction::Malformed { field, found };
    let value = match only_value(values) {
        Ok(Some(value)) => value,
        Ok(None) => return Extraction::NONE,
        Err(found) => return malformed(found),
    };
    let Some((scheme, credentials)) = value.split_once([' ', '\t']) else {
        return without_scheme(value).unwrap_or_else(malformed);
    };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Extraction::NONE;
    }
    let token = credentials.trim_start_matches([' ', '\t']);
    if token == "[object Promise]" {
        return malformed("a promise: the client forgot `await` before `getToken()`");
    }
    if memchr2(b' ', b'\t', token.as_bytes()).is_some() {
        return malformed("more than one value after `Bearer`");
    }
    Extraction::Token(Cow::Borrowed(token))
}

/// The value of a field that holds nothing but a token.
pub(super) fn whole_value<'h>(
    values: impl Iterator<Item = &'h [u8]>,
    field: &'h str,
) -> Extraction<'h> {
    match only_value(values) {
        Ok(Some(value)) => Extraction::Token(Cow::Borrowed(value)),
        Ok(None) => Extraction::NONE,
        Err(found) => Extraction::Malformed { field, found },
    }
}

/// Visible ASCII, spaces and tabs.
pub(super) fn text(value: &[u8]) -> Option<&str> {
    // All of them, instead of up to the first that is not: that way many are looked at in one step.
    let is_text = value.iter().fold(true, |is_text, byte| {
        is_text & matches!(byte, b'\t' | b' '..=b'~')
    });
    std::str::from_utf8(value).ok().filter(|_| is_text)
}

/// Without the white space around it: spaces and tabs, as in RFC 9110 §5.6.3, and nothing else.
pub(super) fn trimmed(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// A field that stands once, or several times with one and the same value; an empty one is absent.
fn only_value<'h>(values: impl Iterator<Item = &'h [u8]>) -> Result<Option<&'h str>, &'static str> {
    let mut only = None;
    for value in values {
        let value = trimmed(value);
        if only.is_some_and(|known| known != value) {
            return Err("it stands twice, with different values");
        }
        only = Some(value);
    }
    match only.filter(|value| !value.is_empty()).map(text) {
        Some(Some(value)) => Ok(Some(value)),
        Some(None) => Err("bytes that are not visible ASCII"),
        None => Ok(None),
    }
}

fn without_scheme(value: &str) -> Result<Extraction<'_>, &'static str> {
    if value.eq_ignore_ascii_case("bearer") {
        return Err("no token after `Bearer`");
    }
    let is_base64url = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let parts = memchr_iter(b'.', value.as_bytes()).take(3).count() + 1;
    if parts == 3 && value.split('.').all(is_base64url) {
        Ok(Extraction::Token(Cow::Borrowed(value)))
    } else {
        Ok(Extraction::NONE)
    }
}

//! The `Authorization` header.

use super::Pick;

/// As the official SDK reads it, from the one value that a `Headers` object makes of all fields. `None`: the cookie
/// counts.
pub(super) fn official(fields: &[Vec<u8>]) -> Option<Pick> {
    // `Headers` takes white space off each value and joins them.
    let values = fields.iter().map(|value| latin1(value));
    let values: Vec<String> = values
        .map(|value| value.trim_matches([' ', '\t', '\n', '\r']).to_owned())
        .collect();
    let value = values.join(", ");
    if value.is_empty() {
        return None;
    }
    let mut words = value.split(' ');
    let scheme = words.next().unwrap_or_default();
    match words.next() {
        None | Some("") => Some(Pick::Header(scheme.to_owned())),
        Some(token) if scheme == "Bearer" => Some(Pick::Header(token.to_owned())),
        Some(_) => None,
    }
}

/// As this library's documentation has it.
pub(super) fn ours(fields: &[Vec<u8>]) -> Option<Pick> {
    let mut values: Vec<&[u8]> = fields.iter().map(|value| trimmed(value)).collect();
    values.dedup();
    let value = match *values {
        [] => return None,
        [value] => value,
        _ => return Some(Pick::Malformed),
    };
    if value.is_empty() {
        return None;
    }
    if !is_text(value) {
        return Some(Pick::Malformed);
    }
    let value = latin1(value);
    match value.split_once([' ', '\t']) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => {
            let token = rest.trim_start_matches([' ', '\t']);
            match token.contains([' ', '\t']) {
                true => Some(Pick::Malformed),
                false => Some(Pick::Header(token.to_owned())),
            }
        }
        Some(_) => None,
        None if value.eq_ignore_ascii_case("bearer") => Some(Pick::Malformed),
        None => is_jwt(&value).then_some(Pick::Header(value)),
    }
}

/// By which rule the two readings differ, where they do.
pub(super) fn difference(fields: &[Vec<u8>]) -> &'static str {
    let mut values: Vec<&[u8]> = fields.iter().map(|value| trimmed(value)).collect();
    let count = values.len();
    values.dedup();
    let value = match *values {
        [value] if count > 1 && official(fields) != official(&[value.to_vec()]) => {
            return "same-authorization-twice";
        }
        [value] => value,
        _ => return "different-authorizations",
    };
    if !is_text(value) {
        return "authorization-bytes";
    }
    let value = latin1(value);
    let Some((scheme, rest)) = value.split_once([' ', '\t']) else {
        return match value.eq_ignore_ascii_case("bearer") {
            true => "bearer-alone",
            false => "no-scheme-no-jwt",
        };
    };
    match scheme {
        "Bearer" if rest.trim_start_matches([' ', '\t']).contains([' ', '\t']) => {
            "bearer-second-word"
        }
        "Bearer" => "bearer-white-space",
        _ if scheme.eq_ignore_ascii_case("bearer") => "scheme-case",
        _ => "other-scheme-white-space",
    }
}

pub(super) fn latin1(value: &[u8]) -> String {
    value.iter().map(|&byte| char::from(byte)).collect()
}

/// Visible ASCII, spaces and tabs.
pub(super) fn is_text(value: &[u8]) -> bool {
    value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'))
}

/// Without the white space that HTTP allows around a field's value.
fn trimmed(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

fn is_jwt(value: &str) -> bool {
    let is_part = |part: &str| {
        let is_symbol = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !part.is_empty() && part.bytes().all(is_symbol)
    };
    value.split('.').count() == 3 && value.split('.').all(is_part)
}

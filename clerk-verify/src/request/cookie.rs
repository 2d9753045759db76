//! Cookies (RFC 6265 §4.2), one by one: a broken one never hides another.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use super::authorization::text;

/// The value of the first cookie of exactly that name, in all `Cookie` fields; `None` where it is empty or
/// holds bytes that are not visible ASCII.
///
/// The fields are split before anything is decoded, so an encoded `;` in one value can't forge another
/// cookie. A value whose decoding is not text stays as it came, and so does one that is longer than `max_len` also
/// when it is decoded.
pub(super) fn value<'h>(
    fields: impl Iterator<Item = &'h [u8]>,
    name: &str,
    max_len: usize,
) -> Option<Cow<'h, str>> {
    let found = pairs(fields).find(|(key, _)| *key == name.as_bytes());
    found.and_then(|(_, value)| decoded(value, max_len))
}

/// [`value`] for several names, in one pass over the fields.
pub(super) fn values<'h>(
    fields: impl Iterator<Item = &'h [u8]>,
    names: &[&str],
    max_len: usize,
) -> Vec<Option<Cow<'h, str>>> {
    let mut first = vec![None; names.len()];
    for (key, value) in pairs(fields) {
        for (slot, name) in first.iter_mut().zip(names) {
            if name.as_bytes() == key {
                slot.get_or_insert(value);
            }
        }
    }
    let decode = |value: Option<&'h [u8]>| value.and_then(|value| decoded(value, max_len));
    first.into_iter().map(decode).collect()
}

/// Names and values as they stand there, without the space around them.
fn pairs<'h>(fields: impl Iterator<Item = &'h [u8]>) -> impl Iterator<Item = (&'h [u8], &'h [u8])> {
    fields
        .flat_map(|field| field.split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let equals = pair.iter().position(|byte| *byte == b'=')?;
            let (name, value) = pair.split_at_checked(equals)?;
            Some((name.trim_ascii(), value.get(1..)?.trim_ascii()))
        })
}

fn decoded(value: &[u8], max_len: usize) -> Option<Cow<'_, str>> {
    let value = text(unquoted(value)).filter(|value| !value.is_empty())?;
    // An escape is three bytes for one.
    if !value.contains('%') || value.len() / 3 > max_len {
        return Some(Cow::Borrowed(value));
    }
    match percent_decode(value.as_bytes()).decode_utf8() {
        Ok(decoded) => Some(Cow::Owned(decoded.into_owned())),
        Err(_) => Some(Cow::Borrowed(value)),
    }
}

/// Without the one pair of double quotes around it, if there is one.
fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        _ => value,
    }
}

//! Cookies (RFC 6265 §4.2), one by one: a broken one never hides another.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};
use percent_encoding::percent_decode;

use super::authorization::{text, trimmed};

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

/// [`value`] for several names, in one pass over the fields, before it is [`decoded`]: fills the place of each name.
pub(super) fn raw_values<'h, 'n>(
    fields: impl Iterator<Item = &'h [u8]>,
    names: &(impl Iterator<Item = &'n str> + Clone),
    values: &mut [Option<&'h [u8]>],
) {
    for (key, value) in pairs(fields) {
        for (slot, name) in values.iter_mut().zip(names.clone()) {
            if name.as_bytes() == key {
                slot.get_or_insert(value);
            }
        }
    }
}

/// Names and values as they stand there, without the space around them.
fn pairs<'h>(fields: impl Iterator<Item = &'h [u8]>) -> impl Iterator<Item = (&'h [u8], &'h [u8])> {
    fields.flat_map(split).filter_map(|pair| {
        let equals = memchr(b'=', pair)?;
        let (name, value) = pair.split_at_checked(equals)?;
        Some((trimmed(name), trimmed(value.get(1..)?)))
    })
}

/// What stands between the semicolons.
fn split(field: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = memchr_iter(b';', field).chain([field.len()]);
    ends.scan(0, move |start, end| {
        let pair = field.get(*start..end);
        *start = end + 1;
        pair
    })
}

/// What a value stands for; see [`value`].
pub(super) fn decoded(value: &[u8], max_len: usize) -> Option<Cow<'_, str>> {
    let value = text(unquoted(value)).filter(|value| !value.is_empty())?;
    // An escape is three bytes for one.
    if memchr(b'%', value.as_bytes()).is_none() || value.len() / 3 > max_len {
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

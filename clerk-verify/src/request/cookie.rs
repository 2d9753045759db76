//! Cookies (RFC 6265 §4.2), one by one: a broken one never hides another.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use super::authorization::text;

/// The value of the first cookie of exactly that name, in all `Cookie` fields; `None` where it is empty or
/// holds bytes that are not visible ASCII.
///
/// The fields are split before anything is decoded, so an encoded `;` in one value can't forge another
/// cookie. A value whose decoding is not text stays as it came.
pub(super) fn value<'h>(
    fields: impl Iterator<Item = &'h [u8]>,
    name: &str,
) -> Option<Cow<'h, str>> {
    let pair = fields
        .flat_map(|field| field.split(|byte| *byte == b';'))
        .find_map(|pair| named(pair, name))?;
    let value = text(unquoted(pair)).filter(|value| !value.is_empty())?;
    if !value.contains('%') {
        return Some(Cow::Borrowed(value));
    }
    match percent_decode(value.as_bytes()).decode_utf8() {
        Ok(decoded) => Some(Cow::Owned(decoded.into_owned())),
        Err(_) => Some(Cow::Borrowed(value)),
    }
}

fn named<'h>(pair: &'h [u8], name: &str) -> Option<&'h [u8]> {
    let equals = pair.iter().position(|byte| *byte == b'=')?;
    let (key, value) = pair.split_at_checked(equals)?;
    if key.trim_ascii() != name.as_bytes() {
        return None;
    }
    Some(value.get(1..)?.trim_ascii())
}

/// Without the one pair of double quotes around it, if there is one.
fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        _ => value,
    }
}

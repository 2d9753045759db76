//! Reading JSON that nobody has vouched for.

use std::{borrow::Cow, sync::Arc};

use memchr::{memchr, memchr2_iter};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::error::{Kind, Seen};

/// A member of an object as it stands in the text, not yet given a type.
///
/// `null` is not absence: a member that is there with a `null` fails every check a string would.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Member<'a>(Option<&'a str>);

impl<'a> From<&'a RawValue> for Member<'a> {
    fn from(value: &'a RawValue) -> Self {
        Self(Some(value.get()))
    }
}

impl<'a> Member<'a> {
    /// One that was found before: `raw` is a JSON value, without space around it.
    pub(crate) fn found(raw: &'a str) -> Self {
        Self(Some(raw))
    }

    pub(crate) fn is_absent(self) -> bool {
        self.0.is_none()
    }

    /// The JSON text.
    pub(crate) fn raw(self) -> Option<&'a str> {
        self.0
    }

    /// The string, if it is one.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        let raw = self.raw()?;
        let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
        if memchr(b'\\', inner.as_bytes()).is_some() {
            serde_json::from_str(raw).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(inner))
        }
    }

    /// The number, if it is one; infinite where it is too large for a double.
    pub(crate) fn number(self) -> Option<f64> {
        let raw = self.raw()?;
        if let Some(number) = self.short_integer() {
            // A double holds all of them.
            return Some(number as f64);
        }
        match raw.as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => raw.parse().ok(),
            _ => None,
        }
    }

    /// The number where it is written with nothing but digits, and few of them, as times are.
    pub(crate) fn short_integer(self) -> Option<i64> {
        let digits = self.raw().filter(|raw| raw.len() <= 15)?;
        digits.bytes().try_fold(0, |number, byte| match byte {
            b'0'..=b'9' => Some(number * 10 + i64::from(byte - b'0')),
            _ => None,
        })
    }

    /// Whether it is written as an integer above `limit`, exactly: a double would round it.
    pub(crate) fn is_integer_above(self, limit: u64) -> bool {
        self.raw()
            .and_then(|raw| raw.parse::<u64>().ok())
            .is_some_and(|number| number > limit)
    }

    /// The object, if it is one and has this shape. (serde would also take an array for a struct.)
    pub(crate) fn object<T: Deserialize<'a>>(self) -> Option<T> {
        self.raw().filter(|raw| raw.starts_with('{'))?;
        self.read()
    }

    /// The value, if it has this type.
    pub(crate) fn read<T: Deserialize<'a>>(self) -> Option<T> {
        serde_json::from_str(self.raw()?).ok()
    }

    /// The value for a message.
    pub(crate) fn seen(self) -> Seen {
        match (self.text(), self.raw()) {
            (Some(text), _) => Seen::text(&text),
            (None, Some(raw)) => Seen::text(raw),
            (None, None) => Seen::absent(),
        }
    }
}

/// Reads a member without giving it a type; `#[serde(default)]` beside it makes a missing one absent.
pub(crate) fn member<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Member<'de>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Member::from)
}

/// Parses a text that must be one JSON object and nothing else.
pub(crate) fn parse<'a, T: Deserialize<'a>>(text: &'a str, part: &'static str) -> Result<T, Kind> {
    // serde would take an array for a struct.
    if !text
        .trim_start_matches([' ', '\t', '\n', '\r'])
        .starts_with('{')
    {
        return Err(Kind::Malformed("header and payload must be JSON objects"));
    }
    serde_json::from_str(text).map_err(|error| Kind::Json {
        part,
        source: Arc::new(error),
    })
}

/// Refuses a text that nests arrays and objects deeper than `limit`, in one or two passes over its bytes.
pub(crate) fn check_nesting(text: &str, limit: usize) -> Result<(), Kind> {
    // Where no more are opened, none can be that deep; and finding them is many times faster than reading.
    if memchr2_iter(b'[', b'{', text.as_bytes())
        .nth(limit)
        .is_none()
    {
        return Ok(());
    }
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in text.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return Err(Kind::Malformed("its JSON nests too deep"));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_counts_brackets_outside_strings_only() {
        assert!(check_nesting(r#"{"a":"[[[[\"[[["}"#, 1).is_ok());
        assert!(check_nesting(r#"{"a":[[]]}"#, 3).is_ok());
        assert!(check_nesting(r#"{"a":[[]]}"#, 2).is_err());
        assert!(check_nesting("[][][][]", 1).is_ok());
    }

    #[test]
    fn only_15_digits_and_nothing_else_are_read_as_they_stand() {
        for (raw, number) in [
            ("0", Some(0)),
            ("1790000060", Some(1_790_000_060)),
            ("999999999999999", Some(999_999_999_999_999)),
            // 2^53 + 1: what is said of large numbers is said elsewhere.
            ("9007199254740993", None),
            ("1000000000000000", None),
            ("99999999999999999999", None),
            ("-1", None),
            ("1.5", None),
            ("1e3", None),
            ("\"1\"", None),
            ("null", None),
        ] {
            assert_eq!(Member::found(raw).short_integer(), number, "{raw}");
        }
        assert_eq!(Member::default().short_integer(), None);
    }

    #[test]
    fn a_number_too_large_for_a_double_is_infinite() {
        let raw: &RawValue = serde_json::from_str("1e400").unwrap();
        assert_eq!(Member::from(raw).number(), Some(f64::INFINITY));
    }
}

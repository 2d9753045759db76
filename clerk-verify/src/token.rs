//! The compact form of a token: three parts, decoded, and the header read.
//!
//! Knows nothing of keys or claims. Everything here handles bytes that nobody has vouched for.

use std::{borrow::Cow, collections::HashSet, fmt};

use memchr::memchr_iter;
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::{
    base64url,
    error::{Kind, Seen, hints},
    json::{self, Member},
    usual_header::{UsualHeader, UsualHeaders},
};

/// How deep a header may nest; Clerk's do not nest at all.
const MAX_HEADER_NESTING: usize = 32;

const NOT_BASE64: Kind = Kind::Malformed("a part of it is not base64url without padding");
const NOT_TEXT: Kind = Kind::Malformed("a part of it is not UTF-8");

/// A token taken apart: what was signed, the signature, and the two JSON texts.
pub(crate) struct Compact<'t> {
    /// The bytes that the signature covers: `header.payload`, as they came.
    pub(crate) signed: &'t [u8],
    pub(crate) signature: Cow<'t, [u8]>,
    pub(crate) payload: String,
    header_part: &'t str,
    header: HeaderText<'t>,
}

enum HeaderText<'t> {
    Decoded(Cow<'t, str>),
    Usual(&'t UsualHeader),
}

const SIGNATURE: usize = 512 + 4;

/// Room for the two parts that nobody keeps. What does not fit goes to the heap.
pub(crate) struct Room {
    header: [u8; 256],
    /// Of an RSA key of 4096 bits, and what the length of its text leaves open.
    signature: [u8; SIGNATURE],
}

impl Room {
    pub(crate) fn new() -> Self {
        Self {
            header: [0; 256],
            signature: [0; SIGNATURE],
        }
    }
}

impl<'t> Compact<'t> {
    /// Splits and decodes: exactly three parts, each base64url without padding, stray bits or white
    /// space; header and payload UTF-8.
    pub(crate) fn split(
        token: &'t str,
        max_len: usize,
        room: &'t mut Room,
        usual: &'t UsualHeaders,
    ) -> Result<Self, Kind> {
        if token.len() > max_len {
            return Err(Kind::TooLong {
                length: token.len(),
                limit: max_len,
            });
        }
        let not_three = || match hints::no_jwt(token) {
            Some(what) => Kind::NoToken(what),
            None => Kind::Malformed("a JWT has three parts, separated by two dots"),
        };
        let mut dots = memchr_iter(b'.', token.as_bytes());
        let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
            return Err(not_three());
        };
        let part = |range| token.get(range).unwrap_or_default();
        let signed = part(0..second);
        let header = part(0..first);
        let payload = part(first + 1..second);
        let signature = part(second + 1..token.len());
        let parts = [header, payload, signature];
        Self::decode(signed, parts, room, usual)
            .map_err(|kind| hints::around(token).map_or(kind, Kind::Malformed))
    }

    fn decode(
        signed: &'t str,
        parts: [&'t str; 3],
        room: &'t mut Room,
        usual: &'t UsualHeaders,
    ) -> Result<Self, Kind> {
        let [header, payload, signature] = parts;
        Ok(Self {
            signed: signed.as_bytes(),
            header_part: header,
            header: match usual.find(header) {
                Some(usual) => HeaderText::Usual(usual),
                None => HeaderText::Decoded(text(decode(header, &mut room.header)?)?),
            },
            payload: String::from_utf8(decode_all(payload)?).map_err(|_| NOT_TEXT)?,
            signature: decode(signature, &mut room.signature)?,
        })
    }

    /// Reads the header: an object whose member names are all different.
    pub(crate) fn header(&self) -> Result<Header<'_>, Kind> {
        match &self.header {
            HeaderText::Decoded(text) => Header::parse(text),
            HeaderText::Usual(usual) => Ok(usual.header()),
        }
    }

    /// Keeps the header of a token whose signature holds, for those after it.
    pub(crate) fn keep_header(&self, header: &Header<'_>, usual: &UsualHeaders) {
        if let HeaderText::Decoded(text) = &self.header {
            usual.keep(self.header_part, text, header);
        }
    }
}

fn decode<'r>(part: &str, room: &'r mut [u8]) -> Result<Cow<'r, [u8]>, Kind> {
    if !base64url::fits(part, room) {
        return decode_all(part).map(Cow::Owned);
    }
    let length = base64url::decode_into(part, room).ok_or(NOT_BASE64)?;
    Ok(Cow::Borrowed(room.get(..length).unwrap_or_default()))
}

fn decode_all(part: &str) -> Result<Vec<u8>, Kind> {
    base64url::decode(part).ok_or(NOT_BASE64)
}

fn text(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, str>, Kind> {
    match bytes {
        Cow::Borrowed(bytes) => str::from_utf8(bytes)
            .map(Cow::Borrowed)
            .map_err(|_| NOT_TEXT),
        Cow::Owned(bytes) => String::from_utf8(bytes)
            .map(Cow::Owned)
            .map_err(|_| NOT_TEXT),
    }
}

/// The header parameters that mean something here; all others are ignored, as RFC 7515 §4 says.
#[derive(Debug, Default)]
pub(crate) struct Header<'a> {
    pub(crate) alg: Member<'a>,
    pub(crate) b64: Member<'a>,
    pub(crate) cat: Member<'a>,
    pub(crate) crit: Member<'a>,
    pub(crate) kid: Member<'a>,
    pub(crate) typ: Member<'a>,
}

impl<'a> Header<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, Kind> {
        json::check_nesting(text, MAX_HEADER_NESTING)?;
        json::parse(text, "header")
    }

    /// `typ` absent or exactly `JWT`; no parameter that would change what the signature covers.
    pub(crate) fn check_parameters(&self) -> Result<(), Kind> {
        if !self.typ.is_absent() && self.typ.text().as_deref() != Some("JWT") {
            return Err(Kind::Parameter {
                name: "typ",
                seen: self.typ.seen(),
                needed: "`JWT` or absent",
            });
        }
        for (name, member) in [("crit", &self.crit), ("b64", &self.b64)] {
            if !member.is_absent() {
                return Err(Kind::Parameter {
                    name,
                    seen: Seen::text("present"),
                    needed: "absent: no extension is supported, and Clerk sends none",
                });
            }
        }
        Ok(())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Header<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut header = Header::default();
        let mut others: Option<HashSet<Cow<'_, str>>> = None;
        while let Some(Name(name)) = map.next_key()? {
            let slot = match name.as_ref() {
                "alg" => &mut header.alg,
                "b64" => &mut header.b64,
                "cat" => &mut header.cat,
                "crit" => &mut header.crit,
                "kid" => &mut header.kid,
                "typ" => &mut header.typ,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    if !others.get_or_insert_default().insert(name) {
                        return Err(de::Error::custom("a member name stands twice"));
                    }
                    continue;
                }
            };
            let value: &RawValue = map.next_value()?;
            if !slot.is_absent() {
                return Err(de::Error::custom("a member name stands twice"));
            }
            *slot = Member::from(value);
        }
        Ok(header)
    }
}

/// A member name, borrowed unless it is written with escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member name")
            }

            fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    #[test]
    fn the_signature_of_a_key_of_4096_bits_has_room() {
        let signature = URL_SAFE_NO_PAD.encode([0xff; 512]);
        let token = format!("e30.e30.{signature}");
        let mut room = Room::new();
        let usual = UsualHeaders::default();
        let compact = Compact::split(&token, 1_000, &mut room, &usual).unwrap();
        assert!(matches!(compact.signature, Cow::Borrowed([0xff, ..])));
        assert_eq!(compact.signature.len(), 512);
    }

    #[test]
    fn a_header_that_was_kept_is_found_again() {
        let header = r#"{"alg":"RS256","kid":"ins_1","typ":"JWT"}"#;
        let token = format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(header));
        let usual = UsualHeaders::default();
        for round in 0..3 {
            let mut room = Room::new();
            let compact = Compact::split(&token, 1_000, &mut room, &usual).unwrap();
            let is_known = matches!(compact.header, HeaderText::Usual(_));
            assert_eq!(is_known, round > 0, "in round {round}");
            let header = compact.header().unwrap();
            assert_eq!(header.kid.text().as_deref(), Some("ins_1"));
            compact.keep_header(&header, &usual);
        }
        assert_eq!(usual.parts().len(), 1);
    }
}

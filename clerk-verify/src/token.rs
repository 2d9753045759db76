//! The compact form of a token: three parts, decoded, and the header read.
//!
//! Knows nothing of keys or claims. Everything here handles bytes that nobody has vouched for.

use std::{borrow::Cow, collections::HashSet, fmt};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::{
    error::{Kind, Seen, hints},
    json::{self, Member},
};

/// How deep a header may nest; Clerk's do not nest at all.
const MAX_HEADER_NESTING: usize = 32;

/// A token taken apart: what was signed, the signature, and the two JSON texts.
#[derive(Debug)]
pub(crate) struct Compact<'t> {
    /// The bytes that the signature covers: `header.payload`, as they came.
    pub(crate) signed: &'t [u8],
    pub(crate) signature: Vec<u8>,
    pub(crate) header: String,
    pub(crate) payload: String,
}

impl<'t> Compact<'t> {
    /// Splits and decodes: exactly three parts, each base64url without padding, stray bits or white
    /// space; header and payload UTF-8.
    pub(crate) fn split(token: &'t str, max_len: usize) -> Result<Self, Kind> {
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
        let (signed, signature) = token.rsplit_once('.').ok_or_else(not_three)?;
        let (header, payload) = signed.split_once('.').ok_or_else(not_three)?;
        if payload.contains('.') {
            return Err(not_three());
        }
        let parts = || {
            Ok(Self {
                signed: signed.as_bytes(),
                header: decode_text(header)?,
                payload: decode_text(payload)?,
                signature: decode(signature)?,
            })
        };
        parts().map_err(|kind| hints::around(token).map_or(kind, Kind::Malformed))
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Kind> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Kind::Malformed("a part of it is not base64url without padding"))
}

fn decode_text(part: &str) -> Result<String, Kind> {
    String::from_utf8(decode(part)?).map_err(|_| Kind::Malformed("a part of it is not UTF-8"))
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
    /// Reads the JSON text: an object whose member names are all different.
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
        let mut others = HashSet::new();
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
                    if !others.insert(name) {
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

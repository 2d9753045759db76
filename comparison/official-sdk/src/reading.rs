//! Reads a token as the official SDK does, which is less strict than check 1 of this library, and says what is odd
//! about it. Nothing here looks at a signature.

use crate::json::{Json, LONE_SURROGATE};

/// A token that the official SDK can decode.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) header: Json,
    pub(crate) payload: Json,
    /// Whether the last part holds anything.
    pub(crate) has_signature: bool,
    oddities: Vec<Oddity>,
}

/// What the SDK's decoding passes over and check 1 refuses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Oddity {
    Padding,
    ByteOrderMark,
    NotUtf8,
    RepeatedMember,
    Nesting,
    NoObject,
    SurrogateInName,
    TooLong,
}

/// The claims that this library reads: `Claims` has an accessor for each.
const READ_CLAIMS: [&str; 20] = [
    "act",
    "aud",
    "azp",
    "exp",
    "fea",
    "fva",
    "iat",
    "iss",
    "jti",
    "nbf",
    "o",
    "org_id",
    "org_permissions",
    "org_role",
    "org_slug",
    "pla",
    "sid",
    "sts",
    "sub",
    "v",
];
const MAX_TOKEN_LEN: usize = 16 * 1024;
const MAX_HEADER_NESTING: usize = 32;
const MAX_CLAIMS_NESTING: usize = 127;

impl Reading {
    /// Of what can't be read.
    pub(crate) fn nothing() -> Self {
        Self {
            header: Json::Null,
            payload: Json::Null,
            has_signature: false,
            oddities: Vec::new(),
        }
    }

    /// `None` where the SDK can't decode it either.
    pub(crate) fn of(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let mut oddities = Vec::new();
        let header = decoded(header, &mut oddities)?;
        let payload = decoded(payload, &mut oddities)?;
        bytes(signature, &mut oddities)?;
        let header = Json::read(&header)?;
        let payload = Json::read(&payload)?;
        let depths = [
            (&header, MAX_HEADER_NESTING),
            (&payload, MAX_CLAIMS_NESTING),
        ];
        let has_surrogate = |(name, _): &(String, Json)| name.contains(LONE_SURROGATE);
        let repeats_claim = payload
            .repeated()
            .iter()
            .any(|name| READ_CLAIMS.contains(name));
        for (oddity, is_there) in [
            (
                Oddity::NoObject,
                !header.is_object() || !payload.is_object(),
            ),
            (
                Oddity::RepeatedMember,
                !header.repeated().is_empty() || repeats_claim,
            ),
            (
                Oddity::Nesting,
                depths.iter().any(|(json, most)| json.depth() > *most),
            ),
            (
                Oddity::SurrogateInName,
                header
                    .members()
                    .iter()
                    .chain(payload.members())
                    .any(has_surrogate),
            ),
            (Oddity::TooLong, token.len() > MAX_TOKEN_LEN),
        ] {
            if is_there {
                oddities.push(oddity);
            }
        }
        Some(Self {
            header,
            payload,
            has_signature: !signature.is_empty(),
            oddities,
        })
    }

    pub(crate) fn has(&self, oddity: Oddity) -> bool {
        self.oddities.contains(&oddity)
    }

    /// Whether check 1 lets it pass.
    pub(crate) fn is_strict(&self) -> bool {
        self.oddities.is_empty()
    }

    pub(crate) fn claim(&self, name: &str) -> Option<&Json> {
        self.payload.get(name)
    }
}

fn decoded(part: &str, oddities: &mut Vec<Oddity>) -> Option<String> {
    let bytes = bytes(part, oddities)?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            oddities.push(Oddity::NotUtf8);
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        }
    };
    match text.strip_prefix('\u{feff}') {
        Some(rest) => {
            oddities.push(Oddity::ByteOrderMark);
            Some(rest.to_owned())
        }
        None => Some(text),
    }
}

/// base64url with any padding, but without stray bits.
fn bytes(part: &str, oddities: &mut Vec<Oddity>) -> Option<Vec<u8>> {
    let symbols = part.trim_end_matches('=');
    if symbols.len() < part.len() {
        oddities.push(Oddity::Padding);
    }
    let mut bytes = Vec::with_capacity(symbols.len());
    let (mut buffer, mut bits) = (0_u32, 0);
    for symbol in symbols.bytes() {
        buffer = (buffer << 6 | value(symbol)?) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(buffer >> bits & 0xff).ok()?);
        }
    }
    let left = buffer & ((1 << bits) - 1);
    (bits < 6 && left == 0).then_some(bytes)
}

fn value(symbol: u8) -> Option<u32> {
    let value = match symbol {
        b'A'..=b'Z' => symbol - b'A',
        b'a'..=b'z' => symbol - b'a' + 26,
        b'0'..=b'9' => symbol - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

//! Which keys may verify tokens: JWK Sets, PEM, publishable keys.

use std::collections::HashSet;

use rsa::{
    BigUint,
    pkcs1::{self, der::Decode as _},
    pkcs8::SubjectPublicKeyInfoRef,
};

use super::{
    base64url,
    json::{self, Json},
    token::Key,
};

const MAX_KEYS: usize = 100;
/// Of those that come over the network, as long as the user says nothing else: the first ones count.
pub const MAX_KEYS_OF_ONE_ID: usize = 4;
const MAX_KID: usize = 256;
const RSA: &str = "1.2.840.113549.1.1.1";

/// The keys of a JWK Set that may verify RS256, at most so many of one id. `None` where it is no set.
#[must_use]
pub fn jwks(text: &[u8], max_of_one_id: usize) -> Option<Vec<Key>> {
    let set = json::parse(text)?;
    let Json::List(keys) = set.value.get("keys")? else {
        return None;
    };
    if keys.len() > MAX_KEYS {
        return None;
    }
    let mut usable: Vec<Key> = Vec::new();
    for key in keys.iter().filter_map(jwk) {
        let of_its_id = usable.iter().filter(|other| other.id == key.id);
        let different: HashSet<_> = of_its_id
            .map(|other| (&other.modulus, &other.exponent))
            .collect();
        let is_there = different.contains(&(&key.modulus, &key.exponent));
        if is_there || different.len() < max_of_one_id {
            usable.push(key);
        }
    }
    Some(usable)
}

fn jwk(key: &Json) -> Option<Key> {
    const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    const DECIDES: [&str; 7] = ["kty", "use", "key_ops", "alg", "kid", "n", "e"];
    let text = |name: &str| key.get(name).and_then(Json::text);
    let is = |name: &str, wanted: &str| key.get(name).is_none() || text(name) == Some(wanted);
    let may_verify = match key.get("key_ops") {
        None => true,
        Some(Json::List(operations)) => operations.contains(&Json::Text("verify".to_owned())),
        Some(_) => false,
    };
    let is_private = PRIVATE.iter().any(|name| key.get(name).is_some());
    let repeats = DECIDES.iter().any(|name| key.count(name) > 1);
    if text("kty") != Some("RSA") || !is("use", "sig") || !is("alg", "RS256") {
        return None;
    }
    if !may_verify || is_private || repeats {
        return None;
    }
    let kid = text("kid").filter(|kid| !kid.is_empty() && kid.len() <= MAX_KID)?;
    let number = |name: &str| base64url::decode(text(name)?.as_bytes());
    fit(
        Some(kid.to_owned()),
        text("alg").map(str::to_owned),
        &number("n")?,
        &number("e")?,
    )
}

/// A key of a fit size.
fn fit(id: Option<String>, alg: Option<String>, modulus: &[u8], exponent: &[u8]) -> Option<Key> {
    let bits = BigUint::from_bytes_be(modulus).bits();
    let of_exponent = BigUint::from_bytes_be(exponent);
    let is_odd = |bytes: &[u8]| bytes.last().is_some_and(|last| last % 2 == 1);
    let is_fit = (2048..=8192).contains(&bits)
        && is_odd(modulus)
        && is_odd(exponent)
        && of_exponent > BigUint::from(1_u8)
        && of_exponent.bits() <= 32;
    is_fit.then(|| Key {
        id,
        alg,
        modulus: BigUint::from_bytes_be(modulus).to_bytes_be(),
        exponent: of_exponent.to_bytes_be(),
    })
}

/// The public key in a `jwt_key`, read by the crates `pkcs1` and `spki` of another generation than the library's.
#[must_use]
pub fn jwt_key(text: &str) -> Option<Key> {
    let text = text.trim_matches(|one: char| one.is_whitespace() || one == '\u{feff}');
    let unquoted = ['"', '\''].iter().find_map(|quote| {
        let inner = text.strip_prefix(*quote)?.strip_suffix(*quote)?;
        Some(inner.trim_matches(|one: char| one.is_whitespace() || one == '\u{feff}'))
    });
    let text = unquoted
        .unwrap_or(text)
        .replace("\\r", "\n")
        .replace("\\n", "\n");
    in_blocks(&text).or_else(|| {
        let outer = base64(&text)?;
        der(&outer).or_else(|| {
            let inner = String::from_utf8(outer).ok()?;
            in_blocks(&inner.replace("\\r", "\n").replace("\\n", "\n"))
        })
    })
}

/// The first key that stands between a label and an end.
fn in_blocks(text: &str) -> Option<Key> {
    const BEGIN: &str = "-----BEGIN ";
    text.match_indices(BEGIN).find_map(|(at, _)| {
        let (_, rest) = text[at + BEGIN.len()..].split_once("-----")?;
        let (body, _) = rest.split_once("-----END")?;
        der(&base64(body)?)
    })
}

/// Base64 in either alphabet, with any white space in it.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|one| !one.is_whitespace()).collect();
    let text = text
        .trim_end_matches('=')
        .replace('+', "-")
        .replace('/', "_");
    base64url::decode(text.as_bytes())
}

fn der(bytes: &[u8]) -> Option<Key> {
    pkcs1_key(bytes)
        .or_else(|| spki_key(bytes))
        .or_else(|| spki_key(in_certificate(bytes)?))
}

fn pkcs1_key(bytes: &[u8]) -> Option<Key> {
    let key = pkcs1::RsaPublicKey::from_der(bytes).ok()?;
    fit(
        None,
        None,
        key.modulus.as_bytes(),
        key.public_exponent.as_bytes(),
    )
}

fn spki_key(bytes: &[u8]) -> Option<Key> {
    let info = SubjectPublicKeyInfoRef::try_from(bytes).ok()?;
    (info.algorithm.oid.to_string() == RSA).then_some(())?;
    pkcs1_key(info.subject_public_key.as_bytes()?)
}

/// The public key's information in a certificate (RFC 5280 §4.1): the sixth of the members after the version.
fn in_certificate(bytes: &[u8]) -> Option<&[u8]> {
    let (_, certificate, _) = element(bytes)?;
    let (_, signed, _) = element(certificate)?;
    let mut rest = signed;
    if rest.first() == Some(&0xa0) {
        rest = element(rest)?.2;
    }
    for _ in 0..5 {
        rest = element(rest)?.2;
    }
    let after = element(rest)?.2;
    Some(&rest[..rest.len() - after.len()])
}

/// Tag, content and what is behind.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        length = 0;
        for _ in 0..first - 0x80 {
            let (&byte, after) = rest.split_first()?;
            length = length.checked_mul(256)? + usize::from(byte);
            rest = after;
        }
    }
    (length <= rest.len()).then(|| (tag, &rest[..length], &rest[length..]))
}

/// The host in a publishable key.
#[must_use]
pub fn publishable_key(text: &str) -> Option<String> {
    let encoded = text
        .strip_prefix("pk_live_")
        .or_else(|| text.strip_prefix("pk_test_"))?;
    let unpadded = encoded.trim_end_matches('=');
    let padding = encoded.len() - unpadded.len();
    // Optional, all of it.
    if padding > (4 - unpadded.len() % 4) % 4 {
        return None;
    }
    let unpadded = unpadded.replace('+', "-").replace('/', "_");
    let host = String::from_utf8(base64url::decode(unpadded.as_bytes())?).ok()?;
    let host = host.strip_suffix('$')?;
    (host.contains('.') && !host.contains('$')).then(|| host.to_owned())
}

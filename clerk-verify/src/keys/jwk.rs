//! A JWK Set, read key by key: one odd key never spoils the set.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{MAX_KEY_ID_LEN, key_set::KeySet, rsa::VerificationKey};
use crate::{
    algorithm::Algorithm,
    json::{Member, member},
};

/// Reads a JWK Set and keeps the keys that may verify tokens here.
///
/// A key is passed over, with its reason in the result, when it is not an RSA signature key of a fit size
/// for one of the `algorithms`, when it has no key id, when it holds private members, or when too many keys of its id
/// stand before it.
pub(crate) fn parse_set(
    text: &str,
    algorithms: &[Algorithm],
    limits: SetLimits,
) -> Result<ParsedSet, SetProblem> {
    #[derive(Deserialize)]
    struct Set<'a> {
        #[serde(borrow)]
        keys: Vec<&'a RawValue>,
    }
    // serde would take an array for a struct.
    if !text.trim_start().starts_with('{') {
        return Err(SetProblem::NoSet);
    }
    let set: Set<'_> = serde_json::from_str(text).map_err(|_| SetProblem::NoSet)?;
    if set.keys.len() > limits.keys {
        return Err(SetProblem::TooManyKeys {
            found: set.keys.len(),
            limit: limits.keys,
        });
    }
    let mut keys = KeySet::default();
    let mut skipped = Vec::new();
    for entry in set.keys {
        match read_key(entry, algorithms) {
            Ok((key_id, key)) => {
                if !keys.insert(key_id, key, limits.keys_per_id) {
                    skipped.push(format!(
                        "one key more than the {} that are kept of one key id",
                        limits.keys_per_id
                    ));
                }
            }
            Err(why) => skipped.push(why),
        }
    }
    if keys.is_empty() {
        return Err(SetProblem::NoUsableKey { skipped });
    }
    for why in &skipped {
        tracing::debug!(%why, "a key of the JWK Set is passed over");
    }
    Ok(ParsedSet { keys, skipped })
}

/// How much of a set is read.
#[derive(Clone, Copy)]
pub(crate) struct SetLimits {
    /// A set of more is refused.
    pub(crate) keys: usize,
    /// Each key of an id is tried, so what is more is passed over.
    pub(crate) keys_per_id: usize,
}

impl SetLimits {
    /// For a set that its user gives. The limits are for those that come over the network.
    pub(crate) const NONE: Self = Self {
        keys: usize::MAX,
        keys_per_id: usize::MAX,
    };
}

/// What a JWK Set holds.
#[derive(Debug)]
pub(crate) struct ParsedSet {
    pub(crate) keys: KeySet,
    /// Why its other members are passed over.
    #[cfg_attr(not(feature = "remote"), allow(dead_code))]
    pub(crate) skipped: Vec<String>,
}

/// Why a text is no usable JWK Set.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum SetProblem {
    #[error("not a JWK Set (RFC 7517 §5): a JSON object with an array `keys`")]
    NoSet,
    #[error("a JWK Set with {found} keys, over the limit of {limit}")]
    TooManyKeys { found: usize, limit: usize },
    #[error("a JWK Set without a usable key{}", Skipped(.skipped))]
    NoUsableKey { skipped: Vec<String> },
}

struct Skipped<'a>(&'a [String]);

impl std::fmt::Display for Skipped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return f.write_str(": it is empty");
        }
        for (position, why) in self.0.iter().take(5).enumerate() {
            let separator = if position == 0 { ": " } else { "; " };
            write!(f, "{separator}{why}")?;
        }
        Ok(())
    }
}

/// The members of a key that decide anything (RFC 7517 §4, RFC 7518 §6.3).
#[derive(Deserialize)]
struct Jwk<'a> {
    #[serde(borrow, default, deserialize_with = "member")]
    kty: Member<'a>,
    #[serde(borrow, default, rename = "use", deserialize_with = "member")]
    usage: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    key_ops: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    alg: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    kid: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    n: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    e: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    d: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    p: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    q: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    dp: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    dq: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    qi: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    oth: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    k: Member<'a>,
}

/// One key, or why it can't be used, in words without any of its values.
fn read_key(
    entry: &RawValue,
    algorithms: &[Algorithm],
) -> Result<(String, VerificationKey), String> {
    if !entry.get().starts_with('{') {
        return Err("an entry is not an object".to_owned());
    }
    let jwk: Jwk<'_> = serde_json::from_str(entry.get())
        .map_err(|_| "an entry is not a JWK, or names a member twice".to_owned())?;
    let private = [jwk.d, jwk.p, jwk.q, jwk.dp, jwk.dq, jwk.qi, jwk.oth, jwk.k];
    if private.iter().any(|member| !member.is_absent()) {
        return Err("a key holds private members; publish public keys alone".to_owned());
    }
    if jwk.kty.text().as_deref() != Some("RSA") {
        return Err("a key is not an RSA key (`kty`)".to_owned());
    }
    if !jwk.usage.is_absent() && jwk.usage.text().as_deref() != Some("sig") {
        return Err("a key is not for signatures (`use`)".to_owned());
    }
    if !jwk.key_ops.is_absent() && !may_verify(jwk.key_ops) {
        return Err("a key is not for verifying (`key_ops`)".to_owned());
    }
    let algorithms = match (jwk.alg.is_absent(), jwk.alg.text()) {
        (true, _) => algorithms.to_vec(),
        (false, name) => Algorithm::from_name(&name.unwrap_or_default())
            .filter(|algorithm| algorithms.contains(algorithm))
            .map(|algorithm| vec![algorithm])
            .ok_or("a key is for an algorithm that is not allowed (`alg`)")?,
    };
    let key_id = jwk
        .kid
        .text()
        .filter(|kid| !kid.is_empty() && kid.len() <= MAX_KEY_ID_LEN)
        .ok_or("a key has no key id, or one that is too long (`kid`)")?;
    let number = |member: Member<'_>| -> Option<Vec<u8>> {
        let text = member.text()?;
        URL_SAFE_NO_PAD.decode(text.as_bytes()).ok()
    };
    let modulus = number(jwk.n).ok_or("a key's modulus is not base64url (`n`)")?;
    let exponent = number(jwk.e).ok_or("a key's exponent is not base64url (`e`)")?;
    let key = VerificationKey::new(&modulus, &exponent, &algorithms)
        .map_err(|problem| format!("a key is {problem}"))?;
    Ok((key_id.into_owned(), key))
}

fn may_verify(key_ops: Member<'_>) -> bool {
    key_ops
        .read::<Vec<Cow<'_, str>>>()
        .is_some_and(|operations| operations.iter().any(|operation| operation == "verify"))
}

//! The checks of a token, in their order; the first that fails is the reason.

use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::{
    base64url,
    json::{self, Json},
};

/// What a verifier is set up with.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub max_token_len: usize,
    pub max_claims_nesting: usize,
    pub algorithms: Vec<&'static str>,
    pub accept_jwt_templates: bool,
    pub issuers: Vec<String>,
    pub audiences: Vec<String>,
    pub require_audience: bool,
    pub authorized_parties: Vec<String>,
    pub allow_missing_azp: bool,
    pub skew_ms: i64,
    pub allow_pending: bool,
}

/// A key that may have signed.
#[derive(Clone, Debug)]
pub struct Key {
    /// `None` for a PEM, which has no name: any token may be of it.
    pub id: Option<String>,
    pub alg: Option<String>,
    pub modulus: Vec<u8>,
    pub exponent: Vec<u8>,
}

/// What is right to answer.
#[derive(Debug)]
pub struct Verdict {
    /// The claims, or the reason.
    pub result: Result<Json, &'static str>,
    /// Where the rules leave it open whether the token is well formed: `token-invalid` or
    /// `token-verification-failed` is right too.
    pub may_be_malformed: bool,
}

/// Key, algorithm, what is signed, and the signature.
pub type SignatureHolds = fn(&Key, &str, &[u8], &[u8]) -> bool;

impl Rules {
    /// The library's defaults.
    #[must_use]
    pub fn usual() -> Self {
        Self {
            max_token_len: 16 * 1024,
            max_claims_nesting: 127,
            algorithms: vec!["RS256"],
            skew_ms: 5_000,
            ..Self::default()
        }
    }
}

const HEADER_NESTING: usize = 32;

/// Claims that a check of the table reads: none may stand twice.
const CHECKED: [&str; 8] = ["sub", "iss", "aud", "azp", "exp", "nbf", "iat", "sts"];

/// Claims that a session reads. The rules do not say whether they may stand twice.
const READ: [&str; 12] = [
    "v",
    "sid",
    "jti",
    "act",
    "fva",
    "o",
    "fea",
    "pla",
    "org_id",
    "org_slug",
    "org_role",
    "org_permissions",
];

#[must_use]
pub fn check(token: &str, rules: &Rules, keys: &[Key], now_ms: i64) -> Verdict {
    check_with(token, rules, keys, now_ms, signature_holds)
}

/// The same where the caller knows better whether the signature holds.
#[must_use]
pub fn check_with(
    token: &str,
    rules: &Rules,
    keys: &[Key],
    now_ms: i64,
    signature_holds: SignatureHolds,
) -> Verdict {
    let mut may_be_malformed = false;
    let result = checked(
        token,
        rules,
        keys,
        now_ms,
        signature_holds,
        &mut may_be_malformed,
    );
    Verdict {
        result,
        may_be_malformed,
    }
}

/// Header and payload, where the token passes the first check, and whether the rules leave open that it does.
#[must_use]
pub fn read(token: &[u8], rules: &Rules) -> Option<(Json, Json, bool)> {
    let mut may_be_malformed = false;
    let (header, payload, _) = form(token, rules, &mut may_be_malformed)?;
    Some((header, payload, may_be_malformed))
}

fn checked(
    token: &str,
    rules: &Rules,
    keys: &[Key],
    now_ms: i64,
    signature_holds: SignatureHolds,
    may_be_malformed: &mut bool,
) -> Result<Json, &'static str> {
    // 1
    let (header, payload, signature) =
        form(token.as_bytes(), rules, may_be_malformed).ok_or("token-invalid")?;
    // 2
    let is_another_class = match header.get("cat") {
        None => false,
        Some(Json::Text(cat)) => match cat.as_str() {
            "cl_B7d4PD111AAA" | "cl_I7d4PD111III" => false,
            "cl_B7d4PD222AAA" => !rules.accept_jwt_templates,
            _ => true,
        },
        Some(_) => true,
    };
    let typ = header.get("typ");
    let is_oauth = matches!(
        typ.and_then(Json::text),
        Some("at+jwt" | "application/at+jwt")
    );
    let sub = payload.get("sub").and_then(Json::text);
    let is_machine = sub.is_some_and(|sub| sub.starts_with("mch_"));
    if is_another_class || is_oauth || is_machine {
        return Err("token-type-mismatch");
    }
    // 3
    if typ.is_some_and(|typ| typ.text() != Some("JWT")) {
        return Err("token-invalid");
    }
    // 4
    if header.get("crit").is_some() || header.get("b64").is_some() {
        return Err("token-invalid");
    }
    // 5
    let alg = header.get("alg").and_then(Json::text).unwrap_or_default();
    if !rules.algorithms.contains(&alg) {
        return Err("token-invalid-algorithm");
    }
    // 7: keys that are at hand, so there is no 6
    let kid = header.get("kid").and_then(Json::text);
    let fits = |key: &&Key| {
        let is_named = key.id.is_none()
            || (kid.is_some_and(|kid| kid.len() <= 256) && key.id.as_deref() == kid);
        is_named && key.alg.as_deref().is_none_or(|of_key| of_key == alg)
    };
    let candidates: Vec<_> = keys.iter().filter(fits).collect();
    if candidates.is_empty() {
        return Err("jwk-kid-mismatch");
    }
    // 8
    let signed = token.rsplit_once('.').map_or("", |(signed, _)| signed);
    let vouches = |key: &&Key| signature_holds(key, alg, signed.as_bytes(), &signature);
    if !candidates.iter().any(vouches) {
        return Err("token-invalid-signature");
    }
    claims(&payload, rules, now_ms)?;
    Ok(payload)
}

/// Check 1.
fn form(token: &[u8], rules: &Rules, may_be_malformed: &mut bool) -> Option<(Json, Json, Vec<u8>)> {
    if token.len() > rules.max_token_len {
        return None;
    }
    let parts: Vec<_> = token.split(|byte| *byte == b'.').collect();
    let [header, payload, signature] = parts[..] else {
        return None;
    };
    let header = json::parse(&base64url::decode(header)?)?;
    let payload = json::parse(&base64url::decode(payload)?)?;
    let signature = base64url::decode(signature)?;
    if header.depth > HEADER_NESTING || payload.depth > rules.max_claims_nesting {
        return None;
    }
    header.value.members()?;
    payload.value.members()?;
    if header.value.repeats_a_name() {
        return None;
    }
    if CHECKED.iter().any(|name| payload.value.count(name) > 1) {
        return None;
    }
    let repeats_one_that_is_read = READ.iter().any(|name| payload.value.count(name) > 1);
    let is_no_text = header.has_lone_surrogate || payload.has_lone_surrogate;
    *may_be_malformed |= repeats_one_that_is_read || is_no_text;
    Some((header.value, payload.value, signature))
}

/// Checks 9 to 16.
fn claims(payload: &Json, rules: &Rules, now_ms: i64) -> Result<(), &'static str> {
    // 9
    let sub = payload.get("sub").and_then(Json::text).unwrap_or_default();
    if sub.is_empty() {
        return Err("token-verification-failed");
    }
    // 10
    let is_one_of = |value: &Json, all: &[String]| {
        let text = value.text();
        all.iter().any(|known| Some(known.as_str()) == text)
    };
    if !rules.issuers.is_empty() {
        let iss = payload.get("iss").ok_or("token-invalid-issuer")?;
        if !is_one_of(iss, &rules.issuers) {
            return Err("token-invalid-issuer");
        }
    }
    // 11
    if !rules.audiences.is_empty() {
        let meets = match payload.get("aud") {
            None => !rules.require_audience,
            Some(Json::List(all)) => {
                all.iter().all(|one| one.text().is_some())
                    && all.iter().any(|one| is_one_of(one, &rules.audiences))
            }
            Some(aud) => is_one_of(aud, &rules.audiences),
        };
        if !meets {
            return Err("token-invalid-audience");
        }
    }
    // 12
    if !rules.authorized_parties.is_empty() {
        let is_authorized = match payload.get("azp") {
            None => rules.allow_missing_azp,
            Some(azp) => azp.text() != Some("") && is_one_of(azp, &rules.authorized_parties),
        };
        if !is_authorized {
            return Err("token-invalid-authorized-parties");
        }
    }
    // 13
    let exp = payload.get("exp").and_then(Json::number);
    let exp = exp.ok_or("token-verification-failed")?;
    // A double can't tell 2^53 + 1 from 2^53.
    let is_above = matches!(payload.get("exp"), Some(Json::Number(text)) if text.parse::<u128>().is_ok_and(|exp| exp > 1 << 53));
    if !exp.is_finite() || !(0.0..=9_007_199_254_740_992.0).contains(&exp) || is_above {
        return Err("token-verification-failed");
    }
    let skew = rules.skew_ms as f64;
    let now = now_ms as f64;
    if exp.trunc() * 1000.0 <= now - skew {
        return Err("token-expired");
    }
    // 14, 15
    for (name, early) in [
        ("nbf", "token-not-active-yet"),
        ("iat", "token-iat-in-the-future"),
    ] {
        let Some(value) = payload.get(name) else {
            continue;
        };
        let time = value.number().ok_or("token-verification-failed")?;
        if !time.is_finite() {
            return Err("token-verification-failed");
        }
        if time.trunc() * 1000.0 > now + skew {
            return Err(early);
        }
    }
    // 16
    if payload.get("sts").and_then(Json::text) == Some("pending") && !rules.allow_pending {
        return Err("session-pending");
    }
    Ok(())
}

/// RSASSA-PKCS1-v1_5 by the crate `rsa`.
#[must_use]
pub fn signature_holds(key: &Key, alg: &str, signed: &[u8], signature: &[u8]) -> bool {
    let modulus = BigUint::from_bytes_be(&key.modulus);
    let exponent = BigUint::from_bytes_be(&key.exponent);
    let Ok(key) = RsaPublicKey::new_with_max_size(modulus, exponent, 8192) else {
        return false;
    };
    let verified = match alg {
        "RS256" => key.verify(
            Pkcs1v15Sign::new::<Sha256>(),
            &Sha256::digest(signed),
            signature,
        ),
        "RS384" => key.verify(
            Pkcs1v15Sign::new::<Sha384>(),
            &Sha384::digest(signed),
            signature,
        ),
        "RS512" => key.verify(
            Pkcs1v15Sign::new::<Sha512>(),
            &Sha512::digest(signed),
            signature,
        ),
        _ => return false,
    };
    verified.is_ok()
}

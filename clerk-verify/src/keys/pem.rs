//! The one public key of `jwt_key`, in every spelling in which people have it.

use std::borrow::Cow;

use base64::{
    Engine as _,
    alphabet::{self, Alphabet},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use der::{
    Decode, Reader, Tag, Tagged,
    asn1::{AnyRef, ObjectIdentifier},
};
use pkcs1::RsaPublicKeyRef;
use spki::SubjectPublicKeyInfoRef;
use x509_cert::{Certificate, der::Encode as _};

use super::rsa::{KeyProblem, VerificationKey};
use crate::algorithm::Algorithm;

/// Reads a public RSA key.
///
/// Takes PEM (`PUBLIC KEY`, `RSA PUBLIC KEY`, `CERTIFICATE`), bare base64 of their DER, and base64 of a
/// whole PEM; in quotes, with `\n` written out, on one line, with spaces for newlines, as environment
/// variables do to it.
pub(crate) fn parse(text: &str, algorithms: &[Algorithm]) -> Result<VerificationKey, PemProblem> {
    let text = unwrap(text);
    if text.is_empty() {
        return Err(PemProblem::Empty);
    }
    if text.starts_with("pk_") {
        return Err(PemProblem::PublishableKey);
    }
    if text.starts_with("sk_") {
        return Err(PemProblem::SecretKey);
    }
    let (label, der) = decode(&text)?;
    let (modulus, exponent) = match label {
        Some(label) => match label.as_str() {
            "PUBLIC KEY" => subject_public_key(&der),
            "RSA PUBLIC KEY" => rsa_public_key(&der),
            "CERTIFICATE" => certificate(&der),
            label => Err(PemProblem::label(label)),
        },
        None => subject_public_key(&der)
            .or_else(|problem| rsa_public_key(&der).map_err(|_| problem))
            .or_else(|problem| certificate(&der).map_err(|_| problem)),
    }
    .map_err(|problem| {
        if is_private(&der) {
            PemProblem::Private
        } else {
            problem
        }
    })?;
    VerificationKey::new(&modulus, &exponent, algorithms).map_err(PemProblem::Key)
}

/// What was found instead of a public key; never any of its text.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum PemProblem {
    #[error("empty")]
    Empty,
    #[error("a private key")]
    Private,
    #[error("a publishable key")]
    PublishableKey,
    #[error("a secret key of the Backend API")]
    SecretKey,
    #[error("a PEM block of {0}")]
    Label(&'static str),
    #[error("a PEM block without an end")]
    NoEnd,
    #[error("more than one PEM block")]
    Several,
    #[error("text that is neither PEM nor base64")]
    NotBase64,
    #[error("base64 of something that is not a public key")]
    NotAKey,
    #[error("a public key that is not RSA ({0})")]
    NotRsa(&'static str),
    #[error(transparent)]
    Key(KeyProblem),
}

impl PemProblem {
    /// Names labels that are known only: another one could be a piece of a mangled key.
    fn label(label: &str) -> Self {
        const KNOWN: [&str; 6] = [
            "CERTIFICATE REQUEST",
            "DSA PUBLIC KEY",
            "EC PARAMETERS",
            "EC PUBLIC KEY",
            "PGP PUBLIC KEY BLOCK",
            "X509 CRL",
        ];
        let known = KNOWN.into_iter().find(|known| *known == label);
        Self::Label(known.unwrap_or("another type"))
    }
}

/// Takes off what shells, `.env` files and editors put around a key.
fn unwrap(text: &str) -> Cow<'_, str> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let text = ['"', '\'']
        .iter()
        .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(text)
        .trim();
    if text.contains('\\') {
        Cow::Owned(
            // A line break too, so that what stands around it makes no new escape.
            text.replace("\\r", "\n")
                .replace("\\n", "\n")
                .trim()
                .to_owned(),
        )
    } else {
        Cow::Borrowed(text)
    }
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// The label, if there is one, and the bytes.
fn decode(text: &str) -> Result<Block, PemProblem> {
    if let Some(block) = pem_block(text)? {
        return Ok(block);
    }
    let bytes = base64(text)?;
    // Base64 of a whole PEM: what some deployment tools make of a multi-line secret.
    match std::str::from_utf8(&bytes).map(|inner| pem_block(&unwrap(inner))) {
        Ok(Ok(Some(block))) => Ok(block),
        Ok(Err(problem)) => Err(problem),
        _ => Ok((None, bytes)),
    }
}

/// A label, and what is below it.
type Block = (Option<String>, Vec<u8>);

/// The first PEM block; text before and after it is explanation (RFC 7468 §2), but no private key.
fn pem_block(text: &str) -> Result<Option<Block>, PemProblem> {
    if text.contains("PRIVATE KEY-----") {
        return Err(PemProblem::Private);
    }
    let Some((_, rest)) = text.split_once(BEGIN) else {
        return Ok(None);
    };
    let (label, rest) = rest.split_once(DASHES).ok_or(PemProblem::NoEnd)?;
    let (body, rest) = rest.split_once(END).ok_or(PemProblem::NoEnd)?;
    if !rest.starts_with(label) {
        return Err(PemProblem::NoEnd);
    }
    if rest.contains(BEGIN) {
        return Err(PemProblem::Several);
    }
    Ok(Some((Some(label.to_owned()), base64(body)?)))
}

/// Base64 in either alphabet, padded or not, with any white space in it.
fn base64(text: &str) -> Result<Vec<u8>, PemProblem> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let compact: String = text.split_whitespace().collect();
    let url_safe = compact.contains(['-', '_']);
    let alphabet: &Alphabet = if url_safe {
        &alphabet::URL_SAFE
    } else {
        &alphabet::STANDARD
    };
    GeneralPurpose::new(alphabet, LENIENT)
        .decode(compact)
        .map_err(|_| PemProblem::NotBase64)
}

/// Modulus and exponent, big-endian.
type Numbers = (Vec<u8>, Vec<u8>);

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const DSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");

fn subject_public_key(der: &[u8]) -> Result<Numbers, PemProblem> {
    let key = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| PemProblem::NotAKey)?;
    match key.algorithm.oid {
        RSA => {}
        EC => return Err(PemProblem::NotRsa("elliptic curve")),
        ED25519 => return Err(PemProblem::NotRsa("Ed25519")),
        RSA_PSS => return Err(PemProblem::NotRsa("RSA restricted to PSS")),
        DSA => return Err(PemProblem::NotRsa("DSA")),
        _ => return Err(PemProblem::NotRsa("an unknown algorithm")),
    }
    rsa_public_key(
        key.subject_public_key
            .as_bytes()
            .ok_or(PemProblem::NotAKey)?,
    )
}

fn rsa_public_key(der: &[u8]) -> Result<Numbers, PemProblem> {
    let key = RsaPublicKeyRef::from_der(der).map_err(|_| PemProblem::NotAKey)?;
    Ok((
        key.modulus.as_bytes().to_vec(),
        key.public_exponent.as_bytes().to_vec(),
    ))
}

fn certificate(der: &[u8]) -> Result<Numbers, PemProblem> {
    let certificate = Certificate::from_der(der).map_err(|_| PemProblem::NotAKey)?;
    let key = certificate
        .tbs_certificate()
        .subject_public_key_info()
        .to_der()
        .map_err(|_| PemProblem::NotAKey)?;
    subject_public_key(&key)
}

/// Tells a private key by its outline: PKCS#8 plain and encrypted, PKCS#1, SEC1.
fn is_private(der: &[u8]) -> bool {
    use Tag::{Integer, OctetString, Sequence};
    match outline(der).as_deref() {
        Some([Integer, Sequence, OctetString, ..] | [Sequence, OctetString]) => true,
        Some([Integer, OctetString, ..]) => true,
        Some(tags) => tags.len() >= 9 && tags.iter().all(|tag| *tag == Integer),
        None => false,
    }
}

/// The types of a sequence's members.
fn outline(der: &[u8]) -> Option<Vec<Tag>> {
    let sequence = AnyRef::from_der(der).ok()?;
    sequence
        .sequence(|members| {
            let mut tags = Vec::new();
            while !members.is_finished() {
                tags.push(members.decode::<AnyRef<'_>>()?.tag());
            }
            der::Result::Ok(tags)
        })
        .ok()
}

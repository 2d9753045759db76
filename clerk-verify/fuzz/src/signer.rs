//! Keys that sign fast: the modulus is a product of many primes of 64 bits, so that a signature takes some microseconds
//! instead of half a millisecond. To who verifies, it is a key like any other. To everybody else it is worthless: it
//! can be factored at once.

use num_bigint::BigUint;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::model::{base64url, token::Key};

const EXPONENT: u64 = 65_537;

/// A test key.
#[derive(Debug)]
pub struct Signer {
    primes: Vec<Prime>,
    modulus: BigUint,
    length: usize,
}

#[derive(Debug)]
struct Prime {
    value: u64,
    private_exponent: u64,
    /// One modulo this prime, zero modulo all others.
    basis: BigUint,
}

impl Signer {
    /// The key with this number, of so many bits; the same in each run.
    #[must_use]
    pub fn new(number: u64, bits: usize) -> Self {
        // Each near 2^64, so that the product of n of them has 64 n bits.
        let mut candidate = u64::MAX - number * 1_000_000;
        let mut values = Vec::new();
        while values.len() < bits / 64 {
            candidate -= 2;
            let is_coprime = !(candidate - 1).is_multiple_of(EXPONENT);
            if is_coprime && is_prime(candidate) {
                values.push(candidate);
            }
        }
        let modulus: BigUint = values.iter().map(|value| BigUint::from(*value)).product();
        let primes = values
            .iter()
            .map(|value| {
                let others = &modulus / *value;
                let rest = (&others % *value).to_u64_digits()[0];
                let inverse = power(rest, *value - 2, *value);
                Prime {
                    value: *value,
                    private_exponent: inverse_of_exponent(*value - 1),
                    basis: others * inverse,
                }
            })
            .collect();
        Self {
            primes,
            modulus,
            length: bits / 8,
        }
    }

    /// The key as the models know it.
    #[must_use]
    pub fn key(&self, id: Option<&str>, alg: Option<&str>) -> Key {
        Key {
            id: id.map(str::to_owned),
            alg: alg.map(str::to_owned),
            modulus: self.modulus.to_bytes_be(),
            exponent: exponent(),
        }
    }

    /// As a member of a JWK Set.
    #[must_use]
    pub fn jwk(&self, id: &str, more: &str) -> String {
        let (n, e) = (
            base64url::encode(&self.modulus.to_bytes_be()),
            base64url::encode(&exponent()),
        );
        format!(r#"{{"kty":"RSA","kid":"{id}","n":"{n}","e":"{e}"{more}}}"#)
    }

    /// As PKCS#1 DER.
    #[must_use]
    pub fn pkcs1(&self) -> Vec<u8> {
        let mut modulus = vec![0];
        modulus.extend(self.modulus.to_bytes_be());
        let numbers = [tagged(2, &modulus), tagged(2, &exponent())].concat();
        tagged(0x30, &numbers)
    }

    /// As SubjectPublicKeyInfo in DER.
    #[must_use]
    pub fn spki(&self) -> Vec<u8> {
        const RSA: [u8; 15] = [
            0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0,
        ];
        let bits = [vec![0], self.pkcs1()].concat();
        tagged(0x30, &[RSA.to_vec(), tagged(3, &bits)].concat())
    }

    /// As PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        let text = base64url::encode(&self.spki());
        let text = text.replace('-', "+").replace('_', "/");
        let lines: Vec<_> = text
            .as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            lines.join("\n")
        )
    }

    /// Signs by RS256, RS384 or RS512 (RFC 8017 §8.2).
    #[must_use]
    pub fn sign(&self, alg: &str, signed: &[u8]) -> Vec<u8> {
        let (kind, hash) = match alg {
            "RS384" => (2, Sha384::digest(signed).to_vec()),
            "RS512" => (3, Sha512::digest(signed).to_vec()),
            _ => (1, Sha256::digest(signed).to_vec()),
        };
        let identifier = [
            0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, kind, 5, 0,
        ];
        let info = tagged(0x30, &[identifier.to_vec(), tagged(4, &hash)].concat());
        let mut message = vec![0xff; self.length];
        message[..2].copy_from_slice(&[0, 1]);
        let start = self.length - info.len();
        message[start - 1] = 0;
        message[start..].copy_from_slice(&info);

        let message = BigUint::from_bytes_be(&message).to_u64_digits();
        let mut sum = BigUint::ZERO;
        for prime in &self.primes {
            let rest = message.iter().rev().fold(0, |rest, digit| {
                let value = u128::from(rest) << 64 | u128::from(*digit);
                (value % u128::from(prime.value)) as u64
            });
            sum += &prime.basis * power(rest, prime.private_exponent, prime.value);
        }
        let signature = (sum % &self.modulus).to_bytes_be();
        let mut padded = vec![0; self.length - signature.len()];
        padded.extend(signature);
        padded
    }

    /// A compact token over these texts, whatever they are.
    #[must_use]
    pub fn token(&self, alg: &str, header: &[u8], payload: &[u8]) -> String {
        let signed = format!(
            "{}.{}",
            base64url::encode(header),
            base64url::encode(payload)
        );
        let signature = self.sign(alg, signed.as_bytes());
        format!("{signed}.{}", base64url::encode(&signature))
    }
}

fn exponent() -> Vec<u8> {
    vec![1, 0, 1]
}

/// An element of DER.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut element = vec![tag];
    match length {
        0..=0x7f => element.push(length as u8),
        0x80..=0xff => element.extend([0x81, length as u8]),
        _ => element.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    element.extend(content);
    element
}

fn power(base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let times =
        |one: u64, other: u64| (u128::from(one) * u128::from(other) % u128::from(modulus)) as u64;
    let (mut result, mut square) = (1, base % modulus);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = times(result, square);
        }
        square = times(square, square);
        exponent >>= 1;
    }
    result
}

/// Miller and Rabin; these bases are enough for 64 bits.
fn is_prime(number: u64) -> bool {
    const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    if BASES.iter().any(|base| number.is_multiple_of(*base)) {
        return false;
    }
    let twos = (number - 1).trailing_zeros();
    let odd = (number - 1) >> twos;
    BASES.iter().all(|base| {
        let mut value = power(*base, odd, number);
        if value == 1 || value == number - 1 {
            return true;
        }
        (1..twos).any(|_| {
            value = power(value, 2, number);
            value == number - 1
        })
    })
}

/// The inverse of the public exponent modulo p - 1: the multiple of p - 1 that is -1 modulo the exponent, plus 1, divided.
fn inverse_of_exponent(order: u64) -> u64 {
    let times = (1..EXPONENT)
        .find(|times| (u128::from(*times) * u128::from(order) + 1) % u128::from(EXPONENT) == 0);
    let times = times.unwrap_or_else(|| unreachable!("the prime was chosen so"));
    ((u128::from(times) * u128::from(order) + 1) / u128::from(EXPONENT)) as u64
}

//! One RSA public key, checked and made ready to verify.

use std::fmt;

use aws_lc_rs::signature::ParsedPublicKey;
use der::{Encode, asn1::UintRef};
use pkcs1::RsaPublicKey;

use crate::algorithm::Algorithm;

pub(crate) const MIN_MODULUS_BITS: usize = 2048;
pub(crate) const MAX_MODULUS_BITS: usize = 8192;

/// A public key with its crypto library's form for each algorithm it may verify: parsed once, here.
pub(crate) struct VerificationKey {
    prepared: Vec<(Algorithm, ParsedPublicKey)>,
    /// The key itself as PKCS#1 DER: what makes two keys the same.
    der: Vec<u8>,
}

/// Not the key itself: it would fill a screen.
impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithms = self.prepared.iter().map(|(algorithm, _)| algorithm);
        f.write_str("VerificationKey ")?;
        f.debug_list().entries(algorithms).finish()
    }
}

impl VerificationKey {
    /// From the two numbers of the key, big-endian.
    pub(crate) fn new(
        modulus: &[u8],
        exponent: &[u8],
        algorithms: &[Algorithm],
    ) -> Result<Self, KeyProblem> {
        check_modulus(modulus)?;
        check_exponent(exponent)?;
        let der = RsaPublicKey {
            modulus: UintRef::new(modulus).map_err(|_| KeyProblem::Unreadable)?,
            public_exponent: UintRef::new(exponent).map_err(|_| KeyProblem::Unreadable)?,
        }
        .to_der()
        .map_err(|_| KeyProblem::Unreadable)?;
        let prepared = algorithms
            .iter()
            .map(|&algorithm| {
                ParsedPublicKey::new(algorithm.verification(), &der)
                    .map(|key| (algorithm, key))
                    .map_err(|_| KeyProblem::Unreadable)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { prepared, der })
    }

    /// Whether the key may verify tokens of this algorithm.
    pub(crate) fn allows(&self, algorithm: Algorithm) -> bool {
        self.prepared(algorithm).is_some()
    }

    /// Whether the signature is this key's over these bytes.
    pub(crate) fn verifies(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
        self.prepared(algorithm)
            .is_some_and(|key| key.verify_sig(signed, signature).is_ok())
    }

    pub(crate) fn same_material(&self, other: &Self) -> bool {
        self.der == other.der
    }

    /// Takes over the algorithms of the same key.
    pub(crate) fn absorb(&mut self, same: Self) {
        for (algorithm, key) in same.prepared {
            if !self.allows(algorithm) {
                self.prepared.push((algorithm, key));
            }
        }
    }

    fn algorithms(&self) -> Vec<Algorithm> {
        self.prepared
            .iter()
            .map(|(algorithm, _)| *algorithm)
            .collect()
    }

    fn prepared(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        self.prepared
            .iter()
            .find_map(|(allowed, key)| (*allowed == algorithm).then_some(key))
    }
}

/// The same key, for the same algorithms.
impl PartialEq for VerificationKey {
    fn eq(&self, other: &Self) -> bool {
        self.same_material(other) && self.algorithms() == other.algorithms()
    }
}

impl Eq for VerificationKey {}

/// What is wrong with a key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum KeyProblem {
    #[error("an RSA key of {0} bits, outside {MIN_MODULUS_BITS} to {MAX_MODULUS_BITS}")]
    Size(usize),
    #[error("an RSA key whose modulus is even")]
    Modulus,
    #[error("an RSA key whose public exponent is not an odd number from 3 to 2^32 - 1")]
    Exponent,
    #[error("an RSA key that can't be read")]
    Unreadable,
}

fn check_modulus(modulus: &[u8]) -> Result<(), KeyProblem> {
    let bits = bit_length(modulus);
    if !(MIN_MODULUS_BITS..=MAX_MODULUS_BITS).contains(&bits) {
        return Err(KeyProblem::Size(bits));
    }
    match modulus.last() {
        Some(last) if last % 2 == 1 => Ok(()),
        _ => Err(KeyProblem::Modulus),
    }
}

/// Odd, at least 3, and short: a long exponent only makes verification slow.
fn check_exponent(exponent: &[u8]) -> Result<(), KeyProblem> {
    let odd = exponent.last().is_some_and(|last| last % 2 == 1);
    match bit_length(exponent) {
        2..=32 if odd => Ok(()),
        _ => Err(KeyProblem::Exponent),
    }
}

fn bit_length(number: &[u8]) -> usize {
    let mut bytes = number.iter().skip_while(|byte| **byte == 0);
    match bytes.next() {
        Some(first) => bytes.count() * 8 + (8 - first.leading_zeros() as usize),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bit_length_ignores_leading_zeros() {
        assert_eq!(bit_length(&[]), 0);
        assert_eq!(bit_length(&[0, 0]), 0);
        assert_eq!(bit_length(&[0, 1]), 1);
        assert_eq!(bit_length(&[0x80, 0]), 16);
    }

    #[test]
    fn a_modulus_has_2048_to_8192_bits() {
        let all_ones = |bits: usize| {
            let mut bytes = vec![0xff; bits.div_ceil(8)];
            bytes[0] >>= bytes.len() * 8 - bits;
            bytes
        };
        for bits in [2048, 2049, 8191, 8192] {
            assert_eq!(check_modulus(&all_ones(bits)), Ok(()), "{bits}");
        }
        for bits in [2047, 8193] {
            let problem = check_modulus(&all_ones(bits));
            assert_eq!(problem, Err(KeyProblem::Size(bits)), "{bits}");
        }
    }

    #[test]
    fn exponents_are_odd_and_from_3_to_32_bits() {
        for good in [
            &[3][..],
            &[1, 0, 1],
            &[0, 1, 0, 1],
            &[0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(check_exponent(good), Ok(()), "{good:?}");
        }
        for bad in [&[][..], &[0], &[1], &[2], &[1, 0, 0], &[1, 0, 0, 0, 1]] {
            assert_eq!(check_exponent(bad), Err(KeyProblem::Exponent), "{bad:?}");
        }
    }

    /// A key that is published for other algorithms has changed.
    #[test]
    #[cfg_attr(miri, ignore = "keys are read by C")]
    fn keys_are_the_same_where_their_algorithms_are() {
        // Odd, of 2048 bits.
        let modulus = [0xff; 256];
        let key = |algorithms: &[Algorithm]| {
            VerificationKey::new(&modulus, &[1, 0, 1], algorithms).unwrap()
        };
        let both = [Algorithm::RS256, Algorithm::RS512];
        assert_eq!(key(&both), key(&both));
        assert_ne!(key(&both), key(&both[..1]));
        let mut grown = key(&both[..1]);
        grown.absorb(key(&both[1..]));
        assert_eq!(grown, key(&both));
    }
}

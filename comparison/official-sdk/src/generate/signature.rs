//! What stands in the place of the signature.

use super::dice::Dice;
use crate::{Result, keys::Signers};

#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub(super) enum Signature {
    #[default]
    Good,
    OfAnother,
    OfOtherText,
    Flipped,
    Short,
    Long,
    Empty,
    Zeros,
}

impl Signature {
    pub(super) const ALL: [Self; 7] = [
        Self::OfAnother,
        Self::OfOtherText,
        Self::Flipped,
        Self::Short,
        Self::Long,
        Self::Empty,
        Self::Zeros,
    ];

    pub(super) fn sign(
        self,
        dice: &mut Dice,
        signers: &Signers,
        algorithm: &str,
        message: &str,
    ) -> Result<Vec<u8>> {
        let good = || signers.trusted.sign(algorithm, message.as_bytes());
        Ok(match self {
            Self::Good => good()?,
            Self::OfAnother => signers.other.sign(algorithm, message.as_bytes())?,
            Self::OfOtherText => signers.trusted.sign(algorithm, b"other text")?,
            Self::Flipped => {
                let mut signature = good()?;
                let place = dice.below(signature.len());
                if let Some(byte) = signature.get_mut(place) {
                    *byte ^= 1;
                }
                signature
            }
            Self::Short => {
                let mut signature = good()?;
                signature.pop();
                signature
            }
            Self::Long => {
                let mut signature = good()?;
                signature.push(0);
                signature
            }
            Self::Empty => Vec::new(),
            Self::Zeros => vec![0; 256],
        })
    }
}

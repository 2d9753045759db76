//! The keys and tokens of one run, made once and handed to the processes that measure.

use serde::{Deserialize, Serialize};

use crate::{
    Result,
    tokens::{Signer, random_key_id},
};

pub(crate) struct Material {
    /// Whose key is published at first.
    pub(crate) signer: Signer,
    /// A new key under a new key id.
    pub(crate) next: Signer,
    /// A new key under the key id of the first.
    pub(crate) same_key_id: Signer,
    /// Tokens of a key that is never published, each under a key id of its own.
    pub(crate) forged: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Text {
    signer: String,
    next: String,
    same_key_id: String,
    forged: Vec<String>,
}

impl Material {
    pub(crate) fn generate(forged: usize) -> Result<Self> {
        let signer = Signer::generate()?;
        let foreign = Signer::generate()?;
        Ok(Self {
            next: Signer::generate()?,
            same_key_id: Signer::generate()?.with_key_id(signer.key_id()),
            forged: (0..forged)
                .map(|_| foreign.token_under(&random_key_id()?))
                .collect::<Result<_>>()?,
            signer,
        })
    }

    pub(crate) fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string(&Text {
            signer: self.signer.to_text()?,
            next: self.next.to_text()?,
            same_key_id: self.same_key_id.to_text()?,
            forged: self.forged.clone(),
        })?)
    }

    pub(crate) fn from_json(json: &str) -> Result<Self> {
        let text: Text = serde_json::from_str(json)?;
        Ok(Self {
            signer: Signer::from_text(&text.signer)?,
            next: Signer::from_text(&text.next)?,
            same_key_id: Signer::from_text(&text.same_key_id)?,
            forged: text.forged,
        })
    }
}

//! Keys by their key id.

use std::fmt;

use foldhash::HashMap;

use super::rsa::VerificationKey;

/// Keys at hand, ready to verify. Never changes once it is built.
#[derive(Default, Eq, PartialEq)]
pub(crate) struct KeySet {
    /// The hash is a fast one: the ids in a set are the key server's, so nobody can choose them to collide.
    by_id: HashMap<String, Vec<VerificationKey>>,
}

impl KeySet {
    /// Adds a key. Under one key id there may be several, as while a key is being replaced; the same
    /// key is kept once, for all the algorithms it is published for. Whether there was room for it among
    /// `max_same_id` keys of one id, each of which is tried.
    pub(crate) fn insert(
        &mut self,
        key_id: String,
        key: VerificationKey,
        max_same_id: usize,
    ) -> bool {
        let keys = self.by_id.entry(key_id).or_default();
        if let Some(known) = keys.iter_mut().find(|known| known.same_material(&key)) {
            known.absorb(key);
        } else if keys.len() < max_same_id {
            keys.push(key);
        } else {
            return false;
        }
        true
    }

    /// The keys of that id; empty where there is none.
    pub(crate) fn get(&self, key_id: &str) -> &[VerificationKey] {
        self.by_id.get(key_id).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.by_id.values().map(Vec::len).sum()
    }
}

/// Without the ids, which are nobody's business.
impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("len", &self.len()).finish()
    }
}

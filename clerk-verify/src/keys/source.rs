//! The keys of one Clerk instance. Nothing here is shared with another instance or verifier.

#[cfg(feature = "remote")]
use std::sync::Arc;

#[cfg(feature = "remote")]
use super::remote::{AtHand, KeySnapshot, Loaded, RemoteKeys, Snapshot};
use super::{KeySourceStatus, key_set::KeySet, rsa::VerificationKey};
use crate::{algorithm::Algorithm, error::Kind, token::Compact};

/// Where the keys come from: fixed ones first, fetched ones behind them.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) fixed: Option<FixedKeys>,
    #[cfg(feature = "remote")]
    pub(crate) remote: Option<RemoteKeys>,
}

/// Keys that were given when the verifier was built.
#[derive(Debug)]
pub(crate) enum FixedKeys {
    /// The one key of `jwt_key`. It has no id, so a token's `kid` says nothing about it.
    One(Box<VerificationKey>),
    Set(KeySet),
}

/// What is at hand for a key id.
pub(crate) enum Lookup<'k> {
    Found(Candidates<'k>),
    /// There are no keys at hand at all, or none that are still good.
    #[cfg_attr(not(feature = "remote"), allow(dead_code))]
    NoKeys,
    /// Not at hand; the key source may have it.
    #[cfg_attr(not(feature = "remote"), allow(dead_code))]
    Fetch,
    Unknown,
}

/// The keys to try: the fixed ones of that id, then the fetched ones.
pub(crate) struct Candidates<'k> {
    fixed: &'k [VerificationKey],
    #[cfg(feature = "remote")]
    fetched: Option<Loaded>,
}

/// Whose key a token was verified with. As long as that one vouches for it, the signature need not be looked at again.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "cache"), allow(dead_code))]
pub(crate) enum Voucher {
    /// A key that never changes.
    Fixed,
    /// One of the fetched keys, in this content of the set.
    #[cfg(feature = "remote")]
    Fetched { generation: u64 },
}

/// What can vouch for tokens at one moment.
#[cfg(feature = "cache")]
pub(crate) struct Content {
    /// Of the fetched keys, if there are any that are still good.
    #[cfg(feature = "remote")]
    generation: Option<u64>,
}

#[cfg(feature = "cache")]
impl Content {
    pub(crate) fn vouches(&self, voucher: Voucher) -> bool {
        match voucher {
            Voucher::Fixed => true,
            #[cfg(feature = "remote")]
            Voucher::Fetched { generation } => self.generation == Some(generation),
        }
    }
}

/// What a verification has to wait for.
#[derive(Debug)]
#[cfg_attr(not(feature = "remote"), allow(dead_code))]
pub(crate) enum Need {
    /// A key of that id.
    Key,
    /// Another key of that id than those at hand (`None`: there are none).
    Change(#[cfg(feature = "remote")] Option<Arc<KeySet>>),
}

impl<'k> Candidates<'k> {
    fn fixed(keys: &'k [VerificationKey]) -> Self {
        Self {
            fixed: keys,
            #[cfg(feature = "remote")]
            fetched: None,
        }
    }

    /// Whether one of them may verify tokens of this algorithm.
    pub(crate) fn allow(&self, key_id: &str, algorithm: Algorithm) -> bool {
        let allows = |key: &VerificationKey| key.allows(algorithm);
        self.fixed.iter().any(allows) || self.fetched(key_id).iter().any(allows)
    }

    /// What vouches for the token, if the signature is that of one of them. The fixed ones are tried first.
    #[cfg_attr(not(feature = "remote"), allow(unused_variables))]
    pub(crate) fn vouch(
        &self,
        key_id: &str,
        algorithm: Algorithm,
        token: &Compact<'_>,
    ) -> Option<Voucher> {
        let verifies =
            |key: &VerificationKey| key.verifies(algorithm, token.signed, &token.signature);
        if self.fixed.iter().any(verifies) {
            return Some(Voucher::Fixed);
        }
        #[cfg(feature = "remote")]
        if let Some(snapshot) = self.snapshot()
            && snapshot.keys.get(key_id).iter().any(verifies)
        {
            return Some(Voucher::Fetched {
                generation: snapshot.generation,
            });
        }
        None
    }

    #[cfg(feature = "remote")]
    fn fetched(&self, key_id: &str) -> &[VerificationKey] {
        self.snapshot()
            .map_or(&[], |snapshot| snapshot.keys.get(key_id))
    }

    #[cfg(not(feature = "remote"))]
    fn fetched(&self, _: &str) -> &[VerificationKey] {
        &[]
    }

    #[cfg(feature = "remote")]
    fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.fetched.as_ref()?.as_ref()
    }
}

impl Keys {
    /// Whether the token's `kid` plays no part.
    pub(crate) fn ignore_key_id(&self) -> bool {
        matches!(self.fixed, Some(FixedKeys::One(_)))
    }

    /// Looks a key id up among the keys at hand. Never waits. `wall` is the time of day in milliseconds since 1970.
    #[cfg_attr(not(feature = "remote"), allow(unused_variables))]
    pub(crate) fn lookup(&self, key_id: &str, wall: i64) -> Lookup<'_> {
        match &self.fixed {
            Some(FixedKeys::One(key)) => {
                return Lookup::Found(Candidates::fixed(std::slice::from_ref(key)));
            }
            Some(FixedKeys::Set(set)) => {
                let keys = set.get(key_id);
                if !keys.is_empty() {
                    return Lookup::Found(Candidates {
                        fixed: keys,
                        // Nothing is fetched for a fixed key. What was fetched for another is kept fresh.
                        #[cfg(feature = "remote")]
                        fetched: self.remote.as_ref().and_then(|remote| remote.at_hand(wall)),
                    });
                }
            }
            None => {}
        }
        #[cfg(feature = "remote")]
        if let Some(remote) = &self.remote {
            // An unknown key id is not what starts a renewal: the fetch for it does better.
            return match remote.at_hand_with(key_id, wall) {
                AtHand::Nothing => Lookup::NoKeys,
                AtHand::Others => Lookup::Fetch,
                AtHand::Keys(snapshot) => Lookup::Found(Candidates {
                    fixed: &[],
                    fetched: Some(snapshot),
                }),
            };
        }
        Lookup::Unknown
    }

    /// What is at hand now. Nothing is renewed.
    #[cfg(feature = "cache")]
    pub(crate) fn content(&self) -> Content {
        Content {
            #[cfg(feature = "remote")]
            generation: self.remote.as_ref().and_then(RemoteKeys::generation),
        }
    }

    /// Whether a token that was verified would be verified by the same key now: the set has neither changed nor come
    /// to its end. Renews keys that are due, as a lookup does. Never waits.
    #[cfg(feature = "cache")]
    #[cfg_attr(not(feature = "remote"), allow(unused_variables))]
    pub(crate) fn still_vouch(&self, voucher: Voucher, wall: i64) -> bool {
        match voucher {
            Voucher::Fixed => {
                #[cfg(feature = "remote")]
                if let (Some(remote), false) = (&self.remote, self.ignore_key_id()) {
                    // As in a lookup: what was fetched for others is kept fresh.
                    let _ = remote.at_hand(wall);
                }
                true
            }
            #[cfg(feature = "remote")]
            Voucher::Fetched { generation } => self
                .remote
                .as_ref()
                .is_some_and(|remote| remote.is_still(generation, wall)),
        }
    }

    /// Whether the key source did not have this key id a moment ago.
    pub(crate) fn is_known_absent(&self, key_id: &str) -> bool {
        #[cfg(feature = "remote")]
        if let Some(remote) = &self.remote {
            return remote.is_known_absent(key_id);
        }
        let _ = key_id;
        false
    }

    /// What to wait for where the signature fits none of the candidates: the key may have been replaced under its
    /// id. `None` where that is not worth a fetch now.
    pub(crate) fn recheck(&self, key_id: &str, candidates: &Candidates<'_>) -> Option<Need> {
        #[cfg(feature = "remote")]
        if let Some(remote) = &self.remote
            && !self.ignore_key_id()
        {
            let rejected = candidates.snapshot().map(|snapshot| &snapshot.keys);
            if remote.may_recheck(key_id, rejected.map(Arc::as_ref)) {
                return Some(Need::Change(rejected.cloned()));
            }
        }
        let _ = (key_id, candidates);
        None
    }

    /// Waits until the key source has been asked for this key id, or may not be asked now.
    #[cfg_attr(not(feature = "remote"), allow(clippy::unused_async))]
    pub(crate) async fn obtain(&self, key_id: &str, need: &Need) -> Result<(), Kind> {
        #[cfg(feature = "remote")]
        if let Some(remote) = &self.remote {
            return match need {
                Need::Key => remote.obtain(key_id).await,
                Need::Change(rejected) => {
                    if remote.has_changed(key_id, rejected.as_deref()).await {
                        Ok(())
                    } else {
                        Err(Kind::Signature(None))
                    }
                }
            };
        }
        let _ = (key_id, need);
        Ok(())
    }

    /// Waits until there are keys, for a service that wants to fail when it starts.
    #[cfg_attr(not(feature = "remote"), allow(clippy::unused_async))]
    pub(crate) async fn ready(&self) -> Result<(), Kind> {
        #[cfg(feature = "remote")]
        if let Some(remote) = &self.remote {
            return remote.ready().await;
        }
        Ok(())
    }

    /// The fetched keys, to be kept for the next run.
    #[cfg(feature = "remote")]
    pub(crate) fn export(&self) -> Option<KeySnapshot> {
        self.remote.as_ref()?.export()
    }

    pub(crate) fn status(&self) -> KeySourceStatus {
        let fixed = match &self.fixed {
            Some(FixedKeys::One(_)) => 1,
            Some(FixedKeys::Set(set)) => set.len(),
            None => 0,
        };
        #[cfg(feature = "remote")]
        if let Some(remote) = &self.remote {
            let mut status = remote.status();
            status.keys += fixed;
            status.ready |= fixed > 0;
            return status;
        }
        KeySourceStatus::fixed(fixed)
    }
}

//! The keys of one verifier. Nothing here is shared with another verifier.

#[cfg(feature = "jwks")]
use super::remote::{RemoteKeys, Snapshot};
use super::{KeySourceState, KeySourceStatus, key_set::KeySet, rsa::VerificationKey};
use crate::error::Kind;

/// Where the keys come from: fixed ones first, fetched ones behind them.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) fixed: Option<FixedKeys>,
    #[cfg(feature = "jwks")]
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
    #[cfg_attr(not(feature = "jwks"), allow(dead_code))]
    NoKeys,
    /// Not at hand; the key source may have it.
    #[cfg_attr(not(feature = "jwks"), allow(dead_code))]
    Fetch,
    Unknown,
}

/// The keys to try.
pub(crate) enum Candidates<'k> {
    Fixed(&'k [VerificationKey]),
    #[cfg(feature = "jwks")]
    Fetched(arc_swap::Guard<Option<std::sync::Arc<Snapshot>>>),
}

impl Candidates<'_> {
    pub(crate) fn keys(&self, key_id: &str) -> &[VerificationKey] {
        match self {
            Self::Fixed(keys) => {
                let _ = key_id;
                keys
            }
            #[cfg(feature = "jwks")]
            Self::Fetched(snapshot) => snapshot
                .as_ref()
                .map_or(&[], |snapshot| snapshot.keys.get(key_id)),
        }
    }
}

impl Keys {
    /// Whether the token's `kid` plays no part.
    pub(crate) fn ignore_key_id(&self) -> bool {
        matches!(self.fixed, Some(FixedKeys::One(_)))
    }

    /// Looks a key id up among the keys at hand. Never waits.
    pub(crate) fn lookup(&self, key_id: &str) -> Lookup<'_> {
        match &self.fixed {
            Some(FixedKeys::One(key)) => {
                return Lookup::Found(Candidates::Fixed(std::slice::from_ref(key)));
            }
            Some(FixedKeys::Set(set)) => {
                let keys = set.get(key_id);
                if !keys.is_empty() {
                    return Lookup::Found(Candidates::Fixed(keys));
                }
            }
            None => {}
        }
        #[cfg(feature = "jwks")]
        if let Some(remote) = &self.remote {
            return remote.lookup(key_id);
        }
        Lookup::Unknown
    }

    /// Waits until the key source has been asked for this key id, or may not be asked now.
    #[cfg_attr(not(feature = "jwks"), allow(clippy::unused_async))]
    pub(crate) async fn obtain(&self, key_id: &str) -> Result<(), Kind> {
        #[cfg(feature = "jwks")]
        if let Some(remote) = &self.remote {
            return remote.obtain(key_id).await;
        }
        let _ = key_id;
        Ok(())
    }

    /// Waits until there are keys, for a service that wants to fail when it starts.
    #[cfg_attr(not(feature = "jwks"), allow(clippy::unused_async))]
    pub(crate) async fn ready(&self) -> Result<(), Kind> {
        #[cfg(feature = "jwks")]
        if let Some(remote) = &self.remote {
            return remote.ready().await;
        }
        Ok(())
    }

    pub(crate) fn status(&self) -> KeySourceStatus {
        let fixed = match &self.fixed {
            Some(FixedKeys::One(_)) => 1,
            Some(FixedKeys::Set(set)) => set.len(),
            None => 0,
        };
        #[cfg(feature = "jwks")]
        if let Some(remote) = &self.remote {
            let mut status = remote.status();
            status.keys += fixed;
            status.ready |= fixed > 0;
            return status;
        }
        KeySourceStatus {
            state: KeySourceState::Fixed,
            ready: true,
            keys: fixed,
            age: None,
            fetches: 0,
            failures: 0,
            last_error: None,
        }
    }
}

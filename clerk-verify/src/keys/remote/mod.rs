//! Keys that are fetched: kept, renewed before they age, and never fetched twice at once.
//!
//! Readers load one pointer, and a number where keys are due; they never lock. Fetches run in tasks of their own, so that no
//! request that goes away takes a fetch with it. What is decided when:
//!
//! | keys | key id known | key id unknown |
//! |---|---|---|
//! | none yet, or expired | wait for the fetch; while backing off fail at once | the same |
//! | fresh | use | one forced fetch if the budget has it, otherwise unknown |
//! | due, or stale | use, and renew in the background | the same; unavailable if the last fetch failed |
//!
//! A signature that does not fit a known key id asks for a fetch too, from a budget of its own: Clerk may replace a
//! key and keep its id.

mod absent;
mod answer;
mod budget;
mod discovery;
mod endpoint;
mod events;
mod export;
mod failure;
mod fetch;
mod flight;
mod freshness;
#[cfg(feature = "jwks")]
mod http_client;
mod obtain;
mod options;
mod renewal;
mod shared;
mod snapshot;
mod state;
mod status;
mod tasks;
mod transport;
mod url;

use std::{fmt, sync::Arc, time::Duration};

#[cfg(feature = "jwks")]
pub(crate) use self::http_client::HttpClient;
use self::shared::Shared;
pub(crate) use self::{
    discovery::PATH as OPENID_CONFIGURATION,
    endpoint::Endpoint,
    events::Hook,
    failure::FetchFailure,
    shared::{Seed, Setup},
    snapshot::Snapshot,
    transport::AnyFetcher,
    url::{base_url, key_url},
};
pub use self::{
    events::{FetchCause, FetchOutcome, KeyEvent, KeySearch},
    export::KeySnapshot,
    options::JwksOptions,
    transport::{FetchError, FetchRequest, FetchResponse, Fetcher},
};
use super::{KeySourceStatus, key_set::KeySet};
use crate::sync::Guard;

/// A remote key source. Clones share it; with the last one its tasks end.
#[derive(Clone)]
pub(crate) struct RemoteKeys(Arc<Source>);

struct Source(Arc<Shared>);

impl Drop for Source {
    fn drop(&mut self) {
        self.0.tasks.end();
    }
}

/// What there is at hand for a key id.
pub(crate) enum AtHand {
    Keys(Loaded),
    /// Keys, but none of that id.
    Others,
    /// None, or none that are still good.
    Nothing,
}

/// A snapshot that a reader holds, without having counted itself in.
pub(crate) type Loaded = Guard<Option<Arc<Snapshot>>>;

impl RemoteKeys {
    pub(crate) fn new(setup: Setup) -> Self {
        Self(Arc::new(Source(Arc::new(Shared::new(setup)))))
    }

    /// The keys at hand if there is one of this id; starts renewing them when they are due. Never waits. `wall` is
    /// the time of day in milliseconds since 1970.
    pub(crate) fn at_hand_with(&self, key_id: &str, wall: i64) -> AtHand {
        let now = self.0.0.clock.monotonic();
        let Some(loaded) = self.load(now) else {
            return AtHand::Nothing;
        };
        match loaded.as_ref() {
            Some(snapshot) if !snapshot.keys.get(key_id).is_empty() => {
                self.renew_if_due(snapshot, now, wall);
                AtHand::Keys(loaded)
            }
            _ => AtHand::Others,
        }
    }

    /// The keys at hand, whatever they are; starts renewing them when they are due. Never waits.
    pub(crate) fn at_hand(&self, wall: i64) -> Option<Loaded> {
        let now = self.0.0.clock.monotonic();
        let loaded = self.load(now)?;
        if let Some(snapshot) = loaded.as_ref() {
            self.renew_if_due(snapshot, now, wall);
        }
        Some(loaded)
    }

    /// Whether the keys at hand are still of this content; starts renewing them when they are due. Never waits.
    #[cfg(feature = "cache")]
    pub(crate) fn is_still(&self, generation: u64, wall: i64) -> bool {
        let now = self.0.0.clock.monotonic();
        let Some(loaded) = self.load(now) else {
            return false;
        };
        match loaded.as_ref() {
            Some(snapshot) if snapshot.generation == generation => {
                self.renew_if_due(snapshot, now, wall);
                true
            }
            _ => false,
        }
    }

    /// Which content the keys at hand are of, if there are any that are still good.
    #[cfg(feature = "cache")]
    pub(crate) fn generation(&self) -> Option<u64> {
        let loaded = self.load(self.0.0.clock.monotonic())?;
        Some(loaded.as_ref()?.generation)
    }

    fn load(&self, now: Duration) -> Option<Loaded> {
        let shared = &self.0.0;
        let loaded = shared.snapshot.load();
        let usable = loaded
            .as_ref()
            .is_some_and(|snapshot| shared.is_usable(snapshot, now));
        usable.then_some(loaded)
    }

    fn renew_if_due(&self, snapshot: &Snapshot, now: Duration, wall: i64) {
        let shared = &self.0.0;
        if snapshot.is_due(now, wall)
            && shared.renewal_in(now).is_zero()
            && obtain::can_wait().is_ok()
        {
            shared.start(FetchCause::Renewal, now, snapshot.number);
        }
    }

    /// Whether the server did not have this key id a moment ago.
    pub(crate) fn is_known_absent(&self, key_id: &str) -> bool {
        let shared = &self.0.0;
        let now = shared.clock.monotonic();
        let absent = shared
            .usable(now)
            .is_some_and(|keys| shared.absent.contains(key_id, keys.generation, now));
        if absent {
            shared.tell_search(FetchCause::UnknownKeyId, KeySearch::RememberedAbsent);
        }
        absent
    }

    /// Whether it may be worth a wait that a signature did not fit the `rejected` keys of this id: others have come in
    /// the meantime; or the keys are not new, and the server has not been asked for that reason a moment ago.
    pub(crate) fn may_recheck(&self, key_id: &str, rejected: Option<&KeySet>) -> bool {
        let shared = &self.0.0;
        let now = shared.clock.monotonic();
        // Before the keys: who sees that a fetch for this reason has landed must see what it brought.
        let is_allowed = shared.recheck_in(now).is_zero();
        let usable = shared.usable(now);
        let before = rejected.map_or(&[][..], |keys| keys.get(key_id));
        let is_other = |keys: &Arc<Snapshot>| keys.keys.get(key_id) != before;
        if usable.as_ref().is_some_and(is_other) {
            return true;
        }
        let old = usable.is_none_or(|keys| keys.age(now) > shared.options.bad_signature_min_age);
        old && is_allowed
    }

    pub(crate) fn status(&self) -> KeySourceStatus {
        self.0.0.status()
    }

    pub(crate) fn export(&self) -> Option<KeySnapshot> {
        let loaded = self.load(self.0.0.clock.monotonic())?;
        let snapshot = loaded.as_ref()?;
        Some(KeySnapshot::new(&snapshot.text, snapshot.fetched_wall()))
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeys")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

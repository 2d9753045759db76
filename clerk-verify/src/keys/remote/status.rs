//! How a key source is doing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{Shared, Snapshot};
use crate::keys::{KeySourceState, KeySourceStatus};

impl Shared {
    pub(super) fn state_of_keys(&self, now: Duration) -> KeySourceState {
        state_of(self, self.snapshot.load().as_ref(), now)
    }

    pub(super) fn status(&self) -> KeySourceStatus {
        let now = self.clock.monotonic();
        let guard = self.snapshot.load();
        let snapshot = guard.as_ref();
        let state = state_of(self, snapshot, now);
        let ready = matches!(state, KeySourceState::Fresh | KeySourceState::Stale);
        KeySourceStatus {
            source: Some(Arc::clone(self.observer.source())),
            issuers: Arc::default(),
            state,
            ready,
            keys: snapshot.map_or(0, |snapshot| if ready { snapshot.keys.len() } else { 0 }),
            generation: snapshot.map_or(0, |snapshot| snapshot.generation),
            age: snapshot.map(|snapshot| snapshot.age(now)),
            expires_in: snapshot.map(|snapshot| snapshot.expires_at().saturating_sub(now)),
            fetches: self.counters.fetches.load(Ordering::Relaxed),
            requests: self.counters.requests.load(Ordering::Relaxed),
            failures: self.counters.failures.load(Ordering::Relaxed),
            changes: self.counters.changes.load(Ordering::Relaxed),
            absent_key_ids: self.absent.len(),
            locks: self.state.locked(),
            last_error: self.last_error.load().as_deref().cloned(),
        }
    }
}

fn state_of(shared: &Shared, snapshot: Option<&Arc<Snapshot>>, now: Duration) -> KeySourceState {
    match snapshot {
        None => KeySourceState::Empty,
        Some(snapshot) if !shared.is_usable(snapshot, now) => KeySourceState::Expired,
        Some(snapshot) if snapshot.is_fresh(now) => KeySourceState::Fresh,
        Some(_) => KeySourceState::Stale,
    }
}

/// What has happened so far.
#[derive(Default)]
pub(super) struct Counters {
    fetches: AtomicU64,
    requests: AtomicU64,
    failures: AtomicU64,
    changes: AtomicU64,
}

impl Counters {
    pub(super) fn fetch(&self) {
        self.fetches.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failure(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn success(&self, changed: bool) {
        if changed {
            self.changes.fetch_add(1, Ordering::Relaxed);
        }
    }
}

//! The same types with a place before each use at which the checker can let others go first. It tries orders of whole
//! steps: each load and each store is seen by all at once, whatever its `Ordering`.

use std::{ops::Deref, sync::Arc};

pub(crate) use shuttle::{
    future::{AbortHandle, spawn},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicI64, AtomicU64},
    },
};

/// Where others may go first.
#[derive(Default)]
struct Turn(AtomicU64);

impl Turn {
    fn give(&self) {
        self.0.load(std::sync::atomic::Ordering::SeqCst);
    }
}

/// arc-swap's contract: a load gives what the last store has left, and holds it.
#[derive(Default)]
pub(crate) struct ArcSwapOption<T> {
    turn: Turn,
    value: std::sync::Mutex<Option<Arc<T>>>,
}

/// What was loaded.
pub(crate) struct Guard<T>(T);

impl<T> Deref for Guard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> ArcSwapOption<T> {
    pub(crate) fn new(value: Option<Arc<T>>) -> Self {
        Self {
            turn: Turn::default(),
            value: std::sync::Mutex::new(value),
        }
    }

    pub(crate) fn empty() -> Self {
        Self::new(None)
    }

    pub(crate) fn load(&self) -> Guard<Option<Arc<T>>> {
        Guard(self.load_full())
    }

    pub(crate) fn load_full(&self) -> Option<Arc<T>> {
        self.turn.give();
        self.value.lock().unwrap().clone()
    }

    pub(crate) fn store(&self, value: Option<Arc<T>>) {
        self.turn.give();
        // What was there before is dropped without the lock.
        let _before = std::mem::replace(&mut *self.value.lock().unwrap(), value);
    }
}

/// The standard library's.
pub(crate) struct OnceLock<T> {
    turn: Turn,
    value: std::sync::OnceLock<T>,
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        Self {
            turn: Turn::default(),
            value: std::sync::OnceLock::new(),
        }
    }
}

impl<T> OnceLock<T> {
    pub(crate) fn get(&self) -> Option<&T> {
        self.turn.give();
        self.value.get()
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        self.turn.give();
        self.value.set(value)
    }
}

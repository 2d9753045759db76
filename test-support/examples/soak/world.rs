//! What all parts of the test share.

use std::{
    panic,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    args::Args, mood::Mood, oracle::Oracle, pool::Pool, requests::Requests, ring::Ring,
    stalls::Stalls, tally::Tally,
};

/// The state of the test. Every lock is held for microseconds and never across an `await`.
pub(crate) struct World {
    pub(crate) ring: Ring,
    pub(crate) stalls: Stalls,
    start: Instant,
    duration: Duration,
    pub(crate) rate: u32,
    pub(crate) seed: u64,
    mood: Mutex<Mood>,
    oracle: Mutex<Oracle>,
    requests: Mutex<Requests>,
    tally: Mutex<Tally>,
    pool: Mutex<Arc<Pool>>,
    panics: AtomicU64,
    stopped: AtomicBool,
}

impl World {
    pub(crate) fn new(args: &Args) -> Self {
        let start = Instant::now();
        Self {
            ring: Ring::new(),
            stalls: Stalls::new(),
            start,
            duration: args.duration,
            rate: args.rate,
            seed: args.seed,
            mood: Mutex::new(Mood::Hang),
            oracle: Mutex::default(),
            requests: Mutex::new(Requests::new(start)),
            tally: Mutex::default(),
            pool: Mutex::default(),
            panics: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        }
    }

    /// Since the test began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// A moment as time since the test began.
    pub(crate) fn since_start(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.start)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.elapsed() >= self.duration
    }

    pub(crate) fn mood(&self) -> Mood {
        *lock(&self.mood)
    }

    pub(crate) fn set_mood(&self, mood: Mood) {
        *lock(&self.mood) = mood;
        let mut tally = self.tally();
        tally.moods.entry(mood.name()).or_default().phases += 1;
        tally.supply.changed(mood.is_good(), Instant::now());
    }

    pub(crate) fn oracle(&self) -> MutexGuard<'_, Oracle> {
        lock(&self.oracle)
    }

    pub(crate) fn requests(&self) -> MutexGuard<'_, Requests> {
        lock(&self.requests)
    }

    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        lock(&self.tally)
    }

    pub(crate) fn pool(&self) -> Arc<Pool> {
        Arc::clone(&lock(&self.pool))
    }

    pub(crate) fn set_pool(&self, pool: Pool) {
        *lock(&self.pool) = Arc::new(pool);
    }

    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

/// Counts panics of every thread and task, and still prints them.
pub(crate) fn count_panics(world: &Arc<World>) {
    let (world, print) = (Arc::clone(world), panic::take_hook());
    panic::set_hook(Box::new(move |info| {
        world.panics.fetch_add(1, Ordering::Relaxed);
        print(info);
    }));
}

/// A panic elsewhere is counted, and shall not stop the rest.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

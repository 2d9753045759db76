//! Everything that happens, in its order.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use clerk_verify::{Clock, FetchCause, FetchOutcome, KeyEvent, KeySearch};
use tokio::time::Instant;

use super::{material::start_of_day, server::Answer};

/// tokio's clock, which stands still until it is needed, and a time of day that can be set apart from it.
#[derive(Clone)]
pub(crate) struct Time {
    start: Instant,
    set_later: Arc<AtomicI64>,
}

impl Time {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            set_later: Arc::default(),
        }
    }

    /// Sets the time of day this many seconds later, or earlier.
    pub(crate) fn set_later(&self, seconds: i64) {
        self.set_later.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for Time {
    fn now(&self) -> SystemTime {
        let later = self.set_later.load(Ordering::SeqCst);
        let distance = Duration::from_secs(later.unsigned_abs());
        let today = start_of_day() + self.start.elapsed();
        if later < 0 {
            today - distance
        } else {
            today + distance
        }
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Time")
    }
}

/// What became of a verification.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Verdict {
    Accepted,
    /// 401: no such key.
    NoSuchKey,
    /// 401: the signature is not that key's.
    BadSignature,
    /// 503.
    Unavailable,
}

#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A verification begins, of a token by its place in `TOKENS` (`None` only waits for keys), after so many fetches.
    Begins {
        call: usize,
        token: Option<usize>,
        fetches: u64,
    },
    /// `None` where the caller has gone away.
    Ends {
        call: usize,
        verdict: Option<Verdict>,
        /// When it says that it makes sense to come again.
        retry_after: Option<Duration>,
    },
    Searched(KeySearch),
    Started(FetchCause),
    /// The server got a request and will answer so.
    Requested {
        forced: bool,
        tag: Option<usize>,
        answer: Answer,
    },
    Succeeded {
        changed: bool,
        not_modified: bool,
        keys: usize,
        skipped: usize,
        generation: u64,
    },
    Failed {
        outcome: FetchOutcome,
        pause: Duration,
    },
}

/// An event, when it happened, and the time of day in milliseconds since 1970.
#[derive(Clone, Debug)]
pub(crate) struct Logged {
    pub(crate) at: Duration,
    pub(crate) wall: i64,
    pub(crate) event: Event,
}

#[derive(Clone)]
pub(crate) struct Log {
    time: Time,
    events: Arc<Mutex<Vec<Logged>>>,
}

impl Log {
    pub(crate) fn new(time: Time) -> Self {
        Self {
            time,
            events: Arc::default(),
        }
    }

    pub(crate) fn add(&self, event: Event) {
        let logged = Logged {
            at: self.time.monotonic(),
            wall: self.wall(),
            event,
        };
        self.events.lock().unwrap().push(logged);
    }

    /// What has happened since this was last called.
    pub(crate) fn take(&self) -> Vec<Logged> {
        std::mem::take(&mut *self.events.lock().unwrap())
    }

    pub(crate) fn now(&self) -> Duration {
        self.time.monotonic()
    }

    pub(crate) fn wall(&self) -> i64 {
        let since = self.time.now().duration_since(SystemTime::UNIX_EPOCH);
        i64::try_from(since.unwrap().as_millis()).unwrap()
    }

    pub(crate) fn hook(&self) -> impl Fn(&str, &KeyEvent<'_>) + Send + Sync + 'static {
        let log = self.clone();
        move |_: &str, event: &KeyEvent<'_>| {
            log.add(match *event {
                KeyEvent::FetchStarted { cause, .. } => Event::Started(cause),
                #[rustfmt::skip]
                KeyEvent::FetchSucceeded { changed, not_modified, keys, skipped, generation, .. } =>
                    Event::Succeeded { changed, not_modified, keys, skipped, generation },
                KeyEvent::FetchFailed {
                    outcome,
                    next_attempt_in: pause,
                    ..
                } => Event::Failed { outcome, pause },
                KeyEvent::KeyLookedFor { result, .. } => Event::Searched(result),
                _ => panic!("an event that the model does not know"),
            });
        }
    }
}

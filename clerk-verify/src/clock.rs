//! Where the time comes from.

use std::{
    fmt,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// The clock a [`Verifier`](crate::Verifier) reads.
///
/// A verifier never asks the system for the time itself, so that a test can say what time it is.
/// Two times are told apart: [`now`](Clock::now), the time of day that `exp`, `nbf` and `iat` are
/// compared with, and [`monotonic`](Clock::monotonic), which ages fetched keys and which setting the
/// time of day must not move.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use clerk_verify::Clock;
///
/// /// A machine whose clock is known to be three seconds slow.
/// #[derive(Debug)]
/// struct Slow;
///
/// impl Clock for Slow {
///     fn now(&self) -> SystemTime {
///         SystemTime::now() + Duration::from_secs(3)
///     }
/// }
///
/// assert!(Slow.now() > SystemTime::now());
/// ```
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time of day.
    fn now(&self) -> SystemTime;

    /// The time since some fixed moment, never going back.
    ///
    /// By default [`Instant`], counted from the first call in this process.
    fn monotonic(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}

/// The system's clock: what a verifier uses unless it is given another.
///
/// ```
/// use clerk_verify::{Clock, SystemClock};
///
/// assert!(SystemClock.now() > std::time::UNIX_EPOCH);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// A clock that stands still until it is moved: for tests.
///
/// Clones share one time, so a test keeps a clone and moves the clock of a verifier it gave away.
///
/// ```
/// use std::time::Duration;
/// use clerk_verify::{Clock, FixedClock};
///
/// let clock = FixedClock::at_unix(1_628_221_550);
/// let kept = clock.clone();
/// kept.advance(Duration::from_secs(60));
/// assert_eq!(clock.unix(), 1_628_221_610);
/// ```
#[derive(Clone)]
pub struct FixedClock {
    times: Arc<Times>,
}

struct Times {
    unix_millis: AtomicI64,
    monotonic_millis: AtomicI64,
}

impl FixedClock {
    /// A clock that stands at `seconds` after 1970-01-01T00:00:00Z.
    ///
    /// ```
    /// assert_eq!(clerk_verify::FixedClock::at_unix(-1).unix(), -1);
    /// ```
    #[must_use]
    pub fn at_unix(seconds: i64) -> Self {
        Self {
            times: Arc::new(Times {
                unix_millis: AtomicI64::new(seconds.saturating_mul(1000)),
                monotonic_millis: AtomicI64::new(0),
            }),
        }
    }

    /// The whole seconds since 1970 at which it stands.
    ///
    /// ```
    /// assert_eq!(clerk_verify::FixedClock::at_unix(7).unix(), 7);
    /// ```
    #[must_use]
    pub fn unix(&self) -> i64 {
        self.times
            .unix_millis
            .load(Ordering::SeqCst)
            .div_euclid(1000)
    }

    /// Lets `time` pass: both the time of day and the age of keys go on by it.
    ///
    /// ```
    /// # use std::time::Duration;
    /// let clock = clerk_verify::FixedClock::at_unix(0);
    /// clock.advance(Duration::from_millis(1500));
    /// assert_eq!(clock.unix(), 1);
    /// ```
    pub fn advance(&self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        for counter in [&self.times.unix_millis, &self.times.monotonic_millis] {
            let later = |now: i64| Some(now.saturating_add(millis));
            // It always has a next value, so this can't fail.
            let _ = counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, later);
        }
    }

    /// Sets the time of day alone, as an administrator or NTP would; keys do not age by it.
    ///
    /// ```
    /// let clock = clerk_verify::FixedClock::at_unix(100);
    /// clock.set_unix(50);
    /// assert_eq!(clock.unix(), 50);
    /// ```
    pub fn set_unix(&self, seconds: i64) {
        self.times
            .unix_millis
            .store(seconds.saturating_mul(1000), Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> SystemTime {
        let millis = self.times.unix_millis.load(Ordering::SeqCst);
        let distance = Duration::from_millis(millis.unsigned_abs());
        if millis < 0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        }
        .unwrap_or(UNIX_EPOCH)
    }

    fn monotonic(&self) -> Duration {
        let millis = self.times.monotonic_millis.load(Ordering::SeqCst);
        Duration::from_millis(millis.unsigned_abs())
    }
}

impl fmt::Debug for FixedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FixedClock")
            .field("unix", &self.unix())
            .finish_non_exhaustive()
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> SystemTime {
        (**self).now()
    }

    fn monotonic(&self) -> Duration {
        (**self).monotonic()
    }
}

/// Milliseconds since 1970, negative before it; a time out of range stands at the edge.
pub(crate) fn unix_millis(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}

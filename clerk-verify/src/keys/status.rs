//! How a verifier's keys are doing.

use std::time::Duration;

/// Whether the keys are at hand and how old they are.
///
/// ```
/// use clerk_verify::{KeySourceState, testing::TestIssuer};
///
/// let verifier = TestIssuer::new().verifier().build().unwrap();
/// assert_eq!(verifier.status().state(), KeySourceState::Fixed);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeySourceState {
    /// Keys were given when the verifier was built and never change.
    Fixed,
    /// Nothing has been fetched yet: the first token will wait for it. Not ready.
    Empty,
    /// Fetched within `ttl`. Ready.
    Fresh,
    /// Older than `ttl` and not yet renewed, because fetching fails or no token came; still in use. Ready,
    /// perhaps degraded: `last_error` tells.
    Stale,
    /// Older than `ttl` and `max_stale` together: no longer in use. Not ready.
    Expired,
}

/// The state of a verifier's key source, from [`Verifier::status`](crate::Verifier::status).
///
/// ```
/// use clerk_verify::testing::TestIssuer;
///
/// let verifier = TestIssuer::new().verifier().build().unwrap();
/// let status = verifier.status();
/// assert!(status.is_ready());
/// assert_eq!((status.keys(), status.fetches()), (1, 0));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeySourceStatus {
    pub(crate) state: KeySourceState,
    pub(crate) ready: bool,
    pub(crate) keys: usize,
    pub(crate) age: Option<Duration>,
    pub(crate) fetches: u64,
    pub(crate) failures: u64,
    pub(crate) last_error: Option<String>,
}

impl KeySourceStatus {
    /// Whether there are keys to verify with: what a readiness probe should ask.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// assert!(verifier.status().is_ready());
    /// ```
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// The state.
    ///
    /// ```
    /// # use clerk_verify::KeySourceState;
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// assert_eq!(verifier.status().state(), KeySourceState::Fixed);
    /// ```
    #[must_use]
    pub fn state(&self) -> KeySourceState {
        self.state
    }

    /// How many keys are in use.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// assert_eq!(verifier.status().keys(), 1);
    /// ```
    #[must_use]
    pub fn keys(&self) -> usize {
        self.keys
    }

    /// How long ago the keys were fetched; `None` for keys that were not.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// assert_eq!(verifier.status().age(), None);
    /// ```
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.age
    }

    /// How many fetches were started.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// assert_eq!(verifier.status().fetches(), 0);
    /// ```
    #[must_use]
    pub fn fetches(&self) -> u64 {
        self.fetches
    }

    /// How many of them failed.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// assert_eq!(verifier.status().failures(), 0);
    /// ```
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// Why the last fetch failed, if it did. Holds neither keys nor secrets.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// assert_eq!(verifier.status().last_error(), None);
    /// ```
    #[must_use]
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }
}

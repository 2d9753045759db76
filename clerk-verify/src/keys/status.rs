//! How a verifier's keys are doing.

use std::{sync::Arc, time::Duration};

/// Whether the keys are at hand and how old they are.
///
/// ```
/// use clerk_verify::{KeySourceState, testing::TestIssuer};
///
/// let verifier = TestIssuer::new().verifier().build().unwrap();
/// assert_eq!(verifier.status().state(), KeySourceState::Fixed);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum KeySourceState {
    /// Keys were given when the verifier was built and never change.
    Fixed,
    /// Fetched not long ago. Ready.
    Fresh,
    /// No longer fresh and not yet renewed, because fetching fails, or because they come from an earlier run; still
    /// in use. Ready, but degraded: `last_error` tells.
    Stale,
    /// Nothing has been fetched yet: the first token will wait for it. Not ready.
    Empty,
    /// Could not be renewed for so long that they are no longer in use. Not ready.
    Expired,
}

impl KeySourceState {
    fn badness(self) -> u8 {
        match self {
            Self::Fixed => 0,
            Self::Fresh => 1,
            Self::Stale => 2,
            Self::Empty => 3,
            Self::Expired => 4,
        }
    }

    /// A name for metrics, which stays.
    ///
    /// ```
    /// assert_eq!(clerk_verify::KeySourceState::Stale.as_str(), "stale");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Empty => "empty",
            Self::Expired => "expired",
        }
    }
}

/// The state of a verifier's keys, from [`Verifier::status`](crate::Verifier::status), or of one of its key sources,
/// from [`Verifier::key_sources`](crate::Verifier::key_sources).
///
/// # Probes
///
/// - **Readiness**: [`is_ready`](Self::is_ready). Where it is false, tokens are answered 503, and another instance
///   of your service may do better. Call [`Verifier::ready`](crate::Verifier::ready) when the service starts: from then
///   on keys are fetched whether or not tokens come, also after a failure.
/// - **Liveness**: leave this out. A restart does not mend the key server, and it throws away keys that would still
///   have been good for a day.
/// - **Alarm**: `state` is [`Stale`](KeySourceState::Stale) and `last_error` is there: nobody notices yet;
///   [`expires_in`](Self::expires_in) says how long that lasts.
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
    pub(crate) source: Option<Arc<str>>,
    pub(crate) issuers: Arc<[String]>,
    pub(crate) state: KeySourceState,
    pub(crate) ready: bool,
    pub(crate) keys: usize,
    pub(crate) generation: u64,
    pub(crate) age: Option<Duration>,
    pub(crate) expires_in: Option<Duration>,
    pub(crate) fetches: u64,
    pub(crate) requests: u64,
    pub(crate) failures: u64,
    pub(crate) changes: u64,
    pub(crate) absent_key_ids: u64,
    pub(crate) locks: u64,
    pub(crate) last_error: Option<String>,
}

impl KeySourceStatus {
    /// Of keys that never change.
    pub(crate) fn fixed(keys: usize) -> Self {
        Self {
            source: None,
            issuers: Arc::default(),
            state: KeySourceState::Fixed,
            ready: true,
            keys,
            generation: 1,
            age: None,
            expires_in: None,
            fetches: 0,
            requests: 0,
            failures: 0,
            changes: 0,
            absent_key_ids: 0,
            locks: 0,
            last_error: None,
        }
    }

    /// Of several sources together: the worst state, the sums of what is counted; ready where any of them is.
    pub(crate) fn together(self, other: Self) -> Self {
        let (worse, better) = if other.state.badness() > self.state.badness() {
            (other, self)
        } else {
            (self, other)
        };
        Self {
            source: None,
            issuers: worse
                .issuers
                .iter()
                .chain(&*better.issuers)
                .cloned()
                .collect(),
            state: worse.state,
            ready: worse.ready || better.ready,
            keys: worse.keys + better.keys,
            generation: worse.generation + better.generation,
            age: worse.age.max(better.age),
            expires_in: [worse.expires_in, better.expires_in]
                .into_iter()
                .flatten()
                .min(),
            fetches: worse.fetches + better.fetches,
            requests: worse.requests + better.requests,
            failures: worse.failures + better.failures,
            changes: worse.changes + better.changes,
            absent_key_ids: worse.absent_key_ids + better.absent_key_ids,
            locks: worse.locks + better.locks,
            last_error: worse.last_error.or(better.last_error),
        }
    }

    /// The key source's URL without its query; `None` for keys that are not fetched, and for several sources together.
    ///
    /// ```
    /// use clerk_verify::Verifier;
    ///
    /// let verifier = Verifier::builder().publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA").build().unwrap();
    /// assert_eq!(verifier.status().source(), Some("https://clerk.clerk.dev/.well-known/jwks.json"));
    /// ```
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// The issuers whose tokens these keys verify; empty where none are configured.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// assert_eq!(verifier.status().issuers(), ["https://clerk.example.test"]);
    /// ```
    #[must_use]
    pub fn issuers(&self) -> &[String] {
        &self.issuers
    }

    /// Whether there are keys to verify with: what a readiness probe should ask. Of several sources together: whether
    /// any of them has keys, for the others' troubles are not their users'.
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

    /// How many keys are in use: none, where they have expired.
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

    /// The number of the keys: 1 more each time that others take their place.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// assert_eq!(verifier.status().generation(), 1, "fixed keys stay the first");
    /// ```
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// How long the keys at hand stay in use if nothing can be fetched; `None` where they never expire, or where
    /// there are none.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// assert_eq!(verifier.status().expires_in(), None);
    /// ```
    #[must_use]
    pub fn expires_in(&self) -> Option<Duration> {
        self.expires_in
    }

    /// How many requests were sent: one a fetch, two where the first attempt failed and nobody could sign in; and
    /// those for an OpenID configuration, at most one a minute while all is not well.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// assert_eq!(verifier.status().requests(), 0);
    /// ```
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// How many fetches brought other keys than before.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// assert_eq!(verifier.status().changes(), 0);
    /// ```
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// How many key ids are remembered that the key server does not have.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// assert_eq!(verifier.status().absent_key_ids(), 0);
    /// ```
    #[must_use]
    pub fn absent_key_ids(&self) -> u64 {
        self.absent_key_ids
    }

    /// How often the lock was taken under which it is decided about fetches: where one may start, and where one has
    /// ended. A verification whose key is at hand takes none.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// assert_eq!(verifier.status().locks_taken(), 0);
    /// ```
    #[must_use]
    pub fn locks_taken(&self) -> u64 {
        self.locks
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

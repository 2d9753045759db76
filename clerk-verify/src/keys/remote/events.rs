//! What a key source tells: to metrics, through a hook, and to logs, under stable names.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use crate::keys::KeySourceState;

/// What [`VerifierBuilder::key_events`](crate::VerifierBuilder::key_events) takes.
pub(crate) type Hook = dyn Fn(&str, &KeyEvent<'_>) + Send + Sync;

/// Something that a remote key source did. Nothing in it comes from a token. Each `FetchStarted` is followed by one
/// `FetchSucceeded` or `FetchFailed`.
///
/// Each is also an event of `tracing` with the target `clerk_verify::keys` and the name in the table, its fields
/// named as here. Their names and meaning change only with a new major version.
///
/// | event | name | level |
/// |---|---|---|
/// | `FetchStarted` | `clerk_verify.keys.fetch_started` | trace |
/// | `FetchSucceeded` | `clerk_verify.keys.fetch_succeeded` | info with new keys, otherwise debug |
/// | `FetchFailed` | `clerk_verify.keys.fetch_failed` | warn |
/// | `KeyLookedFor` | `clerk_verify.keys.key_looked_for` | debug |
///
/// ```
/// use clerk_verify::KeyEvent;
///
/// fn count(event: &KeyEvent<'_>) -> Option<String> {
///     match event {
///         KeyEvent::FetchFailed { cause, outcome, .. } => {
///             Some(format!("fetches{{cause={:?},outcome={:?}}}", cause.as_str(), outcome.as_str()))
///         }
///         _ => None,
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum KeyEvent<'a> {
    /// A fetch is under way.
    #[non_exhaustive]
    FetchStarted {
        /// Why.
        cause: FetchCause,
    },
    /// A fetch has brought keys, or the news that they are the same.
    #[non_exhaustive]
    FetchSucceeded {
        /// Why it was started.
        cause: FetchCause,
        /// How long it took.
        took: Duration,
        /// Whether the keys are others than before.
        changed: bool,
        /// Whether the server answered 304, and nothing was read.
        not_modified: bool,
        /// How many keys there are now.
        keys: usize,
        /// How many members of the set were passed over; 0 where the answer is that of before, which is not read again.
        skipped: usize,
        /// The number of the keys, as in the status.
        generation: u64,
    },
    /// A fetch has brought nothing; the keys at hand, if any, stay.
    #[non_exhaustive]
    FetchFailed {
        /// Why it was started.
        cause: FetchCause,
        /// In which way it failed.
        outcome: FetchOutcome,
        /// What went wrong, in words, without any text of the answer.
        error: &'a str,
        /// How long it took.
        took: Duration,
        /// When the next one may start.
        next_attempt_in: Duration,
        /// The state of the keys at hand.
        state: KeySourceState,
    },
    /// A token could not be verified with the keys at hand, and could still be good.
    #[non_exhaustive]
    KeyLookedFor {
        /// Why: an unknown key id, a bad signature, or no keys at all.
        cause: FetchCause,
        /// What came of it.
        result: KeySearch,
    },
}

/// Why keys are fetched.
///
/// ```
/// assert_eq!(clerk_verify::FetchCause::UnknownKeyId.as_str(), "unknown-key-id");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash)]
#[non_exhaustive]
pub enum FetchCause {
    /// There were no keys at hand, or none that were still good.
    Cold,
    /// The keys at hand were due.
    Renewal,
    /// A token named a key that is not at hand.
    UnknownKeyId,
    /// A signature did not fit the key of its id, which may have been replaced.
    BadSignature,
}

/// In which way a fetch failed.
///
/// ```
/// assert_eq!(clerk_verify::FetchOutcome::TimedOut.as_str(), "timed-out");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash)]
#[non_exhaustive]
pub enum FetchOutcome {
    /// The server was not reached, or the connection broke.
    NoAnswer,
    /// It took too long.
    TimedOut,
    /// The answer's status was not 200: also redirects, and a secret key that was refused.
    Status,
    /// The answer was no set of usable keys.
    Rejected,
    /// The runtime of the fetch has ended. Says nothing about the server.
    Cancelled,
    /// The transport panicked.
    Panicked,
    /// It took so long that it was given up, and another fetch has taken its place.
    Superseded,
}

/// What came of looking for a key that was not at hand.
///
/// ```
/// assert_eq!(clerk_verify::KeySearch::OverBudget.as_str(), "over-budget");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash)]
#[non_exhaustive]
pub enum KeySearch {
    /// The server has it, and now we do.
    Found,
    /// The server does not have it.
    Absent,
    /// The server did not have it a moment ago, so it was not asked.
    RememberedAbsent,
    /// The server was asked so often that it is not asked now.
    OverBudget,
    /// The server can't be asked.
    Unavailable,
}

impl FetchCause {
    /// Whether the fetch is for a key that is not at hand although there are others.
    pub(super) fn is_forced(self) -> bool {
        matches!(self, Self::UnknownKeyId | Self::BadSignature)
    }

    /// A name for metrics, which stays.
    ///
    /// ```
    /// assert_eq!(clerk_verify::FetchCause::Cold.as_str(), "cold");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Renewal => "renewal",
            Self::UnknownKeyId => "unknown-key-id",
            Self::BadSignature => "bad-signature",
        }
    }
}

impl FetchOutcome {
    /// A name for metrics, which stays.
    ///
    /// ```
    /// assert_eq!(clerk_verify::FetchOutcome::Rejected.as_str(), "rejected");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoAnswer => "no-answer",
            Self::TimedOut => "timed-out",
            Self::Status => "status",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Panicked => "panicked",
            Self::Superseded => "superseded",
        }
    }
}

impl KeySearch {
    /// A name for metrics, which stays.
    ///
    /// ```
    /// assert_eq!(clerk_verify::KeySearch::Absent.as_str(), "absent");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Absent => "absent",
            Self::RememberedAbsent => "remembered-absent",
            Self::OverBudget => "over-budget",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Tells the logs and the hook.
#[derive(Clone)]
pub(crate) struct Observer {
    source: Arc<str>,
    hook: Option<Arc<Hook>>,
}

const TARGET: &str = "clerk_verify::keys";

impl Observer {
    pub(super) fn new(source: String, hook: Option<Arc<Hook>>) -> Self {
        Self {
            source: source.into(),
            hook,
        }
    }

    pub(super) fn source(&self) -> &Arc<str> {
        &self.source
    }

    pub(super) fn tell(&self, event: &KeyEvent<'_>) {
        // A panic in what others have plugged in here must not end a fetch or a verification.
        let _ = catch_unwind(AssertUnwindSafe(|| self.log(event)));
        if let Some(hook) = &self.hook {
            let _ = catch_unwind(AssertUnwindSafe(|| hook(&self.source, event)));
        }
    }

    fn log(&self, event: &KeyEvent<'_>) {
        let source = &*self.source;
        match *event {
            KeyEvent::FetchStarted { cause } => tracing::trace!(
                name: "clerk_verify.keys.fetch_started", target: TARGET,
                source, cause = cause.as_str(), "fetching keys"
            ),
            #[rustfmt::skip]
            KeyEvent::FetchSucceeded { cause, took, changed, not_modified, keys, skipped, generation } => {
                macro_rules! succeeded {
                    ($level:expr, $text:literal) => {
                        tracing::event!(
                            name: "clerk_verify.keys.fetch_succeeded", target: TARGET, $level,
                            source, cause = cause.as_str(), took_ms = millis(took), changed, not_modified,
                            keys, skipped, generation, $text
                        )
                    };
                }
                if changed {
                    succeeded!(tracing::Level::INFO, "fetched new keys");
                } else {
                    succeeded!(tracing::Level::DEBUG, "the keys are still the same");
                }
            }
            #[rustfmt::skip]
            KeyEvent::FetchFailed { cause, outcome, error, took, next_attempt_in, state } => tracing::warn!(
                name: "clerk_verify.keys.fetch_failed", target: TARGET,
                source, cause = cause.as_str(), outcome = outcome.as_str(), error, took_ms = millis(took),
                next_attempt_in_ms = millis(next_attempt_in), state = state.as_str(),
                "could not fetch the keys that verify session tokens"
            ),
            KeyEvent::KeyLookedFor { cause, result } => tracing::debug!(
                name: "clerk_verify.keys.key_looked_for", target: TARGET,
                source, cause = cause.as_str(), result = result.as_str(), "a token's key was not at hand"
            ),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

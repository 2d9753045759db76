//! How keys are fetched and how long they are kept.

use std::time::Duration;

use crate::error::ConfigProblem;

/// How a remote key source behaves. Each field is a limit with a default that suits Clerk.
///
/// Set the ones you need and take the rest from [`default`](JwksOptions::default); a later release may
/// add fields.
///
/// ```
/// use std::time::Duration;
/// use clerk_verify::{JwksOptions, Verifier};
///
/// let verifier = Verifier::builder()
///     .publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
///     .jwks(JwksOptions {
///         max_stale: Duration::from_secs(3600),
///         ..JwksOptions::default()
///     })
///     .build()
///     .unwrap();
/// ```
///
/// # Defaults
///
/// | field | default |
/// |---|---|
/// | `ttl` | 5 minutes |
/// | `max_stale` | 24 hours |
/// | `unknown_kid_interval` | 10 seconds |
/// | `cold_wait` | 5 seconds |
/// | `connect_timeout`, `timeout` | 2 seconds, 5 seconds |
/// | `max_body_bytes` | 512 KiB |
/// | `max_keys` | 100 |
/// | `backoff`, `max_backoff`, `max_cold_backoff` | 1 second, 60 seconds, 10 seconds |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JwksOptions {
    /// How long fetched keys are fresh. From 80 % of it on the next verification renews them in the
    /// background, so on a busy server a withdrawn key dies within `ttl`; after an idle time, with the first
    /// renewal (see `max_stale`). Clerk's SDKs: 5 minutes.
    pub ttl: Duration,
    /// How long beyond `ttl` keys stay in use until they are renewed: the longest outage of the key server
    /// that nobody notices, and the longest life of a key that is withdrawn during one, or while no token
    /// came.
    pub max_stale: Duration,
    /// The least time between two fetches that tokens with an unknown key id cause, so that forged ones
    /// can't turn this server into a load on Clerk's.
    pub unknown_kid_interval: Duration,
    /// The longest that one verification waits for keys.
    pub cold_wait: Duration,
    /// The longest that connecting to the key server may take. Not used with a client of your own.
    pub connect_timeout: Duration,
    /// The longest that one fetch may take, body included.
    pub timeout: Duration,
    /// The largest answer that is read, in bytes.
    pub max_body_bytes: usize,
    /// The most keys that a set may have; Clerk publishes one or two.
    pub max_keys: usize,
    /// The pause after a failed fetch; doubled with each further one.
    pub backoff: Duration,
    /// The longest pause while older keys are in use.
    pub max_backoff: Duration,
    /// The longest pause while there are no keys at all: shorter, for nobody can sign in.
    pub max_cold_backoff: Duration,
}

impl Default for JwksOptions {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(5 * 60),
            max_stale: Duration::from_secs(24 * 60 * 60),
            unknown_kid_interval: Duration::from_secs(10),
            cold_wait: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(2),
            timeout: Duration::from_secs(5),
            max_body_bytes: 512 * 1024,
            max_keys: 100,
            backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(60),
            max_cold_backoff: Duration::from_secs(10),
        }
    }
}

impl JwksOptions {
    /// The defaults, but keys that can't be renewed are dropped at `ttl`: an outage of the key server
    /// becomes one of yours, and a withdrawn key never outlives `ttl`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use clerk_verify::JwksOptions;
    ///
    /// assert_eq!(JwksOptions::strict().max_stale, Duration::ZERO);
    /// ```
    #[must_use]
    pub fn strict() -> Self {
        Self {
            max_stale: Duration::ZERO,
            ..Self::default()
        }
    }

    pub(crate) fn check(&self, problems: &mut Vec<ConfigProblem>) {
        let zero = [
            ("jwks.ttl", self.ttl.is_zero()),
            ("jwks.cold_wait", self.cold_wait.is_zero()),
            ("jwks.connect_timeout", self.connect_timeout.is_zero()),
            ("jwks.timeout", self.timeout.is_zero()),
            ("jwks.max_body_bytes", self.max_body_bytes == 0),
            ("jwks.max_keys", self.max_keys == 0),
            ("jwks.backoff", self.backoff.is_zero()),
            ("jwks.max_backoff", self.max_backoff.is_zero()),
            ("jwks.max_cold_backoff", self.max_cold_backoff.is_zero()),
        ];
        for (option, _) in zero.into_iter().filter(|(_, is_zero)| *is_zero) {
            problems.push(ConfigProblem::new(
                option,
                "zero",
                "leave it at its default, or give a positive value",
            ));
        }
    }
}

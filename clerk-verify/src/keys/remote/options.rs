//! How keys are fetched and how long they are kept.

use std::time::Duration;

use crate::{error::ConfigProblem, keys::jwk::SetLimits};

/// How a remote key source behaves. Each field is a limit with a default that suits Clerk.
///
/// Set the ones you need and always end with `..JwksOptions::default()` or `..JwksOptions::strict()`: a later release
/// may add fields.
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
/// | field | default | `strict()` |
/// |---|---|---|
/// | `ttl` | 5 minutes | |
/// | `cache_headers`, `min_ttl`, `max_ttl` | on, 1 minute, 1 hour | `max_ttl` 5 minutes |
/// | `max_stale` | 24 hours | 0 |
/// | `max_empty` | 1 hour | 0 |
/// | `renew_when_idle` | on | |
/// | `cold_wait`, `cold_attempts` | 5 seconds, 2 | |
/// | `connect_timeout`, `timeout` | 2 seconds, 5 seconds | |
/// | `max_body_bytes`, `max_keys`, `max_keys_per_kid` | 512 KiB, 100, 4 | |
/// | `backoff`, `max_backoff`, `max_cold_backoff` | 1 second, 60 seconds, 10 seconds | |
/// | `unknown_kid_burst`, `unknown_kid_interval` | 2, 10 seconds | |
/// | `absent_kids`, `absent_kid_ttl` | 1,024, 1 minute | |
/// | `bad_signature_interval`, `bad_signature_min_age` | 30 seconds, 10 seconds | |
/// | `max_fetches_per_minute` | 12 | |
/// | `jitter_seed` | none: from the system | |
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JwksOptions {
    /// How long fetched keys are fresh where the server's cache headers say nothing. At 70 to 80 % of it they
    /// are renewed in the background, so a withdrawn key dies within it. Default: 5 minutes, as in Clerk's SDKs.
    pub ttl: Duration,
    /// Whether `Cache-Control`, `Age` and `Expires` of the key server's answers decide how long keys are
    /// fresh, within `min_ttl` and `max_ttl` (RFC 9111 §4.2.1). Default: yes, for the server knows best.
    pub cache_headers: bool,
    /// The least freshness that cache headers can ask for, so that `no-store` does not turn each renewal
    /// into the next one. Default: 1 minute.
    pub min_ttl: Duration,
    /// The most freshness that cache headers can ask for: how long a withdrawn key may live. Default: 1 hour.
    pub max_ttl: Duration,
    /// How long beyond their freshness keys stay in use while they can't be renewed: the longest outage of
    /// the key server that nobody notices, and the longest life of a key that is withdrawn during one. Default: 24
    /// hours, for outages happen more often than withdrawals.
    pub max_stale: Duration,
    /// How long keys stay in use while the server publishes a set without a usable key. An empty set is nearly
    /// always a fault of the server's; as an emergency "withdraw all" it still works, this much later. Default: 1 hour.
    pub max_empty: Duration,
    /// Whether keys are renewed, and fetched anew after an outage, also while no token comes; from the first fetch on.
    /// Otherwise the first token after a pause is verified with older keys while they are renewed, and a service
    /// that is sent no token because it is not ready never becomes ready. Default: yes.
    pub renew_when_idle: bool,
    /// The longest that one verification waits for keys. Default: 5 seconds; callers of a web service seldom wait longer.
    pub cold_wait: Duration,
    /// How often the server is asked within one fetch while there are no keys at all: again after 100 to 300
    /// ms, where it can't be reached or answers 5xx or 429. Both within `timeout` and `cold_wait`. Default: 2, because one
    /// lost connection should not turn the first users away.
    pub cold_attempts: u32,
    /// The longest that connecting to the key server may take. Not used with a client or transport of your own.
    /// Default: 2 seconds, which allows for one lost packet.
    pub connect_timeout: Duration,
    /// The longest that one fetch may take, body included. Default: 5 seconds; tighter limits have turned slow answers
    /// into outages elsewhere, and nobody who has keys waits for it.
    pub timeout: Duration,
    /// The largest answer that is read, in bytes, after decompression. Default: 512 KiB; 50 KiB has been too little
    /// for others.
    pub max_body_bytes: usize,
    /// The most keys that a set may have. Default: 100; Clerk publishes one or two.
    pub max_keys: usize,
    /// The most keys of one key id that are kept: the first ones of the set; the others are passed over. A signature is tried
    /// with each of them. Default: 4; while Clerk replaces a key under its id there are two.
    pub max_keys_per_kid: usize,
    /// The pause after a failed fetch; doubled with each further one, and cut by up to half at random, so that many
    /// servers do not ask in step. Longer where `Retry-After` says so, up to 300 seconds. Default: 1 second.
    pub backoff: Duration,
    /// The longest pause while older keys are in use, and no token needs another one. Default: 60 seconds, about 60
    /// fetches in an hour of outage.
    pub max_backoff: Duration,
    /// The longest pause while there are no keys at all, or a token needs one that is not at hand (then also within
    /// the budgets for these). Default: 10 seconds; shorter, for somebody can't sign in.
    pub max_cold_backoff: Duration,
    /// How many fetches tokens with an unknown key id can cause at once. Default: 2, so that one bogus token does
    /// not hide the real rotation after it.
    pub unknown_kid_burst: u32,
    /// After how long there is one more of them. Forged tokens can't turn this server into a load on
    /// Clerk's, and a new key is found at most this much later. Default: 10 seconds.
    pub unknown_kid_interval: Duration,
    /// How many key ids are remembered that the server does not have; a client that keeps sending one of
    /// them costs one fetch in `absent_kid_ttl`. Default: 1,024, which takes less than a megabyte.
    pub absent_kids: u64,
    /// How long each of them is remembered; forgotten at once when the server's keys change. Default: 1 minute, how long
    /// a key may be published too late at worst.
    pub absent_kid_ttl: Duration,
    /// The least time between two fetches that bad signatures with a known key id cause. Clerk's key id is the
    /// id of the instance, so a new key may come under the old id. Default: 30 seconds; forged signatures are more
    /// likely than that.
    pub bad_signature_interval: Duration,
    /// How old the keys must be for that: younger ones are what the server has. Default: 10 seconds.
    pub bad_signature_min_age: Duration,
    /// The most fetches in any 60 seconds, for whatever reason, except while they fail and are backed off from. Default:
    /// 12, a little more than all budgets together.
    pub max_fetches_per_minute: u32,
    /// Seeds the random part of pauses and renewals, for a test that must repeat. Default: none.
    pub jitter_seed: Option<u64>,
}

impl Default for JwksOptions {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(5 * 60),
            cache_headers: true,
            min_ttl: Duration::from_secs(60),
            max_ttl: Duration::from_secs(60 * 60),
            max_stale: Duration::from_secs(24 * 60 * 60),
            max_empty: Duration::from_secs(60 * 60),
            renew_when_idle: true,
            cold_wait: Duration::from_secs(5),
            cold_attempts: 2,
            connect_timeout: Duration::from_secs(2),
            timeout: Duration::from_secs(5),
            max_body_bytes: 512 * 1024,
            max_keys: 100,
            max_keys_per_kid: 4,
            backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(60),
            max_cold_backoff: Duration::from_secs(10),
            unknown_kid_burst: 2,
            unknown_kid_interval: Duration::from_secs(10),
            absent_kids: 1024,
            absent_kid_ttl: Duration::from_secs(60),
            bad_signature_interval: Duration::from_secs(30),
            bad_signature_min_age: Duration::from_secs(10),
            max_fetches_per_minute: 12,
            jitter_seed: None,
        }
    }
}

impl JwksOptions {
    /// The defaults, but a withdrawn key never outlives 5 minutes, whatever the key server says or fails to
    /// say: keys that can't be renewed are dropped, so an outage of the key server becomes one of yours. (Time for
    /// which the machine sleeps does not count: then the first token after it starts a renewal.)
    ///
    /// ```
    /// use std::time::Duration;
    /// use clerk_verify::JwksOptions;
    ///
    /// let strict = JwksOptions::strict();
    /// assert_eq!((strict.max_stale, strict.max_empty), (Duration::ZERO, Duration::ZERO));
    /// assert_eq!(strict.max_ttl, strict.ttl);
    /// ```
    #[must_use]
    pub fn strict() -> Self {
        let default = Self::default();
        Self {
            max_ttl: default.ttl,
            max_stale: Duration::ZERO,
            max_empty: Duration::ZERO,
            ..default
        }
    }

    pub(crate) fn set_limits(&self) -> SetLimits {
        SetLimits {
            keys: self.max_keys,
            keys_per_id: self.max_keys_per_kid,
        }
    }

    pub(crate) fn check(&self, problems: &mut Vec<ConfigProblem>) {
        let zero = [
            ("jwks.ttl", self.ttl.is_zero()),
            ("jwks.min_ttl", self.min_ttl.is_zero()),
            ("jwks.cold_wait", self.cold_wait.is_zero()),
            ("jwks.cold_attempts", self.cold_attempts == 0),
            ("jwks.connect_timeout", self.connect_timeout.is_zero()),
            ("jwks.timeout", self.timeout.is_zero()),
            ("jwks.max_body_bytes", self.max_body_bytes == 0),
            ("jwks.max_keys", self.max_keys == 0),
            ("jwks.max_keys_per_kid", self.max_keys_per_kid == 0),
            ("jwks.backoff", self.backoff.is_zero()),
            ("jwks.max_backoff", self.max_backoff.is_zero()),
            ("jwks.max_cold_backoff", self.max_cold_backoff.is_zero()),
            ("jwks.unknown_kid_burst", self.unknown_kid_burst == 0),
            (
                "jwks.max_fetches_per_minute",
                self.max_fetches_per_minute == 0,
            ),
        ];
        for (option, _) in zero.into_iter().filter(|(_, is_zero)| *is_zero) {
            problems.push(ConfigProblem::new(
                option,
                "zero",
                "leave it at its default, or give a positive value",
            ));
        }
        if self.max_ttl < self.min_ttl {
            problems.push(ConfigProblem::new(
                "jwks.max_ttl",
                "less than `min_ttl`",
                "give at least as much as `min_ttl`",
            ));
        }
    }
}

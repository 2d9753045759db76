//! Every way in which a token can fail, with what its message needs.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use super::{ConfigError, List, Seen, hints, origin::Origin, times::Times};
use crate::{algorithm::Algorithm, reason::Reason};

/// What exactly was wrong.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error(
        "the request carries no session token in any place where this verifier looks for one; usually that is \
         `Authorization: Bearer <token>` or the cookie `__session`{}",
        if *.ignored_cookie { IGNORED_COOKIE } else { "" }
    )]
    Missing {
        /// There is a session cookie, and it does not count.
        ignored_cookie: bool,
    },
    #[error("malformed `{field}` header: {found}; send it once, with one token")]
    Header { field: String, found: &'static str },
    #[error(
        "malformed token: {length} bytes, the limit is {limit}; Clerk's tokens have about 1,000: take \
         claims out of the session token, or raise `max_token_len`"
    )]
    TooLong { length: usize, limit: usize },
    #[error(
        "malformed token: {0}; make sure that it is a JWT issued by Clerk and arrives unchanged"
    )]
    Malformed(&'static str),
    #[error(
        "malformed token: this is {0}; send the session token, a JWT in three parts, that \
         `await Clerk.session.getToken()` gives"
    )]
    NoToken(&'static str),
    #[error(
        "malformed token: its {part} is not the JSON object it must be; make sure that it is a JWT issued \
         by Clerk and arrives unchanged"
    )]
    Json {
        part: &'static str,
        #[source]
        source: Arc<serde_json::Error>,
    },
    #[error("malformed token: header parameter `{name}` is {seen}, it must be {needed}")]
    Parameter {
        name: &'static str,
        seen: Seen,
        needed: &'static str,
    },
    #[error("the token is {found}, a session token is needed; {remedy}")]
    OtherClass { found: String, remedy: &'static str },
    #[error(
        "the token's `alg` is {seen}, allowed is {}; Clerk signs session tokens with RS256",
        Algorithms(.allowed)
    )]
    Algorithm {
        seen: Seen,
        allowed: Arc<[Algorithm]>,
    },
    #[error("the token's `kid` is {seen}, it must be a string of 1 to {limit} bytes")]
    KeyId { seen: Seen, limit: usize },
    #[error(
        "none of the trusted keys has the token's `kid` {seen}: {}{}",
        Origin::or_unknown(.origin),
        NotAsked(*.retry_after)
    )]
    UnknownKey {
        seen: Seen,
        origin: Option<Origin>,
        /// Where the key source was asked so often that it was not asked for this one.
        retry_after: Option<Duration>,
    },
    #[error("the key set says that the key {seen} is not for {algorithm}, the token's `alg`")]
    KeyAlgorithm { seen: Seen, algorithm: Algorithm },
    #[error(
        "the keys that verify tokens can't be fetched: {detail}{}; {remedy}",
        Retry(*.retry_after)
    )]
    #[cfg_attr(not(feature = "remote"), allow(dead_code))]
    KeysUnavailable {
        detail: String,
        remedy: &'static str,
        retry_after: Option<Duration>,
        #[source]
        source: Option<Arc<dyn Error + Send + Sync>>,
    },
    #[error(
        "the Backend API refuses the secret key with status {status}{}; take the secret key of this \
         instance anew from the Clerk dashboard, under API keys",
        Retry(*.retry_after)
    )]
    #[cfg_attr(not(feature = "remote"), allow(dead_code))]
    SecretKeyRejected {
        status: u16,
        retry_after: Option<Duration>,
    },
    #[error("the environment sets up no verifier: {0}")]
    NotConfigured(#[source] ConfigError),
    #[error(
        "the signature does not fit the token and the key: the token was changed on its way, or it was made with \
         another key: {}. Compare the verifier's key with the one that the Clerk dashboard shows",
        Origin::or_unknown(.0)
    )]
    Signature(Option<Origin>),
    #[error("the claim `{claim}` is {seen}, it must be {needed}")]
    Claim {
        claim: &'static str,
        seen: Seen,
        needed: &'static str,
    },
    #[error("`iss` is not that of a trusted issuer: {}", .0.by_its_word())]
    Issuer(Origin),
    #[error("`iss` is not that of a trusted issuer: {}", .0.of_one_instance())]
    IssuerOfTrustedKey(Origin),
    #[error("`aud` is {seen}, it must name one of {expected}")]
    Audience { seen: Seen, expected: List },
    #[error(
        "the token has no `aud`, and it must name one of {expected}: add the claim to the session token in the Clerk \
         dashboard, or leave `require_audience` off"
    )]
    NoAudience { expected: List },
    #[error(
        "the token has no `azp`, and it must be one of the authorized parties {authorized}: Clerk writes it where the \
         browser sends an `Origin`; for clients that send none, such as native apps, there is `allow_missing_azp(true)`"
    )]
    NoAuthorizedParty { authorized: List },
    #[error(
        "`azp` is {seen}, which is not among the authorized parties {authorized}: {}",
        hints::authorized_party(*is_string, seen.whole(), &authorized.0)
    )]
    AuthorizedParty {
        seen: Seen,
        is_string: bool,
        authorized: List,
    },
    #[error(
        "the token expired at {}, the clock of this machine says {}; the client kept it too long: it should call \
         `getToken()` for each request. If fresh tokens fail too, this clock is ahead",
        .0.claim, .0
    )]
    Expired(Times),
    #[error(
        "the token is not active before {} (`nbf`), the clock of this machine says {}. {}",
        .0.claim, .0, .0.behind()
    )]
    NotActiveYet(Times),
    #[error(
        "the token was issued at {} (`iat`), the clock of this machine says {}. {}",
        .0.claim, .0, .0.behind()
    )]
    IssuedInTheFuture(Times),
    #[error(
        "the session is pending: the user has tasks to finish first, such as choosing an organization; or \
         use `allow_pending_sessions(true)`"
    )]
    Pending,
}

impl Kind {
    /// Adds who says to have issued the token, and who is trusted, where that explains something.
    pub(crate) fn with_origin(mut self, known: impl FnOnce() -> Origin) -> Self {
        if let Self::UnknownKey { origin, .. } | Self::Signature(origin) = &mut self {
            origin.get_or_insert_with(known);
        }
        self
    }

    /// The same, of a token whose signature holds.
    pub(crate) fn of_signed_token(self) -> Self {
        match self {
            Self::Issuer(origin) => Self::IssuerOfTrustedKey(origin),
            other => other,
        }
    }

    pub(super) fn reason(&self) -> Reason {
        match self {
            Self::Missing { .. } => Reason::SessionTokenMissing,
            Self::Header { .. }
            | Self::TooLong { .. }
            | Self::Malformed(_)
            | Self::NoToken(_)
            | Self::Json { .. }
            | Self::Parameter { .. } => Reason::TokenInvalid,
            Self::OtherClass { .. } => Reason::TokenTypeMismatch,
            Self::Algorithm { .. } => Reason::TokenInvalidAlgorithm,
            Self::KeyId { .. } | Self::UnknownKey { .. } | Self::KeyAlgorithm { .. } => {
                Reason::JwkKidMismatch
            }
            Self::KeysUnavailable { .. } => Reason::JwkRemoteFailedToLoad,
            Self::SecretKeyRejected { .. } => Reason::SecretKeyInvalid,
            Self::NotConfigured(_) => Reason::JwkFailedToResolve,
            Self::Signature(_) => Reason::TokenInvalidSignature,
            Self::Claim { .. } => Reason::TokenVerificationFailed,
            Self::Issuer(_) | Self::IssuerOfTrustedKey(_) => Reason::TokenInvalidIssuer,
            Self::Audience { .. } | Self::NoAudience { .. } => Reason::TokenInvalidAudience,
            Self::AuthorizedParty { .. } | Self::NoAuthorizedParty { .. } => {
                Reason::TokenInvalidAuthorizedParties
            }
            Self::Expired(_) => Reason::TokenExpired,
            Self::NotActiveYet(_) => Reason::TokenNotActiveYet,
            Self::IssuedInTheFuture(_) => Reason::TokenIatInTheFuture,
            Self::Pending => Reason::SessionPending,
        }
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::KeysUnavailable { retry_after, .. }
            | Self::SecretKeyRejected { retry_after, .. }
            | Self::UnknownKey { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

const IGNORED_COOKIE: &str = ". There is a session cookie, and it does not count: it is another Clerk app's, or, by \
                              what `__client_uat` says or by its absence, the other of `__session` and the one with this \
                              app's suffix would count, and is not there";

struct Algorithms<'a>(&'a [Algorithm]);

impl fmt::Display for Algorithms<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, algorithm) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(f, "{separator}{algorithm}")?;
        }
        Ok(())
    }
}

struct NotAsked(Option<Duration>);

impl fmt::Display for NotAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(wait) => write!(
                f,
                "; so many tokens had unknown key ids that the key server was not asked about this one, it may \
                 be asked again in {:.1} s",
                wait.as_secs_f64()
            ),
            None => Ok(()),
        }
    }
}

struct Retry(Option<Duration>);

impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(wait) => write!(f, " (next attempt in {:.1} s)", wait.as_secs_f64()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_attempt_is_named_where_it_is_known() {
        let refused = |retry_after| Kind::SecretKeyRejected {
            status: 401,
            retry_after,
        };
        let unavailable = |retry_after| Kind::KeysUnavailable {
            detail: "the network is down".to_owned(),
            remedy: "mend it",
            retry_after,
            source: None,
        };
        let soon = Some(Duration::from_millis(1_500));
        for (kind, part) in [
            (refused(soon), "status 401 (next attempt in 1.5 s);"),
            (refused(None), "status 401;"),
            (unavailable(soon), "is down (next attempt in 1.5 s);"),
            (unavailable(None), "is down;"),
        ] {
            let message = kind.to_string();
            assert!(message.contains(part), "{part} is not in: {message}");
        }
    }
}

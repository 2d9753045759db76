//! Why a fetch brought no keys.

use std::time::Duration;

use super::{FetchError, events::FetchOutcome};
use crate::keys::jwk::SetProblem;

/// No text of the answer is in it, and no secret.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum FetchFailure {
    #[error("{0}")]
    Transport(#[source] FetchError),
    #[error("the key server has not answered within {} ms", .limit.as_millis())]
    TimedOut { limit: Duration },
    #[error("the key server answered with status {status}")]
    Status {
        status: u16,
        retry_after: Option<Duration>,
    },
    #[error("the Backend API refused the secret key with status {status}")]
    SecretKey { status: u16 },
    #[error("the key server redirected to another address, which is not followed")]
    Redirected,
    #[error("the key server's answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the key server's answer is {kind} instead of JSON")]
    ContentType { kind: &'static str },
    #[error("the key server's answer is {0}")]
    Set(SetProblem),
    #[error("the OpenID configuration is not usable: {0}")]
    Discovery(String),
    #[error("the fetch was cut off: the runtime that it ran in has ended")]
    Cancelled,
    #[error("the fetch panicked")]
    Panicked,
}

impl FetchFailure {
    /// How long the server asked us to stay away.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether asking once more at once may help: the server was not reached, or said that it is in trouble.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Transport(error) => error.is_not_reached(),
            Self::Status { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }

    /// Whether the server says that there are no keys.
    pub(super) fn is_empty_set(&self) -> bool {
        matches!(self, Self::Set(SetProblem::NoUsableKey { .. }))
    }

    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Self::Transport(_) | Self::TimedOut { .. } => {
                "check that this machine reaches the key server"
            }
            Self::Status {
                status: 429 | 500..,
                ..
            } => "the key server is in trouble, and may be well soon",
            Self::Status { .. } | Self::ContentType { .. } | Self::Set(_) => {
                "check that the address is that of a JWK Set with RSA keys"
            }
            Self::SecretKey { .. } => "take the secret key anew from the Clerk dashboard",
            Self::Redirected => "configure the address that it redirects to",
            Self::TooLarge { .. } => "raise `max_body_bytes`, if the set is really that large",
            Self::Discovery(_) => "check `openid_configuration` and `issuer`",
            Self::Cancelled => "keep the runtime running",
            Self::Panicked => "mend the transport",
        }
    }

    pub(super) fn outcome(&self) -> FetchOutcome {
        match self {
            Self::Transport(_) => FetchOutcome::NoAnswer,
            Self::TimedOut { .. } => FetchOutcome::TimedOut,
            Self::Status { .. } | Self::SecretKey { .. } | Self::Redirected => FetchOutcome::Status,
            Self::TooLarge { .. }
            | Self::ContentType { .. }
            | Self::Set(_)
            | Self::Discovery(_) => FetchOutcome::Rejected,
            Self::Cancelled => FetchOutcome::Cancelled,
            Self::Panicked => FetchOutcome::Panicked,
        }
    }
}

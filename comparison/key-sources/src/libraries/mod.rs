//! The libraries, each behind the same small interface.

mod axum_jwt_auth;
mod clerk_rs;
mod clerk_verify;
mod jwks_cache;
mod jwt_authorizer;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::Result;

/// A library that has been set up and takes tokens.
#[async_trait]
pub(crate) trait KeySource: Send + Sync {
    async fn accepts(&self, token: &str) -> bool;
}

/// What a library is told when it is set up.
pub(crate) struct Settings {
    /// The key server, without a slash at the end; it answers at every path.
    pub(crate) server: String,
    pub(crate) freshness: Freshness,
}

/// How long a library is told to take keys for fresh.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// As long as it does by itself.
    Default,
    /// As short as it allows, from one second up.
    Shortest,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Library {
    ClerkVerify,
    ClerkRs,
    JwtAuthorizer,
    JwtAuthorizerInterval,
    AxumJwtAuth,
    JwksCache,
}

impl Library {
    pub(crate) const ALL: [Self; 6] = [
        Self::ClerkVerify,
        Self::ClerkRs,
        Self::JwtAuthorizer,
        Self::JwtAuthorizerInterval,
        Self::AxumJwtAuth,
        Self::JwksCache,
    ];

    /// As the table has it; also names it to another process.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::ClerkVerify => "clerk-verify",
            Self::ClerkRs => "clerk-rs",
            Self::JwtAuthorizer => "jwt-authorizer",
            Self::JwtAuthorizerInterval => "jwt-authorizer, `Interval`",
            Self::AxumJwtAuth => "axum-jwt-auth",
            Self::JwksCache => "jwks-cache",
        }
    }

    /// Of `Freshness::Shortest`.
    pub(crate) fn shortest(self) -> Duration {
        match self {
            Self::JwksCache => jwks_cache::SHORTEST,
            _ => Duration::from_secs(1),
        }
    }

    /// Fails where the library itself refuses to start.
    pub(crate) async fn start(self, settings: &Settings) -> Result<Arc<dyn KeySource>> {
        match self {
            Self::ClerkVerify => clerk_verify::start(settings),
            Self::ClerkRs => Ok(clerk_rs::start(settings)),
            Self::JwtAuthorizer => jwt_authorizer::start(settings, false).await,
            Self::JwtAuthorizerInterval => jwt_authorizer::start(settings, true).await,
            Self::AxumJwtAuth => axum_jwt_auth::start(settings).await,
            Self::JwksCache => jwks_cache::start(settings).await,
        }
    }
}

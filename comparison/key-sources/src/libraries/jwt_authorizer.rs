//! jwt-authorizer: the authorizer of its README, with either of its ways to renew keys.

use std::sync::Arc;

use async_trait::async_trait;
use jwt_authorizer::{
    Authorizer, JwtAuthorizer, Refresh, RefreshStrategy, RegisteredClaims, Validation,
};

use super::{Freshness, KeySource, Library, Settings};
use crate::{Result, tokens::ISSUER};

/// With `interval` keys are renewed once they are old; otherwise, its default, once a key id is unknown.
pub(super) async fn start(settings: &Settings, interval: bool) -> Result<Arc<dyn KeySource>> {
    let default = Refresh::default();
    let refresh = Refresh {
        strategy: match interval {
            true => RefreshStrategy::Interval,
            false => default.strategy,
        },
        refresh_interval: match settings.freshness {
            Freshness::Default => default.refresh_interval,
            Freshness::Shortest => Library::JwtAuthorizer.shortest(),
        },
        retry_interval: default.retry_interval,
    };
    let url = format!("{}/.well-known/jwks.json", settings.server);
    let authorizer: Authorizer<RegisteredClaims> = JwtAuthorizer::from_jwks_url(&url)
        .refresh(refresh)
        .validation(Validation::new().iss(&[ISSUER]).nbf(true))
        .build()
        .await?;
    Ok(Arc::new(authorizer))
}

#[async_trait]
impl KeySource for Authorizer<RegisteredClaims> {
    async fn accepts(&self, token: &str) -> bool {
        self.check_auth(token).await.is_ok()
    }
}

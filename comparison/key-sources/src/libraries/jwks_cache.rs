//! jwks-cache: its registry for the keys, joined with jsonwebtoken as its README does.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jsonwebtoken::{DecodingKey, Validation, crypto::aws_lc};
use jwks_cache::{IdentityProviderRegistration, Registry};
use serde_json::Value;

use super::{Freshness, KeySource, Settings};
use crate::{Result, tokens::ISSUER};

/// A registration with less is refused.
pub(super) const SHORTEST: Duration = Duration::from_secs(30);

const TENANT: &str = "tenant";
const PROVIDER: &str = "clerk";

pub(super) async fn start(settings: &Settings) -> Result<Arc<dyn KeySource>> {
    // axum-jwt-auth brings another one into this program, and then one has to be chosen. This is the cache's
    // own. It is chosen already where this is not the first start.
    let _ = aws_lc::DEFAULT_PROVIDER.install_default();
    let registry = Registry::builder().require_https(false).build();
    let url = format!("{}/.well-known/jwks.json", settings.server);
    let mut registration =
        IdentityProviderRegistration::new(TENANT, PROVIDER, url)?.with_require_https(false);
    if settings.freshness == Freshness::Shortest {
        registration.max_ttl = SHORTEST;
        // Has to be less than `max_ttl`, which it is not by default.
        registration.refresh_early = SHORTEST / 5;
    }
    registry.register(registration).await?;
    Ok(Arc::new(registry))
}

#[async_trait]
impl KeySource for Registry {
    async fn accepts(&self, token: &str) -> bool {
        verify(self, token).await.is_ok()
    }
}

async fn verify(registry: &Registry, token: &str) -> Result<Value> {
    let header = jsonwebtoken::decode_header(token)?;
    let kid = header.kid.ok_or("no key id")?;
    let jwks = registry.resolve(TENANT, PROVIDER, Some(&kid)).await?;
    let jwk = jwks.find(&kid).ok_or("no such key")?;
    let key = DecodingKey::from_jwk(jwk)?;
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[ISSUER]);
    let token = jsonwebtoken::decode::<Value>(token, &key, &validation)?;
    Ok(token.claims)
}

//! axum-jwt-auth: the remote decoder of its README, initialized before the first token.

use std::sync::Arc;

use async_trait::async_trait;
use axum_jwt_auth::{JwtDecoder, RemoteJwksDecoder, RemoteJwksDecoderConfig};
use jsonwebtoken::{Algorithm, Validation, crypto::rust_crypto};
use serde_json::Value;

use super::{Freshness, KeySource, Library, Settings};
use crate::{Result, tokens::ISSUER};

pub(super) async fn start(settings: &Settings) -> Result<Arc<dyn KeySource>> {
    // jwks-cache brings another one into this program, and then one has to be chosen. This is the decoder's
    // own. It is chosen already where this is not the first start.
    let _ = rust_crypto::DEFAULT_PROVIDER.install_default();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[ISSUER]);
    let mut config = RemoteJwksDecoderConfig::builder();
    if settings.freshness == Freshness::Shortest {
        config = config.cache_duration(Library::AxumJwtAuth.shortest());
    }
    let decoder = RemoteJwksDecoder::builder()
        .jwks_url(format!("{}/.well-known/jwks.json", settings.server))
        .validation(validation)
        .config(config.build())
        .build()?;
    // Dropping what it returns stops nothing.
    let _ = decoder.initialize().await?;
    Ok(Arc::new(decoder))
}

#[async_trait]
impl KeySource for RemoteJwksDecoder {
    async fn accepts(&self, token: &str) -> bool {
        JwtDecoder::<Value>::decode(self, token).await.is_ok()
    }
}

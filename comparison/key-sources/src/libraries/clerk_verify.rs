//! This project: one verifier, as its README has it.

use std::sync::Arc;

use async_trait::async_trait;
use clerk_verify::{JwksOptions, Verifier};

use super::{Freshness, KeySource, Library, Settings};
use crate::{
    Result,
    tokens::{AUTHORIZED_PARTY, ISSUER},
};

pub(super) fn start(settings: &Settings) -> Result<Arc<dyn KeySource>> {
    let options = match settings.freshness {
        Freshness::Default => JwksOptions::default(),
        Freshness::Shortest => JwksOptions {
            ttl: Library::ClerkVerify.shortest(),
            ..JwksOptions::default()
        },
    };
    let verifier = Verifier::builder()
        .jwks_url(format!("{}/.well-known/jwks.json", settings.server))
        .issuer(ISSUER)
        .authorized_parties([AUTHORIZED_PARTY])
        .jwks(options)
        .build()?;
    Ok(Arc::new(verifier))
}

#[async_trait]
impl KeySource for Verifier {
    async fn accepts(&self, token: &str) -> bool {
        self.verify_token(token).await.is_ok()
    }
}

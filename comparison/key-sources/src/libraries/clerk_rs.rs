//! clerk-rs: the cached provider of its README, and the check that all of its middleware ends in.

use std::sync::Arc;

use async_trait::async_trait;
use clerk_rs::{
    Clerk, ClerkConfiguration,
    validators::{
        authorizer::validate_jwt,
        jwks::{MemoryCacheJwksProvider, MemoryCacheJwksProviderOptions},
    },
};

use super::{Freshness, KeySource, Library, Settings};

struct Provider(Arc<MemoryCacheJwksProvider>);

pub(super) fn start(settings: &Settings) -> Arc<dyn KeySource> {
    let configuration = ClerkConfiguration::new("sk_test_secret").with_base_path(&settings.server);
    let clerk = Clerk::new(configuration);
    let provider = match settings.freshness {
        Freshness::Default => MemoryCacheJwksProvider::new(clerk),
        Freshness::Shortest => {
            let options = MemoryCacheJwksProviderOptions {
                expire_after: Some(Library::ClerkRs.shortest()),
                ..MemoryCacheJwksProviderOptions::default()
            };
            MemoryCacheJwksProvider::new_with_options(clerk, options)
        }
    };
    Arc::new(Provider(Arc::new(provider)))
}

#[async_trait]
impl KeySource for Provider {
    async fn accepts(&self, token: &str) -> bool {
        validate_jwt(token, Arc::clone(&self.0)).await.is_ok()
    }
}

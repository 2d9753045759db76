//! clerk-rs: the cached provider of its README, and the check that all of its middleware ends in.

use std::{hint::black_box, rc::Rc, sync::Arc, time::Duration};

use clerk_rs::{
    Clerk, ClerkConfiguration,
    validators::{authorizer::validate_jwt, jwks::MemoryCacheJwksProvider},
};
use clerk_verify::testing::KeyServer;
use tokio::runtime::Runtime;

use crate::{
    Result,
    contestant::{Contestant, Group, thread_time},
    versions,
};

pub(super) struct Peer {
    provider: Arc<MemoryCacheJwksProvider>,
    runtime: Rc<Runtime>,
}

impl Peer {
    /// It fetches its keys with the first token.
    pub(super) fn new(runtime: &Rc<Runtime>, server: &KeyServer) -> Self {
        let configuration = ClerkConfiguration::new("sk_test_secret").with_base_path(server.url());
        let provider = MemoryCacheJwksProvider::new(Clerk::new(configuration));
        Self {
            provider: Arc::new(provider),
            runtime: Rc::clone(runtime),
        }
    }
}

impl Contestant for Peer {
    fn name(&self) -> &'static str {
        "clerk-rs"
    }

    fn version(&self) -> String {
        versions::of("clerk-rs")
    }

    fn group(&self) -> Group {
        Group::Rust
    }

    fn subject(&mut self, token: &str) -> Result<String> {
        let verified = validate_jwt(token, Arc::clone(&self.provider));
        Ok(self.runtime.block_on(verified)?.sub)
    }

    fn batch(&mut self, token: &str, count: u32) -> Result<Duration> {
        self.runtime.block_on(async {
            let start = thread_time();
            for _ in 0..count {
                black_box(validate_jwt(token, Arc::clone(&self.provider)).await?);
            }
            Ok(thread_time().saturating_sub(start))
        })
    }
}

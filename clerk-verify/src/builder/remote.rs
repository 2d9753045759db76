//! Options of the remote key source.

use std::{sync::Arc, time::SystemTime};

use super::VerifierBuilder;
use crate::keys::remote::{AnyFetcher, Fetcher, Hook, JwksOptions, KeyEvent};

/// What all remote key sources of a verifier have in common.
#[derive(Clone, Default)]
pub(super) struct RemoteOptions {
    pub(super) api_url: Option<String>,
    pub(super) api_version: Option<String>,
    pub(super) options: JwksOptions,
    pub(super) fetcher: Option<Arc<dyn AnyFetcher>>,
    pub(super) events: Option<Arc<Hook>>,
}

impl VerifierBuilder {
    /// The URL of a JWK Set: https, or http on this machine itself.
    ///
    /// ```
    /// use clerk_verify::Verifier;
    ///
    /// let verifier = Verifier::builder()
    ///     .jwks_url("https://clerk.example.com/.well-known/jwks.json")
    ///     .issuer("https://clerk.example.com")
    ///     .build()
    ///     .unwrap();
    /// ```
    pub fn jwks_url(mut self, url: impl Into<String>) -> Self {
        self.source.jwks_url = Some(url.into());
        self
    }

    /// The URL of an OpenID configuration (or of its issuer, to which `/.well-known/openid-configuration` is
    /// added): its `jwks_uri` says where the JWK Set is. Its `issuer` must be one of those that are configured
    /// here, or no key is taken from there, and `jwks_uri` must be https. It is read again every hour, and
    /// when keys can't be fetched.
    ///
    /// ```
    /// use clerk_verify::Verifier;
    ///
    /// let verifier = Verifier::builder()
    ///     .issuer("https://clerk.example.com")
    ///     .openid_configuration("https://clerk.example.com/.well-known/openid-configuration")
    ///     .build()
    ///     .unwrap();
    /// ```
    pub fn openid_configuration(mut self, url: impl Into<String>) -> Self {
        self.source.openid_configuration = Some(url.into());
        self
    }

    /// A JWK Set from an earlier run and when it was fetched: it is in use at once, counts as stale, and is renewed
    /// as soon as a token comes. With it a service starts although the key server is down. Keys older than the
    /// options allow (`ttl` and `max_stale`) are not used. [`Verifier::export_snapshot`](crate::Verifier::export_snapshot)
    /// gives both.
    ///
    /// Whoever can change it can sign in as anyone: keep it as you keep the program.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use clerk_verify::Verifier;
    /// # let kept = clerk_verify::testing::TestIssuer::new().jwks_json();
    ///
    /// let verifier = Verifier::builder()
    ///     .publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
    ///     .with_seed(kept, SystemTime::now() - Duration::from_secs(600))
    ///     .build()
    ///     .unwrap();
    /// assert!(verifier.status().is_ready());
    /// ```
    pub fn with_seed(mut self, json: impl Into<String>, fetched_at: SystemTime) -> Self {
        self.source.seed = Some((json.into(), fetched_at));
        self
    }

    /// The instance's secret key (`sk_live_…`, `sk_test_…`): the keys are fetched from Clerk's Backend API.
    /// The publishable key does the same and needs no secret; it goes first where both are set.
    ///
    /// ```
    /// use clerk_verify::Verifier;
    ///
    /// let verifier = Verifier::builder().secret_key("sk_test_1234567890").build().unwrap();
    /// ```
    pub fn secret_key(mut self, key: impl Into<String>) -> Self {
        self.source.secret_key = Some(key.into());
        self
    }

    /// The Backend API's URL. Default: `https://api.clerk.com`.
    ///
    /// ```
    /// use clerk_verify::Verifier;
    ///
    /// let builder = Verifier::builder().secret_key("sk_test_1234567890");
    /// let verifier = builder.api_url("https://api.clerk.example").build().unwrap();
    /// ```
    pub fn api_url(mut self, url: impl Into<String>) -> Self {
        self.remote.api_url = Some(url.into());
        self
    }

    /// The Backend API's version, as its paths have it. Default: `v1`.
    ///
    /// ```
    /// use clerk_verify::Verifier;
    ///
    /// let verifier = Verifier::builder().secret_key("sk_test_1234567890").api_version("v1").build().unwrap();
    /// ```
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.remote.api_version = Some(version.into());
        self
    }

    /// How keys are fetched and kept.
    ///
    /// ```
    /// use clerk_verify::{JwksOptions, Verifier};
    ///
    /// let verifier = Verifier::builder()
    ///     .publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
    ///     .jwks(JwksOptions::strict())
    ///     .build()
    ///     .unwrap();
    /// ```
    pub fn jwks(mut self, options: JwksOptions) -> Self {
        self.remote.options = options;
        self
    }

    /// A transport of your own, in place of reqwest.
    ///
    /// ```
    /// use clerk_verify::{FetchError, FetchRequest, FetchResponse, Fetcher, Verifier};
    ///
    /// struct Offline;
    ///
    /// impl Fetcher for Offline {
    ///     async fn fetch(&self, _: FetchRequest) -> Result<FetchResponse, FetchError> {
    ///         Err(FetchError::new("there is no network"))
    ///     }
    /// }
    ///
    /// let verifier = Verifier::builder()
    ///     .publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
    ///     .fetcher(Offline)
    ///     .build()
    ///     .unwrap();
    /// ```
    pub fn fetcher(mut self, fetcher: impl Fetcher) -> Self {
        self.remote.fetcher = Some(Arc::new(fetcher));
        self
    }

    /// A hook for metrics and alarms: told of everything that the remote key sources do. Its first argument is the key
    /// source's URL without its query.
    ///
    /// It is called in the middle of verifications and fetches, so it must be quick and must not block. No lock is
    /// held then, and a panic in it is caught. A verification whose key is at hand calls nothing. A hook that holds a
    /// clone of its own verifier keeps it, and its tasks, alive for ever.
    ///
    /// ```
    /// use clerk_verify::{KeyEvent, Verifier};
    ///
    /// let verifier = Verifier::builder()
    ///     .publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
    ///     .key_events(|source, event| {
    ///         if let KeyEvent::FetchFailed { outcome, next_attempt_in, .. } = event {
    ///             println!("{source}: {}, again in {next_attempt_in:?}", outcome.as_str());
    ///         }
    ///     })
    ///     .build()
    ///     .unwrap();
    /// ```
    pub fn key_events(
        mut self,
        hook: impl Fn(&str, &KeyEvent<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.remote.events = Some(Arc::new(hook));
        self
    }
}

#[cfg(feature = "jwks")]
impl VerifierBuilder {
    /// The HTTP client to fetch keys with, for a proxy or certificates of your own. The limits of one fetch
    /// apply to it too. Build it with `redirect(Policy::none())`: an answer from another address is refused
    /// in any case, but a client that follows redirects has asked there by then.
    ///
    /// ```
    /// use clerk_verify::Verifier;
    ///
    /// let client = reqwest::Client::builder()
    ///     .no_proxy()
    ///     .redirect(reqwest::redirect::Policy::none())
    ///     .build()
    ///     .unwrap();
    /// let verifier = Verifier::builder()
    ///     .publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
    ///     .http_client(client)
    ///     .build()
    ///     .unwrap();
    /// ```
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        use crate::keys::remote::HttpClient;

        self.remote.fetcher = Some(Arc::new(HttpClient(client)));
        self
    }
}

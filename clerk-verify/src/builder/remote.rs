//! The options of a remote key source.

use super::VerifierBuilder;
use crate::keys::remote::JwksOptions;

/// What only a remote key source has.
#[derive(Clone, Default)]
pub(super) struct RemoteOptions {
    pub(super) jwks_url: Option<String>,
    pub(super) secret_key: Option<String>,
    pub(super) api_url: Option<String>,
    pub(super) api_version: Option<String>,
    pub(super) options: JwksOptions,
    pub(super) client: Option<reqwest::Client>,
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
        self.remote.jwks_url = Some(url.into());
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
        self.remote.secret_key = Some(key.into());
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
        self.remote.client = Some(client);
        self
    }
}

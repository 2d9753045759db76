//! One of several Clerk instances of a verifier.

#[cfg(feature = "remote")]
use std::time::SystemTime;

use super::source::SourceOptions;

/// A Clerk instance: who issues its tokens, and where its keys are. For
/// [`VerifierBuilder::instance`](crate::VerifierBuilder::instance).
///
/// Its options mean what those of the builder with the same names mean. Each instance has an issuer, for by that a token
/// finds its keys.
///
/// ```
/// use clerk_verify::{Instance, Verifier};
///
/// let verifier = Verifier::builder()
///     .instance(Instance::publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA"))
///     .instance(Instance::issuer("https://clerk.example.com"))
///     .authorized_parties(["https://app.example.com"])
///     .build()
///     .unwrap();
/// ```
#[derive(Clone)]
#[must_use]
pub struct Instance(SourceOptions);

impl Instance {
    /// The instance that a publishable key names: its Frontend API is the issuer, and has the keys.
    ///
    /// ```
    /// # use clerk_verify::Instance;
    /// let instance = Instance::publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA");
    /// ```
    pub fn publishable_key(key: impl Into<String>) -> Self {
        Self(SourceOptions {
            publishable_key: Some(key.into()),
            ..SourceOptions::default()
        })
    }

    /// The instance with this issuer. Its keys are at its Frontend API, which has the same URL, unless another option
    /// says otherwise.
    ///
    /// ```
    /// # use clerk_verify::Instance;
    /// let instance = Instance::issuer("https://clerk.example.com");
    /// ```
    pub fn issuer(issuer: impl Into<String>) -> Self {
        Self(SourceOptions {
            issuers: Some(vec![issuer.into()]),
            ..SourceOptions::default()
        })
    }

    /// The instance with these issuers, of which each has the same keys. Say where they are with another option.
    ///
    /// ```
    /// # use clerk_verify::Instance;
    /// let instance = Instance::issuers(["https://clerk.example.com", "https://app.example.com/__clerk"])
    ///     .jwks_url("https://clerk.example.com/.well-known/jwks.json");
    /// ```
    pub fn issuers(issuers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(SourceOptions {
            issuers: Some(super::texts(issuers)),
            ..SourceOptions::default()
        })
    }

    /// The URL under which its Frontend API is proxied: one more issuer of it, and where its keys are, where the
    /// publishable key names them. Beside issuers that are named it adds none.
    ///
    /// ```
    /// # use clerk_verify::Instance;
    /// let instance = Instance::publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
    ///     .proxy_url("https://app.example.com/__clerk");
    /// ```
    pub fn proxy_url(mut self, url: impl Into<String>) -> Self {
        self.0.proxy_url = Some(url.into());
        self
    }

    /// The host of a satellite application of it; see [`VerifierBuilder::domain`](crate::VerifierBuilder::domain).
    ///
    /// ```
    /// # use clerk_verify::Instance;
    /// let instance = Instance::publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
    ///     .domain("satellite.example")
    ///     .is_satellite(true);
    /// ```
    pub fn domain(mut self, host: impl Into<String>) -> Self {
        self.0.domain = Some(host.into());
        self
    }

    /// Whether this is a satellite application; see
    /// [`VerifierBuilder::is_satellite`](crate::VerifierBuilder::is_satellite).
    ///
    /// ```
    /// # use clerk_verify::Instance;
    /// let instance = Instance::publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
    ///     .proxy_url("https://satellite.example/__clerk")
    ///     .is_satellite(true);
    /// ```
    pub fn is_satellite(mut self, is_satellite: bool) -> Self {
        self.0.is_satellite = Some(is_satellite);
        self
    }

    /// Its public key.
    ///
    /// ```
    /// # use clerk_verify::{Instance, testing::TestIssuer};
    /// let instance = Instance::issuer("https://clerk.example.com").jwt_key(TestIssuer::new().public_pem());
    /// ```
    pub fn jwt_key(mut self, key: impl Into<String>) -> Self {
        self.0.jwt_key = Some(key.into());
        self
    }

    /// Its JWK Set.
    ///
    /// ```
    /// # use clerk_verify::{Instance, testing::TestIssuer};
    /// let instance = Instance::issuer("https://clerk.example.com").jwks_json(TestIssuer::new().jwks_json());
    /// ```
    pub fn jwks_json(mut self, text: impl Into<String>) -> Self {
        self.0.jwks_json = Some(text.into());
        self
    }
}

#[cfg(feature = "remote")]
impl Instance {
    /// The URL of its JWK Set.
    ///
    /// ```
    /// # use clerk_verify::Instance;
    /// let instance = Instance::issuer("https://clerk.example.com").jwks_url("https://keys.example.com/jwks.json");
    /// ```
    pub fn jwks_url(mut self, url: impl Into<String>) -> Self {
        self.0.jwks_url = Some(url.into());
        self
    }

    /// The URL of its OpenID configuration, which says where its JWK Set is.
    ///
    /// ```
    /// # use clerk_verify::Instance;
    /// let issuer = "https://clerk.example.com";
    /// let instance = Instance::issuer(issuer).openid_configuration(issuer);
    /// ```
    pub fn openid_configuration(mut self, url: impl Into<String>) -> Self {
        self.0.openid_configuration = Some(url.into());
        self
    }

    /// Its secret key: its keys are fetched from the Backend API.
    ///
    /// ```
    /// # use clerk_verify::Instance;
    /// let instance = Instance::issuer("https://clerk.example.com").secret_key("sk_test_1234567890");
    /// ```
    pub fn secret_key(mut self, key: impl Into<String>) -> Self {
        self.0.secret_key = Some(key.into());
        self
    }

    /// Its keys from an earlier run.
    ///
    /// ```
    /// # use clerk_verify::{Instance, KeySnapshot};
    /// fn again(kept: &KeySnapshot) -> Instance {
    ///     Instance::issuer("https://clerk.example.com").with_seed(kept.json(), kept.fetched_at())
    /// }
    /// ```
    pub fn with_seed(mut self, json: impl Into<String>, fetched_at: SystemTime) -> Self {
        self.0.seed = Some((json.into(), fetched_at));
        self
    }
}

impl Instance {
    pub(super) fn into_options(self) -> SourceOptions {
        self.0
    }
}

/// Shows which options are set, never a key.
impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance")
            .field("issuers", &self.0.names_issuers())
            .field("publishable_key", &self.0.publishable_key.is_some())
            .finish_non_exhaustive()
    }
}

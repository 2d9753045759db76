//! The set-up of a verifier: its options.

#[cfg(feature = "cache")]
mod cache;
mod check;
mod environment;
mod instance;
mod key_source;
mod misplaced;
mod origins;
#[cfg(feature = "remote")]
mod remote;
#[cfg(feature = "remote")]
mod remote_source;
mod source;
mod trusted;
mod warnings;

use std::{fmt, sync::Arc, time::Duration};

pub use self::instance::Instance;
use self::{origins::Origins, source::SourceOptions};

use crate::{
    algorithm::Algorithm,
    clock::{Clock, SystemClock},
    env::Environment,
    error::ConfigError,
    request::TokenSource,
    verifier::Verifier,
};

/// The options of a [`Verifier`].
///
/// One key source is needed; everything else has a default. [`build`](VerifierBuilder::build) checks all
/// options and reports all mistakes together.
///
/// ```
/// use std::time::Duration;
/// use clerk_verify::Verifier;
///
/// let verifier = Verifier::builder()
///     .publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
///     .authorized_parties(["https://app.example.com"])
///     .clock_skew(Duration::from_secs(2))
///     .build()
///     .unwrap();
/// ```
///
/// # Key sources
///
/// | option | keys | network |
/// |---|---|---|
/// | [`jwt_key`](Self::jwt_key) | the instance's one public key | none |
/// | [`jwks_json`](Self::jwks_json) | a JWK Set that you hold | none |
/// | `jwks_url` | a JWK Set at any https URL | fetched and kept |
/// | `openid_configuration` | the JWK Set that an issuer's configuration names | fetched and kept |
/// | [`publishable_key`](Self::publishable_key) | the instance's Frontend API | fetched and kept |
/// | `secret_key` | the Backend API | fetched and kept |
/// | [`issuer`](Self::issuer) alone | that issuer's Frontend API | fetched and kept |
///
/// `jwt_key` wins over all others. Of the remote ones the first in this table is used. `jwks_json` may stand
/// beside `jwks_url` or `secret_key` and is looked into first. A `publishable_key` beside `jwt_key` or
/// `jwks_json` names the issuer and fetches nothing. [`instance`](Self::instance) adds whole instances, each with
/// keys of its own.
///
/// Fetching needs a tokio runtime with time and I/O enabled.
///
/// # Defaults
///
/// | option | default |
/// |---|---|
/// | `issuer` | from the publishable key, `proxy_url` and `domain`; not checked without any |
/// | `audience` | not checked |
/// | `authorized_parties` | not checked, with a warning |
/// | `clock_skew` | 5 seconds |
/// | `algorithms` | RS256 |
/// | `max_token_len` | 16 KiB |
/// | `max_claims_nesting` | 127 |
/// | `token_sources` | `Authorization`, then the session cookie |
/// | `token_cache` | 10,000 tokens and 32 MiB |
/// | `allow_missing_azp`, `require_audience`, `allow_pending_sessions`, `accept_jwt_templates` | `false` |
#[derive(Clone, Default)]
#[must_use]
pub struct VerifierBuilder {
    source: SourceOptions,
    instances: Vec<SourceOptions>,
    #[cfg(feature = "remote")]
    remote: remote::RemoteOptions,
    #[cfg(feature = "cache")]
    token_cache: Option<crate::cache::TokenCache>,
    audiences: Vec<String>,
    require_audience: bool,
    authorized_parties: Option<Vec<String>>,
    allow_missing_azp: bool,
    clock_skew: Option<Duration>,
    clock: Option<Arc<dyn Clock>>,
    algorithms: Option<Vec<Algorithm>>,
    allow_pending_sessions: bool,
    accept_jwt_templates: bool,
    max_token_len: Option<usize>,
    max_claims_nesting: Option<usize>,
    token_sources: Option<Vec<TokenSource>>,
    environment: Option<Environment>,
    origins: Origins,
    reads_environment: bool,
    #[cfg(feature = "testing")]
    is_quiet: bool,
}

impl VerifierBuilder {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Builds the verifier. Nothing is fetched yet; see [`Verifier::ready`].
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every mistake in the options, each with its remedy.
    ///
    /// ```
    /// let error = clerk_verify::Verifier::builder().build().unwrap_err();
    /// assert!(error.to_string().contains("no key source"));
    /// ```
    pub fn build(self) -> Result<Verifier, ConfigError> {
        check::build(self)
    }

    /// The instance's public key, as the Clerk dashboard shows it (API keys, "JWKS Public Key"): PEM, or
    /// its base64. Needs no network. A token's `kid` is not looked at then.
    ///
    /// Takes the key as shells and `.env` files leave it: in quotes, with `\n` written out, on one line,
    /// with spaces for newlines, as base64 of the whole PEM; also PKCS#1 and certificates. RSA with 2048 to
    /// 8192 bits; private keys are refused.
    ///
    /// ```
    /// # use clerk_verify::{Verifier, testing::TestIssuer};
    /// # let pem = TestIssuer::new().public_pem();
    /// let verifier = Verifier::builder().jwt_key(pem).build().unwrap();
    ///
    /// let error = Verifier::builder().jwt_key("-----BEGIN PRIVATE KEY-----…").build().unwrap_err();
    /// assert!(error.to_string().contains("a private key"));
    /// ```
    pub fn jwt_key(mut self, key: impl Into<String>) -> Self {
        self.source.jwt_key = Some(key.into());
        self
    }

    /// A JWK Set (RFC 7517 §5) as JSON text. Keys that can't verify RS256 are passed over.
    ///
    /// ```
    /// # use clerk_verify::{Verifier, testing::TestIssuer};
    /// # let text = TestIssuer::new().jwks_json();
    /// let verifier = Verifier::builder().jwks_json(text).build().unwrap();
    /// ```
    pub fn jwks_json(mut self, text: impl Into<String>) -> Self {
        self.source.jwks_json = Some(text.into());
        self
    }

    /// The publishable key of the frontend (`pk_live_…`, `pk_test_…`). It names the instance's Frontend API:
    /// the keys are fetched from there, and its URL is the issuer that tokens must have, unless
    /// [`issuer`](Self::issuer) says otherwise.
    ///
    /// ```
    /// use clerk_verify::Verifier;
    ///
    /// let verifier = Verifier::builder().publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA").build().unwrap();
    /// ```
    pub fn publishable_key(mut self, key: impl Into<String>) -> Self {
        self.source.publishable_key = Some(key.into());
        self
    }

    /// The URL under which the Frontend API is proxied, if it is: one more trusted issuer, and where the keys
    /// of the publishable key are fetched. Without a publishable key it is the only trusted issuer. Beside
    /// [`issuer`](Self::issuer), which names all there are, it adds none.
    ///
    /// ```
    /// use clerk_verify::Verifier;
    ///
    /// let verifier = Verifier::builder()
    ///     .publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
    ///     .proxy_url("https://app.example.com/__clerk")
    ///     .build()
    ///     .unwrap();
    /// ```
    pub fn proxy_url(mut self, url: impl Into<String>) -> Self {
        self.source.proxy_url = Some(url.into());
        self
    }

    /// The host of a [satellite](Self::is_satellite) application, such as `satellite.example`, without scheme. In
    /// production its Frontend API is at `clerk.` before that, which then is one more trusted issuer. Where the
    /// application is no satellite, in development, and beside [`issuer`](Self::issuer), which names all there are, it
    /// adds none.
    ///
    /// ```
    /// # use clerk_verify::Verifier;
    /// let verifier = Verifier::builder()
    ///     .publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
    ///     .domain("satellite.example")
    ///     .is_satellite(true)
    ///     .build()
    ///     .unwrap();
    /// assert_eq!(verifier.status().issuers(), ["https://clerk.clerk.dev", "https://clerk.satellite.example"]);
    /// ```
    pub fn domain(mut self, host: impl Into<String>) -> Self {
        self.source.domain = Some(host.into());
        self
    }

    /// Whether this is a [satellite application][docs]: one on a domain of its own whose users sign in on another.
    /// Needs [`domain`](Self::domain) or [`proxy_url`](Self::proxy_url). Default: `false`.
    ///
    /// ```
    /// let error = clerk_verify::Verifier::builder()
    ///     .publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
    ///     .is_satellite(true)
    ///     .build()
    ///     .unwrap_err();
    /// assert_eq!(error.problems()[0].option(), "is_satellite");
    /// ```
    ///
    /// [docs]: https://clerk.com/docs/guides/dashboard/dns-domains/satellite-domains
    pub fn is_satellite(mut self, is_satellite: bool) -> Self {
        self.source.is_satellite = Some(is_satellite);
        self
    }

    /// The one issuer to trust: `iss` must be exactly this. A slash at the end of the value is ignored here,
    /// not in the token.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let verifier = TestIssuer::new().verifier().issuer("https://clerk.example.com").build().unwrap();
    /// ```
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        self.issuers([issuer])
    }

    /// The issuers to trust: `iss` must be exactly one of them. An empty list counts as not given.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let issuers = ["https://clerk.example.com", "https://clerk.example.org"];
    /// let verifier = TestIssuer::new().verifier().issuers(issuers).build().unwrap();
    /// ```
    pub fn issuers(mut self, issuers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.source.issuers = Some(texts(issuers));
        self
    }

    /// One more Clerk instance whose users are let in: for a service behind several frontends, or for a move from
    /// one instance to another. The token's `iss` chooses among the issuers configured here, and only that
    /// instance's keys can verify it; no URL in a token is ever followed. An outage or a flood at one leaves the
    /// others alone. What else is configured holds for all of them.
    ///
    /// A key source that is set on the builder itself is an instance too, the first.
    ///
    /// Cookies don't say which of two apps calls: a browser that is signed in to both sends both. The first instance in
    /// this order that the browser has a session cookie of counts; one without a publishable key, which has no cookie of
    /// its own name, comes last, and takes no `__session` that an instance with a publishable key has issued. So let the
    /// frontends of such a service send the header.
    ///
    /// ```
    /// use clerk_verify::{Instance, Verifier, testing::TestIssuer};
    ///
    /// let (shop, office) = (TestIssuer::new(), TestIssuer::fresh());
    /// let verifier = Verifier::builder()
    ///     .instance(Instance::issuer(shop.issuer()).jwks_json(shop.jwks_json()))
    ///     .instance(Instance::issuer(office.issuer()).jwks_json(office.jwks_json()))
    ///     .build()
    ///     .unwrap();
    /// for issuer in [shop, office] {
    ///     assert!(verifier.verify_token_now(&issuer.token().sign()).unwrap().is_ok());
    /// }
    /// ```
    pub fn instance(mut self, instance: Instance) -> Self {
        self.instances.push(instance.into_options());
        self
    }

    /// The audiences to accept: where a token has an `aud`, it must name one of them.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let verifier = TestIssuer::new().verifier().audience(["https://api.example.com"]).build().unwrap();
    /// ```
    pub fn audience(mut self, audiences: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.audiences = texts(audiences);
        self
    }

    /// Whether a token without `aud` is refused too, where [`audience`](Self::audience) is set. Clerk's
    /// session tokens have an `aud` only if you add it in the dashboard.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let builder = TestIssuer::new().verifier().audience(["api"]).require_audience(true);
    /// assert!(builder.build().is_ok());
    /// ```
    pub fn require_audience(mut self, require: bool) -> Self {
        self.require_audience = require;
        self
    }

    /// The origins whose tokens are accepted: `azp` must be there and exactly one of them. An empty list counts as
    /// not given.
    ///
    /// An origin is scheme, host and port as the browser sends it: `https://app.example.com`,
    /// `http://localhost:3000`. It has no slash at the end and no wildcard, and a port only where it is not
    /// the scheme's own. Set it: without it, a token that your user got on any other site of the same Clerk
    /// instance (such as a subdomain that somebody else runs) is accepted here.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let origins = ["https://app.example.com", "http://localhost:3000"];
    /// let verifier = TestIssuer::new().verifier().authorized_parties(origins).build().unwrap();
    /// ```
    pub fn authorized_parties(
        mut self,
        parties: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.authorized_parties = Some(texts(parties)).filter(|parties| !parties.is_empty());
        self
    }

    /// Whether a token without `azp` is accepted although authorized parties are configured: for clients
    /// that send no `Origin`, such as native apps. One with another `azp` never is.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let builder = TestIssuer::new().verifier().authorized_parties(["https://app.example.com"]);
    /// let verifier = builder.allow_missing_azp(true).build().unwrap();
    /// ```
    pub fn allow_missing_azp(mut self, allow: bool) -> Self {
        self.allow_missing_azp = allow;
        self
    }

    /// How far the clocks of Clerk and of this machine may differ, in both directions. Default: 5 seconds;
    /// zero is honoured; at most a day.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use clerk_verify::testing::TestIssuer;
    /// let verifier = TestIssuer::new().verifier().clock_skew(Duration::ZERO).build().unwrap();
    /// ```
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.clock_skew = Some(skew);
        self
    }

    /// The clock to read. Default: the system's.
    ///
    /// ```
    /// # use clerk_verify::{FixedClock, testing::TestIssuer};
    /// let verifier = TestIssuer::new().verifier().clock(FixedClock::at_unix(1_628_221_550)).build().unwrap();
    /// ```
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// The signature algorithms to allow. Default: RS256 alone, which is what Clerk signs with.
    ///
    /// ```
    /// # use clerk_verify::{Algorithm, testing::TestIssuer};
    /// let both = [Algorithm::RS256, Algorithm::RS512];
    /// let verifier = TestIssuer::new().verifier().algorithms(both).build().unwrap();
    /// ```
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// Whether a pending session (`sts`) counts as signed in. Such a user has yet to choose an organization,
    /// or another task to do.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let verifier = TestIssuer::new().verifier().allow_pending_sessions(true).build().unwrap();
    /// ```
    pub fn allow_pending_sessions(mut self, allow: bool) -> Self {
        self.allow_pending_sessions = allow;
        self
    }

    /// Whether tokens made from JWT templates are accepted beside session tokens. They say what the template
    /// says, live as long as it says, and belong to no session.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let verifier = TestIssuer::new().verifier().accept_jwt_templates(true).build().unwrap();
    /// ```
    pub fn accept_jwt_templates(mut self, accept: bool) -> Self {
        self.accept_jwt_templates = accept;
        self
    }

    /// The longest token that is looked at, in bytes: up to 1 GiB. Default: 16 KiB.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let verifier = TestIssuer::new().verifier().max_token_len(4096).build().unwrap();
    /// ```
    pub fn max_token_len(mut self, bytes: usize) -> Self {
        self.max_token_len = Some(bytes);
        self
    }

    /// How deep a token's custom claims may nest, the payload itself counting as one: 1 to 127, which is the
    /// default and the most that a JSON parser can read back.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let verifier = TestIssuer::new().verifier().max_claims_nesting(8).build().unwrap();
    /// ```
    pub fn max_claims_nesting(mut self, levels: usize) -> Self {
        self.max_claims_nesting = Some(levels);
        self
    }

    /// Where in a request the token may be, in this order. Default: the `Authorization` header, then the
    /// [session cookie](TokenSource::session_cookie).
    ///
    /// ```
    /// # use clerk_verify::{TokenSource, testing::TestIssuer};
    /// // An API that no browser calls has no use for cookies.
    /// let verifier = TestIssuer::new().verifier().token_sources([TokenSource::authorization()]).build().unwrap();
    /// ```
    pub fn token_sources(mut self, sources: impl IntoIterator<Item = TokenSource>) -> Self {
        self.token_sources = Some(sources.into_iter().collect());
        self
    }
}

/// Shows which options are set, never a key.
impl fmt::Debug for VerifierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |values: &[String]| -> Vec<String> {
            let values = values.iter().map(|value| misplaced::shown(value));
            values.map(str::to_owned).collect()
        };
        let parties = self.authorized_parties.as_deref();
        f.debug_struct("VerifierBuilder")
            .field("jwt_key", &self.source.jwt_key.is_some())
            .field("jwks_json", &self.source.jwks_json.is_some())
            .field("publishable_key", &self.source.publishable_key.is_some())
            .field("issuers", &self.source.names_issuers())
            .field("instances", &self.instances.len())
            .field("audiences", &shown(&self.audiences))
            .field("authorized_parties", &parties.map(shown))
            .finish_non_exhaustive()
    }
}

impl VerifierBuilder {
    /// Says nothing of a set-up that is odd: nobody chose it.
    #[cfg(feature = "testing")]
    pub(crate) fn quiet(mut self) -> Self {
        self.is_quiet = true;
        self
    }

    fn is_quiet(&self) -> bool {
        #[cfg(feature = "testing")]
        return self.is_quiet;
        #[cfg(not(feature = "testing"))]
        false
    }

    fn clock_or_default(&self) -> Arc<dyn Clock> {
        self.clock.clone().unwrap_or_else(|| Arc::new(SystemClock))
    }
}

fn texts(texts: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
    texts.into_iter().map(Into::into).collect()
}

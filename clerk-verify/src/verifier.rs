//! What verifies tokens and requests: the public face of the pipeline.

use std::{
    fmt,
    future::{Future as _, poll_fn},
    sync::Arc,
    task::Poll,
};

#[cfg(feature = "cache")]
use crate::cache::TokenCacheStatus;
#[cfg(all(feature = "remote", feature = "testing"))]
use crate::keys::Lookup;
#[cfg(feature = "remote")]
use crate::keys::remote::KeySnapshot;
use crate::{
    auth_state::AuthState,
    authentication::{Authentication, PendingAuthentication, decided},
    builder::VerifierBuilder,
    clock::unix_millis,
    describe,
    error::{ConfigError, Kind, VerifyError},
    keys::{KeySourceStatus, publishable_key::InstanceType},
    pipeline::{Asked, Pipeline, Progress, Trusted},
    request::{Extraction, RequestHeaders, TokenSource, extract},
    session::Session,
};

/// Verifies session tokens.
///
/// Build one when the program starts and clone it to wherever it is needed: clones share the keys, so that
/// they are fetched once. Two verifiers that were built share nothing.
///
/// ```
/// use clerk_verify::{Reason, testing::TestIssuer};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let issuer = TestIssuer::new();
/// let verifier = issuer.verifier().authorized_parties(["https://app.example.com"]).build().unwrap();
///
/// let token = issuer.token().user("user_1").azp("https://app.example.com").sign();
/// assert_eq!(verifier.verify_token(&token).await.unwrap().user_id(), "user_1");
///
/// let expired = issuer.token().azp("https://app.example.com").expired().sign();
/// let error = verifier.verify_token(&expired).await.unwrap_err();
/// assert_eq!(error.reason(), Reason::TokenExpired);
/// # });
/// ```
#[derive(Clone)]
pub struct Verifier(Arc<Pipeline>);

impl Verifier {
    pub(crate) fn from_pipeline(pipeline: Pipeline) -> Self {
        Self(Arc::new(pipeline))
    }

    /// Starts the set-up of a verifier.
    ///
    /// ```
    /// use clerk_verify::Verifier;
    ///
    /// let verifier = Verifier::builder()
    ///     .publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
    ///     .authorized_parties(["https://app.example.com"])
    ///     .build()
    ///     .unwrap();
    /// ```
    pub fn builder() -> VerifierBuilder {
        VerifierBuilder::new()
    }

    /// A verifier set up by environment variables alone; see [`VerifierBuilder::with_env`].
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with all that is wrong in them; also where none names a key source.
    ///
    /// ```no_run
    /// let verifier = clerk_verify::Verifier::from_env()?;
    /// # Ok::<(), clerk_verify::ConfigError>(())
    /// ```
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::builder().with_env().build()
    }

    /// Verifies a token. Waits only where its key has to be fetched; with the key at hand the future is
    /// ready at its first poll.
    ///
    /// Keys are fetched and renewed in tasks of the runtime that this is called in. One that is driven only by
    /// `block_on` around single calls renews nothing in between.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] for the first check that fails, in the order of the table in the
    /// [crate documentation](crate).
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let issuer = TestIssuer::new();
    /// let verifier = issuer.verifier().build().unwrap();
    /// let session = verifier.verify_token(&issuer.token().user("user_1").sign()).await.unwrap();
    /// assert_eq!(session.user_id(), "user_1");
    /// # });
    /// ```
    pub async fn verify_token(&self, token: &str) -> Result<Session, VerifyError> {
        let needed = match self.0.run(token, Asked::NotYet)? {
            Progress::Verified(verified) => return Ok(verified.session),
            Progress::KeyNeeded(needed) => needed,
        };
        self.0.obtain(&needed).await?;
        match self.0.run(token, Asked::Already)? {
            Progress::Verified(verified) => Ok(verified.session),
            Progress::KeyNeeded(needed) => Err(needed.not_found().into()),
        }
    }

    /// Verifies a token without waiting. `None` where its key has to be fetched first, or may have been replaced
    /// under its id: then only [`verify_token`](Verifier::verify_token) can tell. With fixed keys (`jwt_key`, `jwks_json`) the
    /// answer is always there.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let issuer = TestIssuer::new();
    /// let verifier = issuer.verifier().build().unwrap();
    /// let session = verifier.verify_token_now(&issuer.token().user("user_1").sign()).unwrap().unwrap();
    /// assert_eq!(session.user_id(), "user_1");
    /// ```
    #[must_use]
    pub fn verify_token_now(&self, token: &str) -> Option<Result<Session, VerifyError>> {
        match self.0.run(token, Asked::NotYet) {
            Ok(Progress::Verified(verified)) => Some(Ok(verified.session)),
            Ok(Progress::KeyNeeded(_)) => None,
            Err(kind) => Some(Err(kind.into())),
        }
    }

    /// Finds a request's token and verifies it.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let issuer = TestIssuer::new();
    /// let verifier = issuer.verifier().build().unwrap();
    /// let headers = [("cookie", format!("theme=dark; __session={}", issuer.token().sign()))];
    /// assert!(verifier.authenticate(&headers).await.is_signed_in());
    /// # });
    /// ```
    pub async fn authenticate<H: RequestHeaders + ?Sized>(&self, headers: &H) -> AuthState {
        match self.begin(headers, None) {
            Authentication::Done(state) => state,
            Authentication::Waiting(pending) => pending.finish().await,
        }
    }

    /// [`authenticate`](Verifier::authenticate) in two steps, for adapters to web frameworks: what can be
    /// said without waiting is said at once, so that a request with a known key needs no future. `sources`
    /// stands in for the verifier's own token sources where it is given.
    ///
    /// ```
    /// use clerk_verify::{Authentication, testing::TestIssuer};
    ///
    /// let verifier = TestIssuer::new().verifier().build().unwrap();
    /// match verifier.begin(&[("accept", "*/*")], None) {
    ///     Authentication::Done(state) => assert!(!state.is_signed_in()),
    ///     Authentication::Waiting(_) => unreachable!("fixed keys never wait"),
    /// }
    /// ```
    pub fn begin<H: RequestHeaders + ?Sized>(
        &self,
        headers: &H,
        sources: Option<&[TokenSource]>,
    ) -> Authentication {
        let sources = sources.unwrap_or(&self.0.token_sources);
        let now = || unix_millis(self.0.clock.now());
        let token = match extract(headers, sources, &self.0.session_cookies, now) {
            Extraction::Token(token) => token,
            Extraction::None { ignored_cookie } => {
                return Authentication::Done(decided(Err(Kind::Missing { ignored_cookie }.into())));
            }
            Extraction::Malformed { field, found } => {
                let field = field.to_owned();
                return Authentication::Done(decided(Err(Kind::Header { field, found }.into())));
            }
        };
        match self.verify_token_now(&token) {
            Some(result) => Authentication::Done(decided(result)),
            None => Authentication::Waiting(PendingAuthentication {
                verifier: self.clone(),
                token: token.into_owned(),
            }),
        }
    }

    /// Waits until keys have been fetched: call it when the service starts, to fail there and not at the first
    /// request. Does nothing where none are to be fetched.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] where the keys can't be fetched, of any instance; it says whose.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let verifier = TestIssuer::new().verifier().build().unwrap();
    /// verifier.ready().await.unwrap();
    /// # });
    /// ```
    pub async fn ready(&self) -> Result<(), VerifyError> {
        // All of them are asked at once, and each answers within its `cold_wait`.
        let mut waiting = Vec::new();
        for trusted in &self.0.trusted {
            waiting.push(Box::pin(trusted.keys.ready()));
        }
        let mut result = Ok(());
        poll_fn(|context| {
            waiting.retain_mut(|ready| match ready.as_mut().poll(context) {
                Poll::Ready(Ok(())) => false,
                Poll::Ready(Err(kind)) => {
                    // The first that is found; it says whose keys they are.
                    if result.is_ok() {
                        result = Err(kind);
                    }
                    false
                }
                Poll::Pending => true,
            });
            if waiting.is_empty() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        Ok(result?)
    }

    /// How the keys are doing: for readiness probes and dashboards. Of several instances together: the worst
    /// state, and the sums of what is counted; ready where any of them is.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let verifier = TestIssuer::new().verifier().build().unwrap();
    /// assert!(verifier.status().is_ready());
    /// ```
    #[must_use]
    pub fn status(&self) -> KeySourceStatus {
        let mut all = self.key_sources().into_iter();
        let first = all.next().unwrap_or_else(|| KeySourceStatus::fixed(0));
        all.fold(first, KeySourceStatus::together)
    }

    /// How the keys of each instance are doing, in the order of the configuration.
    ///
    /// ```
    /// use clerk_verify::{Instance, Verifier};
    ///
    /// let verifier = Verifier::builder()
    ///     .instance(Instance::issuer("https://clerk.example.com"))
    ///     .instance(Instance::issuer("https://clerk.example.org"))
    ///     .build()
    ///     .unwrap();
    /// for status in verifier.key_sources() {
    ///     println!("{:?}: {:?}", status.issuers(), status.state());
    /// }
    /// ```
    #[must_use]
    pub fn key_sources(&self) -> Vec<KeySourceStatus> {
        let of = |trusted: &Trusted| KeySourceStatus {
            issuers: Arc::clone(&trusted.issuers),
            ..trusted.keys.status()
        };
        self.0.trusted.iter().map(of).collect()
    }

    /// The keys at hand, to be kept for the next run and given to
    /// [`with_seed`](VerifierBuilder::with_seed) then. `None` where nothing was fetched, or nothing that is still
    /// good. Of several instances this is the first one's; see [`export_snapshot_of`](Self::export_snapshot_of).
    ///
    /// ```
    /// use clerk_verify::{Verifier, testing::TestIssuer};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let issuer = TestIssuer::new();
    /// let server = issuer.serve().await.unwrap();
    /// let verifier = Verifier::builder().jwks_url(server.jwks_url()).build().unwrap();
    /// verifier.ready().await.unwrap();
    /// let kept = verifier.export_snapshot().unwrap();
    ///
    /// // The next run starts while the key server is down.
    /// server.shut_down();
    /// let verifier = Verifier::builder()
    ///     .jwks_url(server.jwks_url())
    ///     .with_seed(kept.json(), kept.fetched_at())
    ///     .build()
    ///     .unwrap();
    /// assert!(verifier.verify_token(&issuer.token().sign()).await.is_ok());
    /// # });
    /// ```
    #[cfg(feature = "remote")]
    #[must_use]
    pub fn export_snapshot(&self) -> Option<KeySnapshot> {
        self.0.trusted.first()?.keys.export()
    }

    /// [`export_snapshot`](Self::export_snapshot) of the instance with this issuer.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// assert!(verifier.export_snapshot_of("https://clerk.example.test").is_none(), "its keys are fixed");
    /// ```
    #[cfg(feature = "remote")]
    #[must_use]
    pub fn export_snapshot_of(&self, issuer: &str) -> Option<KeySnapshot> {
        let issuer = issuer.trim_end_matches('/');
        let has_it = |trusted: &&Trusted| trusted.issuers.iter().any(|known| known == issuer);
        self.0.trusted.iter().find(has_it)?.keys.export()
    }

    /// What is trusted here, and by which option or variable: the first thing to read when a token is refused. Several
    /// lines for people, whose wording may change. Holds no key, no secret and no key id.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let verifier = TestIssuer::new().verifier().authorized_parties(["https://app.example.com"]).build().unwrap();
    /// let description = verifier.describe();
    /// assert!(description.contains("https://clerk.example.test"));
    /// assert!(description.contains("https://app.example.com"));
    /// ```
    #[must_use]
    pub fn describe(&self) -> String {
        describe::verifier(&self.0)
    }

    /// Whether the publishable key is that of a production or a development instance; `None` without one. Of several
    /// instances: development where any of them is. A service may refuse to start with the wrong one.
    ///
    /// ```
    /// use clerk_verify::{InstanceType, Verifier};
    ///
    /// let verifier = Verifier::builder().publishable_key("pk_test_Y2xlcmsuY2xlcmsuZGV2JA").build().unwrap();
    /// assert_eq!(verifier.instance_type(), Some(InstanceType::Development));
    /// ```
    #[must_use]
    pub fn instance_type(&self) -> Option<InstanceType> {
        let all = self.0.trusted.iter();
        let mut types = all.filter_map(|trusted| Some(trusted.about.app.as_ref()?.instance_type));
        let first = types.next()?;
        let other = types.find(|other| *other == InstanceType::Development);
        Some(other.unwrap_or(first))
    }

    /// How many tokens are remembered at the moment, for dashboards; nothing where the cache is off. Forgets those
    /// that have ended first, one by one, so it is nothing to be called with each request.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let issuer = TestIssuer::new();
    /// let verifier = issuer.verifier().build().unwrap();
    /// assert!(verifier.verify_token_now(&issuer.token().sign()).unwrap().is_ok());
    /// assert_eq!(verifier.token_cache_status().entries(), 1);
    /// ```
    #[cfg(feature = "cache")]
    #[must_use]
    pub fn token_cache_status(&self) -> TokenCacheStatus {
        let now = unix_millis(self.0.clock.now());
        let cache = self.0.cache.as_ref();
        cache.map_or_else(TokenCacheStatus::default, |cache| self.0.sweep(cache, now))
    }

    /// Forgets all tokens that have been verified: the next request with each is verified in full.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let issuer = TestIssuer::new();
    /// let verifier = issuer.verifier().build().unwrap();
    /// assert!(verifier.verify_token_now(&issuer.token().sign()).unwrap().is_ok());
    /// verifier.clear_token_cache();
    /// assert_eq!(verifier.token_cache_status().entries(), 0);
    /// ```
    #[cfg(feature = "cache")]
    pub fn clear_token_cache(&self) {
        if let Some(cache) = &self.0.cache {
            cache.clear();
        }
    }

    /// The authorized parties it is configured with; empty where `azp` is not checked. The same origins are
    /// what a CORS layer should allow.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let verifier = TestIssuer::new().verifier().authorized_parties(["https://app.example.com"]).build().unwrap();
    /// assert_eq!(verifier.authorized_parties(), ["https://app.example.com"]);
    /// ```
    #[must_use]
    pub fn authorized_parties(&self) -> &[String] {
        &self.0.expected.authorized_parties
    }
}

#[cfg(all(feature = "remote", feature = "testing"))]
impl Verifier {
    /// The lookup of a verification, in all instances.
    pub(crate) fn has_key(&self, key_id: &str) -> bool {
        let now = unix_millis(self.0.clock.now());
        let mut all = self.0.trusted.iter();
        all.any(|trusted| matches!(trusted.keys.lookup(key_id, now), Lookup::Found(_)))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("algorithms", &self.0.algorithms)
            .field("expected", &self.0.expected)
            .field("trusted", &self.0.trusted)
            .finish_non_exhaustive()
    }
}

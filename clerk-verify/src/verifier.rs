//! The one road from a token to a session.

use std::{fmt, sync::Arc};

use crate::{
    algorithm::Algorithm,
    auth_state::AuthState,
    builder::VerifierBuilder,
    checks::Expected,
    claims::{Claims, Payload},
    clock::{Clock, unix_millis},
    error::{ConfigError, Kind, Seen, VerifyError},
    keys::{KeySourceStatus, Keys, Lookup, MAX_KEY_ID_LEN},
    request::{Extraction, RequestHeaders, TokenSource, extract},
    session::Session,
    token::{Compact, Header},
    token_class,
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
pub struct Verifier(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) algorithms: Arc<[Algorithm]>,
    pub(crate) keys: Keys,
    pub(crate) expected: Expected,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) accept_jwt_templates: bool,
    pub(crate) max_token_len: usize,
    pub(crate) max_claims_nesting: usize,
    pub(crate) token_sources: Arc<[TokenSource]>,
}

/// How far a token came with the keys at hand.
enum Progress {
    Verified(Session),
    /// Its key is not at hand and may be worth a fetch.
    KeyNeeded(String),
}

/// Whether the key source has been asked already.
#[derive(Clone, Copy)]
enum Asked {
    NotYet,
    Already,
}

impl Verifier {
    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self(Arc::new(inner))
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
        let key_id = match self.run(token, Asked::NotYet)? {
            Progress::Verified(session) => return Ok(session),
            Progress::KeyNeeded(key_id) => key_id,
        };
        self.0.keys.obtain(&key_id).await?;
        match self.run(token, Asked::Already)? {
            Progress::Verified(session) => Ok(session),
            Progress::KeyNeeded(key_id) => Err(unknown_key(&key_id).into()),
        }
    }

    /// Verifies a token without waiting. `None` where its key has to be fetched first: then only
    /// [`verify_token`](Verifier::verify_token) can tell. With fixed keys (`jwt_key`, `jwks_json`) the
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
        match self.run(token, Asked::NotYet) {
            Ok(Progress::Verified(session)) => Some(Ok(session)),
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
        let token = match extract(headers, sources) {
            Extraction::Token(token) => token,
            Extraction::None => {
                return Authentication::Done(decided(Err(Kind::Missing.into())));
            }
            Extraction::Malformed(what) => {
                return Authentication::Done(decided(Err(Kind::Header(what).into())));
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

    /// Waits until there are keys: call it when the service starts, to fail there and not at the first
    /// request. Does nothing for fixed keys.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] where the keys can't be fetched.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let verifier = TestIssuer::new().verifier().build().unwrap();
    /// verifier.ready().await.unwrap();
    /// # });
    /// ```
    pub async fn ready(&self) -> Result<(), VerifyError> {
        Ok(self.0.keys.ready().await?)
    }

    /// How the keys are doing: for readiness probes and dashboards.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let verifier = TestIssuer::new().verifier().build().unwrap();
    /// assert!(verifier.status().is_ready());
    /// ```
    #[must_use]
    pub fn status(&self) -> KeySourceStatus {
        self.0.keys.status()
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

    /// All checks, in their order; the first that fails is the reason.
    ///
    /// Steps 1 to 6 read what nobody has vouched for yet, to turn away what can't be a session token before
    /// a key is touched or fetched. From step 9 on the claims are the issuer's word.
    fn run(&self, token: &str, asked: Asked) -> Result<Progress, Kind> {
        let this = &*self.0;
        let now = unix_millis(this.clock.now());

        // 1: three parts of base64url, two JSON objects.
        let compact = Compact::split(token, this.max_token_len)?;
        let header = Header::parse(&compact.header)?;
        let payload = Payload::parse(&compact.payload, this.max_claims_nesting)?;
        // 2: a session token.
        token_class::check(&header, &payload, this.accept_jwt_templates)?;
        // 3, 4: `typ`, `crit`, `b64`.
        header.check_parameters()?;
        // 5: an allowed algorithm.
        let algorithm = self.allowed_algorithm(&header)?;
        // 6, 7: a key, fetched only if the token could still be good.
        let key_id = self.key_id(&header)?;
        let candidates = match (this.keys.lookup(&key_id), asked) {
            (Lookup::Found(candidates), _) => candidates,
            (Lookup::Fetch, Asked::NotYet) => {
                this.expected.issuer(&payload)?;
                this.expected.expiry(&payload, now)?;
                return Ok(Progress::KeyNeeded(key_id));
            }
            (Lookup::Fetch, Asked::Already) | (Lookup::Unknown, _) => {
                return Err(unknown_key(&key_id));
            }
        };
        let keys = candidates.keys(&key_id);
        if !keys.iter().any(|key| key.allows(algorithm)) {
            return Err(Kind::KeyAlgorithm {
                seen: header.kid.seen(),
                algorithm,
            });
        }
        // 8: the signature.
        if !keys
            .iter()
            .any(|key| key.verifies(algorithm, compact.signed, &compact.signature))
        {
            return Err(Kind::Signature);
        }
        // 9 to 16: the claims.
        this.expected.subject(&payload)?;
        this.expected.issuer(&payload)?;
        this.expected.audience(&payload)?;
        this.expected.authorized_party(&payload)?;
        let expires_at = this.expected.expiry(&payload, now)?;
        this.expected.not_before(&payload, now)?;
        this.expected.issued_at(&payload, now)?;
        this.expected.status(&payload)?;

        let claims = Claims::read(&payload, expires_at, compact.payload.clone());
        Ok(Progress::Verified(Session::new(claims)))
    }

    fn allowed_algorithm(&self, header: &Header<'_>) -> Result<Algorithm, Kind> {
        header
            .alg
            .text()
            .and_then(|name| Algorithm::from_name(&name))
            .filter(|algorithm| self.0.algorithms.contains(algorithm))
            .ok_or_else(|| Kind::Algorithm {
                seen: header.alg.seen(),
                allowed: Arc::clone(&self.0.algorithms),
            })
    }

    /// The token's `kid`; empty where the key has no id to compare it with.
    fn key_id(&self, header: &Header<'_>) -> Result<String, Kind> {
        if self.0.keys.ignore_key_id() {
            return Ok(String::new());
        }
        match header.kid.text() {
            Some(key_id) if !key_id.is_empty() && key_id.len() <= MAX_KEY_ID_LEN => {
                Ok(key_id.into_owned())
            }
            _ => Err(Kind::KeyId {
                seen: header.kid.seen(),
                limit: MAX_KEY_ID_LEN,
            }),
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("algorithms", &self.0.algorithms)
            .field("expected", &self.0.expected)
            .field("keys", &self.0.keys.status())
            .finish_non_exhaustive()
    }
}

/// What [`Verifier::begin`] could say without waiting.
///
/// ```
/// use clerk_verify::{Authentication, testing::TestIssuer};
///
/// let verifier = TestIssuer::new().verifier().build().unwrap();
/// let first_step = verifier.begin(&[("accept", "*/*")], None);
/// assert!(matches!(first_step, Authentication::Done(_)));
/// ```
#[derive(Debug)]
pub enum Authentication {
    /// All of it.
    Done(AuthState),
    /// The key of the token has to be fetched.
    Waiting(PendingAuthentication),
}

/// A request whose token waits for its key. Holds no reference to the request.
pub struct PendingAuthentication {
    verifier: Verifier,
    token: String,
}

impl PendingAuthentication {
    /// Waits for the key and finishes.
    ///
    /// ```
    /// use clerk_verify::{AuthState, Authentication, Verifier};
    ///
    /// async fn second_step(first_step: Authentication) -> AuthState {
    ///     match first_step {
    ///         Authentication::Done(state) => state,
    ///         Authentication::Waiting(pending) => pending.finish().await,
    ///     }
    /// }
    /// ```
    pub async fn finish(self) -> AuthState {
        decided(self.verifier.verify_token(&self.token).await)
    }
}

/// Does not show the token.
impl fmt::Debug for PendingAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAuthentication")
            .finish_non_exhaustive()
    }
}

/// The one place where the outcome for a request is logged: the reason, nothing from the token.
fn decided(result: Result<Session, VerifyError>) -> AuthState {
    if let Err(error) = &result {
        tracing::debug!(
            reason = error.reason().as_str(),
            "the request is signed out"
        );
    }
    AuthState::from(result)
}

fn unknown_key(key_id: &str) -> Kind {
    Kind::UnknownKey {
        seen: Seen::text(key_id),
    }
}

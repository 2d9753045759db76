//! A Clerk instance in miniature.

use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{KeyServer, TokenBuilder, key::SigningKey};
use crate::{
    algorithm::Algorithm,
    builder::VerifierBuilder,
    clock::{Clock, SystemClock, unix_millis},
    keys::publishable_key::PublishableKey,
};

/// A Clerk instance in miniature: one key pair, one issuer URL.
///
/// ```
/// use clerk_verify::testing::TestIssuer;
///
/// let issuer = TestIssuer::new();
/// let verifier = issuer.verifier().build().unwrap();
/// let session = verifier.verify_token_now(&issuer.token().user("user_1").sign()).unwrap().unwrap();
/// assert_eq!(session.user_id(), "user_1");
/// ```
#[derive(Clone)]
pub struct TestIssuer {
    key: Arc<SigningKey>,
    key_id: String,
    host: String,
    url: String,
    clock: Arc<dyn Clock>,
    /// Key servers run as long as their issuer is there.
    serving: Arc<Mutex<Vec<KeyServer>>>,
}

impl TestIssuer {
    /// An issuer with a fixed key: the same in every test and every run.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// assert_eq!(TestIssuer::new().jwks_json(), TestIssuer::new().jwks_json());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with_key(SigningKey::fixed(), "ins_test0000000000000000000000")
    }

    /// An issuer with a new key of its own, under a key id and a URL of its own. Takes a while: 2048 bits.
    ///
    /// ```
    /// # use clerk_verify::{Reason, testing::TestIssuer};
    /// let (ours, theirs) = (TestIssuer::new(), TestIssuer::fresh());
    /// let verifier = ours.verifier().build().unwrap();
    /// let error = verifier.verify_token_now(&theirs.token().sign()).unwrap().unwrap_err();
    /// assert_eq!(error.reason(), Reason::JwkKidMismatch);
    /// ```
    #[must_use]
    pub fn fresh() -> Self {
        let key = SigningKey::fresh();
        let (modulus, _) = key.public_numbers();
        let id: String = modulus
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(16)
            .collect();
        let host = format!("clerk.{}.test", id.to_ascii_lowercase());
        Self::with_key(key, &format!("ins_{id}")).with_host(&host)
    }

    fn with_key(key: SigningKey, key_id: &str) -> Self {
        Self {
            key: Arc::new(key),
            key_id: key_id.to_owned(),
            host: String::new(),
            url: String::new(),
            clock: Arc::new(SystemClock),
            serving: Arc::default(),
        }
        .with_host("clerk.example.test")
    }

    fn with_host(mut self, host: &str) -> Self {
        self.url = format!("https://{host}");
        self.host = host.to_owned();
        self
    }

    /// The same issuer under another key id, of 1 to 256 bytes: for two instances that clash.
    ///
    /// ```
    /// # use clerk_verify::{Reason, testing::TestIssuer};
    /// let (ours, theirs) = (TestIssuer::new(), TestIssuer::fresh().with_key_id(TestIssuer::new().key_id()));
    /// let verifier = ours.verifier().build().unwrap();
    /// let error = verifier.verify_token_now(&theirs.token().sign()).unwrap().unwrap_err();
    /// assert_eq!(error.reason(), Reason::TokenInvalidSignature);
    /// ```
    #[must_use]
    pub fn with_key_id(mut self, key_id: impl Into<String>) -> Self {
        self.key_id = key_id.into();
        self
    }

    /// The same issuer with another clock; its verifiers read it too.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use clerk_verify::{FixedClock, Reason, testing::TestIssuer};
    /// let clock = FixedClock::at_unix(1_000);
    /// let issuer = TestIssuer::new().with_clock(clock.clone());
    /// let verifier = issuer.verifier().build().unwrap();
    /// let token = issuer.token().sign();
    ///
    /// assert!(verifier.verify_token_now(&token).unwrap().is_ok());
    /// clock.advance(Duration::from_secs(65));
    /// let error = verifier.verify_token_now(&token).unwrap().unwrap_err();
    /// assert_eq!(error.reason(), Reason::TokenExpired);
    /// ```
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Starts a token: a good session token for `user_test`, unless told otherwise.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let token = TestIssuer::new().token().user("user_1").sign();
    /// assert_eq!(token.split('.').count(), 3);
    /// ```
    pub fn token(&self) -> TokenBuilder {
        TokenBuilder::new(self.clone())
    }

    /// A verifier's builder that trusts this issuer's key and URL and reads its clock.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let verifier = TestIssuer::new().verifier().authorized_parties(["https://app.example.com"]).build().unwrap();
    /// ```
    pub fn verifier(&self) -> VerifierBuilder {
        VerifierBuilder::new()
            .jwks_json(self.jwks_json())
            .issuer(self.issuer())
            .clock(Arc::clone(&self.clock))
    }

    /// `iss` of its tokens.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// assert_eq!(TestIssuer::new().issuer(), "https://clerk.example.test");
    /// ```
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.url
    }

    /// `azp` of its tokens, unless they are told otherwise.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// assert_eq!(TestIssuer::new().authorized_party(), "https://app.example.test");
    /// ```
    #[must_use]
    pub fn authorized_party(&self) -> &str {
        "https://app.example.test"
    }

    /// `kid` of its tokens.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// assert!(TestIssuer::new().key_id().starts_with("ins_"));
    /// ```
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The publishable key that names it.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// assert!(TestIssuer::new().publishable_key().starts_with("pk_test_"));
    /// ```
    #[must_use]
    pub fn publishable_key(&self) -> String {
        format!("pk_test_{}", STANDARD.encode(format!("{}$", self.host)))
    }

    /// The name of its own session cookie, which the [publishable key](Self::publishable_key) gives it.
    ///
    /// ```
    /// # use clerk_verify::{Authentication, testing::TestIssuer};
    /// let issuer = TestIssuer::new();
    /// let verifier = issuer.verifier().publishable_key(issuer.publishable_key()).build().unwrap();
    /// let name = issuer.session_cookie();
    /// assert!(name.starts_with("__session_"));
    ///
    /// let suffix = name.trim_start_matches("__session_");
    /// let cookies = format!("{name}={}; __client_uat_{suffix}=1", issuer.token().sign());
    /// let outcome = verifier.begin(&[("cookie", cookies)], None);
    /// assert!(matches!(outcome, Authentication::Done(state) if state.is_signed_in()));
    /// ```
    #[must_use]
    pub fn session_cookie(&self) -> String {
        let key = PublishableKey::parse(&self.publishable_key());
        key.map_or_else(
            |_| "__session".to_owned(),
            |key| format!("__session_{}", key.cookie_suffix),
        )
    }

    /// Its JWK Set.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// assert!(TestIssuer::new().jwks_json().starts_with(r#"{"keys":["#));
    /// ```
    #[must_use]
    pub fn jwks_json(&self) -> String {
        let (n, e) = self.key.public_numbers();
        let key = json!({
            "use": "sig", "kty": "RSA", "kid": self.key_id, "alg": "RS256", "n": n, "e": e,
        });
        json!({ "keys": [key] }).to_string()
    }

    /// Its public key as PEM, for `jwt_key`.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// assert!(TestIssuer::new().public_pem().starts_with("-----BEGIN PUBLIC KEY-----\n"));
    /// ```
    #[must_use]
    pub fn public_pem(&self) -> String {
        self.key.public_pem()
    }

    /// Serves its JWK Set on loopback, for as long as this issuer or the server is there.
    ///
    /// # Errors
    ///
    /// Where no port can be had.
    ///
    /// ```
    /// # use clerk_verify::{Verifier, testing::TestIssuer};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let issuer = TestIssuer::new();
    /// let server = issuer.serve().await.unwrap();
    /// let verifier = Verifier::builder().jwks_url(server.jwks_url()).build().unwrap();
    ///
    /// assert!(verifier.verify_token(&issuer.token().sign()).await.is_ok());
    /// assert_eq!(server.requests(), 1);
    /// # });
    /// ```
    pub async fn serve(&self) -> io::Result<KeyServer> {
        let server = KeyServer::start(self.jwks_json()).await?;
        let mut serving = self.serving.lock().unwrap_or_else(PoisonError::into_inner);
        serving.push(server.clone());
        Ok(server)
    }

    pub(super) fn sign(&self, algorithm: Algorithm, signed: &[u8]) -> Vec<u8> {
        self.key.sign(algorithm, signed)
    }

    pub(super) fn now(&self) -> i64 {
        unix_millis(self.clock.now()).div_euclid(1000)
    }
}

impl Default for TestIssuer {
    fn default() -> Self {
        Self::new()
    }
}

/// Does not show the private key.
impl fmt::Debug for TestIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestIssuer")
            .field("issuer", &self.url)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

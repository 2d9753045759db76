//! Minting tokens.

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::{TestIssuer, organization::Organization};
use crate::{algorithm::Algorithm, error::VerifyError, session::Session};

/// A token about to be minted: a good session token of version 2, 60 seconds long, until it is changed.
///
/// Whatever a test needs to be wrong can be made wrong: any claim, any header parameter, the times, the key.
///
/// ```
/// use clerk_verify::{Reason, testing::TestIssuer};
///
/// let issuer = TestIssuer::new();
/// let session = issuer.token().org("org_1", "admin").permissions(["org:invoices:create"]).session().unwrap();
/// assert_eq!(session.organization().unwrap().permissions(), ["org:invoices:create"]);
///
/// let error = issuer.token().issuer("https://clerk.evil.example").session().unwrap_err();
/// assert_eq!(error.reason(), Reason::TokenInvalidIssuer);
/// ```
#[derive(Clone)]
#[must_use]
pub struct TokenBuilder {
    issuer: TestIssuer,
    signer: Option<TestIssuer>,
    algorithm: Algorithm,
    version: u8,
    issued_at: i64,
    lifetime: i64,
    organization: Option<Organization>,
    features: Vec<String>,
    plans: Vec<String>,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    removed: Vec<String>,
}

const LIFETIME: i64 = 60;
/// Clerk sets `nbf` so much before `iat`.
const CLOCK_ALLOWANCE: i64 = 5;

impl TokenBuilder {
    pub(super) fn new(issuer: TestIssuer) -> Self {
        Self {
            issued_at: issuer.now(),
            issuer,
            signer: None,
            algorithm: Algorithm::RS256,
            version: 2,
            lifetime: LIFETIME,
            organization: None,
            features: Vec::new(),
            plans: Vec::new(),
            header: Map::new(),
            claims: Map::new(),
            removed: Vec::new(),
        }
    }

    /// `sub`. Default: `user_test`.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// assert_eq!(TestIssuer::new().token().user("user_1").session().unwrap().user_id(), "user_1");
    /// ```
    pub fn user(self, id: impl Into<String>) -> Self {
        self.claim("sub", id.into())
    }

    /// `sid`. Default: `sess_test`.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().session_id("sess_1").session().unwrap();
    /// assert_eq!(session.session_id(), Some("sess_1"));
    /// ```
    pub fn session_id(self, id: impl Into<String>) -> Self {
        self.claim("sid", id.into())
    }

    /// An active organization and the user's role in it, with or without `org:`.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().org("org_1", "admin").session().unwrap();
    /// assert_eq!(session.organization().unwrap().role(), Some("org:admin"));
    /// ```
    pub fn org(mut self, id: impl Into<String>, role: impl Into<String>) -> Self {
        let role: String = role.into();
        let known = self.organization.take();
        self.organization = Some(Organization {
            id: id.into(),
            role: role.strip_prefix("org:").unwrap_or(&role).to_owned(),
            slug: known.as_ref().and_then(|known| known.slug.clone()),
            permissions: known.map(|known| known.permissions).unwrap_or_default(),
        });
        self
    }

    /// The organization's slug.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().org("org_1", "admin").org_slug("acme").session().unwrap();
    /// assert_eq!(session.organization().unwrap().slug(), Some("acme"));
    /// ```
    pub fn org_slug(mut self, slug: impl Into<String>) -> Self {
        self.organization_mut().slug = Some(slug.into());
        self
    }

    /// The user's permissions in the organization, each as `org:<feature>:<permission>` (or without the prefix): packed
    /// into masks in version 2, a list in version 1.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let token = TestIssuer::new().token().org("org_1", "admin");
    /// let session = token.permissions(["org:invoices:create", "org:teams:read"]).session().unwrap();
    /// assert_eq!(session.organization().unwrap().permissions(), ["org:invoices:create", "org:teams:read"]);
    /// ```
    pub fn permissions(mut self, permissions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let prefixed = |permission: String| match permission.starts_with("org:") {
            true => permission,
            false => format!("org:{permission}"),
        };
        self.organization_mut().permissions = permissions
            .into_iter()
            .map(|permission| prefixed(permission.into()))
            .collect();
        self
    }

    /// The features (`fea`), each with the scope it is granted in: `o:` organization, `u:` user, `ou:` both. One
    /// without a scope is granted in both.
    ///
    /// ```
    /// # use clerk_verify::{Requirement, testing::TestIssuer};
    /// let session = TestIssuer::new().token().features(["o:invoices", "u:beta"]).session().unwrap();
    /// assert!(session.has(&Requirement::new().feature("org:invoices").feature("user:beta")));
    /// ```
    pub fn features(mut self, features: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.features = features.into_iter().map(scoped).collect();
        self
    }

    /// The plans (`pla`), with their scopes as [`features`](Self::features) has them.
    ///
    /// ```
    /// # use clerk_verify::{Requirement, testing::TestIssuer};
    /// let session = TestIssuer::new().token().plans(["o:team"]).session().unwrap();
    /// assert!(session.has(&Requirement::new().plan("team")));
    /// ```
    pub fn plans(mut self, plans: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.plans = plans.into_iter().map(scoped).collect();
        self
    }

    /// How many minutes ago the user verified the first and the second factor (`fva`); `None` for never.
    /// Default of version 2: the first factor just now, the second never.
    ///
    /// ```
    /// # use clerk_verify::{Requirement, Reverification, testing::TestIssuer};
    /// let session = TestIssuer::new().token().factors_verified(Some(5), Some(9)).session().unwrap();
    /// assert!(session.has(&Requirement::new().reverification(Reverification::strict())));
    /// ```
    pub fn factors_verified(self, first: Option<u32>, second: Option<u32>) -> Self {
        let minutes = |age: Option<u32>| age.map_or(-1, i64::from);
        self.claim("fva", [minutes(first), minutes(second)].as_slice())
    }

    /// `azp`. Default: the issuer's [`authorized_party`](TestIssuer::authorized_party). To leave it out: `without("azp")`.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().azp("http://localhost:3000").session().unwrap();
    /// assert_eq!(session.authorized_party(), Some("http://localhost:3000"));
    /// ```
    pub fn azp(self, origin: impl Into<String>) -> Self {
        self.claim("azp", origin.into())
    }

    /// `aud`, as one string. Default: none.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// assert_eq!(TestIssuer::new().token().audience("api").session().unwrap().audience(), ["api"]);
    /// ```
    pub fn audience(self, audience: impl Into<String>) -> Self {
        self.claim("aud", audience.into())
    }

    /// `iss`. Default: the issuer's own.
    ///
    /// ```
    /// # use clerk_verify::{Reason, testing::TestIssuer};
    /// let error = TestIssuer::new().token().issuer("https://other.example").session().unwrap_err();
    /// assert_eq!(error.reason(), Reason::TokenInvalidIssuer);
    /// ```
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        self.claim("iss", issuer.into())
    }

    /// `act`: another user acts in this one's name.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().impersonated_by("user_support").session().unwrap();
    /// assert_eq!(session.actor().unwrap().subject(), "user_support");
    /// ```
    pub fn impersonated_by(self, user: impl Into<String>) -> Self {
        let user: String = user.into();
        self.claim("act", json!({ "sub": user }))
    }

    /// `sts: pending`: the user has tasks to finish.
    ///
    /// ```
    /// # use clerk_verify::{Reason, testing::TestIssuer};
    /// let error = TestIssuer::new().token().pending().session().unwrap_err();
    /// assert_eq!(error.reason(), Reason::SessionPending);
    /// ```
    pub fn pending(self) -> Self {
        self.claim("sts", "pending")
    }

    /// Claims of version 1, as Clerk issued them until 2025: no `v`, `sts`, `fva` and `o`, but `org_id` and
    /// its company.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().v1().org("org_1", "admin").session().unwrap();
    /// assert_eq!(session.claims().get("org_id").unwrap(), "org_1");
    /// ```
    pub fn v1(mut self) -> Self {
        self.version = 1;
        self
    }

    /// Claims of version 2, the default.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().v2().org("org_1", "admin").session().unwrap();
    /// assert_eq!(session.claims().get("o").unwrap()["id"], "org_1");
    /// ```
    pub fn v2(mut self) -> Self {
        self.version = 2;
        self
    }

    /// Sets any claim to any JSON value, over what the other methods say.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().claim("plan", "gold").session().unwrap();
    /// assert_eq!(session.claims().get("plan").unwrap(), "gold");
    /// ```
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let name = name.into();
        self.removed.retain(|removed| *removed != name);
        self.claims.insert(name, value.into());
        self
    }

    /// Leaves a claim out.
    ///
    /// ```
    /// # use clerk_verify::{Reason, testing::TestIssuer};
    /// let error = TestIssuer::new().token().without("exp").session().unwrap_err();
    /// assert_eq!(error.reason(), Reason::TokenVerificationFailed);
    /// ```
    pub fn without(mut self, claim: impl Into<String>) -> Self {
        let claim = claim.into();
        self.claims.remove(&claim);
        self.removed.push(claim);
        self
    }

    /// Sets any header parameter; `Value::Null` stays a `null`.
    ///
    /// ```
    /// # use clerk_verify::{Reason, testing::TestIssuer};
    /// let error = TestIssuer::new().token().header("alg", "none").session().unwrap_err();
    /// assert_eq!(error.reason(), Reason::TokenInvalidAlgorithm);
    /// ```
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.header.insert(name.into(), value.into());
        self
    }

    /// `iat`, in seconds since 1970; `nbf` and `exp` go with it. Default: now.
    ///
    /// ```
    /// # use clerk_verify::{FixedClock, testing::TestIssuer};
    /// let issuer = TestIssuer::new().with_clock(FixedClock::at_unix(1_000));
    /// assert_eq!(issuer.token().issued_at(990).session().unwrap().expires_at(), 1_050);
    /// ```
    pub fn issued_at(mut self, seconds: i64) -> Self {
        self.issued_at = seconds;
        self
    }

    /// How long after `iat` the token expires. Default: 60 seconds.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use clerk_verify::{FixedClock, testing::TestIssuer};
    /// let issuer = TestIssuer::new().with_clock(FixedClock::at_unix(1_000));
    /// assert_eq!(issuer.token().lifetime(Duration::from_secs(600)).session().unwrap().expires_at(), 1_600);
    /// ```
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        self
    }

    /// A token that expired an hour ago.
    ///
    /// ```
    /// # use clerk_verify::{Reason, testing::TestIssuer};
    /// let error = TestIssuer::new().token().expired().session().unwrap_err();
    /// assert_eq!(error.reason(), Reason::TokenExpired);
    /// ```
    pub fn expired(mut self) -> Self {
        self.issued_at = self
            .issuer
            .now()
            .saturating_sub(self.lifetime)
            .saturating_sub(3600);
        self
    }

    /// A token that becomes active in an hour (`nbf`).
    ///
    /// ```
    /// # use clerk_verify::{Reason, testing::TestIssuer};
    /// let error = TestIssuer::new().token().not_active_yet().session().unwrap_err();
    /// assert_eq!(error.reason(), Reason::TokenNotActiveYet);
    /// ```
    pub fn not_active_yet(mut self) -> Self {
        self.issued_at = self.issuer.now().saturating_add(3600);
        self
    }

    /// Signs with another issuer's key, under this one's name: a forged token.
    ///
    /// ```
    /// # use clerk_verify::{Reason, testing::TestIssuer};
    /// let error = TestIssuer::new().token().signed_by(&TestIssuer::fresh()).session().unwrap_err();
    /// assert_eq!(error.reason(), Reason::TokenInvalidSignature);
    /// ```
    pub fn signed_by(mut self, other: &TestIssuer) -> Self {
        self.signer = Some(other.clone());
        self
    }

    /// Signs with another algorithm, and says so in the header.
    ///
    /// ```
    /// # use clerk_verify::{Algorithm, Reason, testing::TestIssuer};
    /// let error = TestIssuer::new().token().algorithm(Algorithm::RS512).session().unwrap_err();
    /// assert_eq!(error.reason(), Reason::TokenInvalidAlgorithm);
    /// ```
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Mints the token.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let authorization = format!("Bearer {}", TestIssuer::new().token().sign());
    /// ```
    #[must_use]
    pub fn sign(&self) -> String {
        let part =
            |json: Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::Object(json).to_string());
        let signed = format!("{}.{}", part(self.full_header()), part(self.full_claims()));
        let signer = self.signer.as_ref().unwrap_or(&self.issuer);
        let signature = signer.sign(self.algorithm, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Mints the token and verifies it with the issuer's own verifier: a session for a unit test of a handler
    /// or a function that takes one.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] for a token that is not good.
    ///
    /// # Panics
    ///
    /// Where the issuer was given a key id that no verifier takes; see
    /// [`with_key_id`](TestIssuer::with_key_id).
    ///
    /// ```
    /// # use clerk_verify::{Session, testing::TestIssuer};
    /// fn greeting(session: &Session) -> String {
    ///     format!("hello, {}", session.user_id())
    /// }
    ///
    /// let session = TestIssuer::new().token().user("user_1").session().unwrap();
    /// assert_eq!(greeting(&session), "hello, user_1");
    /// ```
    // Its other options are good by themselves, and its keys are fixed ones, which never wait.
    #[allow(clippy::expect_used)]
    pub fn session(&self) -> Result<Session, VerifyError> {
        let verifier = self
            .issuer
            .verifier()
            .quiet()
            .build()
            .expect("the issuer's set-up is good");
        verifier
            .verify_token_now(&self.sign())
            .expect("fixed keys never wait")
    }

    fn organization_mut(&mut self) -> &mut Organization {
        self.organization.get_or_insert_default()
    }

    fn full_header(&self) -> Map<String, Value> {
        let mut header = Map::new();
        header.insert("alg".to_owned(), self.algorithm.as_str().into());
        header.insert("cat".to_owned(), "cl_B7d4PD111AAA".into());
        header.insert("kid".to_owned(), self.issuer.key_id().into());
        header.insert("typ".to_owned(), "JWT".into());
        header.extend(self.header.clone());
        header
    }

    fn full_claims(&self) -> Map<String, Value> {
        let mut claims = Map::new();
        let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        set("azp", self.issuer.authorized_party().into());
        set("exp", self.issued_at.saturating_add(self.lifetime).into());
        set("iat", self.issued_at.into());
        set("iss", self.issuer.issuer().into());
        set("nbf", self.issued_at.saturating_sub(CLOCK_ALLOWANCE).into());
        set("sid", "sess_test".into());
        set("sub", "user_test".into());
        if self.version == 2 {
            set("fva", json!([0, -1]));
            set("jti", "0123456789abcdef0123".into());
            set("sts", "active".into());
            set("v", 2.into());
        }
        if !self.features.is_empty() {
            set("fea", self.features.join(",").into());
        }
        if !self.plans.is_empty() {
            set("pla", self.plans.join(",").into());
        }
        if let Some(organization) = &self.organization {
            if self.version == 2 {
                organization.claims_v2(&self.features, &mut claims);
            } else {
                organization.claims_v1(&mut claims);
            }
        }
        claims.extend(self.claims.clone());
        claims.retain(|name, _| !self.removed.contains(name));
        claims
    }
}

fn scoped(slug: impl Into<String>) -> String {
    let slug = slug.into();
    if slug.contains(':') {
        slug
    } else {
        format!("ou:{slug}")
    }
}

/// Does not show the token: it has none yet.
impl fmt::Debug for TokenBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenBuilder")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

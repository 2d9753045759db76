//! Who is calling.

use std::{fmt, sync::Arc};

use serde::de::DeserializeOwned;

use crate::{
    authorization::{Forbidden, Requirement},
    claims::{
        Actor, Claims, ClaimsError, Entitlements, FactorVerificationAge, Organization,
        SessionStatus,
    },
};

/// A signed-in user's session, from a token that passed every check.
///
/// There is no way to make one but by verifying a token (in tests: by minting one with the
/// [test kit](crate::testing)), so a function that takes a `Session` can't be called for a stranger.
/// Clones are cheap.
///
/// ```
/// use clerk_verify::{Verifier, testing::TestIssuer};
///
/// let issuer = TestIssuer::new();
/// let verifier = issuer.verifier().build().unwrap();
/// let token = issuer.token().user("user_1").session_id("sess_1").sign();
///
/// let session = verifier.verify_token_now(&token).unwrap().unwrap();
/// assert_eq!(session.user_id(), "user_1");
/// assert_eq!(session.session_id(), Some("sess_1"));
/// ```
///
/// ```compile_fail,E0423
/// fn forge(claims: clerk_verify::Claims) -> clerk_verify::Session {
///     clerk_verify::Session(claims.into())
/// }
/// ```
#[derive(Clone)]
pub struct Session(Arc<Claims>);

impl Session {
    pub(crate) fn new(claims: Claims) -> Self {
        Self(Arc::new(claims))
    }

    /// The user's id (`sub`), such as `user_2ab…`. Never empty.
    ///
    /// ```
    /// # let issuer = clerk_verify::testing::TestIssuer::new();
    /// assert_eq!(issuer.token().user("user_7").session().unwrap().user_id(), "user_7");
    /// ```
    #[must_use]
    pub fn user_id(&self) -> &str {
        self.0.subject()
    }

    /// The session's id (`sid`). Tokens made from JWT templates have none.
    ///
    /// ```
    /// # let issuer = clerk_verify::testing::TestIssuer::new();
    /// let session = issuer.token().without("sid").session().unwrap();
    /// assert_eq!(session.session_id(), None);
    /// ```
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.0.session_id()
    }

    /// The Clerk instance that issued the token (`iss`), as its Frontend API URL.
    ///
    /// ```
    /// # let issuer = clerk_verify::testing::TestIssuer::new();
    /// assert_eq!(issuer.token().session().unwrap().issuer(), Some(issuer.issuer()));
    /// ```
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.0.issuer()
    }

    /// The origin that the token was issued to (`azp`).
    ///
    /// ```
    /// # let issuer = clerk_verify::testing::TestIssuer::new();
    /// let session = issuer.token().azp("https://app.example.com").session().unwrap();
    /// assert_eq!(session.authorized_party(), Some("https://app.example.com"));
    /// ```
    #[must_use]
    pub fn authorized_party(&self) -> Option<&str> {
        self.0.authorized_party()
    }

    /// Whom the token is meant for (`aud`); empty where the token does not say.
    ///
    /// ```
    /// # let issuer = clerk_verify::testing::TestIssuer::new();
    /// assert!(issuer.token().session().unwrap().audience().is_empty());
    /// ```
    #[must_use]
    pub fn audience(&self) -> &[String] {
        self.0.audience()
    }

    /// When the token was issued (`iat`), in seconds since 1970.
    ///
    /// ```
    /// # use clerk_verify::{FixedClock, testing::TestIssuer};
    /// let issuer = TestIssuer::new().with_clock(FixedClock::at_unix(1_000));
    /// assert_eq!(issuer.token().session().unwrap().issued_at(), Some(1_000));
    /// ```
    #[must_use]
    pub fn issued_at(&self) -> Option<i64> {
        self.0.issued_at()
    }

    /// When the token expires (`exp`), in seconds since 1970. The session lives on: Clerk's frontend
    /// fetches the next token.
    ///
    /// ```
    /// # use clerk_verify::{FixedClock, testing::TestIssuer};
    /// let issuer = TestIssuer::new().with_clock(FixedClock::at_unix(1_000));
    /// assert_eq!(issuer.token().session().unwrap().expires_at(), 1_060);
    /// ```
    #[must_use]
    pub fn expires_at(&self) -> i64 {
        self.0.expires_at()
    }

    /// Whether the session is active or pending (`sts`).
    ///
    /// ```
    /// # use clerk_verify::{SessionStatus, testing::TestIssuer};
    /// let session = TestIssuer::new().token().session().unwrap();
    /// assert_eq!(session.status(), Some(SessionStatus::Active));
    /// ```
    #[must_use]
    pub fn status(&self) -> Option<SessionStatus> {
        self.0.status()
    }

    /// Who is really acting, where the user is impersonated (`act`).
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().session().unwrap();
    /// assert!(session.actor().is_none());
    /// ```
    #[must_use]
    pub fn actor(&self) -> Option<&Actor> {
        self.0.actor()
    }

    /// The organization that is active in the session.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().org("org_1", "admin").session().unwrap();
    /// assert_eq!(session.organization().unwrap().id(), "org_1");
    /// ```
    #[must_use]
    pub fn organization(&self) -> Option<&Organization> {
        self.0.organization()
    }

    /// How long ago the user proved who they are (`fva`).
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().claim("fva", [5, -1]).session().unwrap();
    /// let age = session.factor_verification_age().unwrap();
    /// assert_eq!(age.first_factor_minutes(), Some(5));
    /// ```
    #[must_use]
    pub fn factor_verification_age(&self) -> Option<FactorVerificationAge> {
        self.0.factor_verification_age()
    }

    /// The features that the user and the active organization have (`fea`). To decide by them, see
    /// [`has`](Self::has).
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().features(["u:beta"]).session().unwrap();
    /// assert!(session.features().unwrap().of_user().eq(["beta"]));
    /// ```
    #[must_use]
    pub fn features(&self) -> Option<&Entitlements> {
        self.0.features()
    }

    /// The plans that the user and the active organization are on (`pla`). To decide by them, see
    /// [`has`](Self::has).
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().plans(["o:team"]).session().unwrap();
    /// assert!(session.plans().unwrap().of_organization().eq(["team"]));
    /// ```
    #[must_use]
    pub fn plans(&self) -> Option<&Entitlements> {
        self.0.plans()
    }

    /// Whether the session meets a [`Requirement`].
    ///
    /// ```
    /// use clerk_verify::{Requirement, testing::TestIssuer};
    ///
    /// let session = TestIssuer::new()
    ///     .token()
    ///     .org("org_1", "admin")
    ///     .permissions(["org:invoices:create"])
    ///     .session()
    ///     .unwrap();
    /// assert!(session.has(&Requirement::new().role("org:admin").permission("org:invoices:create")));
    /// assert!(!session.has(&Requirement::new().role("org:admin").permission("org:invoices:delete")));
    /// ```
    #[must_use]
    pub fn has(&self, requirement: &Requirement) -> bool {
        requirement.is_met_by(&self.0)
    }

    /// Insists on a [`Requirement`]: for `?` in a handler, where the error becomes the 403 that a layer would
    /// answer.
    ///
    /// # Errors
    ///
    /// [`Forbidden`], which says what is missing.
    ///
    /// ```
    /// use clerk_verify::{Forbidden, Requirement, Session, testing::TestIssuer};
    ///
    /// fn delete_invoice(session: &Session) -> Result<(), Forbidden> {
    ///     session.require(&Requirement::new().permission("org:invoices:delete"))?;
    ///     Ok(())
    /// }
    ///
    /// let session = TestIssuer::new().token().org("org_1", "member").session().unwrap();
    /// let forbidden = delete_invoice(&session).unwrap_err();
    /// assert_eq!(forbidden.refusal().status(), 403);
    /// ```
    pub fn require(&self, requirement: &Requirement) -> Result<(), Forbidden> {
        requirement.check(&self.0)
    }

    /// All claims.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().claim("plan", "gold").session().unwrap();
    /// assert_eq!(session.claims().get("plan").unwrap(), "gold");
    /// ```
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.0
    }

    /// The token's payload in a type of yours: for claims that were added in the Clerk dashboard
    /// (Sessions, "Customize session token"). Name only the claims you want; the rest is passed over.
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] where the payload does not have the shape of `T`: a mistake in the set-up, not of
    /// the caller.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// #[derive(serde::Deserialize)]
    /// struct Custom {
    ///     plan: String,
    ///     #[serde(default)]
    ///     beta: bool,
    /// }
    ///
    /// let session = TestIssuer::new().token().claim("plan", "gold").session().unwrap();
    /// let custom: Custom = session.custom_claims().unwrap();
    /// assert_eq!((custom.plan.as_str(), custom.beta), ("gold", false));
    /// ```
    pub fn custom_claims<T: DeserializeOwned>(&self) -> Result<T, ClaimsError> {
        self.0.custom()
    }
}

/// Names the user and the session only.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("user_id", &self.user_id())
            .field("session_id", &self.session_id())
            .finish_non_exhaustive()
    }
}

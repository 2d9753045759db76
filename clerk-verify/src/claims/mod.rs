//! What a verified token says.

mod actor;
mod custom;
mod entitlements;
mod factor_age;
mod organization;
mod outline;
mod payload;
mod permissions;
#[cfg(feature = "cache")]
mod size;
mod span;
mod status;

use std::{fmt, sync::OnceLock};

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use self::{
    actor::Actor, custom::ClaimsError, entitlements::Entitlements,
    factor_age::FactorVerificationAge, organization::Organization, status::SessionStatus,
};
pub(crate) use self::{
    outline::{ClaimedTimes, Outline},
    payload::Payload,
    span::Span,
};
use crate::json::Member;

/// The claims of a verified session token, typed.
///
/// Claims of version 1 and 2 ([Clerk's documentation][docs]) are read alike. A claim of an unexpected
/// type that no check needs (say, a number for `sid`) reads as absent and never hides another; the
/// raw JSON keeps it. Times are whole seconds since 1970, fractions dropped.
///
/// ```
/// use clerk_verify::testing::TestIssuer;
///
/// let issuer = TestIssuer::new();
/// let session = issuer.token().user("user_1").claim("plan", "gold").session().unwrap();
/// let claims = session.claims();
///
/// assert_eq!(claims.subject(), "user_1");
/// assert_eq!(claims.issuer(), Some(issuer.issuer()));
/// assert_eq!(claims.get("plan").unwrap(), "gold");
/// assert!(claims.raw().contains(r#""plan":"gold""#));
/// ```
///
/// [docs]: https://clerk.com/docs/guides/sessions/session-tokens
#[derive(Clone)]
pub struct Claims {
    /// The payload's text: all else says where in it something stands, or is made of it when it is first asked for.
    raw: String,
    outline: Outline,
    audience: OnceLock<Box<[String]>>,
    actor: OnceLock<Option<Box<Actor>>>,
    organization: OnceLock<Option<Box<Organization>>>,
    features: OnceLock<Option<Box<Entitlements>>>,
    plans: OnceLock<Option<Box<Entitlements>>>,
}

impl Claims {
    pub(crate) fn new(raw: String, outline: Outline) -> Self {
        Self {
            raw,
            outline,
            audience: OnceLock::new(),
            actor: OnceLock::new(),
            organization: OnceLock::new(),
            features: OnceLock::new(),
            plans: OnceLock::new(),
        }
    }

    /// `sub`: the user's id, such as `user_2ab…`. Never empty.
    ///
    /// ```
    /// # let issuer = clerk_verify::testing::TestIssuer::new();
    /// let session = issuer.token().user("user_7").session().unwrap();
    /// assert_eq!(session.claims().subject(), "user_7");
    /// ```
    #[must_use]
    pub fn subject(&self) -> &str {
        self.outline.subject.get(&self.raw).unwrap_or_default()
    }

    /// `iss`: the Frontend API URL of the Clerk instance.
    ///
    /// ```
    /// # let issuer = clerk_verify::testing::TestIssuer::new();
    /// let session = issuer.token().session().unwrap();
    /// assert_eq!(session.claims().issuer(), Some(issuer.issuer()));
    /// ```
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.outline.issuer.get(&self.raw)
    }

    /// `aud`: a string or an array in the token, a slice here; empty where the token has none.
    ///
    /// ```
    /// # let issuer = clerk_verify::testing::TestIssuer::new();
    /// let session = issuer.token().audience("api").session().unwrap();
    /// assert_eq!(session.claims().audience(), ["api"]);
    /// ```
    #[must_use]
    pub fn audience(&self) -> &[String] {
        let read = || audience(self.outline.aud.member(&self.raw)).unwrap_or_default();
        self.audience.get_or_init(|| read().into())
    }

    /// `azp`: the origin that the token was issued to.
    ///
    /// ```
    /// # let issuer = clerk_verify::testing::TestIssuer::new();
    /// let session = issuer.token().azp("https://app.example.com").session().unwrap();
    /// assert_eq!(session.claims().authorized_party(), Some("https://app.example.com"));
    /// ```
    #[must_use]
    pub fn authorized_party(&self) -> Option<&str> {
        self.outline.authorized_party.get(&self.raw)
    }

    /// `exp`, in seconds since 1970.
    ///
    /// ```
    /// # use clerk_verify::{FixedClock, testing::TestIssuer};
    /// let issuer = TestIssuer::new().with_clock(FixedClock::at_unix(1_000));
    /// let session = issuer.token().session().unwrap();
    /// assert_eq!(session.claims().expires_at(), 1_060);
    /// ```
    #[must_use]
    pub fn expires_at(&self) -> i64 {
        self.outline.times.expires_at
    }

    /// `nbf`, in seconds since 1970.
    ///
    /// ```
    /// # let issuer = clerk_verify::testing::TestIssuer::new();
    /// let session = issuer.token().without("nbf").session().unwrap();
    /// assert_eq!(session.claims().not_before(), None);
    /// ```
    #[must_use]
    pub fn not_before(&self) -> Option<i64> {
        self.outline.times.not_before
    }

    /// `iat`, in seconds since 1970.
    ///
    /// ```
    /// # use clerk_verify::{FixedClock, testing::TestIssuer};
    /// let issuer = TestIssuer::new().with_clock(FixedClock::at_unix(1_000));
    /// assert_eq!(issuer.token().session().unwrap().claims().issued_at(), Some(1_000));
    /// ```
    #[must_use]
    pub fn issued_at(&self) -> Option<i64> {
        self.outline.times.issued_at
    }

    /// `jti`: the token's own id (version 2).
    ///
    /// ```
    /// # let issuer = clerk_verify::testing::TestIssuer::new();
    /// let session = issuer.token().claim("jti", "abc").session().unwrap();
    /// assert_eq!(session.claims().token_id(), Some("abc"));
    /// ```
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.outline.token_id.get(&self.raw)
    }

    /// `sid`: the session's id. Tokens made from JWT templates have none.
    ///
    /// ```
    /// # let issuer = clerk_verify::testing::TestIssuer::new();
    /// let session = issuer.token().session_id("sess_1").session().unwrap();
    /// assert_eq!(session.claims().session_id(), Some("sess_1"));
    /// ```
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.outline.session_id.get(&self.raw)
    }

    /// `sts`: whether the session is active or pending.
    ///
    /// ```
    /// # use clerk_verify::{SessionStatus, testing::TestIssuer};
    /// let session = TestIssuer::new().token().session().unwrap();
    /// assert_eq!(session.claims().status(), Some(SessionStatus::Active));
    /// ```
    #[must_use]
    pub fn status(&self) -> Option<SessionStatus> {
        self.outline.status
    }

    /// `act`: who is really acting, where the user is impersonated. See [`Actor`] for one that can't be read.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().impersonated_by("user_admin").session().unwrap();
    /// assert_eq!(session.claims().actor().unwrap().subject(), "user_admin");
    /// ```
    #[must_use]
    pub fn actor(&self) -> Option<&Actor> {
        let read = || Actor::read(self.outline.act.member(&self.raw)).map(Box::new);
        self.actor.get_or_init(read).as_deref()
    }

    /// `fva`: how long ago the user proved who they are.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().claim("fva", [3, -1]).session().unwrap();
    /// let age = session.claims().factor_verification_age().unwrap();
    /// assert_eq!((age.first_factor_minutes(), age.second_factor_minutes()), (Some(3), None));
    /// ```
    #[must_use]
    pub fn factor_verification_age(&self) -> Option<FactorVerificationAge> {
        FactorVerificationAge::from_claim(self.outline.fva.member(&self.raw))
    }

    /// The version of Clerk's claims: 2 where `v` is the number 2, otherwise 1.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// assert_eq!(TestIssuer::new().token().session().unwrap().claims().version(), 2);
    /// assert_eq!(TestIssuer::new().token().v1().session().unwrap().claims().version(), 1);
    /// ```
    #[must_use]
    pub fn version(&self) -> u8 {
        self.outline.version
    }

    /// The active organization (`org_id` and its company in version 1, `o` in version 2).
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().org("org_1", "admin").session().unwrap();
    /// assert_eq!(session.claims().organization().unwrap().role(), Some("org:admin"));
    /// ```
    #[must_use]
    pub fn organization(&self) -> Option<&Organization> {
        let read = || Organization::read(&self.outline, &self.raw).map(Box::new);
        self.organization.get_or_init(read).as_deref()
    }

    /// `fea`: the features that the user and the active organization have. `None` where the token does not say.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().features(["o:invoices"]).session().unwrap();
    /// assert!(session.claims().features().unwrap().of_organization().eq(["invoices"]));
    /// ```
    #[must_use]
    pub fn features(&self) -> Option<&Entitlements> {
        let read = || Entitlements::read(self.outline.fea.member(&self.raw)).map(Box::new);
        self.features.get_or_init(read).as_deref()
    }

    /// `pla`: the plans that the user and the active organization have. `None` where the token does not say.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().plans(["u:pro"]).session().unwrap();
    /// assert!(session.claims().plans().unwrap().of_user().eq(["pro"]));
    /// ```
    #[must_use]
    pub fn plans(&self) -> Option<&Entitlements> {
        let read = || Entitlements::read(self.outline.pla.member(&self.raw)).map(Box::new);
        self.plans.get_or_init(read).as_deref()
    }

    /// One claim as a JSON value, by its name: custom claims, and the raw form of those that have an accessor.
    /// Parses the payload at each call.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().claim("fea", "o:invoices").session().unwrap();
    /// assert_eq!(session.claims().get("fea").unwrap(), "o:invoices");
    /// assert_eq!(session.claims().get("nothing"), None);
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        custom::get(&self.raw, name)
    }

    /// The payload in a type of yours; see [`Session::custom_claims`](crate::Session::custom_claims).
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] where the payload does not have the shape of `T`.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// #[derive(serde::Deserialize)]
    /// struct Mine {
    ///     plan: String,
    /// }
    ///
    /// let session = TestIssuer::new().token().claim("plan", "gold").session().unwrap();
    /// assert_eq!(session.claims().custom::<Mine>().unwrap().plan, "gold");
    /// ```
    pub fn custom<T: DeserializeOwned>(&self) -> Result<T, ClaimsError> {
        custom::read(&self.raw)
    }

    /// The payload as the token has it: JSON text.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let session = TestIssuer::new().token().session().unwrap();
    /// assert!(session.claims().raw().starts_with('{'));
    /// ```
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }
}

/// Names the subject and the session only: claims are the user's affair, not the log's.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("subject", &self.subject())
            .field("session_id", &self.session_id())
            .finish_non_exhaustive()
    }
}

fn owned(member: Member<'_>) -> Option<String> {
    member.text().map(std::borrow::Cow::into_owned)
}

/// A string, or an array of strings; `None` for anything else.
pub(crate) fn audience(aud: Member<'_>) -> Option<Vec<String>> {
    match owned(aud) {
        Some(one) => Some(vec![one]),
        None => aud.read(),
    }
}

/// Drops the fraction. The cast saturates, so that no number wraps to another time.
#[allow(clippy::cast_possible_truncation)]
pub(crate) fn whole_seconds(number: f64) -> i64 {
    number.trunc() as i64
}

//! The `act` claim.

use serde::Deserialize;

/// Who is really acting when a user is impersonated (`act`).
///
/// Whatever the session's user may do, it is this one who does it: worth an entry in an audit log.
///
/// ```
/// use clerk_verify::testing::TestIssuer;
///
/// let session = TestIssuer::new()
///     .token()
///     .user("user_customer")
///     .impersonated_by("user_support")
///     .session()
///     .unwrap();
/// let actor = session.actor().unwrap();
/// assert_eq!(actor.subject(), "user_support");
/// assert_eq!(actor.kind(), None);
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Actor {
    sub: String,
    #[serde(default, deserialize_with = "lenient")]
    iss: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    sid: Option<String>,
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    kind: Option<String>,
}

impl Actor {
    /// `act.sub`: the id of the one who acts.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # let session = TestIssuer::new().token().impersonated_by("user_9").session().unwrap();
    /// assert_eq!(session.actor().unwrap().subject(), "user_9");
    /// ```
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.sub
    }

    /// `act.iss`: where the actor comes from, such as Clerk's dashboard.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # let session = TestIssuer::new().token().impersonated_by("user_9").session().unwrap();
    /// assert_eq!(session.actor().unwrap().issuer(), None);
    /// ```
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.iss.as_deref()
    }

    /// `act.sid`: the actor's own session.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # let session = TestIssuer::new().token().impersonated_by("user_9").session().unwrap();
    /// assert_eq!(session.actor().unwrap().session_id(), None);
    /// ```
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// `act.type`: `agent` where a program acts for the user.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// let act = serde_json::json!({ "sub": "agent_1", "type": "agent" });
    /// let session = TestIssuer::new().token().claim("act", act).session().unwrap();
    /// assert_eq!(session.actor().unwrap().kind(), Some("agent"));
    /// ```
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.kind.as_deref()
    }
}

/// A string, or nothing where it is of another type: one odd member must not hide the actor.
fn lenient<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_str().map(str::to_owned))
}

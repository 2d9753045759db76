//! The `act` claim.

use serde::Deserialize;

use super::owned;
use crate::json::{Member, member};

/// Who is really acting when a user is impersonated (`act`).
///
/// Whatever the session's user may do, it is this one who does it: worth an entry in an audit log. An `act`
/// that is there but can't be read still counts: its subject is empty, so that code which keeps impersonators
/// out does not let this one pass.
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
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Actor {
    sub: String,
    iss: Option<String>,
    sid: Option<String>,
    kind: Option<String>,
}

impl Actor {
    pub(super) fn read(act: Member<'_>) -> Option<Self> {
        if act.is_absent() || act.raw() == Some("null") {
            return None;
        }
        let act: Act<'_> = act.object().unwrap_or_default();
        Some(Self {
            sub: owned(act.sub).unwrap_or_default(),
            iss: owned(act.iss),
            sid: owned(act.sid),
            kind: owned(act.kind),
        })
    }

    /// `act.sub`: the id of the one who acts; empty where it can't be read.
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

/// The members as they stand there: one of another type must not hide the others.
#[derive(Default, Deserialize)]
struct Act<'a> {
    #[serde(borrow, default, deserialize_with = "member")]
    sub: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    iss: Member<'a>,
    #[serde(borrow, default, deserialize_with = "member")]
    sid: Member<'a>,
    #[serde(borrow, default, rename = "type", deserialize_with = "member")]
    kind: Member<'a>,
}

//! What a refused caller is answered, without any web framework's types.

use std::time::Duration;

use serde::Serialize;

use crate::{
    auth_state::SignedOut,
    authorization::{Forbidden, Reverification},
    error::VerifyError,
    reason::Reason,
};

/// The answer to a refused request: status, headers and body.
///
/// Both adapters send exactly this, so a rule about answers stands here once. Nothing in it comes
/// from a token: the reason is a fixed code and the message a fixed sentence for that code.
///
/// | situation | status | headers besides `x-clerk-auth-reason`, `cache-control: no-store` |
/// |---|---|---|
/// | no token | 401 | `www-authenticate: Bearer`, `x-clerk-auth-status: signed-out` |
/// | a token that is not accepted | 401 | `www-authenticate: Bearer error="invalid_token", …`, `x-clerk-auth-status: signed-out` |
/// | a role, permission, feature or plan is missing | 403 | `www-authenticate: Bearer error="insufficient_scope"` |
/// | nothing is missing but a fresh verification | 403 | none; the body is what Clerk's frontend SDK looks for |
/// | no keys to verify with | 503 | `retry-after` while backing off, `x-clerk-auth-status: signed-out` |
///
/// ```
/// use clerk_verify::{Reason, testing::TestIssuer};
///
/// let issuer = TestIssuer::new();
/// let verifier = issuer.verifier().build().unwrap();
/// let token = issuer.token().user("user_1").expired().sign();
/// let error = verifier.verify_token_now(&token).unwrap().unwrap_err();
///
/// let refusal = error.refusal();
/// assert_eq!(refusal.status(), 401);
/// assert!(refusal.headers().any(|(name, value)| {
///     name == "x-clerk-auth-reason" && value == "token-expired"
/// }));
/// assert!(refusal.body().starts_with(r#"{"errors":[{"code":"token-expired","#));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    reason: Reason,
    retry_after: Option<Duration>,
    reverification: Option<Reverification>,
}

impl Refusal {
    /// Why.
    ///
    /// ```
    /// # use clerk_verify::{Reason, testing::TestIssuer};
    /// # let verifier = TestIssuer::new().verifier().build().unwrap();
    /// let error = verifier.verify_token_now("junk").unwrap().unwrap_err();
    /// assert_eq!(error.refusal().reason(), Reason::TokenInvalid);
    /// ```
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The HTTP status code.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # let verifier = TestIssuer::new().verifier().build().unwrap();
    /// let error = verifier.verify_token_now("junk").unwrap().unwrap_err();
    /// assert_eq!(error.refusal().status(), 401);
    /// ```
    #[must_use]
    pub fn status(&self) -> u16 {
        self.reason.status()
    }

    /// The headers: names in lower case, values of visible ASCII and spaces.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # let verifier = TestIssuer::new().verifier().build().unwrap();
    /// let error = verifier.verify_token_now("junk").unwrap().unwrap_err();
    /// let refusal = error.refusal();
    /// let challenge = refusal.headers().find(|(name, _)| *name == "www-authenticate").unwrap().1;
    /// assert!(challenge.starts_with(r#"Bearer error="invalid_token", error_description=""#));
    /// ```
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        [
            ("www-authenticate", self.challenge()),
            ("retry-after", self.retry_after_seconds()),
            ("x-clerk-auth-status", self.auth_status()),
            ("x-clerk-auth-reason", Some(self.reason.as_str().to_owned())),
            ("cache-control", Some("no-store".to_owned())),
            ("content-type", Some("application/json".to_owned())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }

    /// The JSON body: `{"errors":[{"code":"<reason>","message":"…"}]}`. Where a fresh verification is needed,
    /// the one that Clerk's frontend SDK acts on.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # let verifier = TestIssuer::new().verifier().build().unwrap();
    /// let error = verifier.verify_token_now("junk").unwrap().unwrap_err();
    /// assert!(error.refusal().body().contains(r#""code":"token-invalid""#));
    /// ```
    #[must_use]
    pub fn body(&self) -> String {
        match self.reverification {
            Some(reverification) => reverification_body(reverification),
            None => error_body(self.reason.as_str(), self.reason.description()),
        }
    }

    fn challenge(&self) -> Option<String> {
        match self.reason {
            Reason::SessionTokenMissing => Some("Bearer".to_owned()),
            Reason::InsufficientAuthorization => {
                Some("Bearer error=\"insufficient_scope\"".to_owned())
            }
            reason if reason.status() == 401 => Some(format!(
                "Bearer error=\"invalid_token\", error_description=\"{}\"",
                reason.description()
            )),
            _ => None,
        }
    }

    /// Nothing where the caller is signed in, and only may not.
    fn auth_status(&self) -> Option<String> {
        (self.status() != 403).then(|| "signed-out".to_owned())
    }

    /// Whole seconds, rounded up: a caller that keeps to it never comes too early.
    fn retry_after_seconds(&self) -> Option<String> {
        let wait = self.retry_after?;
        let seconds = wait
            .as_secs()
            .saturating_add(u64::from(wait.subsec_nanos() > 0));
        Some(seconds.max(1).to_string())
    }
}

impl From<&VerifyError> for Refusal {
    fn from(error: &VerifyError) -> Self {
        Self {
            reason: error.reason(),
            // An unknown key id is answered 401, and 401 says nothing of later.
            retry_after: error
                .retry_after()
                .filter(|_| error.reason().status() == 503),
            reverification: None,
        }
    }
}

impl From<&Forbidden> for Refusal {
    fn from(forbidden: &Forbidden) -> Self {
        Self {
            reason: forbidden.reason(),
            retry_after: None,
            reverification: forbidden.reverification(),
        }
    }
}

impl From<&SignedOut> for Refusal {
    fn from(signed_out: &SignedOut) -> Self {
        Self::from(signed_out.error())
    }
}

/// `{"errors":[{"code":…,"message":…}]}`: the shape of every body of ours.
pub(crate) fn error_body(code: &str, message: &str) -> String {
    #[derive(Serialize)]
    struct Body<'a> {
        errors: [Problem<'a>; 1],
    }
    #[derive(Serialize)]
    struct Problem<'a> {
        code: &'a str,
        message: &'a str,
    }
    to_json(&Body {
        errors: [Problem { code, message }],
    })
}

/// What `useReverification` of Clerk's frontend SDK keys on.
fn reverification_body(reverification: Reverification) -> String {
    #[derive(Serialize)]
    struct Body {
        clerk_error: ClerkError,
    }
    #[derive(Serialize)]
    struct ClerkError {
        r#type: &'static str,
        reason: &'static str,
        metadata: Metadata,
    }
    #[derive(Serialize)]
    struct Metadata {
        reverification: Reverification,
    }
    to_json(&Body {
        clerk_error: ClerkError {
            r#type: "forbidden",
            reason: Reason::ReverificationError.as_str(),
            metadata: Metadata { reverification },
        },
    })
}

fn to_json(body: &impl Serialize) -> String {
    // Strings and a number can't fail to serialize; an empty object keeps the answer JSON all the same.
    serde_json::to_string(body).unwrap_or_else(|_| "{}".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(reason: Reason, retry_after: Option<Duration>) -> Refusal {
        Refusal {
            reason,
            retry_after,
            reverification: None,
        }
    }

    fn header(refusal: &Refusal, wanted: &str) -> Option<String> {
        refusal
            .headers()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value)
    }

    #[test]
    fn retry_after_is_rounded_up_and_never_zero() {
        let seconds = |wait| {
            header(
                &refusal(Reason::JwkRemoteFailedToLoad, Some(wait)),
                "retry-after",
            )
        };
        assert_eq!(seconds(Duration::ZERO).as_deref(), Some("1"));
        assert_eq!(seconds(Duration::from_millis(1001)).as_deref(), Some("2"));
        assert_eq!(seconds(Duration::from_secs(7)).as_deref(), Some("7"));
        assert_eq!(seconds(Duration::MAX), Some(u64::MAX.to_string()));
    }

    #[test]
    fn unavailable_keys_challenge_nobody() {
        let refusal = refusal(Reason::JwkRemoteFailedToLoad, None);
        assert_eq!(header(&refusal, "www-authenticate"), None);
        assert_eq!(header(&refusal, "retry-after"), None);
        assert_eq!(
            header(&refusal, "x-clerk-auth-status").as_deref(),
            Some("signed-out")
        );
    }

    #[test]
    fn a_missing_token_is_challenged_without_an_error() {
        let refusal = refusal(Reason::SessionTokenMissing, None);
        assert_eq!(
            header(&refusal, "www-authenticate").as_deref(),
            Some("Bearer")
        );
    }
}

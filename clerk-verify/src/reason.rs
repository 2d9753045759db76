//! Why a caller is not let in, as a stable code.

use std::fmt;

/// Why a token, or a request, was refused.
///
/// [`as_str`](Reason::as_str) is the code that goes over HTTP and that dashboards can count by; the
/// codes are those of Clerk's own SDKs wherever those have one. Codes never change meaning.
///
/// ```
/// use clerk_verify::Reason;
///
/// assert_eq!(Reason::TokenExpired.as_str(), "token-expired");
/// assert_eq!(Reason::TokenExpired.status(), 401);
/// assert_eq!(Reason::JwkRemoteFailedToLoad.status(), 503);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The request carries no token at all.
    SessionTokenMissing,
    /// The token, or the header or cookie that should hold one, is malformed.
    TokenInvalid,
    /// A well-formed token of another class: a JWT template, an OAuth access token, a machine token.
    TokenTypeMismatch,
    /// The token names a signature algorithm that is not allowed.
    TokenInvalidAlgorithm,
    /// No usable key has the token's `kid`.
    JwkKidMismatch,
    /// The keys could not be fetched, so nothing can be said about the token.
    JwkRemoteFailedToLoad,
    /// The Backend API does not accept the secret key, so there are no keys.
    SecretKeyInvalid,
    /// The process has no working set-up to verify tokens with.
    JwkFailedToResolve,
    /// The signature does not fit the token.
    TokenInvalidSignature,
    /// A claim that must be there is missing, or has a type it must not have.
    TokenVerificationFailed,
    /// `iss` is none of the trusted issuers.
    TokenInvalidIssuer,
    /// `aud` meets none of the configured audiences.
    TokenInvalidAudience,
    /// `azp` is none of the authorized parties.
    TokenInvalidAuthorizedParties,
    /// `exp` has passed.
    TokenExpired,
    /// `nbf` has not come yet.
    TokenNotActiveYet,
    /// `iat` lies in the future.
    TokenIatInTheFuture,
    /// The user has tasks to finish before the session is active.
    SessionPending,
    /// The caller is signed in and lacks a role, permission, feature or plan.
    InsufficientAuthorization,
    /// The caller is signed in and must prove anew who they are.
    ReverificationError,
}

impl Reason {
    /// The code, such as `token-expired`.
    ///
    /// ```
    /// assert_eq!(clerk_verify::Reason::SessionTokenMissing.as_str(), "session-token-missing");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SessionTokenMissing => "session-token-missing",
            Self::TokenInvalid => "token-invalid",
            Self::TokenTypeMismatch => "token-type-mismatch",
            Self::TokenInvalidAlgorithm => "token-invalid-algorithm",
            Self::JwkKidMismatch => "jwk-kid-mismatch",
            Self::JwkRemoteFailedToLoad => "jwk-remote-failed-to-load",
            Self::SecretKeyInvalid => "secret-key-invalid",
            Self::JwkFailedToResolve => "jwk-failed-to-resolve",
            Self::TokenInvalidSignature => "token-invalid-signature",
            Self::TokenVerificationFailed => "token-verification-failed",
            Self::TokenInvalidIssuer => "token-invalid-issuer",
            Self::TokenInvalidAudience => "token-invalid-audience",
            Self::TokenInvalidAuthorizedParties => "token-invalid-authorized-parties",
            Self::TokenExpired => "token-expired",
            Self::TokenNotActiveYet => "token-not-active-yet",
            Self::TokenIatInTheFuture => "token-iat-in-the-future",
            Self::SessionPending => "session-pending",
            Self::InsufficientAuthorization => "insufficient-authorization",
            Self::ReverificationError => "reverification-error",
        }
    }

    /// The HTTP status a strict layer answers with: 401 where the caller can mend it by signing in
    /// again, 403 where they are signed in and may not, 503 where this server has no keys and can't tell.
    ///
    /// ```
    /// assert_eq!(clerk_verify::Reason::SecretKeyInvalid.status(), 503);
    /// ```
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::JwkRemoteFailedToLoad | Self::SecretKeyInvalid | Self::JwkFailedToResolve => 503,
            Self::InsufficientAuthorization | Self::ReverificationError => 403,
            _ => 401,
        }
    }

    /// A sentence for the caller. It is the same for every token, so nothing of a token can be in it,
    /// and it keeps to the characters that RFC 6750 §3 allows in `error_description`.
    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::SessionTokenMissing => "The request carries no session token: sign in.",
            Self::TokenInvalid => "The session token is malformed.",
            Self::TokenTypeMismatch => {
                "The token is of another class; a session token is needed here."
            }
            Self::TokenInvalidAlgorithm => {
                "The token is signed with an algorithm that is not allowed."
            }
            Self::JwkKidMismatch => "The token is signed with a key that is not trusted here.",
            Self::JwkRemoteFailedToLoad => {
                "The keys that verify session tokens can't be fetched now; try again later."
            }
            Self::SecretKeyInvalid => {
                "The server can't fetch the keys that verify session tokens: its secret key is not accepted."
            }
            Self::JwkFailedToResolve => "The server is not set up to verify session tokens.",
            Self::TokenInvalidSignature => "The signature of the session token is invalid.",
            Self::TokenVerificationFailed => {
                "The session token lacks a claim, or has one of the wrong type."
            }
            Self::TokenInvalidIssuer => {
                "The session token comes from an issuer that is not trusted here."
            }
            Self::TokenInvalidAudience => "The session token is meant for another audience.",
            Self::TokenInvalidAuthorizedParties => {
                "The session token was issued to an origin that is not authorized here."
            }
            Self::TokenExpired => "The session token has expired.",
            Self::TokenNotActiveYet => "The session token is not active yet.",
            Self::TokenIatInTheFuture => "The session token claims to be issued in the future.",
            Self::SessionPending => {
                "The session is pending: the user has tasks to finish before it is active."
            }
            Self::InsufficientAuthorization => {
                "The session lacks a role, permission, feature or plan that is needed here."
            }
            Self::ReverificationError => "The user has to verify their identity anew.",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! The signature algorithms a verifier may allow.

use std::fmt;

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    VerificationAlgorithm,
};

/// A JWS signature algorithm ([RFC 7518 §3.1]) that a verifier can be told to allow.
///
/// Clerk signs session tokens with [`RS256`](Algorithm::RS256), the default and only member of the
/// allow-list. The two others are RSASSA-PKCS1-v1_5 with a longer hash. Nothing else can be allowed:
/// no `none`, no HMAC, no PSS, no elliptic curves.
///
/// ```
/// use clerk_verify::Algorithm;
///
/// assert_eq!(Algorithm::RS256.as_str(), "RS256");
/// assert_eq!(Algorithm::from_name("RS256"), Some(Algorithm::RS256));
/// assert_eq!(Algorithm::from_name("rs256"), None, "names are case-sensitive");
/// assert_eq!(Algorithm::from_name("none"), None);
/// ```
///
/// [RFC 7518 §3.1]: https://www.rfc-editor.org/rfc/rfc7518#section-3.1
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256: what Clerk uses.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
}

impl Algorithm {
    /// The name as it stands in a token's `alg` header.
    ///
    /// ```
    /// assert_eq!(clerk_verify::Algorithm::RS512.as_str(), "RS512");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
        }
    }

    /// The algorithm of that name, compared exactly; `None` for every name that can't be allowed.
    ///
    /// ```
    /// assert_eq!(clerk_verify::Algorithm::from_name("HS256"), None);
    /// ```
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::RS256, Self::RS384, Self::RS512]
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
    }

    /// What the crypto library calls it.
    pub(crate) fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::RS256 => &RSA_PKCS1_2048_8192_SHA256,
            Self::RS384 => &RSA_PKCS1_2048_8192_SHA384,
            Self::RS512 => &RSA_PKCS1_2048_8192_SHA512,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

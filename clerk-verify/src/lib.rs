//! Verify Clerk session tokens: know who is calling.
//!
//! [Clerk](https://clerk.com) signs users in; its frontend SDK sends a short-lived JWT with every request, in
//! the `Authorization` header or the `__session` cookie. A [`Verifier`] checks it and gives the [`Session`]
//! that your handler holds. For axum and anything on tower take `clerk-axum`, for actix-web `clerk-actix`;
//! this crate is for everything else, and for those two.
//!
//! ```
//! use clerk_verify::Verifier;
//! # use clerk_verify::testing::TestIssuer;
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! # let issuer = TestIssuer::new();
//! # let (pem, token) = (issuer.public_pem(), issuer.token().azp("https://app.example.com").sign());
//!
//! let verifier = Verifier::builder()
//!     .jwt_key(pem) // or .publishable_key("pk_live_…"), which fetches the keys
//!     .authorized_parties(["https://app.example.com"])
//!     .build()
//!     .unwrap();
//!
//! let session = verifier.verify_token(&token).await.unwrap();
//! println!("{} is calling", session.user_id());
//! # });
//! ```
//!
//! # What is checked
//!
//! In this order; the first check that fails is the [`Reason`].
//!
//! 1. Three parts, each strict base64url; header and payload are JSON objects in UTF-8; no member of the
//!    header stands twice, nor a claim that is read; the header nests at most 32 levels, the payload 127
//!    ([`max_claims_nesting`](VerifierBuilder::max_claims_nesting)): `token-invalid`.
//! 2. The token is a session token by its `cat`, `typ` and `sub`, not an OAuth, machine or template token:
//!    `token-type-mismatch`.
//! 3. `typ` is absent or `JWT`: `token-invalid`.
//! 4. Neither `crit` nor `b64` is there: `token-invalid`.
//! 5. `alg` is allowed, by default RS256 alone: `token-invalid-algorithm`.
//! 6. Before a key is fetched: `iss` and `exp` do not already rule the token out. Same reasons as 10 and 13.
//! 7. A trusted key has the token's `kid` (with `jwt_key`, any) and is for its `alg`: `jwk-kid-mismatch`; where
//!    the keys can't be fetched, `jwk-remote-failed-to-load`.
//! 8. The signature: `token-invalid-signature`.
//! 9. `sub` is a string that is not empty: `token-verification-failed`.
//! 10. `iss` is a trusted issuer, where any is known: `token-invalid-issuer`.
//! 11. `aud` meets the audiences, where any are configured: `token-invalid-audience`.
//! 12. `azp` is an authorized party, where any are configured: `token-invalid-authorized-parties`.
//! 13. `exp` is a number and has not passed: `token-verification-failed`, `token-expired`.
//! 14. `nbf`, if there, is a number and has come: `token-verification-failed`, `token-not-active-yet`.
//! 15. `iat`, if there, is a number and not in the future: `token-verification-failed`,
//!     `token-iat-in-the-future`.
//! 16. `sts` is not `pending`: `session-pending`.
//!
//! 13 to 15 allow 5 seconds between the clocks ([`clock_skew`](VerifierBuilder::clock_skew)).
//!
//! # What a session may do
//!
//! [`Session::has`] and [`Session::require`] take a [`Requirement`]: a role, a permission, a feature, a plan, a fresh
//! verification of the user, or several of them. What is missing or malformed in the token is not met.
//!
//! ```
//! use clerk_verify::{Requirement, testing::TestIssuer};
//!
//! let session = TestIssuer::new().token().org("org_1", "admin").session().unwrap();
//! assert!(session.has(&Requirement::new().role("org:admin")));
//! assert!(session.require(&Requirement::new().plan("team")).is_err());
//! ```
//!
//! # Features
//!
//! | feature | default | what it brings |
//! |---|---|---|
//! | `jwks` | yes | keys fetched from Clerk with reqwest, and kept; without it and `remote` the crate never touches the network |
//! | `remote` | with `jwks` | the same without reqwest: you bring the transport, a [`Fetcher`] (tokio, moka) |
//! | `cache` | yes | a token that has passed is remembered: the second time costs no signature (quick_cache); see [`TokenCache`] |
//! | `http` | no | `http::HeaderMap` is a [`RequestHeaders`], a [`Refusal`] becomes an `http::Response` |
//! | `testing` | no | the test kit, for your tests |
//! | `axum`, `actix` | no | trait implementations that `clerk-axum` and `clerk-actix` turn on |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod algorithm;
mod auth_state;
mod authentication;
mod authorization;
mod base64url;
mod builder;
#[cfg(feature = "cache")]
mod cache;
mod checks;
mod claims;
mod clock;
mod describe;
mod env;
mod error;
mod frameworks;
#[cfg(all(test, shuttle))]
mod interleavings;
mod json;
mod keys;
mod pipeline;
mod reason;
mod refusal;
mod refused;
mod request;
mod session;
mod standalone;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
mod token;
mod token_class;
mod usual_header;
mod verifier;

#[cfg(feature = "cache")]
pub use self::cache::{TokenCache, TokenCacheStatus};
#[cfg(any(feature = "axum", feature = "actix"))]
pub use self::frameworks::{MissingLayer, SessionRejection};
#[cfg(feature = "remote")]
pub use self::keys::remote::{
    FetchCause, FetchError, FetchOutcome, FetchRequest, FetchResponse, Fetcher, JwksOptions,
    KeyEvent, KeySearch, KeySnapshot,
};
pub use self::{
    algorithm::Algorithm,
    auth_state::{AuthState, SignedOut},
    authentication::{Authentication, PendingAuthentication},
    authorization::{Dimension, Forbidden, Level, Requirement, Reverification, Unmet},
    builder::{Instance, VerifierBuilder},
    claims::{
        Actor, Claims, ClaimsError, Entitlements, FactorVerificationAge, Organization,
        SessionStatus,
    },
    clock::{Clock, FixedClock, SystemClock},
    error::{ConfigError, ConfigProblem, VerifyError},
    keys::{KeySourceState, KeySourceStatus, publishable_key::InstanceType},
    reason::Reason,
    refusal::Refusal,
    refused::Refused,
    request::{HeaderValues, RequestHeaders, TokenSource},
    session::Session,
    standalone::verify_token,
    verifier::Verifier,
};

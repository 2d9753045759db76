//! The test kit: stands in for Clerk in tests, with no account and no network.
//!
//! A [`TestIssuer`] is a Clerk instance in miniature. It mints session tokens of every kind, good and bad,
//! gives a verifier that trusts them, and serves its keys on loopback.
//!
//! ```
//! use clerk_verify::{Reason, testing::TestIssuer};
//!
//! let issuer = TestIssuer::new();
//! let verifier = issuer.verifier().build().unwrap();
//!
//! let good = issuer.token().user("user_1").org("org_1", "admin").sign();
//! assert_eq!(verifier.verify_token_now(&good).unwrap().unwrap().user_id(), "user_1");
//!
//! let expired = issuer.token().user("user_1").expired().sign();
//! let error = verifier.verify_token_now(&expired).unwrap().unwrap_err();
//! assert_eq!(error.reason(), Reason::TokenExpired);
//! ```
//!
//! # In your own tests
//!
//! Add the kit to the development dependencies only; it can make sessions for anyone:
//!
//! ```toml
//! [dev-dependencies]
//! clerk-verify = { version = "0.1", features = ["testing"] }
//! ```
//!
//! Build your app as you do in production, with the verifier as an argument, and give it the issuer's. The
//! documentation of `clerk-axum` and `clerk-actix` has a whole test each, under "Testing".
//!
//! What reads the time can be moved through it:
//!
//! ```
//! use std::time::Duration;
//! use clerk_verify::{FixedClock, Reason, testing::TestIssuer};
//!
//! let clock = FixedClock::at_unix(1_790_000_000);
//! let issuer = TestIssuer::new().with_clock(clock.clone());
//! let verifier = issuer.verifier().build().unwrap();
//! let token = issuer.token().sign();
//! assert!(verifier.verify_token_now(&token).unwrap().is_ok());
//!
//! clock.advance(Duration::from_secs(66));
//! let error = verifier.verify_token_now(&token).unwrap().unwrap_err();
//! assert_eq!(error.reason(), Reason::TokenExpired);
//! ```
//!
//! A handler that takes a [`Session`](crate::Session) can be called directly, with
//! [`TokenBuilder::session`]. To see how a service behaves while the keys can't be fetched, use
//! [`TestIssuer::serve`] and [`KeyServer::answer`].
//!
//! A token is verified in full the first time and remembered then. To run a whole suite without that, or with room for
//! one token, set `CLERK_VERIFY_TEST_TOKEN_CACHE` to `off` or `1`: with this feature, verifiers that are given no
//! [`TokenCache`](crate::TokenCache) read it when they are built.

#[cfg(feature = "remote")]
pub use self::look_up::look_up;

mod issuer;
mod key;
mod key_server;
#[cfg(feature = "remote")]
mod look_up;
mod organization;
mod token_builder;
#[cfg(feature = "cache")]
mod token_cache;

#[cfg(feature = "cache")]
pub(crate) use self::token_cache::token_cache;
pub use self::{issuer::TestIssuer, key_server::KeyServer, token_builder::TokenBuilder};

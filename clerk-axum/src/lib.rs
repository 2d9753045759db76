//! Clerk session tokens for axum, tonic, and anything else on tower.
//!
//! [`RequireSession`] lets only signed-in callers through, or those with a certain role, permission, feature or plan;
//! [`WithSession`] lets everyone through and says who they are.
//! Handlers take [`Session`], `Option<Session>` or [`AuthState`].
//!
//! ```
//! use axum::{Router, routing::get};
//! use clerk_axum::{RequireSession, Session, Verifier};
//!
//! async fn me(session: Session) -> String {
//!     format!("hello, {}", session.user_id())
//! }
//!
//! # fn main() -> Result<(), clerk_axum::ConfigError> {
//! let verifier = Verifier::builder()
//!     .publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
//!     .authorized_parties(["https://app.example.com"])
//!     .build()?;
//!
//! let app: Router = Router::new()
//!     .route("/me", get(me))
//!     .route_layer(RequireSession::new(verifier));
//! # Ok(())
//! # }
//! ```
//!
//! # The rules
//!
//! 1. The token is looked for and checked as `clerk-verify` describes; this crate knows nothing of tokens.
//! 2. An [`AuthState`] or [`Session`] that something else put into the request's extensions is removed before
//!    ours goes in.
//! 3. A strict layer answers refused requests itself: `Ok` with the response of
//!    [`Refusal`]. Errors of the inner service pass untouched.
//! 4. A lax layer lets every request through.
//! 5. `Authorization` and `Cookie` are marked as sensitive, so that services behind the layer do not log them.
//! 6. A refused response carries its [`SignedOut`] or [`Forbidden`] in the extensions, for layers further out.
//! 7. A handler that takes a session with no layer in front of it answers 500 and says which line to add.
//!
//! # Without axum
//!
//! The layers wrap any `Service<http::Request<B>>` with any request body. [`WithSession`] takes any response
//! body too; [`RequireSession`] any that can be made from a `String`. For one that can't, as in tonic, give it a
//! closure that makes the response:
//!
//! ```
//! use clerk_axum::RequireSession;
//! use http::Response;
//! # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
//! # #[derive(Default)] struct GrpcBody;
//!
//! let layer = RequireSession::new(verifier).on_error(|refused| {
//!     let mut response = Response::new(GrpcBody::default());
//!     let status = match refused.refusal().status() {
//!         403 => "7",  // PERMISSION_DENIED
//!         503 => "14", // UNAVAILABLE
//!         _ => "16",   // UNAUTHENTICATED
//!     };
//!     response.headers_mut().insert("grpc-status", http::HeaderValue::from_static(status));
//!     response
//! });
//! ```
//!
//! A service reads the outcome from the extensions: `request.extensions().get::<AuthState>()`.
//!
//! # Testing
//!
//! Build the app as in production, with the verifier as an argument, and give it one that trusts a
//! `TestIssuer` (feature `testing` of `clerk-verify`, for `dev-dependencies`):
//!
//! ```
//! use axum::{Router, body::Body, http::Request, routing::get};
//! use clerk_axum::{RequireSession, Session, Verifier};
//! use clerk_verify::testing::TestIssuer;
//! use tower::ServiceExt;
//!
//! fn app(verifier: Verifier) -> Router {
//!     Router::new()
//!         .route("/me", get(|session: Session| async move { session.user_id().to_owned() }))
//!         .route_layer(RequireSession::new(verifier))
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let issuer = TestIssuer::new();
//! let app = app(issuer.verifier().build().unwrap());
//! let get_me = |token: String| {
//!     let request = Request::get("/me").header("authorization", format!("Bearer {token}"));
//!     app.clone().oneshot(request.body(Body::empty()).unwrap())
//! };
//!
//! let response = get_me(issuer.token().user("user_1").sign()).await.unwrap();
//! assert_eq!(response.status(), 200);
//!
//! let response = get_me(issuer.token().user("user_1").expired().sign()).await.unwrap();
//! assert_eq!(response.status(), 401);
//! assert_eq!(response.headers()["x-clerk-auth-reason"], "token-expired");
//! # });
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod future;
mod guard;
mod layer;
mod mode;
mod on_error;
mod service;

pub use clerk_verify::{
    Actor, Algorithm, AuthState, Claims, ClaimsError, Clock, ConfigError, ConfigProblem, Dimension,
    Entitlements, FactorVerificationAge, FixedClock, Forbidden, HeaderValues, Instance,
    InstanceType, KeySourceState, KeySourceStatus, Level, MissingLayer, Organization, Reason,
    Refusal, Refused, RequestHeaders, Requirement, Reverification, Session, SessionRejection,
    SessionStatus, SignedOut, SystemClock, TokenSource, Unmet, Verifier, VerifierBuilder,
    VerifyError, verify_token,
};
#[cfg(feature = "jwks")]
pub use clerk_verify::{
    FetchError, FetchRequest, FetchResponse, Fetcher, JwksOptions, KeyEvent, KeySnapshot,
};
#[cfg(feature = "cache")]
pub use clerk_verify::{TokenCache, TokenCacheStatus};

pub use self::{
    future::ResponseFuture,
    layer::{RequireSession, WithSession},
    mode::{Lax, Mode, Strict},
    on_error::{Answer, DefaultAnswer, OnError},
    service::SessionService,
};

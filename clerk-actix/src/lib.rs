//! Clerk session tokens for actix-web 4.
//!
//! [`RequireSession`] lets only signed-in callers through, or those with a certain role, permission, feature or plan;
//! [`WithSession`] lets everyone through and says who they are.
//! Handlers take [`Session`], `Option<Session>` or [`AuthState`].
//!
//! ```no_run
//! use actix_web::{App, HttpServer, web};
//! use clerk_actix::{RequireSession, Session, Verifier};
//!
//! async fn me(session: Session) -> String {
//!     format!("hello, {}", session.user_id())
//! }
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let verifier = Verifier::builder()
//!     .publishable_key("pk_live_Y2xlcmsuY2xlcmsuZGV2JA")
//!     .authorized_parties(["https://app.example.com"])
//!     .build()?;
//!
//! HttpServer::new(move || {
//!     App::new()
//!         .wrap(RequireSession::new(verifier.clone()))
//!         .route("/me", web::get().to(me))
//! })
//! .bind(("127.0.0.1", 8080))?
//! .run()
//! .await?;
//! # Ok(())
//! # }
//! ```
//!
//! # The rules
//!
//! 1. The token is looked for and checked as `clerk-verify` describes; this crate knows nothing of tokens.
//! 2. An [`AuthState`] or [`Session`] that something else put into the request's extensions is removed before
//!    ours goes in.
//! 3. A strict middleware answers refused requests itself: `Ok` with the response of
//!    [`Refusal`], so that CORS and logging further out still see it. Errors of the
//!    inner service pass untouched.
//! 4. A lax middleware lets every request through.
//! 5. Nothing of the token is logged here. Mind that the `Debug` output of actix-web's `HttpRequest` shows the
//!    `Cookie` header.
//! 6. A refused response carries its [`SignedOut`] or [`Forbidden`] in the extensions, for middleware further out.
//! 7. A handler that takes a [`Session`] or [`AuthState`] with no middleware in front of it answers 500 and
//!    says which line to add. `Option<Session>` can't: actix-web itself turns every failure into `None`. The
//!    missing middleware is logged as an error.
//!
//! # Testing
//!
//! Build the app as in production, with the verifier as an argument, and give it one that trusts a
//! `TestIssuer` (feature `testing` of `clerk-verify`, for `dev-dependencies`):
//!
//! ```
//! use actix_web::{App, test, web};
//! use clerk_actix::{RequireSession, Session};
//! use clerk_verify::testing::TestIssuer;
//!
//! async fn me(session: Session) -> String {
//!     session.user_id().to_owned()
//! }
//!
//! # actix_web::rt::System::new().block_on(async {
//! let issuer = TestIssuer::new();
//! let verifier = issuer.verifier().build().unwrap();
//! let app = App::new().wrap(RequireSession::new(verifier)).route("/me", web::get().to(me));
//! let app = test::init_service(app).await;
//! let get_me = |token: String| {
//!     let bearer = ("authorization", format!("Bearer {token}"));
//!     test::TestRequest::get().uri("/me").insert_header(bearer).to_request()
//! };
//!
//! let response = test::call_service(&app, get_me(issuer.token().user("user_1").sign())).await;
//! assert_eq!(test::read_body(response).await, "user_1");
//!
//! let response = test::call_service(&app, get_me(issuer.token().expired().sign())).await;
//! assert_eq!(response.status(), 401);
//! assert_eq!(response.headers().get("x-clerk-auth-reason").unwrap(), "token-expired");
//! # });
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod guard;
mod headers;
mod middleware;
mod on_error;
mod policy;
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
    middleware::{RequireSession, WithSession},
    on_error::{Answer, DefaultAnswer},
    service::{ResponseFuture, SessionService},
};

//! The two middlewares.

use std::{
    future::{Ready, ready},
    rc::Rc,
};

use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
};
use clerk_verify::{SignedOut, TokenSource, Verifier};

use crate::{
    guard::{Guard, Strictness},
    on_error::{Answer, DefaultAnswer},
    service::SessionService,
};

/// Lets only signed-in callers through.
///
/// Everyone else is answered as [`Refusal`](clerk_verify::Refusal) says: 401, or 503 where the keys can't be
/// fetched, with the reason in `x-clerk-auth-reason`.
///
/// Build the verifier before `HttpServer::new` and clone it inside: all workers then share its keys.
///
/// ```no_run
/// use actix_web::{App, HttpServer, web};
/// use clerk_actix::{RequireSession, Session, Verifier};
///
/// async fn me(session: Session) -> String {
///     format!("hello, {}", session.user_id())
/// }
///
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// let verifier = Verifier::from_env()?;
/// HttpServer::new(move || {
///     App::new().service(
///         web::scope("/api")
///             .wrap(RequireSession::new(verifier.clone()))
///             .route("/me", web::get().to(me)),
///     )
/// })
/// .bind(("127.0.0.1", 8080))?
/// .run()
/// .await?;
/// # Ok(())
/// # }
/// ```
///
/// # CORS
///
/// A browser's preflight (`OPTIONS`) carries no token, so it is refused like any other request without one.
/// Put `actix_cors::Cors` outside (wrap it after this one): it answers preflights itself, and adds its headers
/// to refusals, without which the page's script can't read them.
///
/// ```
/// # use actix_web::{App, web};
/// # use clerk_actix::RequireSession;
/// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
/// let app = App::new()
///     .route("/me", web::get().to(|| async { "me" }))
///     .wrap(RequireSession::new(verifier))
///     .wrap(actix_cors::Cors::permissive());
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RequireSession<F = DefaultAnswer>(Guard<F>);

impl RequireSession {
    /// A middleware with this verifier.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// let middleware = clerk_actix::RequireSession::new(verifier);
    /// ```
    pub fn new(verifier: Verifier) -> Self {
        let strictness = Strictness::Strict {
            allow_preflight: false,
        };
        Self(Guard::new(verifier, strictness, |_| ()))
    }
}

impl<F> RequireSession<F> {
    /// Calls `on_error` with each caller who is signed out; it may replace the answer. See [`Answer`].
    ///
    /// ```
    /// use actix_web::HttpResponse;
    /// use clerk_actix::RequireSession;
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    ///
    /// let middleware = RequireSession::new(verifier).on_error(|_| {
    ///     HttpResponse::SeeOther().insert_header(("location", "/sign-in")).finish()
    /// });
    /// ```
    pub fn on_error<N, A>(self, on_error: N) -> RequireSession<N>
    where
        N: Fn(&SignedOut) -> A,
        A: Answer,
    {
        RequireSession(self.0.with_on_error(on_error))
    }

    /// Looks for the token in these places instead of the verifier's.
    ///
    /// ```
    /// use clerk_actix::{RequireSession, TokenSource};
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    ///
    /// let middleware = RequireSession::new(verifier).token_sources([TokenSource::authorization()]);
    /// ```
    pub fn token_sources(mut self, sources: impl IntoIterator<Item = TokenSource>) -> Self {
        self.0.token_sources = Some(sources.into_iter().collect());
        self
    }

    /// Whether CORS preflights (`OPTIONS` with `Origin` and `Access-Control-Request-Method`) go through
    /// without a session, for a service behind this one that answers them. Default: `false`. Mind that such a
    /// request then reaches handlers that take every method.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// let middleware = clerk_actix::RequireSession::new(verifier).allow_preflight(true);
    /// ```
    pub fn allow_preflight(mut self, allow_preflight: bool) -> Self {
        self.0.strictness = Strictness::Strict { allow_preflight };
        self
    }
}

impl<S, B, F, A> Transform<S, ServiceRequest> for RequireSession<F>
where
    F: Fn(&SignedOut) -> A + Clone + 'static,
    A: Answer + 'static,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = SessionService<S, F>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(SessionService::new(service, Rc::new(self.0.clone()))))
    }
}

/// Finds out who is calling and lets every request through.
///
/// Handlers take `Option<Session>`, or [`AuthState`](crate::AuthState) to learn why a caller is signed out.
/// One that takes `Session` itself still refuses strangers.
///
/// ```
/// use actix_web::{App, web};
/// use clerk_actix::{Session, WithSession};
/// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
///
/// async fn home(session: Option<Session>) -> String {
///     match session {
///         Some(session) => format!("hello, {}", session.user_id()),
///         None => "hello, stranger".to_owned(),
///     }
/// }
///
/// let app = App::new().wrap(WithSession::new(verifier)).route("/", web::get().to(home));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct WithSession<F = DefaultAnswer>(Guard<F>);

impl WithSession {
    /// A middleware with this verifier.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// let middleware = clerk_actix::WithSession::new(verifier);
    /// ```
    pub fn new(verifier: Verifier) -> Self {
        Self(Guard::new(verifier, Strictness::Lax, |_| ()))
    }
}

impl<F> WithSession<F> {
    /// Calls `on_error` with each caller who is signed out, also one who has no token at all; it may answer
    /// in the handler's place. See [`Answer`].
    ///
    /// ```
    /// use clerk_actix::{Reason, WithSession};
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    ///
    /// // Anonymous callers are welcome, those with a bad token are not.
    /// let middleware = WithSession::new(verifier).on_error(|signed_out| {
    ///     (signed_out.reason() != Reason::SessionTokenMissing).then(|| signed_out.refusal().into())
    /// });
    /// ```
    pub fn on_error<N, A>(self, on_error: N) -> WithSession<N>
    where
        N: Fn(&SignedOut) -> A,
        A: Answer,
    {
        WithSession(self.0.with_on_error(on_error))
    }

    /// Looks for the token in these places instead of the verifier's.
    ///
    /// ```
    /// use clerk_actix::{TokenSource, WithSession};
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    ///
    /// let middleware = WithSession::new(verifier).token_sources([TokenSource::session_cookie()]);
    /// ```
    pub fn token_sources(mut self, sources: impl IntoIterator<Item = TokenSource>) -> Self {
        self.0.token_sources = Some(sources.into_iter().collect());
        self
    }
}

impl<S, B, F, A> Transform<S, ServiceRequest> for WithSession<F>
where
    F: Fn(&SignedOut) -> A + Clone + 'static,
    A: Answer + 'static,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = SessionService<S, F>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(SessionService::new(service, Rc::new(self.0.clone()))))
    }
}

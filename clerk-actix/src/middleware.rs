//! The two middlewares.

use std::{
    fmt,
    future::{Ready, ready},
    rc::Rc,
};

use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
};
use clerk_verify::{Refused, Requirement, Reverification, SignedOut, TokenSource, Verifier};

use crate::{
    guard::Guard,
    on_error::{Answer, DefaultAnswer},
    policy::{Lax, Strict},
    service::SessionService,
};

/// Lets only signed-in callers through, and of those only who may, where a role or another [`Requirement`] is named.
///
/// Everyone else is answered as [`Refusal`](clerk_verify::Refusal) says: 401, 403 where they are signed in, or 503
/// where the keys can't be fetched, with the reason in `x-clerk-auth-reason`.
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
#[derive(Clone)]
#[must_use]
pub struct RequireSession<F = DefaultAnswer<Refused>>(Guard<Strict<F>>);

impl RequireSession {
    /// A middleware with this verifier.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// let middleware = clerk_actix::RequireSession::new(verifier);
    /// ```
    pub fn new(verifier: Verifier) -> Self {
        let policy = Strict {
            requirement: None,
            allow_preflight: false,
            on_error: (|_| ()) as DefaultAnswer<Refused>,
        };
        Self(Guard::new(verifier, policy))
    }
}

impl<F> RequireSession<F> {
    /// Asks for this role in the active organization. See [`Requirement::role`]; all that is asked must be there.
    ///
    /// ```
    /// use actix_web::web;
    /// use clerk_actix::RequireSession;
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    ///
    /// let admin = web::scope("/admin")
    ///     .wrap(RequireSession::new(verifier).role("org:admin"))
    ///     .route("/members", web::post().to(|| async { "invited" }));
    /// ```
    pub fn role(self, role: impl Into<String>) -> Self {
        self.require(Requirement::new().role(role))
    }

    /// Asks for this custom permission in the active organization. See [`Requirement::permission`].
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// let middleware = clerk_actix::RequireSession::new(verifier).permission("org:invoices:create");
    /// ```
    pub fn permission(self, permission: impl Into<String>) -> Self {
        self.require(Requirement::new().permission(permission))
    }

    /// Asks for this feature. See [`Requirement::feature`].
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// let middleware = clerk_actix::RequireSession::new(verifier).feature("invoices");
    /// ```
    pub fn feature(self, feature: impl Into<String>) -> Self {
        self.require(Requirement::new().feature(feature))
    }

    /// Asks for this plan. See [`Requirement::plan`].
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// let middleware = clerk_actix::RequireSession::new(verifier).plan("org:team");
    /// ```
    pub fn plan(self, plan: impl Into<String>) -> Self {
        self.require(Requirement::new().plan(plan))
    }

    /// Asks that the user has proved not long ago who they are. See [`Requirement::reverification`].
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// use clerk_actix::{RequireSession, Reverification};
    ///
    /// let middleware = RequireSession::new(verifier).reverification(Reverification::strict());
    /// ```
    pub fn reverification(self, reverification: Reverification) -> Self {
        self.require(Requirement::new().reverification(reverification))
    }

    /// Asks for all of this, beside what is asked already. A requirement that asks nothing lets nobody through; that, and
    /// what else [can never be met](Requirement::never_met), is logged as a warning.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// use clerk_actix::{RequireSession, Requirement};
    ///
    /// let middleware = RequireSession::new(verifier).require(Requirement::any_of([
    ///     Requirement::new().role("org:admin"),
    ///     Requirement::new().permission("org:invoices:manage"),
    /// ]));
    /// ```
    pub fn require(mut self, requirement: Requirement) -> Self {
        let known = self.0.policy.requirement.take();
        let is_warned = known
            .as_ref()
            .is_some_and(|asked| asked.never_met().is_some());
        let requirement = match known {
            Some(asked) => asked.and(requirement),
            None => requirement,
        };
        if !is_warned {
            requirement.warn_if_never_met();
        }
        self.0.policy.requirement = Some(requirement);
        self
    }

    /// Calls `on_error` with each caller who is not let through, be they signed out or lack what is required; it may
    /// replace the answer. See [`Answer`]. Mind that Clerk's frontend SDK needs the usual answer where a
    /// reverification is missing.
    ///
    /// A handler or extractor that refuses by itself answers by itself: middleware further out finds what it said, a
    /// [`SignedOut`] or a [`Forbidden`](crate::Forbidden), in the extensions of the response.
    ///
    /// ```
    /// use actix_web::HttpResponse;
    /// use clerk_actix::{Refused, RequireSession};
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    ///
    /// let middleware = RequireSession::new(verifier).on_error(|refused| match refused {
    ///     Refused::SignedOut(_) => {
    ///         Some(HttpResponse::SeeOther().insert_header(("location", "/sign-in")).finish())
    ///     }
    ///     _ => None,
    /// });
    /// ```
    pub fn on_error<N, A>(self, on_error: N) -> RequireSession<N>
    where
        N: Fn(&Refused) -> A,
        A: Answer,
    {
        RequireSession(self.0.with_policy(|policy| Strict {
            requirement: policy.requirement,
            allow_preflight: policy.allow_preflight,
            on_error,
        }))
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
        self.0.policy.allow_preflight = allow_preflight;
        self
    }
}

impl<S, B, F, A> Transform<S, ServiceRequest> for RequireSession<F>
where
    F: Fn(&Refused) -> A + Clone + 'static,
    A: Answer + 'static,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = SessionService<S, Strict<F>>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(SessionService::new(service, Rc::new(self.0.clone()))))
    }
}

impl<F> fmt::Debug for RequireSession<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequireSession").field(&self.0).finish()
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
#[derive(Clone)]
#[must_use]
pub struct WithSession<F = DefaultAnswer<SignedOut>>(Guard<Lax<F>>);

impl WithSession {
    /// A middleware with this verifier.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// let middleware = clerk_actix::WithSession::new(verifier);
    /// ```
    pub fn new(verifier: Verifier) -> Self {
        let policy = Lax {
            on_error: (|_| ()) as DefaultAnswer<SignedOut>,
        };
        Self(Guard::new(verifier, policy))
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
        WithSession(self.0.with_policy(|_| Lax { on_error }))
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
    type Transform = SessionService<S, Lax<F>>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(SessionService::new(service, Rc::new(self.0.clone()))))
    }
}

impl<F> fmt::Debug for WithSession<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WithSession").field(&self.0).finish()
    }
}

//! The two layers.

use std::{fmt, sync::Arc};

use clerk_verify::{Refused, Requirement, Reverification, SignedOut, TokenSource, Verifier};
use tower_layer::Layer;

use crate::{
    guard::Guard,
    mode::{Lax, Strict},
    on_error::DefaultAnswer,
    service::SessionService,
};

/// Lets only signed-in callers through, and of those only who may, where a role or another [`Requirement`] is named.
///
/// Everyone else is answered as [`Refusal`](clerk_verify::Refusal) says: 401, 403 where they are signed in, or 503
/// where the keys can't be fetched, with the reason in `x-clerk-auth-reason`.
///
/// ```
/// use axum::{Router, routing::get};
/// use clerk_axum::{RequireSession, Session};
/// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
///
/// async fn me(session: Session) -> String {
///     format!("hello, {}", session.user_id())
/// }
///
/// let app: Router = Router::new()
///     .route("/me", get(me))
///     .route_layer(RequireSession::new(verifier));
/// ```
///
/// `route_layer` guards the routes before it and leaves an unknown path a 404; `layer` guards the fallback
/// too.
///
/// # CORS
///
/// A browser's preflight (`OPTIONS`) carries no token, so it is refused like any other request without one.
/// Put `tower_http::cors::CorsLayer` outside (add it after this layer): it answers preflights itself, and
/// adds its headers to refusals, without which the page's script can't read them.
///
/// ```
/// # use axum::{Router, routing::get};
/// # use clerk_axum::RequireSession;
/// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
/// let app: Router = Router::new()
///     .route("/me", get(|| async {}))
///     .route_layer(RequireSession::new(verifier))
///     .layer(tower_http::cors::CorsLayer::permissive());
/// ```
#[derive(Clone)]
#[must_use]
pub struct RequireSession<A = DefaultAnswer>(Guard<Strict, A>);

impl RequireSession {
    /// A layer with this verifier.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// let layer = clerk_axum::RequireSession::new(verifier);
    /// ```
    pub fn new(verifier: Verifier) -> Self {
        Self(Guard::new(verifier, DefaultAnswer))
    }
}

impl<A> RequireSession<A> {
    /// Asks for this role in the active organization. See [`Requirement::role`]; all that is asked must be there.
    ///
    /// ```
    /// use axum::{Router, routing::post};
    /// use clerk_axum::RequireSession;
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    ///
    /// let admin: Router = Router::new()
    ///     .route("/members", post(|| async {}))
    ///     .route_layer(RequireSession::new(verifier).role("org:admin"));
    /// ```
    pub fn role(self, role: impl Into<String>) -> Self {
        self.require(Requirement::new().role(role))
    }

    /// Asks for this custom permission in the active organization. See [`Requirement::permission`].
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// let layer = clerk_axum::RequireSession::new(verifier).permission("org:invoices:create");
    /// ```
    pub fn permission(self, permission: impl Into<String>) -> Self {
        self.require(Requirement::new().permission(permission))
    }

    /// Asks for this feature. See [`Requirement::feature`].
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// let layer = clerk_axum::RequireSession::new(verifier).feature("invoices");
    /// ```
    pub fn feature(self, feature: impl Into<String>) -> Self {
        self.require(Requirement::new().feature(feature))
    }

    /// Asks for this plan. See [`Requirement::plan`].
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// let layer = clerk_axum::RequireSession::new(verifier).plan("org:team");
    /// ```
    pub fn plan(self, plan: impl Into<String>) -> Self {
        self.require(Requirement::new().plan(plan))
    }

    /// Asks that the user has proved not long ago who they are. See [`Requirement::reverification`].
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// use clerk_axum::{RequireSession, Reverification};
    ///
    /// let layer = RequireSession::new(verifier).reverification(Reverification::strict());
    /// ```
    pub fn reverification(self, reverification: Reverification) -> Self {
        self.require(Requirement::new().reverification(reverification))
    }

    /// Asks for all of this, beside what is asked already. A requirement that asks nothing lets nobody through; that, and
    /// what else [can never be met](Requirement::never_met), is logged as a warning.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// use clerk_axum::{RequireSession, Requirement};
    ///
    /// let layer = RequireSession::new(verifier).require(Requirement::any_of([
    ///     Requirement::new().role("org:admin"),
    ///     Requirement::new().permission("org:invoices:manage"),
    /// ]));
    /// ```
    pub fn require(mut self, requirement: Requirement) -> Self {
        let known = self.0.requirement.take();
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
        self.0.requirement = Some(requirement);
        self
    }

    /// Calls `on_error` with each caller who is not let through, be they signed out or lack what is required; it may
    /// replace the answer. See [`OnError`](crate::OnError). Mind that Clerk's frontend SDK needs the usual answer
    /// where a reverification is missing.
    ///
    /// A handler or extractor that refuses by itself answers by itself: a layer further out finds what it said, a
    /// [`SignedOut`] or a [`Forbidden`](crate::Forbidden), in the extensions of the response.
    ///
    /// ```
    /// use axum::response::{IntoResponse, Redirect};
    /// use clerk_axum::{RequireSession, Refused};
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    ///
    /// let layer = RequireSession::new(verifier).on_error(|refused| match refused {
    ///     Refused::SignedOut(_) => Some(Redirect::to("/sign-in").into_response()),
    ///     _ => None,
    /// });
    /// ```
    pub fn on_error<F, R>(self, on_error: F) -> RequireSession<F>
    where
        F: Fn(&Refused) -> R,
    {
        RequireSession(self.0.with_on_error(on_error))
    }

    /// Looks for the token in these places instead of the verifier's.
    ///
    /// ```
    /// use clerk_axum::{RequireSession, TokenSource};
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    ///
    /// let layer = RequireSession::new(verifier).token_sources([TokenSource::authorization()]);
    /// ```
    pub fn token_sources(mut self, sources: impl IntoIterator<Item = TokenSource>) -> Self {
        self.0.token_sources = Some(sources.into_iter().collect());
        self
    }

    /// Whether CORS preflights (`OPTIONS` with `Origin` and `Access-Control-Request-Method`) go through
    /// without a session, for a service behind this layer that answers them. Default: `false`. Mind that
    /// such a request then reaches handlers that are routed with `any()`.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// let layer = clerk_axum::RequireSession::new(verifier).allow_preflight(true);
    /// ```
    pub fn allow_preflight(mut self, allow_preflight: bool) -> Self {
        self.0.allow_preflight = allow_preflight;
        self
    }
}

impl<S, A: Clone> Layer<S> for RequireSession<A> {
    type Service = SessionService<S, Strict, A>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService::new(inner, Arc::new(self.0.clone()))
    }
}

impl<A> fmt::Debug for RequireSession<A> {
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
/// use axum::{Router, routing::get};
/// use clerk_axum::{Session, WithSession};
/// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
///
/// async fn home(session: Option<Session>) -> String {
///     match session {
///         Some(session) => format!("hello, {}", session.user_id()),
///         None => "hello, stranger".to_owned(),
///     }
/// }
///
/// let app: Router = Router::new().route("/", get(home)).layer(WithSession::new(verifier));
/// ```
#[derive(Clone)]
#[must_use]
pub struct WithSession<A = DefaultAnswer>(Guard<Lax, A>);

impl WithSession {
    /// A layer with this verifier.
    ///
    /// ```
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    /// let layer = clerk_axum::WithSession::new(verifier);
    /// ```
    pub fn new(verifier: Verifier) -> Self {
        Self(Guard::new(verifier, DefaultAnswer))
    }
}

impl<A> WithSession<A> {
    /// Calls `on_error` with each caller who is signed out, also one who has no token at all; it may answer
    /// in the handler's place. See [`OnError`](crate::OnError).
    ///
    /// ```
    /// use axum::response::IntoResponse;
    /// use clerk_axum::{Reason, WithSession};
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    ///
    /// // Anonymous callers are welcome, those with a bad token are not.
    /// let layer = WithSession::new(verifier).on_error(|signed_out| {
    ///     (signed_out.reason() != Reason::SessionTokenMissing).then(|| signed_out.clone().into_response())
    /// });
    /// ```
    pub fn on_error<F, R>(self, on_error: F) -> WithSession<F>
    where
        F: Fn(&SignedOut) -> R,
    {
        WithSession(self.0.with_on_error(on_error))
    }

    /// Looks for the token in these places instead of the verifier's.
    ///
    /// ```
    /// use clerk_axum::{TokenSource, WithSession};
    /// # let verifier = clerk_verify::testing::TestIssuer::new().verifier().build().unwrap();
    ///
    /// let layer = WithSession::new(verifier).token_sources([TokenSource::session_cookie()]);
    /// ```
    pub fn token_sources(mut self, sources: impl IntoIterator<Item = TokenSource>) -> Self {
        self.0.token_sources = Some(sources.into_iter().collect());
        self
    }
}

impl<S, A: Clone> Layer<S> for WithSession<A> {
    type Service = SessionService<S, Lax, A>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService::new(inner, Arc::new(self.0.clone()))
    }
}

impl<A> fmt::Debug for WithSession<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WithSession").field(&self.0).finish()
    }
}

//! The routes, and who may call them.

use axum::{
    Router,
    http::{
        HeaderName, HeaderValue, Method,
        header::{AUTHORIZATION, CONTENT_TYPE},
    },
    routing::get,
};
use clerk_axum::{AuthState, Refused, RequireSession, Session, Verifier, WithSession};
use tower_http::{
    cors::CorsLayer,
    trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer},
};
use tracing::Level;

use crate::notes;

/// The service.
///
/// # Errors
///
/// Where an authorized party of the verifier can't be an origin.
pub(crate) fn app(verifier: Verifier) -> Result<Router, String> {
    let cors = cors(verifier.authorized_parties())?;
    // `route_layer`, not `layer`: a path that does not exist stays a 404.
    let protected = Router::new()
        .route("/me", get(me))
        .nest("/api", notes::routes())
        .route_layer(RequireSession::new(verifier.clone()).on_error(log_refusal));
    let admins = Router::new().route("/team", get(team)).route_layer(
        RequireSession::new(verifier.clone())
            .role("org:admin")
            .on_error(log_refusal),
    );
    let optional = Router::new()
        .route("/hello", get(hello))
        .route("/whoami", get(whoami))
        .route_layer(WithSession::new(verifier));

    // The last layer is the outermost. CORS comes before the session: a preflight carries no token, and a
    // page's script can read a refusal only with the headers of CORS on it.
    Ok(Router::new()
        .route("/", get(home))
        .merge(optional)
        .merge(protected)
        .merge(admins)
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(DefaultMakeSpan::new().level(Level::INFO))
                .on_response(DefaultOnResponse::new().level(Level::INFO)),
        )
        .layer(cors))
}

async fn home() -> &'static str {
    "welcome"
}

async fn hello(session: Option<Session>) -> String {
    match session {
        Some(session) => format!("hello, {}", session.user_id()),
        None => "hello, stranger".to_owned(),
    }
}

async fn whoami(state: AuthState) -> String {
    match state.into_session() {
        Ok(session) => format!("signed in: {}", session.user_id()),
        Err(signed_out) => format!("signed out: {}", signed_out.reason()),
    }
}

async fn me(session: Session) -> String {
    format!("hello, {}", session.user_id())
}

async fn team(session: Session) -> String {
    let organization = session.organization().map_or("", |active| active.id());
    format!("{} is an admin of {organization}", session.user_id())
}

/// The caller hears a code. What exactly was wrong, and what to do about it, is for the log, and quotes claims
/// of the token: not more than one wants to see while looking for a mistake.
fn log_refusal(refused: &Refused) {
    tracing::info!(reason = refused.reason().as_str(), "refused");
    tracing::debug!("refused: {}", refused.error());
}

/// The frontends that may call from a browser are those whose tokens are accepted.
fn cors(frontends: &[String]) -> Result<CorsLayer, String> {
    let origin = |frontend: &String| {
        HeaderValue::try_from(frontend)
            .ok()
            .filter(|_| frontend != "*")
            .ok_or_else(|| format!("the authorized party {frontend:?} is no origin of a frontend"))
    };
    let origins: Vec<HeaderValue> = frontends.iter().map(origin).collect::<Result<_, _>>()?;
    Ok(CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE])
        .expose_headers([HeaderName::from_static("x-clerk-auth-reason")]))
}

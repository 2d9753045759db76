//! The routes, and who may call them.

use actix_cors::Cors;
use actix_web::{
    App, Error,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    http::{
        Uri,
        header::{AUTHORIZATION, CONTENT_TYPE},
    },
    middleware::Logger,
    web,
};
use clerk_actix::{AuthState, Refused, RequireSession, Session, Verifier, WithSession};

use crate::notes::{self, Notes};

/// The service.
pub(crate) fn app(
    verifier: Verifier,
    notes: web::Data<Notes>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let cors = cors(verifier.authorized_parties());
    let require_session = RequireSession::new(verifier.clone()).on_error(log_refusal);
    let with_session = WithSession::new(verifier);

    // The last `wrap` is the outermost. CORS comes before the session: a preflight carries no token, and a
    // page's script can read a refusal only with the headers of CORS on it.
    App::new()
        .app_data(notes)
        .route("/", web::get().to(home))
        .service(
            web::resource("/hello")
                .wrap(with_session.clone())
                .get(hello),
        )
        .service(web::resource("/whoami").wrap(with_session).get(whoami))
        .service(web::resource("/me").wrap(require_session.clone()).get(me))
        .service(
            web::resource("/team")
                .wrap(require_session.clone().role("org:admin"))
                .get(team),
        )
        .service(
            web::scope("/api")
                .wrap(require_session)
                .configure(notes::routes),
        )
        .wrap(Logger::default())
        .wrap(cors)
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
fn cors(frontends: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "DELETE"])
        .allowed_headers([AUTHORIZATION, CONTENT_TYPE])
        .expose_headers(["x-clerk-auth-reason"]);
    frontends
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}

/// Says which authorized party can't be the origin of a frontend, before the CORS middleware fails on it.
pub(crate) fn check_frontends(verifier: &Verifier) -> Result<(), String> {
    let is_origin = |frontend: &&String| *frontend != "*" && frontend.parse::<Uri>().is_ok();
    match verifier
        .authorized_parties()
        .iter()
        .find(|frontend| !is_origin(frontend))
    {
        Some(other) => Err(format!(
            "the authorized party {other:?} is no origin of a frontend"
        )),
        None => Ok(()),
    }
}

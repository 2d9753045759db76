//! The axum server that is abused.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::Arc,
    thread,
    time::Duration,
};

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    routing::get,
};
use clerk_axum::{AuthState, Refused, RequireSession, Session, SignedOut, WithSession};
use clerk_test_support::abuse::{Running, Setup, Stop};
use tokio::{runtime::Builder, sync::watch};

/// How long threads may take to end when the server is cut off.
const PARTING: Duration = Duration::from_secs(5);

/// Starts it in a runtime of its own.
pub(crate) fn start(setup: Setup) -> Running {
    let runtime = Builder::new_multi_thread()
        .worker_threads(setup.workers)
        .enable_all()
        .build()
        .unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let runtimes = vec![runtime.handle().clone()];
    let (stop, mut gracefully) = watch::channel(None);
    let mut at_once = gracefully.clone();
    let app = app(setup);
    let thread = thread::spawn(move || {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let server = axum::serve(listener, app).with_graceful_shutdown(async move {
                let _ = gracefully
                    .wait_for(|stop| *stop == Some(Stop::Gracefully))
                    .await;
            });
            tokio::select! {
                served = server.into_future() => served.unwrap(),
                _ = at_once.wait_for(|stop| *stop == Some(Stop::AtOnce)) => {}
            }
        });
        runtime.shutdown_timeout(PARTING);
    });
    Running {
        address,
        runtimes,
        stop: Box::new(move |how| {
            stop.send_replace(Some(how));
        }),
        thread,
    }
}

fn app(setup: Setup) -> Router {
    let (verifier, traffic) = (setup.verifier, setup.traffic);
    let strict = RequireSession::new(verifier.clone());
    let lax = WithSession::new(verifier);
    let on_strict = strict.clone().on_error(never_refuse);
    let on_lax = lax.clone().on_error(never_miss);
    let count = from_fn(move |mut request: Request, next: Next| {
        let visit = Arc::new(traffic.enter());
        request.extensions_mut().insert(visit);
        next.run(request)
    });
    Router::new()
        .merge(
            route("/strict", get(me))
                .merge(route("/strict/panic", get(panics)))
                .route_layer(strict),
        )
        .merge(
            route("/lax", get(who))
                .merge(route("/lax/panic", get(panics)))
                .route_layer(lax),
        )
        .merge(route("/strict/on-error", get(me)).route_layer(on_strict))
        .merge(route("/lax/on-error", get(who)).route_layer(on_lax))
        .merge(route("/bare", get(bare)))
        .layer(count)
}

fn route(path: &str, handler: axum::routing::MethodRouter) -> Router {
    Router::new().route(path, handler)
}

fn never_refuse(refused: &Refused) {
    panic!("refused: {refused}");
}

fn never_miss(signed_out: &SignedOut) {
    panic!("signed out: {signed_out}");
}

async fn me(session: Session) -> String {
    session.user_id().to_owned()
}

async fn who(state: AuthState) -> String {
    match state {
        AuthState::SignedIn(session) => format!("in: {}", session.user_id()),
        AuthState::SignedOut(signed_out) => format!("out: {}", signed_out.reason()),
        _ => "neither".to_owned(),
    }
}

async fn panics(session: Session) -> String {
    panic!("the handler of {}", session.user_id());
}

async fn bare(request: Request) -> &'static str {
    let extensions = request.extensions();
    match (extensions.get::<Session>(), extensions.get::<AuthState>()) {
        (None, None) => "nobody",
        _ => "somebody",
    }
}

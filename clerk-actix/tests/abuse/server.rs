//! The actix-web server that is abused.

use std::{net::Ipv4Addr, sync::mpsc, thread};

use actix_web::{
    App, Error, HttpMessage, HttpRequest, HttpServer,
    body::MessageBody,
    dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse},
    rt::System,
    web::{get, resource},
};
use clerk_actix::{AuthState, Refused, RequireSession, Session, SignedOut, WithSession};
use clerk_test_support::abuse::{Running, Setup, Stop};
use tokio::runtime::Handle;

/// Starts it in a thread of its own, beside those of its workers.
pub(crate) fn start(setup: Setup) -> Running {
    let (started, has_started) = mpsc::channel();
    let workers = setup.workers;
    let (begun, has_begun) = mpsc::channel();
    let thread = thread::spawn(move || {
        System::new().block_on(async move {
            let server = HttpServer::new(move || {
                begun.send(Handle::current()).unwrap();
                app(setup.clone())
            })
            .workers(workers)
            .disable_signals()
            // HTTP/2 answers leave in several pieces, each of which would wait for the one before.
            .tcp_nodelay(true)
            .bind_auto_h2c((Ipv4Addr::LOCALHOST, 0))
            .unwrap();
            let address = server.addrs()[0];
            let server = server.run();
            started.send((address, server.handle())).unwrap();
            server.await.unwrap();
        });
    });
    let (address, handle) = has_started.recv().unwrap();
    // Each worker makes an app of its own, in its own runtime.
    let runtimes = (0..workers).map(|_| has_begun.recv().unwrap()).collect();
    Running {
        address,
        runtimes,
        // The command is given at once; what is dropped only waits for it.
        stop: Box::new(move |how| drop(handle.stop(how == Stop::Gracefully))),
        thread,
    }
}

fn app(
    setup: Setup,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let strict = RequireSession::new(setup.verifier.clone());
    let lax = WithSession::new(setup.verifier);
    let on_strict = strict.clone().on_error(never_refuse);
    let on_lax = lax.clone().on_error(never_miss);
    let traffic = setup.traffic;
    App::new()
        .service(resource("/strict").wrap(strict.clone()).route(get().to(me)))
        .service(
            resource("/strict/panic")
                .wrap(strict)
                .route(get().to(panics)),
        )
        .service(resource("/lax").wrap(lax.clone()).route(get().to(who)))
        .service(resource("/lax/panic").wrap(lax).route(get().to(panics)))
        .service(
            resource("/strict/on-error")
                .wrap(on_strict)
                .route(get().to(me)),
        )
        .service(resource("/lax/on-error").wrap(on_lax).route(get().to(who)))
        .service(resource("/bare").route(get().to(bare)))
        .wrap_fn(move |request, service| {
            request.extensions_mut().insert(traffic.enter());
            service.call(request)
        })
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

async fn bare(request: HttpRequest) -> &'static str {
    let extensions = request.extensions();
    match (extensions.get::<Session>(), extensions.get::<AuthState>()) {
        (None, None) => "nobody",
        _ => "somebody",
    }
}

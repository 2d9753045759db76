//! Handlers and closures of the user's that panic.

use super::{
    connection::Connection,
    crowd::{Ask, Crowd, Expected},
    http2::Http2,
    running::{PATIENCE, Running, Setup, Start, eventually},
};
use crate::{bearer, cookie};

const ROUNDS: usize = 20;

/// # Panics
///
/// Where a server does otherwise.
pub async fn a_panic_in_a_handler_leaves_no_session_behind(start: Start) {
    let (crowd, server, setup) = serve(start).await;
    for round in 0..ROUNDS {
        let (_, token) = crowd.user(round);
        for path in ["/strict/panic", "/lax/panic"] {
            for field in [bearer(token), cookie(token)] {
                panics(&server, path, field).await;
                nobody_is_left(&crowd, &server, round).await;
            }
        }
    }
    // Over HTTP/2 it costs the stream at most the connection.
    let http2 = Http2::open(server.address).await;
    let field = [bearer(crowd.user(0).1)];
    let ask = Ask::new("/strict/panic", field, Expected::Anything);
    let response = http2.send(&ask).await.expect("the stream is opened");
    if let Ok(answer) = Http2::receive(response).await {
        assert_eq!(answer.status, 500, "{answer:?}");
    }
    nobody_is_left(&crowd, &server, 0).await;
    let gone = || setup.traffic.present() == 0;
    assert!(eventually(PATIENCE, gone).await, "requests that panic end");
}

/// # Panics
///
/// Where a server does otherwise.
pub async fn a_panic_in_on_error_leaves_no_session_behind(start: Start) {
    let (crowd, server, setup) = serve(start).await;
    for round in 0..ROUNDS {
        for path in ["/strict/on-error", "/lax/on-error"] {
            panics(&server, path, bearer(crowd.expired())).await;
            nobody_is_left(&crowd, &server, round).await;
            // The closure is not asked about those who may.
            let (id, token) = crowd.user(round);
            let body = match path {
                "/strict/on-error" => id.to_owned(),
                _ => format!("in: {id}"),
            };
            let mut connection = Connection::open(server.address).await;
            let ask = Ask::new(path, [cookie(token)], Expected::Body(body));
            ask.ask(&mut connection).await;
        }
    }
    let gone = || setup.traffic.present() == 0;
    assert!(eventually(PATIENCE, gone).await, "requests that panic end");
    // Also where the request has waited for keys before.
    for path in ["/strict/on-error", "/lax/on-error"] {
        let (crowd, cold, setup) = serve(start).await;
        panics(&cold, path, bearer(crowd.wrongly_signed())).await;
        assert_eq!(crowd.keys.requests(), 1, "it has waited for keys");
        nobody_is_left(&crowd, &cold, 1).await;
        let gone = || setup.traffic.present() == 0;
        assert!(eventually(PATIENCE, gone).await, "requests that panic end");
    }
}

/// # Panics
///
/// Where a server does otherwise.
pub async fn a_panic_in_key_events_changes_no_answer(start: Start) {
    let crowd = Crowd::new(ROUNDS).await;
    let verifier = crowd
        .verifier()
        .key_events(|_, event| panic!("told of {event:?}"));
    let server = start(Setup::new(verifier.build().expect("it is complete"), 2));
    for round in 0..ROUNDS {
        nobody_is_left(&crowd, &server, round).await;
    }
    assert_eq!(crowd.keys.requests(), 1);
}

async fn serve(start: Start) -> (Crowd, Running, Setup) {
    let crowd = Crowd::new(ROUNDS).await;
    let setup = Setup::new(crowd.verifier().build().expect("it is complete"), 1);
    (crowd, start(setup.clone()), setup)
}

/// The connection ends, or its answer is 500, as the framework has it.
async fn panics(server: &Running, path: &'static str, field: (&'static str, String)) {
    let mut connection = Connection::open(server.address).await;
    let ask = Ask::new(path, [field], Expected::Anything);
    if let Some(answer) = connection.exchange(&ask.bytes()).await {
        assert_eq!(answer.status, 500, "{answer:?}");
    }
}

/// The next ones, in the worker that has panicked where there is one alone, are themselves, or nobody.
async fn nobody_is_left(crowd: &Crowd, server: &Running, round: usize) {
    let mut connection = Connection::open(server.address).await;
    for ask in [
        Ask::bare(),
        Ask::lax_stranger(),
        Ask::stranger(),
        crowd.good(round + 1),
        Ask::bare(),
    ] {
        ask.ask(&mut connection).await;
    }
}

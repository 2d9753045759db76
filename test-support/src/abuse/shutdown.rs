//! Servers that end while requests wait for keys.

use std::time::Duration;

use super::{
    connection::Connection,
    crowd::{Ask, Crowd},
    running::{PATIENCE, Running, Setup, Start, Stop, eventually},
};

const WAITING: usize = 20;
/// The longest that a request waits for keys here.
const COLD_WAIT: Duration = Duration::from_millis(500);

/// Where the keys come, and where the server is not to wait for them.
///
/// # Panics
///
/// Where a server does otherwise.
pub async fn a_shutdown_ends_in_mid_fetch(start: Start) {
    let crowd = Crowd::new(WAITING).await;
    let (server, mut waiting) = waiting(start, &crowd, PATIENCE).await;
    (server.stop)(Stop::Gracefully);
    crowd.keys.release();
    for (number, connection) in waiting.iter_mut().enumerate() {
        let answer = connection.receive().await;
        let answer = answer.expect("a request under way is answered");
        crowd.good(number).check(&answer);
    }
    drop(waiting);
    assert!(server.has_ended(PATIENCE).await, "the server does not end");

    let crowd = Crowd::new(WAITING).await;
    let (server, mut waiting) = self::waiting(start, &crowd, PATIENCE).await;
    (server.stop)(Stop::AtOnce);
    for connection in &mut waiting {
        assert!(connection.receive().await.is_none(), "it is cut");
    }
    assert!(server.has_ended(PATIENCE).await, "the server does not end");
}

/// The keys never come: requests are answered 503 after `cold_wait`, and with them the server ends.
///
/// # Panics
///
/// Where a server does otherwise.
pub async fn a_shutdown_waits_for_keys_no_longer_than_a_request(start: Start) {
    let crowd = Crowd::new(WAITING).await;
    let (server, mut waiting) = waiting(start, &crowd, COLD_WAIT).await;
    (server.stop)(Stop::Gracefully);
    for connection in &mut waiting {
        let answer = connection.receive().await;
        let answer = answer.expect("a request under way is answered");
        answer.assert_refuses(503, "jwk-remote-failed-to-load");
    }
    drop(waiting);
    assert!(server.has_ended(PATIENCE).await, "the server does not end");
    crowd.keys.release();
}

/// A server, and connections whose requests wait for keys.
async fn waiting(start: Start, crowd: &Crowd, cold_wait: Duration) -> (Running, Vec<Connection>) {
    crowd.keys.hold();
    let verifier = crowd.verifier_that_waits(cold_wait).build();
    let setup = Setup::new(verifier.expect("it is complete"), 2);
    let server = start(setup.clone());
    let mut stranger = Connection::open(server.address).await;
    Ask::stranger().ask(&mut stranger).await;
    stranger.abort(false);
    let mut connections = Vec::new();
    for number in 0..WAITING {
        let mut connection = Connection::open(server.address).await;
        let sent = connection.send(&crowd.good(number).bytes()).await;
        sent.expect("the server reads it");
        connections.push(connection);
    }
    let all = || setup.traffic.arrived() == WAITING + 1 && crowd.keys.requests() == 1;
    assert!(eventually(PATIENCE, all).await, "they wait for keys");
    (server, connections)
}

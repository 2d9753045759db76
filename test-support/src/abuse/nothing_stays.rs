//! Abuse, over and over: tasks, handles and memory are what they were.

use fastrand::Rng;

use super::{
    connection::Connection,
    counts::Counts,
    crowd::{Ask, Crowd, Expected},
    http2::Http2,
    running::{PATIENCE, Running, Setup, Start, Stop, Traffic, eventually, settled},
};
use crate::{bearer, cookie};

/// So many rounds in a row must leave no more than any round before them, to the byte: the first ones fill buffers and
/// pools, but what stays of each request stays of each round.
const QUIET_ROUNDS: usize = 4;
/// Until then, at most.
const MOST_ROUNDS: usize = 40;
const USERS: usize = 50;
/// Of each kind of abuse, in one round.
const REQUESTS: usize = 100;
/// Of users who go away while they wait for keys; two servers in one round make a thousand.
const WAVES: usize = 10;

/// One server, abused in rounds. Alone in its process, with `PeakAlloc` as its allocator.
///
/// # Panics
///
/// Where something stays.
pub async fn nothing_stays_of_abuse(start: Start) {
    let crowd = Crowd::new(USERS).await;
    let setup = Setup::new(crowd.verifier().build().expect("it is complete"), 2);
    let server = start(setup.clone());
    let round = async || {
        abuse(&crowd, &server).await;
        let gone = || setup.traffic.present() == 0;
        assert!(eventually(PATIENCE, gone).await, "requests stay");
    };
    assert_levels_off(round, || Counts::now(Some(&server))).await;
}

/// Servers and verifiers, one after the other, which end while requests wait for keys. Alone in its process, with
/// `PeakAlloc` as its allocator.
///
/// # Panics
///
/// Where something stays.
pub async fn nothing_stays_of_a_server(start: Start) {
    let crowd = Crowd::new(USERS).await;
    let round = async || {
        for stop in [Stop::Gracefully, Stop::AtOnce] {
            live_and_end(start, &crowd, stop).await;
        }
    };
    assert_levels_off(round, || Counts::now(None)).await;
}

async fn live_and_end(start: Start, crowd: &Crowd, stop: Stop) {
    crowd.keys.hold();
    let fetches = crowd.keys.requests();
    let setup = Setup::new(crowd.verifier().build().expect("it is complete"), 2);
    let server = start(setup.clone());
    for _ in 0..WAVES {
        for connection in send_all(crowd, &server, &setup.traffic).await {
            connection.abort(true);
        }
    }
    let mut waiting = send_all(crowd, &server, &setup.traffic).await;
    let is_asked = || crowd.keys.requests() == fetches + 1;
    assert!(eventually(PATIENCE, is_asked).await, "a key is needed");
    for connection in waiting.drain(..USERS / 2) {
        connection.abort(true);
    }
    (server.stop)(stop);
    if stop == Stop::Gracefully {
        crowd.keys.release();
        for (number, connection) in (USERS / 2..).zip(&mut waiting) {
            let answer = connection.receive().await;
            let answer = answer.expect("a request under way is answered");
            crowd.good(number).check(&answer);
        }
    }
    drop(waiting);
    assert!(server.has_ended(PATIENCE).await, "the server does not end");
    drop(server);
    let gone = || setup.traffic.present() == 0;
    assert!(eventually(PATIENCE, gone).await, "requests stay");
    crowd.keys.release();
}

async fn send_all(crowd: &Crowd, server: &Running, traffic: &Traffic) -> Vec<Connection> {
    let before = traffic.arrived();
    let mut connections = Vec::new();
    for number in 0..USERS {
        let mut connection = Connection::open(server.address).await;
        let sent = connection.send(&crowd.good(number).bytes()).await;
        sent.expect("the server reads it");
        connections.push(connection);
    }
    let all = || traffic.arrived() == before + USERS;
    assert!(eventually(PATIENCE, all).await, "all requests arrive");
    connections
}

/// A little of everything, the same in each round.
async fn abuse(crowd: &Crowd, server: &Running) {
    let mut rng = Rng::with_seed(0x5EED);
    let mut connection = Connection::open(server.address).await;
    for _ in 0..REQUESTS {
        crowd.any(&mut rng).ask(&mut connection).await;
    }
    break_off(crowd, server, &mut rng).await;
    for (count, name) in [(80, "cookie"), (80, "authorization"), (2_000, "x-flood")] {
        let mut fields = vec![(name, "x".repeat(100)); count];
        fields.push(cookie(crowd.user(0).1));
        flood(server, "/lax", fields).await;
    }
    flood(server, "/lax", vec![cookie(&"a".repeat(1_000_000))]).await;
    for path in ["/strict/panic", "/lax/panic"] {
        flood(server, path, vec![bearer(crowd.user(1).1)]).await;
    }
    for path in ["/strict/on-error", "/lax/on-error"] {
        flood(server, path, vec![bearer(crowd.expired())]).await;
    }
    let http2 = Http2::open(server.address).await;
    for number in 0..REQUESTS {
        let response = http2.send(&crowd.any(&mut rng)).await;
        // One in five is reset, and the server may have had enough of that.
        if let Ok(response) = response
            && number % 5 > 0
        {
            let _ = Http2::receive(response).await;
        }
    }
}

/// Connections that end within a request, and with answers unread.
async fn break_off(crowd: &Crowd, server: &Running, rng: &mut Rng) {
    for number in 0..REQUESTS {
        let mut connection = Connection::open(server.address).await;
        let bytes = crowd.good(number).bytes();
        let sent = connection.send(&bytes[..rng.usize(0..=bytes.len())]).await;
        sent.expect("the server reads it");
        connection.abort(rng.bool());
    }
    let asks = (0..REQUESTS).map(|_| crowd.any(rng));
    let bytes: Vec<u8> = asks.flat_map(|ask| ask.bytes()).collect();
    let mut connection = Connection::open(server.address).await;
    connection.send(&bytes).await.expect("the server reads it");
    connection.abort(true);
}

/// Whatever comes of it.
async fn flood(server: &Running, path: &'static str, fields: Vec<(&'static str, String)>) {
    let ask = Ask::new(path, fields, Expected::Anything);
    let mut connection = Connection::open(server.address).await;
    connection.exchange(&ask.bytes()).await;
}

async fn assert_levels_off(round: impl AsyncFn(), look: impl Fn() -> Counts) {
    let mut seen = Vec::new();
    let mut most = Counts::default();
    let mut quiet = 0;
    while quiet < QUIET_ROUNDS {
        assert!(seen.len() < MOST_ROUNDS, "something stays: {seen:#?}");
        round().await;
        let now = settled(&look).await;
        quiet = if now.is_within(most) { quiet + 1 } else { 0 };
        most = most.max(now);
        seen.push(now);
    }
}

//! Clients that go away while their requests wait for keys.

use fastrand::Rng;

use super::{
    connection::Connection,
    crowd::{Ask, Crowd},
    http2::Http2,
    running::{PATIENCE, Running, Setup, Start, Traffic, eventually, settled},
};

const CONNECTIONS: usize = 1_000;
/// At once; the others follow when these are gone.
const WAVE: usize = 100;
/// Who wait to the end.
const PATIENT: usize = 20;
/// Streams of one connection that are reset.
const STREAMS: usize = 60;

/// # Panics
///
/// Where a server does otherwise.
pub async fn connections_may_be_aborted_in_mid_fetch(start: Start) {
    let mut rng = Rng::with_seed(0x0AB0_47ED);
    in_mid_fetch(start, async |crowd, server, traffic| {
        let mut closed = 0;
        for wave in 0..CONNECTIONS / WAVE {
            let before = traffic.arrived();
            let mut connections = Vec::new();
            for number in 0..WAVE {
                let mut connection = Connection::open(server.address).await;
                let ask = crowd.good(wave * WAVE + number);
                connection
                    .send(&ask.bytes())
                    .await
                    .expect("the server reads it");
                connections.push(connection);
            }
            let all = || traffic.arrived() == before + WAVE;
            assert!(eventually(PATIENCE, all).await, "all requests arrive");
            rng.shuffle(&mut connections);
            for connection in connections {
                let with_reset = rng.bool();
                closed += usize::from(!with_reset);
                connection.abort(with_reset);
            }
        }
        // Who has closed in an orderly way may still listen, as actix-web sees it.
        let gone = || traffic.present() <= PATIENT + closed;
        assert!(eventually(PATIENCE, gone).await, "reset connections end");
    })
    .await;
}

/// # Panics
///
/// Where a server does otherwise.
pub async fn streams_may_be_reset_in_mid_fetch(start: Start) {
    in_mid_fetch(start, async |crowd, server, traffic| {
        let http2 = Http2::open(server.address).await;
        let before = traffic.arrived();
        let mut responses = Vec::new();
        for number in 0..STREAMS {
            let response = http2.send(&crowd.good(number)).await;
            responses.push(response.expect("the stream is opened"));
        }
        let all = || traffic.arrived() == before + STREAMS;
        assert!(eventually(PATIENCE, all).await, "all requests arrive");
        // Dropping one resets its stream; the server may end the connection when it has seen enough of them.
        drop(responses);
    })
    .await;
}

/// Holds the keys back while the crowd is abused, and sees that nothing comes of it.
async fn in_mid_fetch(start: Start, abuse: impl AsyncFnOnce(&Crowd, &Running, &Traffic)) {
    let crowd = Crowd::new(PATIENT + WAVE).await;
    let verifier = crowd.verifier().build().expect("it is complete");
    let setup = Setup::new(verifier.clone(), 2);
    let traffic = &setup.traffic;
    let server = start(setup.clone());
    crowd.keys.hold();
    Ask::stranger()
        .ask(&mut Connection::open(server.address).await)
        .await;
    let idle = settled(|| server.alive_tasks()).await;

    let mut patient = Vec::new();
    for number in 0..PATIENT {
        let mut connection = Connection::open(server.address).await;
        let sent = connection.send(&crowd.good(number).bytes()).await;
        sent.expect("the server reads it");
        patient.push(connection);
    }
    let waiting = || traffic.present() == PATIENT && crowd.keys.requests() == 1;
    assert!(eventually(PATIENCE, waiting).await, "they wait for keys");
    abuse(&crowd, &server, traffic).await;
    assert!(!verifier.status().is_ready(), "the keys are still awaited");
    crowd.keys.release();

    for (number, connection) in patient.iter_mut().enumerate() {
        let answer = connection.receive().await;
        let answer = answer.expect("who waits is answered");
        crowd.good(number).check(&answer);
    }
    drop(patient);
    let gone = || traffic.present() == 0;
    assert!(
        eventually(PATIENCE, gone).await,
        "{} stay",
        traffic.present()
    );
    // One task may stay: the timer of the next renewal.
    let quiet = || server.alive_tasks() <= idle + 1;
    let alive = || format!("{} tasks, {idle} before", server.alive_tasks());
    assert!(eventually(PATIENCE, quiet).await, "{}", alive());
    crowd.others_are_served(server.address).await;
    assert_eq!(crowd.keys.requests(), 1, "one fetch is for all");
}

//! Requests that come in small pieces, or not to their end.

use fastrand::Rng;

use super::{
    connection::Connection,
    crowd::{Ask, Crowd},
    running::{Setup, Start},
};

const SLOW: usize = 40;
/// Of them, those that never come to their end.
const UNFINISHED: usize = 10;
const MOST_BYTES: usize = 60;

/// # Panics
///
/// Where a server does otherwise.
pub async fn slow_heads_disturb_nobody(start: Start) {
    let crowd = Crowd::new(SLOW).await;
    let verifier = crowd.verifier().build().expect("it is complete");
    let setup = Setup::new(verifier, 2);
    let server = start(setup.clone());
    let mut rng = Rng::with_seed(0x5103);
    let mut slow: Vec<(Ask, Vec<u8>, Connection)> = Vec::new();
    for number in 0..SLOW {
        let ask = crowd.good(number);
        let mut bytes = ask.bytes();
        bytes.reverse();
        slow.push((ask, bytes, Connection::open(server.address).await));
    }
    let mut quick = Connection::open(server.address).await;
    let mut sent = 0;
    // The end of each head is held back.
    while slow.iter().any(|(_, rest, _)| rest.len() > 4) {
        for (_, rest, connection) in &mut slow {
            let most = rest.len().saturating_sub(4).min(MOST_BYTES);
            let count = rng.usize(0..=most);
            let mut piece = rest.split_off(rest.len() - count);
            piece.reverse();
            connection.send(&piece).await.expect("the server reads on");
        }
        let ask = crowd.any(&mut rng);
        ask.ask(&mut quick).await;
        sent += 1;
    }
    assert_eq!(setup.traffic.arrived(), sent, "only whole requests arrive");
    for (_, _, connection) in slow.drain(..UNFINISHED) {
        connection.abort(rng.bool());
    }
    rng.shuffle(&mut slow);
    for (ask, mut rest, mut connection) in slow {
        rest.reverse();
        connection.send(&rest).await.expect("the server reads on");
        let answer = connection.receive().await;
        ask.check(&answer.expect("the request is answered"));
        crowd.any(&mut rng).ask(&mut quick).await;
    }
}

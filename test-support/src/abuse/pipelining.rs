//! Requests that are sent without waiting for the answers before (RFC 9112 §9.3.2).

use fastrand::Rng;

use super::{
    connection::Connection,
    crowd::{Ask, Crowd},
    running::{PATIENCE, Setup, Start, eventually},
};

const USERS: usize = 60;
/// Less than 128 KiB, which both servers read while a request is under way. actix-http (3.20) leaves what is in its buffer
/// unread, until the time for a request is up, when it is more than that, or when it came while more than 16 requests
/// waited for one before them; also where no layer is.
const REQUESTS: usize = 160;
const SEEDS: [u64; 6] = [1, 2, 3, 0x9E37, 0xC1E4, 0xFFFF_FFFF];

/// # Panics
///
/// Where a server does otherwise.
pub async fn each_answer_belongs_to_its_request(start: Start) {
    let crowd = Crowd::new(USERS).await;
    let verifier = crowd.verifier().build().expect("it is complete");
    // So that no request waits for keys, for the reason above.
    verifier.ready().await.expect("the key server is well");
    let server = start(Setup::new(verifier, 2));
    for seed in SEEDS {
        let mut rng = Rng::with_seed(seed);
        let mut asks: Vec<Ask> = (0..REQUESTS).map(|_| crowd.any(&mut rng)).collect();
        // Right behind someone who is signed in: one who is not, on all routes.
        for place in (0..REQUESTS).step_by(8) {
            asks[place] = crowd.good(place);
            asks[place + 1] = Ask::bare();
            asks[place + 2] = crowd.good(place + 1);
            asks[place + 3] = Ask::lax_stranger();
            asks[place + 4] = Ask::stranger();
        }
        let bytes: Vec<u8> = asks.iter().flat_map(Ask::bytes).collect();
        assert!(bytes.len() < 128 * 1024, "{} bytes", bytes.len());
        let (mut sender, mut receiver) = Connection::open(server.address).await.split();
        let send = async {
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let (piece, more) = rest.split_at(rng.usize(1..=20_000).min(rest.len()));
                sender.send(piece).await.expect("the server reads on");
                rest = more;
            }
        };
        let receive = async {
            for (number, ask) in asks.iter().enumerate() {
                let answer = receiver.receive().await;
                let answer = answer.unwrap_or_else(|| panic!("seed {seed}: no answer {number}"));
                ask.check(&answer);
            }
        };
        tokio::join!(send, receive);
    }
}

/// # Panics
///
/// Where a server does otherwise.
pub async fn requests_behind_a_fetch_keep_their_order(start: Start) {
    let crowd = Crowd::new(USERS).await;
    crowd.keys.hold();
    let verifier = crowd.verifier().build().expect("it is complete");
    let server = start(Setup::new(verifier, 2));
    let asks = [
        crowd.good(0),
        Ask::stranger(),
        crowd.good(1),
        Ask::lax_stranger(),
        Ask::bare(),
        crowd.good(2),
    ];
    let mut connection = Connection::open(server.address).await;
    let bytes: Vec<u8> = asks.iter().flat_map(Ask::bytes).collect();
    connection.send(&bytes).await.expect("the server reads it");
    let is_asked = || crowd.keys.requests() == 1;
    assert!(eventually(PATIENCE, is_asked).await, "a key is needed");
    // Others need no key to be refused.
    let mut other = Connection::open(server.address).await;
    Ask::stranger().ask(&mut other).await;
    crowd.keys.release();
    for ask in asks {
        let answer = connection.receive().await;
        ask.check(&answer.expect("the request is answered"));
    }
    assert_eq!(crowd.keys.requests(), 1);
}

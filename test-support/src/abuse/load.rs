//! Many users at once, with any number of workers.

use fastrand::Rng;
use tokio::task::JoinSet;

use super::{
    connection::Connection,
    crowd::{Ask, Crowd},
    running::{Setup, Start},
};

const USERS: usize = 300;
const CONNECTIONS: usize = 16;
const REQUESTS: usize = 40;
const WORKERS: std::ops::RangeInclusive<usize> = 1..=8;

/// Over kept connections, from the first request on, which finds no keys yet.
///
/// # Panics
///
/// Where a server does otherwise.
pub async fn every_answer_names_its_own_user(start: Start) {
    let crowd = Crowd::new(USERS).await;
    for workers in WORKERS {
        let verifier = crowd.verifier().build().expect("it is complete");
        let server = start(Setup::new(verifier, workers));
        let fetches = crowd.keys.requests();
        let mut clients = JoinSet::new();
        for client in 0..CONNECTIONS {
            let mut rng = Rng::with_seed((workers * CONNECTIONS + client) as u64);
            let mut asks: Vec<Ask> = (0..REQUESTS).map(|_| crowd.any(&mut rng)).collect();
            // Each connection has users of its own as well.
            asks[0] = crowd.good(client);
            asks[1] = crowd.good(client + CONNECTIONS);
            let address = server.address;
            clients.spawn(async move {
                let mut connection = Connection::open(address).await;
                for ask in asks {
                    ask.ask(&mut connection).await;
                }
            });
        }
        while let Some(ended) = clients.join_next().await {
            ended.unwrap_or_else(|error| panic!("with {workers} workers: {error}"));
        }
        assert_eq!(crowd.keys.requests() - fetches, 1, "{workers} workers");
        server.end().await;
    }
}

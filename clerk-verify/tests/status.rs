//! What several instances say of their keys together.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use clerk_verify::{
    FetchError, FetchRequest, FetchResponse, Fetcher, FixedClock, Instance, KeySourceState,
    KeySourceStatus, Reason, Verifier, testing::TestIssuer,
};

const NOW: i64 = 1_790_000_000;
const HOSTS: [&str; 2] = ["https://one.example.test", "https://two.example.test"];

/// What each host answers now.
#[derive(Clone, Default)]
struct Hosts(Arc<Mutex<HashMap<String, Option<String>>>>);

impl Hosts {
    fn answers(&self, host: &str, keys: Option<String>) {
        self.0.lock().unwrap().insert(host.to_owned(), keys);
    }
}

impl Fetcher for Hosts {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        let hosts = self.0.lock().unwrap();
        let host = hosts.keys().find(|host| request.url().starts_with(*host));
        Ok(match &hosts[host.unwrap()] {
            Some(keys) => FetchResponse::new(200, keys.clone()),
            None => FetchResponse::new(500, ""),
        })
    }
}

fn issuers() -> [TestIssuer; 2] {
    [TestIssuer::new(), TestIssuer::fresh()]
        .map(|issuer| issuer.with_clock(FixedClock::at_unix(NOW)))
}

fn verifier(hosts: &Hosts, clock: &FixedClock, order: [usize; 2]) -> Verifier {
    let mut builder = Verifier::builder();
    for host in order.map(|number| HOSTS[number]) {
        let url = format!("{host}/.well-known/jwks.json");
        builder = builder.instance(Instance::issuer(host).jwks_url(url));
    }
    builder
        .fetcher(hosts.clone())
        .clock(clock.clone())
        .build()
        .unwrap()
}

async fn reason(verifier: &Verifier, host: &str, key_id: &str) -> Option<Reason> {
    let token = issuers()[0].token().issuer(host).header("kid", key_id);
    let result = verifier.verify_token(&token.sign()).await;
    result.err().map(|error| error.reason())
}

/// What is counted, by name.
fn counts(status: &KeySourceStatus) -> [(&'static str, u64); 8] {
    [
        ("keys", status.keys() as u64),
        ("generation", status.generation()),
        ("fetches", status.fetches()),
        ("requests", status.requests()),
        ("failures", status.failures()),
        ("changes", status.changes()),
        ("absent_key_ids", status.absent_key_ids()),
        ("locks_taken", status.locks_taken()),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_is_counted_is_added_up_whatever_the_order() {
    for order in [[0, 1], [1, 0]] {
        let (hosts, clock) = (Hosts::default(), FixedClock::at_unix(NOW));
        for (host, issuer) in HOSTS.iter().zip(issuers()) {
            hosts.answers(host, Some(issuer.jwks_json()));
        }
        let verifier = verifier(&hosts, &clock, order);
        verifier.ready().await.unwrap();
        for (number, host) in HOSTS.iter().enumerate() {
            // One more of each kind for the second.
            for count in 0..=number {
                let absent = Some(Reason::JwkKidMismatch);
                assert_eq!(
                    reason(&verifier, host, &format!("absent{count}")).await,
                    absent
                );
            }
            hosts.answers(host, None);
            clock.advance(Duration::from_secs(20));
            assert!(reason(&verifier, host, "unknown").await.is_some());
        }
        let [one, two] = [0, 1].map(|number| counts(&verifier.key_sources()[number]));
        let together = counts(&verifier.status());
        for ((one, two), (name, sum)) in one.into_iter().zip(two).zip(together) {
            assert!(one.1 > 0 && two.1 > 0, "{name}: {one:?}, {two:?}");
            assert_eq!(sum, one.1 + two.1, "{name}");
            // There were more fetches for the second.
            assert!(name != "locks_taken" || one.1 != two.1, "{name}");
        }
        assert_eq!(
            verifier.status().issuers(),
            order.map(|number| HOSTS[number])
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_worst_state_is_that_of_all() {
    for order in [[0, 1], [1, 0]] {
        let (hosts, clock) = (Hosts::default(), FixedClock::at_unix(NOW));
        hosts.answers(HOSTS[0], Some(issuers()[0].jwks_json()));
        hosts.answers(HOSTS[1], None);
        let verifier = verifier(&hosts, &clock, order);
        assert_eq!(verifier.status().state(), KeySourceState::Empty);
        assert!(verifier.ready().await.is_err());
        let status = verifier.status();
        assert_eq!(status.state(), KeySourceState::Empty);
        assert!(status.is_ready(), "one of them is");
        assert!(status.last_error().is_some());
    }
    let fixed =
        |issuer: &TestIssuer, host: &str| Instance::issuer(host).jwks_json(issuer.jwks_json());
    let [one, two] = issuers();
    let verifier = Verifier::builder()
        .instance(fixed(&one, HOSTS[0]))
        .instance(fixed(&two, HOSTS[1]))
        .build()
        .unwrap();
    assert_eq!(verifier.status().state(), KeySourceState::Fixed);
}

struct Answering(u16);

impl Fetcher for Answering {
    async fn fetch(&self, _: FetchRequest) -> Result<FetchResponse, FetchError> {
        Ok(FetchResponse::new(self.0, ""))
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_says_what_to_do() {
    for (status, remedy) in [
        (404, "check that the address is that of a JWK Set"),
        (429, "the key server is in trouble"),
        (503, "the key server is in trouble"),
        (302, "configure the address that it redirects to"),
    ] {
        let verifier = Verifier::builder()
            .jwks_url("https://keys.example.test/jwks.json")
            .issuer("https://clerk.example.test")
            .fetcher(Answering(status))
            .build()
            .unwrap();
        let error = verifier.ready().await.unwrap_err().to_string();
        assert!(error.contains(remedy), "{status}: {error}");
    }
}

//! The test kit does what its users' tests rely on.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::net::{SocketAddr, TcpStream};

use clerk_verify::testing::{KeyServer, TestIssuer};

#[test]
fn a_claim_that_is_left_out_stays_out_until_it_is_set_again() {
    let token = TestIssuer::new().token().without("azp").without("jti");
    let with_other = token.claim("plan", "gold");
    let claims = with_other.session().unwrap();
    assert_eq!(claims.authorized_party(), None);
    let again = with_other.claim("azp", "https://b.example").session();
    assert_eq!(again.unwrap().authorized_party(), Some("https://b.example"));
}

#[test]
fn claims_that_nobody_asked_for_are_not_there() {
    let session = TestIssuer::new().token().session().unwrap();
    for name in ["fea", "pla", "o"] {
        assert_eq!(session.claims().get(name), None, "{name}");
    }
    let with_features = TestIssuer::new().token().features(["o:billing", "u:beta"]);
    let session = with_features.session().unwrap();
    assert_eq!(session.claims().get("fea").unwrap(), "o:billing,u:beta");
}

#[test]
fn a_token_ends_a_minute_after_it_was_issued_and_begins_five_seconds_before() {
    let session = TestIssuer::new().token().session().unwrap();
    let claim = |name: &str| session.claims().get(name).unwrap().as_i64().unwrap();
    assert_eq!(claim("exp") - claim("iat"), 60);
    assert_eq!(claim("iat") - claim("nbf"), 5);
}

#[test]
fn the_issuer_names_the_party_of_its_tokens() {
    let issuer = TestIssuer::new();
    let session = issuer.token().session().unwrap();
    assert_eq!(issuer.authorized_party(), "https://app.example.test");
    assert_eq!(session.authorized_party(), Some(issuer.authorized_party()));
}

#[test]
fn the_public_key_is_a_pem_of_64_columns() {
    let pem = TestIssuer::new().public_pem();
    let lines: Vec<&str> = pem.lines().collect();
    let [first, body @ .., last] = lines.as_slice() else {
        panic!("{pem}");
    };
    assert_eq!(*first, "-----BEGIN PUBLIC KEY-----");
    assert_eq!(*last, "-----END PUBLIC KEY-----");
    let (short, full) = body.split_last().unwrap();
    assert!(full.iter().all(|line| line.len() == 64), "{pem}");
    assert!((1..=64).contains(&short.len()), "{pem}");
}

/// Waits for the server's task to end, not longer than ten thousand turns.
async fn listens_no_more(address: SocketAddr) -> bool {
    for _ in 0..10_000 {
        if TcpStream::connect(address).is_err() {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

#[tokio::test]
async fn a_key_server_ends_when_it_is_shut_down() {
    let server = TestIssuer::new().serve().await.unwrap();
    let address = address(&server);
    assert!(TcpStream::connect(address).is_ok());
    server.shut_down();
    assert!(listens_no_more(address).await);
}

#[tokio::test]
async fn a_key_server_runs_as_long_as_its_issuer_or_itself_is_there() {
    let issuer = TestIssuer::new();
    let server = issuer.serve().await.unwrap();
    let address = address(&server);
    drop(server);
    assert!(TcpStream::connect(address).is_ok());
    drop(issuer);
    assert!(listens_no_more(address).await);
}

fn address(server: &KeyServer) -> SocketAddr {
    server.url().trim_start_matches("http://").parse().unwrap()
}

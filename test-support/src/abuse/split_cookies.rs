//! HTTP/2 clients send each cookie in a field of its own (RFC 9113 §8.2.3).

use fastrand::Rng;

use super::{
    crowd::{Ask, Crowd, Expected},
    http2::Http2,
    running::{Running, Setup, Start},
};
use crate::bearer;

const MOST_FIELDS: usize = 6;
/// Of one connection. actix-web ends each answer with an empty frame, and h2 takes no more than 100 of them.
const STREAMS: usize = 80;
const ROUNDS: usize = 3;
const SHUFFLES: usize = 16;

/// # Panics
///
/// Where a server does otherwise.
pub async fn the_session_is_found_in_any_cookie_field(start: Start) {
    let (crowd, server) = serve(start).await;
    let http2 = Http2::open(server.address).await;
    let junk = |number: usize| ("cookie", format!("__session_{number}=junk"));
    for count in 1..=MOST_FIELDS {
        for place in 0..count {
            let (id, token) = crowd.user(count * MOST_FIELDS + place);
            let mut fields: Vec<_> = (0..count).map(junk).collect();
            fields[place] = ("cookie", format!("__session={token}"));
            http2.ask(&Ask::new("/strict", fields, named(id))).await;
        }
        let fields = (0..count).map(junk);
        let reason = "session-token-missing";
        http2
            .ask(&Ask::new("/strict", fields, Expected::Refused(reason)))
            .await;
    }
}

/// # Panics
///
/// Where a server does otherwise.
pub async fn the_first_of_several_cookies_counts_over_http2(start: Start) {
    let (crowd, server) = serve(start).await;
    let http2 = Http2::open(server.address).await;
    let mut rng = Rng::with_seed(0xC00C_1E50);
    let crumb = |token: &str| ("cookie", format!("__session={token}"));
    for round in 0..SHUFFLES {
        let (id, token) = crowd.user(round);
        let mut fields = vec![
            crumb(token),
            crumb(crowd.expired()),
            ("cookie", "theme=dark".to_owned()),
            ("cookie", format!("a=b; c={token}; __Session={token}")),
            ("accept", "*/*".to_owned()),
            ("cookie", "\"; __session".to_owned()),
        ];
        rng.shuffle(&mut fields);
        let first = fields
            .iter()
            .find(|(_, value)| value.starts_with("__session="));
        let expected = match first.is_some_and(|field| *field == crumb(token)) {
            true => named(id),
            false => Expected::Refused("token-expired"),
        };
        http2
            .ask(&Ask::new("/strict", fields.clone(), expected))
            .await;
        // A header goes before any cookie.
        fields.insert(rng.usize(0..fields.len()), bearer(crowd.user(round + 1).1));
        let next = named(crowd.user(round + 1).0);
        http2.ask(&Ask::new("/strict", fields, next)).await;
    }
}

/// # Panics
///
/// Where a server does otherwise.
pub async fn many_streams_each_have_their_own_session(start: Start) {
    let (crowd, server) = serve(start).await;
    let mut rng = Rng::with_seed(0x0057_4EA3);
    // The first ones come while there are no keys yet.
    for _ in 0..ROUNDS {
        let http2 = Http2::open(server.address).await;
        let asks: Vec<Ask> = (0..STREAMS).map(|_| crowd.any(&mut rng)).collect();
        let mut responses = Vec::new();
        for ask in &asks {
            responses.push(http2.send(ask).await.expect("the stream is opened"));
        }
        for (ask, response) in asks.iter().zip(responses) {
            let answer = Http2::receive(response).await;
            ask.check(&answer.expect("the request is answered"));
        }
    }
    // Fields that the server has no room for end a stream, or this connection, and nothing else.
    let http2 = Http2::open(server.address).await;
    let mut flood = Ask::stranger();
    flood.fields = vec![("cookie", "a".repeat(10_000)); 20];
    if let Ok(response) = http2.send(&flood).await
        && let Ok(answer) = Http2::receive(response).await
    {
        assert!(matches!(answer.status, 401 | 431), "{answer:?}");
    }
    crowd.others_are_served(server.address).await;
    Http2::open(server.address).await.ask(&crowd.good(1)).await;
}

async fn serve(start: Start) -> (Crowd, Running) {
    let crowd = Crowd::new(MOST_FIELDS * MOST_FIELDS).await;
    let verifier = crowd.verifier().build().expect("it is complete");
    (crowd, start(Setup::new(verifier, 2)))
}

fn named(id: &str) -> Expected {
    Expected::Body(id.to_owned())
}

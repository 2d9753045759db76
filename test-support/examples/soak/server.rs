//! The key server: one connection, one request, one answer or none.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use fastrand::Rng;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    answer::{HTML, TOO_LARGE, good_set, head, set_with_odd_members},
    mood::Mood,
    world::World,
};

const JSON: &str = "application/json";
/// What good answers say of how long they are fresh; forced fetches come anyway.
const CACHE_HEADERS: [&str; 5] = [
    "",
    "cache-control: no-store\r\n",
    "cache-control: max-age=60\r\n",
    "cache-control: public, max-age=86400\r\n",
    "cache-control: max-age=soon\r\nexpires: 0\r\n",
];
/// More are closed at once.
const MAX_CONNECTIONS: usize = 64;
/// No connection lives longer, hanging or slow.
const MAX_LIFE: Duration = Duration::from_secs(30);
const MAX_HEAD: usize = 16 * 1024;

pub(crate) async fn accept(listener: &TcpListener, world: &Arc<World>, seed: u64) {
    let mut rng = Rng::with_seed(seed ^ 0x5345_5256_4500);
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let mood = world.mood();
        world.requests().count(Instant::now());
        let mut tally = world.tally();
        tally.moods.entry(mood.name()).or_default().requests += 1;
        drop(tally);
        while connections.try_join_next().is_some() {}
        if connections.len() < MAX_CONNECTIONS {
            let (world, rng) = (Arc::clone(world), rng.fork());
            connections.spawn(async move {
                // A client that goes away is no failure of the server.
                let _ = timeout(MAX_LIFE, answer(stream, &world, mood, rng)).await;
            });
        }
    }
}

async fn answer(mut stream: TcpStream, world: &World, mood: Mood, mut rng: Rng) -> io::Result<()> {
    if mood == Mood::Reset {
        // Closed with the request unread, which resets the connection.
        return stream.readable().await;
    }
    read_head(&mut stream).await?;
    // A set that is good but for how it comes, and without the keys that it should have.
    let trap = || good_set(&[world.ring.stranger()]);
    if mood.is_good() {
        return deliver(stream, world, mood, &mut rng).await;
    }
    match mood {
        Mood::Hang => {}
        Mood::Status500 => {
            let head = head("500 Internal Server Error", JSON, trap().len(), "");
            send(&mut stream, &head, &trap()).await?;
        }
        Mood::TooMany(seconds) => {
            let more = format!("retry-after: {seconds}\r\n");
            let head = head("429 Too Many Requests", JSON, trap().len(), &more);
            send(&mut stream, &head, &trap()).await?;
        }
        Mood::Html => {
            let head = head("200 OK", "text/html", HTML.len(), "");
            send(&mut stream, &head, HTML).await?;
        }
        Mood::EmptySet => {
            let body = r#"{"keys":[]}"#;
            let head = head("200 OK", JSON, body.len(), "");
            send(&mut stream, &head, body).await?;
        }
        Mood::Truncated => {
            let body = good_set(&world.ring.published());
            let part = &body[..rng.usize(1..body.len() - 1)];
            // Either it is whole as HTTP has it, or it isn't.
            let length = if rng.bool() { part.len() } else { body.len() };
            send(&mut stream, &head("200 OK", JSON, length, ""), part).await?;
            return stream.shutdown().await;
        }
        Mood::SlowBody => {
            let body = good_set(&world.ring.published());
            let head = head("200 OK", JSON, body.len(), "");
            send(&mut stream, &head, "").await?;
            for byte in body.as_bytes() {
                stream.write_all(&[*byte]).await?;
                sleep(Duration::from_millis(100)).await;
            }
        }
        Mood::TooLarge => {
            const SPACES: [u8; 16 * 1024] = [b' '; 16 * 1024];
            let head = head("200 OK", JSON, TOO_LARGE, "");
            send(&mut stream, &head, &trap()).await?;
            let mut left = TOO_LARGE.saturating_sub(trap().len());
            while left > 0 {
                let part = left.min(SPACES.len());
                stream.write_all(&SPACES[..part]).await?;
                left -= part;
            }
        }
        Mood::Good | Mood::OddMembers | Mood::Reset => {}
    }
    until_closed(&mut stream).await
}

/// Sends the keys, and tells the oracle when it began and when the client had it all.
async fn deliver(
    mut stream: TcpStream,
    world: &World,
    mood: Mood,
    rng: &mut Rng,
) -> io::Result<()> {
    let keys = world.ring.published();
    let body = match mood {
        Mood::OddMembers => set_with_odd_members(&keys, rng),
        _ => good_set(&keys),
    };
    let numbers = keys.iter().map(|key| key.number).collect();
    let number = world.oracle().begun(numbers, world.stalls.now());
    let more = rng.choice(CACHE_HEADERS).unwrap_or_default();
    send(&mut stream, &head("200 OK", JSON, body.len(), more), &body).await?;
    stream.shutdown().await?;
    // A client that has read everything closes; one that has not resets.
    until_closed(&mut stream).await?;
    let now = world.stalls.now();
    world.oracle().delivered(number, now);
    world.tally().supply.delivered(&keys, now.at);
    Ok(())
}

async fn send(stream: &mut TcpStream, head: &str, body: &str) -> io::Result<()> {
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await
}

async fn read_head(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= MAX_HEAD || stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

async fn until_closed(stream: &mut TcpStream) -> io::Result<()> {
    while stream.read(&mut [0; 64]).await? > 0 {}
    Ok(())
}

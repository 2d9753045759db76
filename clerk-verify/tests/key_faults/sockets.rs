//! What only a real socket can do: hang, drip, refuse to connect, redirect, inflate. In real time.

use std::{io::Write as _, time::Duration};

use clerk_verify::{
    JwksOptions, KeyEvent, Reason, Verifier, VerifierBuilder,
    testing::{KeyServer, TestIssuer},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::mpsc,
    time::Instant,
};

use super::support::{first_poll, in_a_process_of_its_own, is_alone, since};

const DOWN: Option<Reason> = Some(Reason::JwkRemoteFailedToLoad);
const MILLI: Duration = Duration::from_millis(1);

/// Accepts connections and does this with each.
async fn server<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    url
}

async fn reason(verifier: &Verifier) -> Option<Reason> {
    let token = TestIssuer::new().token().sign();
    let result = verifier.verify_token(&token).await;
    result.err().map(|error| error.reason())
}

/// With keys at hand, so that a failed fetch is not tried again at once; says how long each failure took.
fn warm(url: &str) -> (VerifierBuilder, mpsc::UnboundedReceiver<Duration>) {
    let (sender, failures) = mpsc::unbounded_channel();
    let builder = Verifier::builder()
        .jwks_url(url)
        .with_seed(TestIssuer::new().jwks_json(), std::time::SystemTime::now())
        .key_events(move |_: &str, event: &KeyEvent<'_>| {
            if let KeyEvent::FetchFailed { took, .. } = event {
                let _ = sender.send(*took);
            }
        });
    (builder, failures)
}

fn assert_between(took: Duration, least: u32, most: u32) {
    assert!(took >= least * MILLI && took <= most * MILLI, "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn o4_a_server_that_accepts_and_hangs_is_given_up_after_five_seconds() {
    let url = server(|stream| async move {
        tokio::time::sleep(60_000 * MILLI).await;
        drop(stream);
    })
    .await;
    let verifier = Verifier::builder().jwks_url(url).build().unwrap();
    let start = Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let verifier = verifier.clone();
        calls.spawn(async move { reason(&verifier).await });
    }
    assert_eq!(calls.join_all().await, [DOWN; 20]);
    assert_between(since(start), 5000, 5500);
    // The fetch ends at the same moment; then it is backed off from, and nobody waits at all.
    while verifier.status().failures() == 0 {
        tokio::time::sleep(MILLI).await;
    }
    let token = TestIssuer::new().token().sign();
    for _ in 0..100 {
        assert_eq!(first_poll(&verifier, &token), Some(false));
    }
    assert_eq!(verifier.status().fetches(), 1);
}

/// The queue of a listener is full, so the kernel does not answer.
#[tokio::test]
async fn o6_an_address_that_does_not_answer_is_given_up_after_two_seconds() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    loop {
        let connection = TcpStream::connect(address);
        match tokio::time::timeout(300 * MILLI, connection).await {
            Ok(stream) => waiting.push(stream.unwrap()),
            Err(_) => break,
        }
        assert!(waiting.len() < 16, "the queue never fills");
    }
    let (builder, mut failures) = warm(&format!("http://{address}/jwks.json"));
    let verifier = builder.build().unwrap();
    assert_eq!(reason(&verifier).await, None);
    assert_between(failures.recv().await.unwrap(), 2000, 2300);
    let error = verifier.status().last_error().unwrap().to_owned();
    assert!(error.to_lowercase().contains("connect"), "{error}");
}

#[tokio::test]
async fn o7_a_body_that_drips_is_given_up_after_five_seconds() {
    let url = server(|mut stream| async move {
        let head =
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n";
        stream.write_all(head).await.unwrap();
        for _ in 0..60 {
            if stream.write_all(b" ").await.is_err() {
                return;
            }
            tokio::time::sleep(1000 * MILLI).await;
        }
    })
    .await;
    let (builder, mut failures) = warm(&url);
    let verifier = builder.build().unwrap();
    assert_eq!(reason(&verifier).await, None);
    assert_between(failures.recv().await.unwrap(), 5000, 5300);
}

#[tokio::test]
async fn a_connection_that_is_cut_in_mid_answer_is_a_failure() {
    let url = server(|mut stream| async move {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"keys\":[";
        let _ = stream.write_all(head).await;
    })
    .await;
    let verifier = Verifier::builder().jwks_url(url).build().unwrap();
    assert_eq!(reason(&verifier).await, DOWN);
}

#[tokio::test]
async fn p7_redirects_are_not_followed_over_a_socket_either() {
    let issuer = TestIssuer::new();
    let elsewhere: KeyServer = issuer.serve().await.unwrap();
    let server = issuer.serve().await.unwrap();
    server.answer(302, issuer.jwks_json());
    server.answer_header("location", elsewhere.jwks_url());
    let verifier = Verifier::builder()
        .jwks_url(server.jwks_url())
        .build()
        .unwrap();
    assert_eq!(reason(&verifier).await, DOWN);
    assert_eq!(elsewhere.requests(), 0);
}

/// About a megabyte that inflates to a gigabyte.
fn bomb() -> Vec<u8> {
    let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    member.write_all(&vec![b' '; 4 * 1024 * 1024]).unwrap();
    member.finish().unwrap().repeat(256)
}

fn kilobytes(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// In a process of its own, whose highest memory use is its own too.
#[test]
fn p10_a_gzip_bomb_stays_small() {
    in_a_process_of_its_own("sockets::p10_in_a_process_of_its_own");
}

#[tokio::test]
async fn p10_in_a_process_of_its_own() {
    if !is_alone() {
        return;
    }
    let bomb: &'static [u8] = bomb().leak();
    assert!(bomb.len() > 1024 * 1024);
    let url = server(move |mut stream| async move {
        let _ = stream.read(&mut [0; 4096]).await;
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n\
             content-length: {}\r\n\r\n",
            bomb.len()
        );
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(bomb).await;
    })
    .await;
    // The default client does not inflate; one of the user's may.
    let inflating = reqwest::Client::builder()
        .no_proxy()
        .gzip(true)
        .build()
        .unwrap();
    let builders = || {
        [
            Verifier::builder().jwks_url(&*url),
            Verifier::builder()
                .jwks_url(&*url)
                .http_client(inflating.clone()),
        ]
    };
    for round in 0..2 {
        // The second round has the highest use so far to itself: what is set up once is there.
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = kilobytes("VmRSS");
        for builder in builders() {
            let verifier = builder.build().unwrap();
            let token = TestIssuer::new().token().sign();
            let error = verifier.verify_token(&token).await.unwrap_err();
            assert!(
                error.to_string().contains("larger than 524288 bytes"),
                "{error}"
            );
        }
        let more = kilobytes("VmHWM").saturating_sub(before);
        assert!(round == 0 || more < 2 * 1024, "{more} KiB");
    }
}

#[tokio::test]
async fn the_limits_of_a_fetch_go_for_a_client_of_the_users_too() {
    let url = server(|stream| async move {
        tokio::time::sleep(60_000 * MILLI).await;
        drop(stream);
    })
    .await;
    let verifier = Verifier::builder()
        .jwks_url(url)
        .http_client(reqwest::Client::builder().no_proxy().build().unwrap())
        .jwks(JwksOptions {
            timeout: 200 * MILLI,
            ..JwksOptions::default()
        })
        .build()
        .unwrap();
    let start = Instant::now();
    assert_eq!(reason(&verifier).await, DOWN);
    assert_between(since(start), 200, 1000);
}

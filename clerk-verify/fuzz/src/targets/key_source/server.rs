//! The key server: does what the steps have said last, and remembers what it has served.

use std::{
    panic::resume_unwind,
    sync::{Arc, LazyLock, Mutex, MutexGuard},
    time::Duration,
};

use clerk_verify::{FetchError, FetchRequest, FetchResponse, Fetcher};
use tokio::time::Instant;

use super::Step;
use crate::{
    signer::Signer,
    targets::signed::{OTHER_SIGNER, SIGNER},
};

/// The keys that the server may serve, by their bit: two ids, and a third key under the first id.
pub(super) const KEY_IDS: [&str; 3] = ["ins_1", "ins_2", "ins_1"];

static REPLACED: LazyLock<Signer> = LazyLock::new(|| Signer::new(5, 2048));
/// A key that is never served.
static NEVER: LazyLock<Signer> = LazyLock::new(|| Signer::new(6, 2048));

pub(super) fn signer(number: usize) -> &'static Signer {
    match number {
        0 => &SIGNER,
        1 => &OTHER_SIGNER,
        2 => &REPLACED,
        _ => &NEVER,
    }
}

/// The sets, by the bits of their keys; the first is empty.
static SETS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let jwks: Vec<_> = (0..3)
        .map(|number| signer(number).jwk(KEY_IDS[number], r#","alg":"RS256","use":"sig""#))
        .collect();
    let set = |bits: u8| {
        let chosen = (0..3).filter(|number| bits >> number & 1 == 1);
        let keys: Vec<_> = chosen.map(|number| jwks[number].as_str()).collect();
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    };
    (0..8).map(set).collect()
});

/// The limit that the key source is given; with the default, the odd bodies of some days would take all the time.
pub(super) const MAX_BODY: usize = 8 * 1024;

/// Something that the server has said about its keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Served {
    /// The bits of the keys.
    pub(super) keys: u8,
    pub(super) asked_at: Instant,
    pub(super) answered_at: Instant,
}

#[derive(Clone, Copy, Debug)]
enum Behaviour {
    Serve(u8),
    Fail(u8),
    Silent(u8),
}

#[derive(Debug)]
struct State {
    behaviour: Behaviour,
    latency: Duration,
    cache_headers: u8,
    retry_after: u8,
    has_tags: bool,
    served: Vec<Served>,
    requests: Vec<Instant>,
    failures: Vec<Instant>,
}

/// Clones are the same server.
#[derive(Clone, Debug)]
pub(super) struct Server(Arc<Mutex<State>>);

impl Server {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            behaviour: Behaviour::Serve(1),
            latency: Duration::ZERO,
            cache_headers: 0,
            retry_after: 0,
            has_tags: false,
            served: Vec::new(),
            requests: Vec::new(),
            failures: Vec::new(),
        })))
    }

    pub(super) fn obey(&self, step: Step) {
        let mut state = self.lock();
        match step {
            Step::Serve(keys) => state.behaviour = Behaviour::Serve(keys),
            Step::Fail(way) => state.behaviour = Behaviour::Fail(way),
            Step::Silent(way) => state.behaviour = Behaviour::Silent(way),
            Step::Latency(latency) => state.latency = latency,
            Step::CacheHeaders(choice) => state.cache_headers = choice,
            Step::RetryAfter(choice) => state.retry_after = choice,
            Step::Tags(has_tags) => state.has_tags = has_tags,
            _ => {}
        }
    }

    /// Well again: serves the first key, at once.
    pub(super) fn heal(&self) {
        let mut state = self.lock();
        state.behaviour = Behaviour::Serve(1);
        state.latency = Duration::ZERO;
        state.cache_headers = 0;
        state.retry_after = 0;
    }

    /// What it has served, in order.
    pub(super) fn served(&self) -> Vec<Served> {
        self.lock().served.clone()
    }

    pub(super) fn last_served(&self) -> Option<Served> {
        self.lock().served.last().copied()
    }

    /// When it was asked, and when it has not given a set.
    pub(super) fn requests(&self) -> (Vec<Instant>, Vec<Instant>) {
        let state = self.lock();
        (state.requests.clone(), state.failures.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Fetcher for Server {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        let asked_at = Instant::now();
        let (behaviour, latency) = {
            let mut state = self.lock();
            state.requests.push(asked_at);
            (state.behaviour, state.latency)
        };
        // Counted first, for a fetch that is cut off does not come back to say so.
        self.lock().failures.push(asked_at);
        tokio::time::sleep(latency).await;
        let mut state = self.lock();
        let tag = |keys: u8| format!("\"set-{keys}\"");
        let known = request.headers().find(|(name, _)| *name == "if-none-match");
        let known = known.and_then(|(_, value)| (0..8).find(|keys| value == tag(*keys).as_bytes()));
        match behaviour {
            Behaviour::Serve(keys) => {
                let is_known = known == Some(keys);
                state.served.push(Served {
                    keys,
                    asked_at,
                    answered_at: Instant::now(),
                });
                if keys != 0 {
                    let at = state
                        .failures
                        .iter()
                        .rposition(|at| *at == asked_at)
                        .unwrap();
                    state.failures.remove(at);
                }
                let mut answer = if state.has_tags && is_known {
                    FetchResponse::new(304, "")
                } else {
                    FetchResponse::new(200, SETS[usize::from(keys)].as_str())
                };
                if state.has_tags {
                    answer = answer.with_header("etag", tag(keys));
                }
                Ok(with_headers(answer, &state))
            }
            Behaviour::Fail(way) => Ok(with_headers(failure(way), &state)),
            Behaviour::Silent(way) => {
                drop(state);
                match way % 4 {
                    0 => std::future::pending().await,
                    // Not `panic!`, whose hook would end the fuzzer.
                    1 => resume_unwind(Box::new("the server panics, as the input says")),
                    2 => Err(FetchError::new("connection refused").not_reached()),
                    _ => Err(FetchError::new("connection reset")),
                }
            }
        }
    }
}

fn with_headers(answer: FetchResponse, state: &State) -> FetchResponse {
    const CACHE: [(&str, &str); 12] = [
        ("x-none", ""),
        ("cache-control", "max-age=10"),
        ("cache-control", "max-age=300"),
        ("cache-control", "max-age=86400"),
        ("cache-control", "no-store"),
        ("cache-control", "no-cache, max-age=600"),
        ("cache-control", "max-age=99999999999999999999"),
        ("cache-control", "max-age=-1, \u{fc}"),
        ("expires", "0"),
        ("expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("expires", "Fri, 31 Dec 9999 23:59:59 GMT"),
        ("age", "250"),
    ];
    const RETRY: [&str; 8] = [
        "",
        "1",
        "120",
        "99999",
        "-5",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "18446744073709551616",
        "soon",
    ];
    let (name, value) = CACHE[usize::from(state.cache_headers) % CACHE.len()];
    let retry_after = RETRY[usize::from(state.retry_after) % RETRY.len()];
    let answer = answer.with_header(name, value);
    if retry_after.is_empty() {
        answer
    } else {
        answer.with_header("retry-after", retry_after)
    }
}

fn failure(way: u8) -> FetchResponse {
    let whole = &SETS[7];
    match way % 16 {
        0 => FetchResponse::new(500, "oops"),
        1 => FetchResponse::new(503, ""),
        2 => FetchResponse::new(404, "{}"),
        3 => FetchResponse::new(401, r#"{"errors":[{"code":"clerk_key_invalid"}]}"#),
        4 => {
            FetchResponse::new(302, whole.as_str()).with_header("location", "https://evil.example/")
        }
        5 => FetchResponse::new(204, ""),
        // Nobody has asked for this, or with another tag: RFC 9111 §4.3.4 does not let it confirm anything.
        6 => FetchResponse::new(304, "").with_header("etag", "\"other\""),
        7 => FetchResponse::new(429, ""),
        8 => FetchResponse::new(200, "<html>").with_header("content-type", "text/html"),
        9 => FetchResponse::new(200, "{}"),
        10 => FetchResponse::new(200, &whole.as_bytes()[..whole.len() - 1]),
        11 => FetchResponse::new(200, format!("{whole}{}", " ".repeat(MAX_BODY))),
        12 => FetchResponse::new(200, "[]"),
        13 => FetchResponse::new(500, whole.as_str()),
        14 => FetchResponse::new(200, whole.as_str())
            .with_header("content-type", "text/html; charset=utf-8"),
        _ => FetchResponse::new(
            200,
            format!(r#"{{"keys":[{}]}}"#, vec!["{}"; 101].join(",")),
        ),
    }
}

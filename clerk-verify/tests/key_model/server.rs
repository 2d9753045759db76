//! A key server that does what it is told, and writes down what it did.

use std::{
    collections::VecDeque,
    panic::resume_unwind,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use clerk_verify::{FetchError, FetchRequest, FetchResponse, Fetcher};

use super::{
    log::{Event, Log},
    material::MATERIAL,
};

/// What the server does with a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mood {
    /// 200 with the set, or 304 where its tag is known.
    Well,
    /// 304 whatever was asked.
    NothingNew,
    /// 200 with a set that has no usable key: which of them.
    Empty(usize),
    /// 200 with something that is no set: which of them.
    Garbage(usize),
    /// A status other than 200, and the seconds of `Retry-After`.
    Status(u16, Option<u64>),
    NotReached,
    Hangs,
    Panics,
    /// 503, but every so many requests well.
    Flaps(usize),
}

const EMPTY: [&str; 2] = [
    r#"{"keys":[]}"#,
    r#"{"keys":[{"kty":"oct","kid":"ins_first","k":"c2VjcmV0"}]}"#,
];

/// A page, an object without keys, half a set, nothing.
const GARBAGE: [&str; 4] = ["<!doctype html>", "{}", r#"{"keys":[{"kty":"RSA","ki"#, ""];

type Fields = &'static [(&'static str, &'static str)];

/// Cache headers, and the freshness that they give before it is bounded.
pub(crate) const HEADERS: [(Fields, Option<u64>); 7] = [
    (&[], None),
    (&[("cache-control", "max-age=10")], Some(10)),
    (
        &[("cache-control", "max-age=300"), ("age", "50")],
        Some(250),
    ),
    (&[("cache-control", "public, max-age=1800")], Some(1800)),
    (&[("cache-control", "max-age=86400")], Some(86_400)),
    (&[("cache-control", "no-store")], Some(0)),
    (&[("cache-control", "garbage")], None),
];

/// What was sent, as far as it matters to who asked.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) mood: Mood,
    /// The set that it names, by its place in `SETS`; for a 304 the one whose tag was sent.
    pub(crate) set: usize,
    pub(crate) not_modified: bool,
    pub(crate) tagged: bool,
    /// By its place in `HEADERS`.
    pub(crate) headers: usize,
    pub(crate) latency: Duration,
}

#[derive(Clone)]
pub(crate) struct Server(Arc<Inner>);

struct Inner {
    plan: Mutex<Plan>,
    log: Log,
    busy: AtomicUsize,
    most_busy: AtomicUsize,
}

/// What it does from now on.
pub(crate) struct Plan {
    pub(crate) mood: Mood,
    /// Before that, with one request each.
    pub(crate) first: VecDeque<Mood>,
    pub(crate) set: usize,
    /// What a cache on the way still gives to those who do not ask it to step aside.
    pub(crate) cached: Option<usize>,
    pub(crate) tags: bool,
    pub(crate) headers: usize,
    pub(crate) latency: Duration,
    requests: usize,
}

impl Server {
    pub(crate) fn new(log: Log) -> Self {
        let plan = Plan {
            mood: Mood::Well,
            first: VecDeque::new(),
            set: 0,
            cached: None,
            tags: false,
            headers: 0,
            latency: Duration::from_millis(1),
            requests: 0,
        };
        Self(Arc::new(Inner {
            plan: Mutex::new(plan),
            log,
            busy: AtomicUsize::new(0),
            most_busy: AtomicUsize::new(0),
        }))
    }

    pub(crate) fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.plan.lock().unwrap()
    }

    /// The most requests that were under way at once.
    pub(crate) fn most_busy(&self) -> usize {
        self.0.most_busy.load(Ordering::SeqCst)
    }
}

impl Plan {
    fn answer(&mut self, forced: bool, tag: Option<usize>) -> Answer {
        self.requests += 1;
        let mood = match self.first.pop_front().unwrap_or(self.mood) {
            Mood::Flaps(every) if self.requests.is_multiple_of(every) => Mood::Well,
            Mood::Flaps(_) => Mood::Status(503, None),
            mood => mood,
        };
        let set = match self.cached {
            Some(cached) if !forced => cached,
            _ => self.set,
        };
        let known = mood == Mood::Well && self.tags && tag == Some(set);
        let lies = mood == Mood::NothingNew;
        Answer {
            mood,
            set: if lies { tag.unwrap_or(set) } else { set },
            not_modified: known || lies,
            tagged: self.tags,
            headers: self.headers,
            latency: self.latency,
        }
    }
}

impl Answer {
    fn response(&self) -> FetchResponse {
        let response = match self.mood {
            _ if self.not_modified => FetchResponse::new(304, ""),
            Mood::Empty(which) => FetchResponse::new(200, EMPTY[which % EMPTY.len()]),
            Mood::Garbage(which) => FetchResponse::new(200, GARBAGE[which % GARBAGE.len()]),
            Mood::Status(status, wish) => {
                let response = FetchResponse::new(status, "");
                match wish {
                    Some(seconds) => response.with_header("retry-after", seconds.to_string()),
                    None => response,
                }
            }
            _ => FetchResponse::new(200, MATERIAL.sets[self.set].as_str()),
        };
        let tag = self.tagged.then(|| ("etag", format!("\"{}\"", self.set)));
        let headers = HEADERS[self.headers].0.iter();
        let response = headers.fold(response, |response, (name, value)| {
            response.with_header(name, value)
        });
        match tag {
            Some((name, value)) => response.with_header(name, value),
            None => response,
        }
    }
}

impl Fetcher for Server {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        let inner = &self.0;
        let busy = inner.busy.fetch_add(1, Ordering::SeqCst) + 1;
        inner.most_busy.fetch_max(busy, Ordering::SeqCst);
        let _gone = Gone(&inner.busy);
        let header = |name: &str| {
            let value = request.headers().find(|(known, _)| *known == name)?.1;
            Some(String::from_utf8(value.to_vec()).unwrap())
        };
        let forced = header("cache-control").as_deref() == Some("no-cache");
        let tag = header("if-none-match").map(|tag| tag.trim_matches('"').parse().unwrap());
        let answer = self.plan().answer(forced, tag);
        inner.log.add(Event::Requested {
            forced,
            tag,
            answer: answer.clone(),
        });
        tokio::time::sleep(answer.latency).await;
        match answer.mood {
            Mood::NotReached => Err(FetchError::new("connection refused").not_reached()),
            Mood::Hangs => std::future::pending().await,
            // Without the report of a panic, of which there are thousands.
            Mood::Panics => resume_unwind(Box::new("the transport panics")),
            _ => Ok(answer.response()),
        }
    }
}

/// The request has ended, however it did.
struct Gone<'b>(&'b AtomicUsize);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

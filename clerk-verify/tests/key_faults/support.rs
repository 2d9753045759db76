//! A world in which time and the key server do what a test says.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clerk_verify::{
    Clock, FetchError, FetchRequest, FetchResponse, Fetcher, KeyEvent, KeySearch, Reason, Verifier,
    VerifierBuilder, testing::TestIssuer,
};
use tokio::{task::JoinSet, time::Instant};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);

const NOW: u64 = 1_790_000_000;

/// Reads tokio's clock, which a test has paused. The time of day can be set apart from it.
#[derive(Clone)]
pub(crate) struct TokioClock {
    start: Instant,
    jump_seconds: Arc<AtomicI64>,
    skipped_seconds: Arc<AtomicU64>,
}

impl TokioClock {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            jump_seconds: Arc::default(),
            skipped_seconds: Arc::default(),
        }
    }

    /// Lets this much pass on the monotonic clock alone, as for one whose runtime is not driven meanwhile.
    pub(crate) fn skip(&self, seconds: u64) {
        self.skipped_seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Sets the time of day this much later (or earlier), and leaves the monotonic clock alone: what an
    /// administrator does, and what a machine sees that has slept.
    pub(crate) fn jump(&self, seconds: i64) {
        self.jump_seconds.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TokioClock {
    fn now(&self) -> SystemTime {
        let jump = self.jump_seconds.load(Ordering::SeqCst);
        let seconds = NOW.checked_add_signed(jump).unwrap();
        UNIX_EPOCH + Duration::from_secs(seconds) + self.start.elapsed()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed() + Duration::from_secs(self.skipped_seconds.load(Ordering::SeqCst))
    }
}

impl fmt::Debug for TokioClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokioClock")
    }
}

/// What the key server does with a request.
#[derive(Clone)]
pub(crate) enum Step {
    Answer(FetchResponse),
    NotReached,
    Hang,
    Panic,
}

pub(crate) fn status(status: u16) -> Step {
    Step::Answer(FetchResponse::new(status, ""))
}

pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Step {
    Step::Answer(FetchResponse::new(200, body))
}

type Behaviour = Box<dyn FnMut(usize, &Asked) -> Step + Send>;

/// A key server that follows a script. Clones are the same server.
#[derive(Clone)]
pub(crate) struct Script(Arc<Mutex<Scripted>>);

struct Scripted {
    behaviour: Behaviour,
    latency: Duration,
    start: Instant,
    requests: Vec<Asked>,
}

/// A request that came in.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) at: Duration,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(known, _)| known == name)?;
        Some(value)
    }
}

impl Script {
    pub(crate) fn new(step: Step) -> Self {
        Self(Arc::new(Mutex::new(Scripted {
            behaviour: always(step),
            latency: Duration::ZERO,
            start: Instant::now(),
            requests: Vec::new(),
        })))
    }

    /// From now on this is what it does.
    pub(crate) fn always(&self, step: Step) {
        self.0.lock().unwrap().behaviour = always(step);
    }

    /// From now on this says what it does with each request, counted from 0 over all times.
    pub(crate) fn behave(&self, mut behaviour: impl FnMut(usize) -> Step + Send + 'static) {
        self.0.lock().unwrap().behaviour = Box::new(move |number, _| behaviour(number));
    }

    /// Like a cache: gives what the origin has only to who says `no-cache`.
    pub(crate) fn cache(&self, cached: Step, origin: Step) {
        self.0.lock().unwrap().behaviour = Box::new(move |_, asked| {
            let forced = asked.header("cache-control") == Some("no-cache");
            if forced {
                origin.clone()
            } else {
                cached.clone()
            }
        });
    }

    /// How long an answer takes.
    pub(crate) fn takes(&self, latency: Duration) {
        self.0.lock().unwrap().latency = latency;
    }

    pub(crate) fn requests(&self) -> Vec<Asked> {
        self.0.lock().unwrap().requests.clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().requests.len()
    }
}

fn always(step: Step) -> Behaviour {
    Box::new(move |_, _| step.clone())
}

impl Fetcher for Script {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, FetchError> {
        let (step, latency) = {
            let mut script = self.0.lock().unwrap();
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            let asked = Asked {
                at: script.start.elapsed(),
                url: request.url().to_owned(),
                headers: request
                    .headers()
                    .map(|(name, value)| (name.to_owned(), text(value)))
                    .collect(),
            };
            let number = script.requests.len();
            let step = (script.behaviour)(number, &asked);
            script.requests.push(asked);
            (step, script.latency)
        };
        tokio::time::sleep(latency).await;
        match step {
            Step::Answer(response) => Ok(response),
            Step::NotReached => Err(FetchError::new("connection refused").not_reached()),
            Step::Hang => std::future::pending().await,
            Step::Panic => panic!("the transport panics, as the script says"),
        }
    }
}

/// What the key source told, counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told(Arc<Mutex<HashMap<String, usize>>>);

impl Told {
    pub(crate) fn hook(&self) -> impl Fn(&str, &KeyEvent<'_>) + Send + Sync + 'static {
        let told = self.clone();
        move |_: &str, event: &KeyEvent<'_>| {
            let text = match event {
                KeyEvent::FetchStarted { cause, .. } => format!("started {}", cause.as_str()),
                KeyEvent::FetchSucceeded { changed, .. } => format!("succeeded changed={changed}"),
                KeyEvent::FetchFailed { outcome, .. } => format!("failed {}", outcome.as_str()),
                KeyEvent::KeyLookedFor { result, .. } => format!("looked for {}", result.as_str()),
                _ => "other".to_owned(),
            };
            *told.0.lock().unwrap().entry(text).or_default() += 1;
        }
    }

    pub(crate) fn failures(&self) -> usize {
        self.count("failed ")
    }

    pub(crate) fn searches(&self, result: KeySearch) -> usize {
        self.count(&format!("looked for {}", result.as_str()))
    }

    pub(crate) fn count(&self, prefix: &str) -> usize {
        let told = self.0.lock().unwrap();
        let counts = told.iter().filter(|(text, _)| text.starts_with(prefix));
        counts.map(|(_, count)| count).sum()
    }
}

/// An issuer, its scripted key server, and a clock.
pub(crate) struct World {
    pub(crate) clock: TokioClock,
    pub(crate) issuer: TestIssuer,
    pub(crate) server: Script,
    pub(crate) told: Told,
}

impl World {
    /// A healthy server without latency.
    pub(crate) fn new() -> Self {
        let clock = TokioClock::new();
        let issuer = TestIssuer::new().with_clock(clock.clone());
        Self {
            server: Script::new(ok(issuer.jwks_json())),
            told: Told::default(),
            clock,
            issuer,
        }
    }

    pub(crate) fn builder(&self) -> VerifierBuilder {
        Verifier::builder()
            .jwks_url("https://keys.example.test/jwks.json?tenant=1")
            .issuer(self.issuer.issuer())
            .fetcher(self.server.clone())
            .key_events(self.told.hook())
            .clock(self.clock.clone())
    }

    pub(crate) fn verifier(&self) -> Verifier {
        self.builder().build().unwrap()
    }

    /// A verifier that has fetched its keys at this moment.
    pub(crate) async fn warm(&self) -> Verifier {
        let verifier = self.verifier();
        verifier.ready().await.unwrap();
        verifier
    }

    /// A good token that does not expire while the test lasts.
    pub(crate) fn token(&self) -> String {
        good_token(&self.issuer)
    }

    /// Another issuer of the same name, with new material under this key id.
    pub(crate) fn rotated(&self, key_id: &str) -> Rotated {
        Rotated {
            key: TestIssuer::fresh().with_key_id(key_id),
            issuer: self.issuer.clone(),
        }
    }
}

/// A key that takes another's place: tokens are the old issuer's, the signature is new.
pub(crate) struct Rotated {
    key: TestIssuer,
    issuer: TestIssuer,
}

impl Rotated {
    pub(crate) fn token(&self) -> String {
        let token = self.issuer.token().lifetime(LONG).signed_by(&self.key);
        token.header("kid", self.key.key_id()).sign()
    }

    pub(crate) fn jwks_json(&self) -> String {
        self.key.jwks_json()
    }
}

const LONG: Duration = Duration::from_secs(30 * 24 * 60 * 60);

pub(crate) fn good_token(issuer: &TestIssuer) -> String {
    issuer.token().lifetime(LONG).sign()
}

/// A set with the keys of both.
pub(crate) fn union(first: &str, second: &str) -> String {
    let keys = second.trim_start_matches(r#"{"keys":["#);
    format!("{},{keys}", first.trim_end_matches("]}"))
}

/// The same token under another key id, which spoils the signature: cheap, for many.
pub(crate) fn with_kid(token: &str, key_id: &str) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    let header = format!(r#"{{"alg":"RS256","typ":"JWT","kid":"{key_id}"}}"#);
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
}

/// The same token with a signature that does not fit.
pub(crate) fn with_junk_signature(token: &str, number: usize) -> String {
    let (signed, _) = token.rsplit_once('.').unwrap();
    let mut signature = [7; 256];
    signature[..8].copy_from_slice(&(number as u64).to_be_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// `None` where the token is accepted.
pub(crate) async fn reason(verifier: &Verifier, token: &str) -> Option<Reason> {
    let result = verifier.verify_token(token).await;
    result.err().map(|error| error.reason())
}

/// Verifies all of them at once.
pub(crate) async fn all_at_once(
    verifier: &Verifier,
    tokens: impl IntoIterator<Item = String>,
) -> Vec<Option<Reason>> {
    let mut calls = JoinSet::new();
    for token in tokens {
        let verifier = verifier.clone();
        calls.spawn(async move { reason(&verifier, &token).await });
    }
    calls.join_all().await
}

/// How many of them are this.
pub(crate) fn count(answers: &[Option<Reason>], wanted: Option<Reason>) -> usize {
    answers.iter().filter(|answer| **answer == wanted).count()
}

/// Waits, a tenth of a second at a time, and says how long it took; an hour is too long.
pub(crate) async fn until(mut done: impl AsyncFnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !done().await {
        assert!(start.elapsed() < HOUR, "it takes more than an hour");
        tokio::time::sleep(SECOND / 10).await;
    }
    start.elapsed()
}

/// Runs a test of this file in a process of its own, whose memory no other test uses.
pub(crate) fn in_a_process_of_its_own(test: &str) {
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("ALONE", "1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && output.contains("1 passed"),
        "{output}"
    );
}

pub(crate) fn is_alone() -> bool {
    std::env::var_os("ALONE").is_some()
}

/// Lets spawned tasks run, without letting time pass.
pub(crate) async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// Lets time pass, with everything that happens in it.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
    settle().await;
}

pub(crate) fn since(start: Instant) -> Duration {
    start.elapsed()
}

/// `Some` where the first poll gives the answer: whether the token is accepted.
pub(crate) fn first_poll(verifier: &Verifier, token: &str) -> Option<bool> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut call = std::pin::pin!(verifier.verify_token(token));
    match call.as_mut().poll(&mut context) {
        std::task::Poll::Ready(result) => Some(result.is_ok()),
        std::task::Poll::Pending => None,
    }
}

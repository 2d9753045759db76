//! The orders in which threads can get to what they share, tried by shuttle through the real code:
//!
//! `.ci/interleavings`, which builds these tests with `--cfg shuttle`.
//!
//! Threads and tasks are the checker's, and run one at a time; at each lock, atomic number, `OnceLock` and `ArcSwap`
//! (`sync/checked.rs`) it chooses who goes on. What hangs, it reports. Small ones are tried in every order there is, larger ones in
//! so many random ones (`SHUTTLE_SCHEDULES`), from a seed. A failure prints its schedule, for `shuttle::replay`.
//!
//! What it does not try: weaker memory orders than "all see the same"; the insides of tokio, moka, quick_cache, arc-swap
//! and the standard library, whose operations are one step each; the passing of tokio's time, which stands still.
// A test stops at the first thing that is not as it should be.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod fetches;
mod readers;
mod small;

use std::{
    collections::VecDeque,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use shuttle::{
    Config, Runner,
    scheduler::{DfsScheduler, PctScheduler, RandomScheduler},
};

use crate::{
    FetchError, FetchRequest, FetchResponse, Fetcher, FixedClock, JwksOptions, KeyEvent, KeySearch,
    Reason, Verifier, testing::TestIssuer,
};

const NOW: i64 = 1_790_000_000;

/// How many random orders of each test. Two thirds of them let one thread go on as long as it can, but for one or two
/// places (PCT): so they find what needs that somebody stops for long.
const SCHEDULES: usize = 3_000;

/// How often a test looks whether something has ended.
const LOOKS: usize = 10_000;

fn config() -> Config {
    let mut config = Config::new();
    // Signatures are checked on these stacks.
    config.stack_size = 1 << 20;
    config.silence_warnings = true;
    config
}

/// Tries random orders. tokio's time is there, and stands still.
fn explore(body: impl Fn() + Send + Sync + Clone + 'static) {
    let asked = std::env::var("SHUTTLE_SCHEDULES").ok();
    let schedules = asked.map_or(SCHEDULES, |schedules| schedules.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let _entered = runtime.enter();
    LazyLock::force(&ISSUERS);
    let random = RandomScheduler::new_from_seed(7, schedules / 3);
    Runner::new(random, config()).run(body.clone());
    for changes in [2, 3] {
        let few_changes = PctScheduler::new_from_seed(7, changes, schedules / 3);
        Runner::new(few_changes, config()).run(body.clone());
    }
}

/// Tries every order, and says how many there are.
fn explore_all(body: impl Fn() + Send + Sync + 'static) -> usize {
    let orders = Runner::new(DfsScheduler::new(None, false), config()).run(body);
    println!("{orders} orders, all there are");
    orders
}

/// One after the other, in this order: the first key, another under the same id, and one under a new id.
struct Issuers {
    first: TestIssuer,
    usurper: TestIssuer,
    next: TestIssuer,
}

static ISSUERS: LazyLock<Issuers> = LazyLock::new(|| {
    let first = TestIssuer::new().with_clock(FixedClock::at_unix(NOW));
    Issuers {
        usurper: TestIssuer::fresh().with_key_id(first.key_id()),
        next: TestIssuer::fresh().with_key_id("ins_next"),
        first,
    }
});

impl Issuers {
    /// A token of the first issuer, signed with this key.
    fn token(&self, key: &TestIssuer) -> String {
        let token = self.first.token().lifetime(Duration::from_secs(86_400));
        token.signed_by(key).header("kid", key.key_id()).sign()
    }
}

/// What the server does with a request.
#[derive(Clone)]
enum Step {
    Keys(String),
    Status(u16),
    Panic,
}

/// A key server that does one thing after the other, the last one for ever.
struct Server {
    steps: Mutex<VecDeque<Step>>,
    requests: AtomicUsize,
    busy: AtomicUsize,
    most_busy: AtomicUsize,
    ended: AtomicUsize,
    in_vain: AtomicUsize,
}

impl Server {
    fn new(steps: impl IntoIterator<Item = Step>) -> Arc<Self> {
        Arc::new(Self {
            steps: Mutex::new(steps.into_iter().collect()),
            requests: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            most_busy: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            in_vain: AtomicUsize::new(0),
        })
    }

    /// From now on.
    fn does(&self, step: Step) {
        *self.steps.lock().unwrap() = VecDeque::from([step]);
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// How many fetches have said how they ended.
    fn ended(&self) -> usize {
        self.ended.load(Ordering::SeqCst)
    }

    /// How many callers have waited for a key that did not come.
    fn in_vain(&self) -> usize {
        self.in_vain.load(Ordering::SeqCst)
    }

    fn most_busy(&self) -> usize {
        self.most_busy.load(Ordering::SeqCst)
    }
}

impl Fetcher for Server {
    async fn fetch(&self, _: FetchRequest) -> Result<FetchResponse, FetchError> {
        let busy = self.busy.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_busy.fetch_max(busy, Ordering::SeqCst);
        self.requests.fetch_add(1, Ordering::SeqCst);
        let step = {
            let mut steps = self.steps.lock().unwrap();
            match steps.len() {
                0 | 1 => steps.front().cloned(),
                _ => steps.pop_front(),
            }
        };
        // It takes its time.
        for _ in 0..2 {
            shuttle::future::yield_now().await;
        }
        self.busy.fetch_sub(1, Ordering::SeqCst);
        match step.unwrap() {
            Step::Keys(set) => Ok(FetchResponse::new(200, set)),
            Step::Status(status) => Ok(FetchResponse::new(status, "")),
            // Without the report of a panic.
            Step::Panic => std::panic::resume_unwind(Box::new("the transport panics")),
        }
    }
}

fn options() -> JwksOptions {
    JwksOptions {
        renew_when_idle: false,
        // The pause before another would not end.
        cold_attempts: 1,
        jitter_seed: Some(7),
        ..JwksOptions::default()
    }
}

fn verifier(server: &Arc<Server>, clock: &FixedClock, options: JwksOptions) -> Verifier {
    let told = Arc::clone(server);
    Verifier::builder()
        .jwks_url("https://keys.example.test/jwks.json")
        .issuer(ISSUERS.first.issuer())
        .fetcher(Arc::clone(server))
        .key_events(move |_, event| {
            let ended = matches!(
                event,
                KeyEvent::FetchSucceeded { .. } | KeyEvent::FetchFailed { .. }
            );
            told.ended.fetch_add(usize::from(ended), Ordering::SeqCst);
            let in_vain = matches!(event, KeyEvent::KeyLookedFor { result, .. } if *result != KeySearch::Found);
            told.in_vain.fetch_add(usize::from(in_vain), Ordering::SeqCst);
        })
        .jwks(options)
        .clock(clock.clone())
        .build()
        .unwrap()
}

/// `None` where it is accepted.
async fn reason(verifier: Verifier, token: String) -> Option<Reason> {
    let result = verifier.verify_token(&token).await;
    result.err().map(|error| error.reason())
}

/// Waits until it is so, while others go on.
fn until(mut is_so: impl FnMut() -> bool) {
    for _ in 0..LOOKS {
        if is_so() {
            return;
        }
        shuttle::thread::yield_now();
    }
    panic!("it never comes to that");
}

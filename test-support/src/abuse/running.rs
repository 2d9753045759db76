//! A server under abuse, and what a test knows of it.

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use clerk_verify::Verifier;
use tokio::{runtime::Handle, time::sleep};

/// Nothing here takes longer; who waits for it in vain fails.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Between two looks at something that changes by itself.
const LOOK_AGAIN: Duration = Duration::from_millis(1);
/// How often it must look the same.
const LOOKS: usize = 50;

/// Starts a server on loopback that speaks HTTP/1.1 and HTTP/2 without TLS, with these routes:
///
/// | route | layer | answers |
/// |---|---|---|
/// | `/strict` | `RequireSession` | the user's id |
/// | `/lax` | `WithSession` | `in: ` and the user's id, or `out: ` and the reason |
/// | `/bare` | none | `nobody`, or `somebody` if a `Session` or an `AuthState` is in the request's extensions |
/// | `/strict/panic`, `/lax/panic` | the same | panics when it has its session |
/// | `/strict/on-error` | `RequireSession` | the user's id; `on_error` panics |
/// | `/lax/on-error` | `WithSession` | as `/lax`; `on_error` panics |
///
/// Each request [enters](Traffic::enter) before it comes to a layer, and has its visit in its extensions.
pub type Start = fn(Setup) -> Running;

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Of all layers.
    pub verifier: Verifier,
    /// Threads that serve.
    pub workers: usize,
    /// Counts the requests.
    pub traffic: Arc<Traffic>,
}

impl Setup {
    pub(super) fn new(verifier: Verifier, workers: usize) -> Self {
        Self {
            verifier,
            workers,
            traffic: Arc::default(),
        }
    }
}

/// The requests that have come to the app.
#[derive(Debug, Default)]
pub struct Traffic {
    arrived: AtomicUsize,
    present: AtomicUsize,
}

impl Traffic {
    /// Counts a request; it is present until its visit is dropped.
    #[must_use]
    pub fn enter(self: &Arc<Self>) -> Visit {
        self.arrived.fetch_add(1, SeqCst);
        self.present.fetch_add(1, SeqCst);
        Visit(Arc::clone(self))
    }

    /// How many have come so far.
    pub(super) fn arrived(&self) -> usize {
        self.arrived.load(SeqCst)
    }

    /// How many have come and are still held by anyone.
    pub(super) fn present(&self) -> usize {
        self.present.load(SeqCst)
    }
}

/// Goes with a request, to its end.
#[derive(Debug)]
pub struct Visit(Arc<Traffic>);

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.present.fetch_sub(1, SeqCst);
    }
}

/// How a server is told to end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stop {
    /// Requests under way are answered; no new connection is taken.
    Gracefully,
    /// Connections are cut.
    AtOnce,
}

/// A running server, in threads of its own. Dropping it ends it.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// In which its connections are served.
    pub runtimes: Vec<Handle>,
    /// Tells it to end, and returns at once.
    pub stop: Box<dyn Fn(Stop) + Send + Sync>,
    /// Ends with the server and all its threads.
    pub thread: thread::JoinHandle<()>,
}

impl Running {
    /// The tasks in its runtimes that have not ended.
    pub(super) fn alive_tasks(&self) -> usize {
        let alive = |runtime: &Handle| runtime.metrics().num_alive_tasks();
        self.runtimes.iter().map(alive).sum()
    }

    /// Waits until it has ended after it was told to; `false` if it has not within this time.
    pub(super) async fn has_ended(&self, within: Duration) -> bool {
        eventually(within, || self.thread.is_finished()).await
    }

    /// Ends it, connections and all.
    pub(super) async fn end(self) {
        (self.stop)(Stop::AtOnce);
        assert!(self.has_ended(PATIENCE).await, "the server does not end");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        (self.stop)(Stop::AtOnce);
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// What is seen when it has not changed for a while.
pub(super) async fn settled<T: PartialEq>(look: impl Fn() -> T) -> T {
    let mut last = look();
    let mut same = 0;
    while same < LOOKS {
        sleep(LOOK_AGAIN).await;
        let now = look();
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    last
}

/// Whether it becomes true within this time.
pub(super) async fn eventually(within: Duration, is_so: impl Fn() -> bool) -> bool {
    let polled = async {
        while !is_so() {
            sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(within, polled).await.is_ok()
}

//! The keys of the instance, and how they rotate.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, Instant},
};

use clerk_verify::testing::TestIssuer;
use fastrand::Rng;
use serde_json::Value;
use tokio::time::sleep;

use crate::world::{World, lock};

/// `iss` of all tokens: keys come and go, the instance stays.
pub(crate) const ISSUER: &str = "https://clerk.soak.test";

/// How long an old key is published beside the new one.
const OVERLAP: Duration = Duration::from_secs(20);

/// Withdrawn keys whose tokens are still about.
const REMEMBERED: usize = 3;

/// One key pair.
pub(crate) struct Key {
    pub(crate) number: u32,
    pub(crate) issuer: TestIssuer,
    /// As the key set has it.
    pub(crate) jwk: Value,
    published: OnceLock<Instant>,
    withdrawn: OnceLock<Instant>,
}

impl Key {
    /// Takes a while: 2048 bits.
    fn new(number: u32, key_id: &str) -> Self {
        let issuer = TestIssuer::fresh().with_key_id(key_id);
        let mut set: Value = serde_json::from_str(&issuer.jwks_json()).expect("it is JSON");
        Self {
            number,
            jwk: set["keys"][0].take(),
            issuer,
            published: OnceLock::new(),
            withdrawn: OnceLock::new(),
        }
    }

    pub(crate) fn published(&self) -> Option<Instant> {
        self.published.get().copied()
    }

    pub(crate) fn withdrawn(&self) -> Option<Instant> {
        self.withdrawn.get().copied()
    }
}

/// All keys that matter.
pub(crate) struct Ring(Mutex<Inner>);

struct Inner {
    /// Signs already and is not published yet: the server lags behind.
    early: Option<Arc<Key>>,
    /// The newest last.
    published: Vec<Arc<Key>>,
    withdrawn: VecDeque<Arc<Key>>,
    /// Signs for strangers, and is never published.
    stranger: Arc<Key>,
}

impl Ring {
    /// With one key published, and as many withdrawn as there will ever be, so that the test's own memory does not
    /// grow. The last of those had the key id that is in use now.
    pub(crate) fn new() -> Self {
        let mut inner = Inner {
            early: None,
            published: Vec::new(),
            withdrawn: VecDeque::new(),
            stranger: Arc::new(Key::new(0, "ins_stranger")),
        };
        for (number, key_id) in (1..).zip(["ins_soak1", "ins_soak2", "ins_soak3", "ins_soak3"]) {
            inner.publish(Arc::new(Key::new(number, key_id)));
            inner.withdraw_old();
        }
        Self(Mutex::new(inner))
    }

    /// What the key server publishes now.
    pub(crate) fn published(&self) -> Vec<Arc<Key>> {
        lock(&self.0).published.clone()
    }

    /// Keys that sign tokens now, and those that did.
    pub(crate) fn circulating(&self) -> (Vec<Arc<Key>>, Vec<Arc<Key>>) {
        let inner = lock(&self.0);
        let current = inner.published.iter().chain(&inner.early);
        (
            current.cloned().collect(),
            inner.withdrawn.iter().cloned().collect(),
        )
    }

    pub(crate) fn stranger(&self) -> Arc<Key> {
        Arc::clone(&lock(&self.0).stranger)
    }

    /// `azp` of all tokens.
    pub(crate) fn party(&self) -> String {
        let stranger = self.stranger();
        stranger.issuer.authorized_party().to_owned()
    }

    fn newest_key_id(&self) -> String {
        let newest = lock(&self.0).published.last().cloned();
        newest.map_or_else(String::new, |key| key.issuer.key_id().to_owned())
    }

    fn announce(&self, key: &Arc<Key>) {
        lock(&self.0).early = Some(Arc::clone(key));
    }

    fn publish(&self, key: Arc<Key>) {
        lock(&self.0).publish(key);
    }

    fn withdraw_old(&self) {
        lock(&self.0).withdraw_old();
    }

    /// Publishes it and withdraws the others at once.
    fn replace(&self, key: Arc<Key>) {
        let mut inner = lock(&self.0);
        inner.publish(key);
        inner.withdraw_old();
    }
}

impl Inner {
    fn publish(&mut self, key: Arc<Key>) {
        let _ = key.published.set(Instant::now());
        self.early = None;
        self.published.push(key);
    }

    /// Leaves only the newest.
    fn withdraw_old(&mut self) {
        let keep = self.published.len().saturating_sub(1);
        for key in self.published.drain(..keep) {
            let _ = key.withdrawn.set(Instant::now());
            self.withdrawn.push_back(key);
        }
        while self.withdrawn.len() > REMEMBERED {
            self.withdrawn.pop_front();
        }
    }
}

/// A new key every 30 to 90 seconds: under a new key id, with an overlap, or new material under the old one.
pub(crate) async fn rotate(world: &World, seed: u64) {
    let mut rng = Rng::with_seed(seed ^ 0x0052_494e_4700);
    for number in 5.. {
        sleep(Duration::from_millis(rng.u64(30_000..68_000))).await;
        let same_key_id = rng.bool();
        let key_id = if same_key_id {
            world.ring.newest_key_id()
        } else {
            format!("ins_soak{number}")
        };
        let made = tokio::task::spawn_blocking(move || Key::new(number, &key_id)).await;
        // It has panicked, which is counted.
        let Ok(key) = made.map(Arc::new) else {
            continue;
        };
        if same_key_id {
            world.ring.replace(key);
            world.tally().rotations_same_key_id += 1;
        } else {
            if rng.bool() {
                world.ring.announce(&key);
                sleep(Duration::from_secs(2)).await;
            }
            world.ring.publish(key);
            world.tally().rotations_new_key_id += 1;
            sleep(OVERLAP).await;
            world.ring.withdraw_old();
        }
    }
}

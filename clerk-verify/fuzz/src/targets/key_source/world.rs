//! Plays the steps, and holds the key source to what is documented of it.

use std::{
    fmt,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clerk_verify::{Clock, JwksOptions, TokenCache, Verifier};
use tokio::time::{Instant, sleep, timeout};

use super::{
    Step,
    server::{KEY_IDS, MAX_BODY, Served, Server, signer},
};
use crate::{
    clock::NOW_MS,
    harness::Outcome,
    model::{base64url, keys},
};

/// The longest pause that the documentation names: `Retry-After` is honoured up to 300 seconds, a failed fetch ends within 5, a
/// pause of our own is a minute at most, and so long a key id is remembered as absent.
const LONGEST_PAUSE: Duration = Duration::from_secs(300 + 5 + 60 + 1);

/// What 60 seconds may see of failing fetches: a cold one is tried twice, and the pauses begin with half a second and
/// double to half of ten.
const MAX_FAILING: usize = 30;

/// Key ids that nobody has.
const FORGED: usize = 57;

/// Tokens by number: of the three keys, of a key that is never served under their ids, of a key under another's id, and
/// under ids that nobody has.
static TOKENS: LazyLock<Vec<(Option<u8>, String)>> = LazyLock::new(|| {
    let token = |key: usize, id: &str| {
        let header = format!(r#"{{"alg":"RS256","kid":"{id}"}}"#);
        signer(key).token(
            "RS256",
            header.as_bytes(),
            br#"{"sub":"user_1","exp":9000000000,"iss":"https://clerk.example.com"}"#,
        )
    };
    let mut tokens: Vec<_> = (0..3)
        .map(|key| (Some(1 << key), token(key, KEY_IDS[key])))
        .collect();
    for id in KEY_IDS {
        tokens.push((None, token(3, id)));
    }
    // A key's signature under another's id.
    tokens.push((None, token(1, "ins_1")));
    // The signature does not matter where nobody has the key.
    let (_, good) = &tokens[0];
    let (_, rest) = good.split_once('.').unwrap();
    let forged: Vec<_> = (0..FORGED)
        .map(|number| {
            let header = format!(r#"{{"alg":"RS256","kid":"ins_forged_{number}"}}"#);
            (
                None,
                format!("{}.{rest}", base64url::encode(header.as_bytes())),
            )
        })
        .collect();
    tokens.extend(forged);
    tokens
});

/// Reads tokio's clock, which is paused; the time of day can be set apart from it.
#[derive(Clone)]
struct WorldClock {
    start: Instant,
    jumped: Arc<AtomicI64>,
}

impl Clock for WorldClock {
    fn now(&self) -> SystemTime {
        let seconds = NOW_MS / 1000 + self.jumped.load(Ordering::SeqCst);
        UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs()) + self.start.elapsed()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

impl fmt::Debug for WorldClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorldClock")
    }
}

struct World {
    server: Server,
    verifier: Verifier,
    limits: JwksOptions,
    accepted: usize,
    refused: usize,
}

pub(super) async fn play(options: u8, steps: &[Step]) -> Outcome {
    let has = |bit: u8| options >> bit & 1 == 1;
    let clock = WorldClock {
        start: Instant::now(),
        jumped: Arc::default(),
    };
    let limits = JwksOptions {
        renew_when_idle: !has(2),
        cache_headers: !has(3),
        max_body_bytes: MAX_BODY,
        jitter_seed: Some(u64::from(options >> 4)),
        ..if has(1) {
            JwksOptions::strict()
        } else {
            JwksOptions::default()
        }
    };
    let server = Server::new();
    let mut builder = Verifier::builder()
        .jwks_url("https://keys.example.test/jwks.json")
        .issuer("https://clerk.example.com")
        .fetcher(server.clone())
        .clock(clock.clone())
        .jwks(limits.clone());
    if !has(0) {
        builder = builder.token_cache(TokenCache::disabled());
    }
    let mut world = World {
        server,
        verifier: builder.build().unwrap(),
        limits,
        accepted: 0,
        refused: 0,
    };
    for step in steps {
        world.server.obey(*step);
        match *step {
            Step::Wait(time) => sleep(time).await,
            Step::Jump(seconds) => drop(clock.jumped.fetch_add(seconds, Ordering::SeqCst)),
            Step::Verify(token) => world.verify(&[token]).await,
            Step::VerifyFive(first) => {
                world
                    .verify(&[0, 1, 2, 3, 4].map(|number| first.wrapping_add(number)))
                    .await;
            }
            Step::Abandon(time) => {
                let (_, token) = &TOKENS[0];
                drop(timeout(time, world.verifier.verify_token(token)).await);
            }
            Step::Ready => world.ready().await,
            Step::Status => world.status(),
            _ => {}
        }
        settle().await;
    }
    world.ends_well().await;
    world.asks_within_budget();
    format!(
        "accepted {}, refused {}",
        world.accepted.min(5),
        world.refused.min(5)
    )
}

/// Lets spawned tasks run, without letting time pass.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

impl World {
    /// Verifies these tokens at once.
    async fn verify(&mut self, numbers: &[u8]) {
        let before = self.server.served();
        let start = Instant::now();
        let calls: Vec<_> = numbers
            .iter()
            .map(|number| {
                let (key, token) = &TOKENS[usize::from(*number) % TOKENS.len()];
                let verifier = self.verifier.clone();
                let call = tokio::spawn(async move {
                    let result = verifier.verify_token(token).await;
                    (result, Instant::now())
                });
                (*key, call)
            })
            .collect();
        for (key, call) in calls {
            let (result, end) = call.await.unwrap();
            assert!(
                end - start <= self.limits.cold_wait,
                "it took {:?}",
                end - start
            );
            let during = self.server.served().split_off(before.len());
            let is_accepted = result.is_ok();
            self.judge(key, is_accepted, &before, &during, start, end);
            match result {
                Ok(_) => self.accepted += 1,
                Err(error) => {
                    self.refused += 1;
                    let reason = error.reason();
                    let of_keys = [
                        "jwk-remote-failed-to-load",
                        "jwk-kid-mismatch",
                        "token-invalid-signature",
                    ];
                    assert!(of_keys.contains(&reason.as_str()), "{error}");
                }
            }
        }
    }

    /// Whether the verdict agrees with what the server had served before and serves meanwhile.
    fn judge(
        &self,
        key: Option<u8>,
        is_accepted: bool,
        before: &[Served],
        during: &[Served],
        start: Instant,
        end: Instant,
    ) {
        let Some(key) = key else {
            assert!(!is_accepted, "nobody has served that key");
            return;
        };
        let has_key = |served: &Served| served.keys & key != 0;
        if is_accepted {
            let was_at_hand = self
                .at_hand_at_most(before, start)
                .is_some_and(|keys| keys & key != 0);
            assert!(
                was_at_hand || during.iter().any(has_key),
                "accepted at {start:?}, but the server had served {:?}, and then {during:?}",
                before.last()
            );
            return;
        }
        let least = self.limits.min_ttl.min(self.limits.ttl) + self.limits.max_stale;
        let before = before.last();
        let is_at_hand = |served: &&Served| has_key(served) && end - served.asked_at < least;
        let stays = during.iter().all(has_key);
        assert!(
            !(before.is_some_and(|served| is_at_hand(&served)) && stays),
            "refused at {start:?}, but the server had served {before:?}, and then {during:?}"
        );
    }

    /// The keys that may be in use at this time, where the server has served these sets.
    fn at_hand_at_most(&self, served: &[Served], now: Instant) -> Option<u8> {
        let mut until_now = served.iter().rev();
        let last_full = until_now.clone().find(|served| served.keys != 0)?;
        let longest = self.limits.ttl.max(self.limits.max_ttl) + self.limits.max_stale;
        if now - last_full.answered_at > longest {
            return None;
        }
        // What was emptied on purpose ends sooner, counted from the first empty set.
        let emptied = until_now
            .by_ref()
            .take_while(|served| served.keys == 0)
            .last();
        if emptied.is_some_and(|empty| now - empty.answered_at > self.limits.max_empty) {
            return None;
        }
        Some(last_full.keys)
    }

    async fn ready(&self) {
        let start = Instant::now();
        let result = self.verifier.ready().await;
        assert!(
            start.elapsed() <= self.limits.cold_wait,
            "it took {:?}",
            start.elapsed()
        );
        if result.is_ok() {
            assert!(
                self.at_hand_at_most(&self.server.served(), Instant::now())
                    .is_some(),
                "ready without keys"
            );
        }
    }

    fn status(&self) {
        let status = self.verifier.status();
        let said = format!("{status:?} {}", self.verifier.describe());
        assert!(said.len() < 8192, "{said}");
        if let Some(snapshot) = self.verifier.export_snapshot() {
            let exported =
                keys::jwks(snapshot.json().as_bytes(), keys::MAX_KEYS_OF_ONE_ID).unwrap();
            let keys = self.at_hand_at_most(&self.server.served(), Instant::now());
            if status.is_ready() {
                let keys = keys.unwrap_or_else(|| panic!("ready, but nothing is at hand"));
                assert_eq!(exported.len(), keys.count_ones() as usize);
            }
        }
    }

    /// The server is well again: after the longest pause a good token is accepted.
    async fn ends_well(&mut self) {
        self.server.heal();
        sleep(LONGEST_PAUSE).await;
        settle().await;
        let (_, token) = &TOKENS[0];
        let result = self.verifier.verify_token(token).await;
        assert!(
            result.is_ok(),
            "{result:?}, though the server is well: {:?}",
            self.server.last_served()
        );
        // The other keys are withdrawn by now. Without renewals the first token finds that out for those after it.
        sleep(self.limits.max_ttl.max(self.limits.ttl)).await;
        settle().await;
        if !self.limits.renew_when_idle {
            self.verify(&[0]).await;
            sleep(LONGEST_PAUSE).await;
        }
        for number in [1, 2] {
            let (_, token) = &TOKENS[number];
            let result = self.verifier.verify_token(token).await;
            assert!(result.is_err(), "withdrawn, and still accepted");
        }
    }

    fn asks_within_budget(&self) {
        const MINUTE: Duration = Duration::from_secs(60);
        let (requests, failures) = self.server.requests();
        let most = self.limits.max_fetches_per_minute as usize;
        // Both are in the order of time.
        let before = |all: &[Instant], end: Instant| all.partition_point(|at| *at < end);
        let in_minute = |all: &[Instant], start| before(all, start + MINUTE) - before(all, start);
        for start in &requests {
            let count = in_minute(&requests, *start);
            assert!(count <= most + MAX_FAILING, "{count} requests in a minute");
            if in_minute(&failures, *start) == 0 {
                assert!(
                    count <= most,
                    "{count} requests in a minute without a failure"
                );
            }
        }
    }
}

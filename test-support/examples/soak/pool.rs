//! Tokens, minted ahead of their use.

use std::{
    collections::BTreeMap,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use fastrand::Rng;
use serde_json::json;

use crate::{
    ring::{ISSUER, Key},
    world::World,
};

/// Distinct good tokens per key.
const PER_KEY: usize = 100;
/// How old tokens get before others are minted in their place.
const BATCH: Duration = Duration::from_secs(10);
/// Tokens live 60 s; none is used that could expire before its verification ends.
const USABLE: Duration = Duration::from_secs(40);

/// What is wrong with a token, if anything.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    Good,
    UnknownKeyId,
    JunkSignature,
    Expired,
    Garbage,
}

/// A token and what is known of it.
pub(crate) struct Sample {
    pub(crate) kind: Kind,
    pub(crate) token: String,
    pub(crate) user: String,
    /// Who signed it, if anybody did.
    pub(crate) key: Option<Arc<Key>>,
}

/// The tokens that are used now.
#[derive(Default)]
pub(crate) struct Pool {
    /// When the oldest was.
    minted: Option<Instant>,
    current: Vec<Arc<Sample>>,
    withdrawn: Vec<Arc<Sample>>,
    bad: Arc<Bad>,
}

#[derive(Default)]
struct Bad {
    /// The claims of a good token.
    payload: String,
    junk: Vec<Arc<Sample>>,
    expired: Vec<Arc<Sample>>,
    garbage: Vec<Arc<Sample>>,
}

impl Pool {
    /// By the mix; `None` while there is none.
    pub(crate) fn draw(&self, rng: &mut Rng) -> Option<Arc<Sample>> {
        if self.minted?.elapsed() > USABLE {
            return None;
        }
        let samples = match rng.u8(..100) {
            0..81 => &self.current,
            81..90 if self.withdrawn.is_empty() => &self.current,
            81..90 => &self.withdrawn,
            90..94 => return Some(self.bad.unknown(rng)),
            94..97 => &self.bad.junk,
            97..99 => &self.bad.expired,
            _ => &self.bad.garbage,
        };
        rng.choice(samples).map(Arc::clone)
    }
}

/// What was minted at one time.
struct Batch<T> {
    minted: Instant,
    tokens: T,
}

impl<T> Batch<T> {
    fn new(tokens: T) -> Self {
        Self {
            minted: Instant::now(),
            tokens,
        }
    }

    fn is_old(&self) -> bool {
        self.minted.elapsed() > BATCH
    }
}

/// Mints until the test is stopped: one batch at a time, so that the test's own memory is steady.
pub(crate) fn mint(world: &World, seed: u64) {
    let mut rng = Rng::with_seed(seed ^ 0x004d_494e_5400);
    let mut good: BTreeMap<u32, Batch<Vec<Arc<Sample>>>> = BTreeMap::new();
    let mut bad: Option<Batch<Arc<Bad>>> = None;
    while !world.is_stopped() {
        let (current, withdrawn) = world.ring.circulating();
        let all = || current.iter().chain(&withdrawn);
        good.retain(|number, _| all().any(|key| key.number == *number));
        let is_old = |key: &&Arc<Key>| good.get(&key.number).is_none_or(Batch::is_old);
        if let Some(key) = all().find(is_old) {
            good.insert(key.number, Batch::new(good_samples(key, &mut rng)));
        } else if let Some(key) = current
            .first()
            .filter(|_| bad.as_ref().is_none_or(Batch::is_old))
        {
            let samples = Bad::new(key, &world.ring.stranger(), &mut rng);
            bad = Some(Batch::new(Arc::new(samples)));
        } else {
            thread::sleep(Duration::from_millis(200));
        }
        let batches: Option<Vec<_>> = all().map(|key| good.get(&key.number)).collect();
        let (Some(batches), Some(bad)) = (batches, &bad) else {
            continue;
        };
        let of = |batches: &[&Batch<Vec<Arc<Sample>>>]| {
            let tokens = batches.iter().flat_map(|batch| &batch.tokens);
            tokens.cloned().collect()
        };
        let (current, withdrawn) = batches.split_at(current.len());
        let minted = batches.iter().map(|batch| batch.minted);
        world.set_pool(Pool {
            minted: minted.chain([bad.minted]).min(),
            current: of(current),
            withdrawn: of(withdrawn),
            bad: Arc::clone(&bad.tokens),
        });
    }
}

fn good_samples(key: &Arc<Key>, rng: &mut Rng) -> Vec<Arc<Sample>> {
    let samples = (0..PER_KEY).map(|_| {
        let user = format!("user_{:016x}", rng.u64(..));
        let token = key.issuer.token().issuer(ISSUER).user(&user).sign();
        sample(Kind::Good, token, user, Some(key))
    });
    samples.collect()
}

impl Bad {
    /// Tokens that must never be accepted, while this key is published.
    fn new(key: &Arc<Key>, stranger: &Arc<Key>, rng: &mut Rng) -> Self {
        let user = "user_bad".to_owned();
        let good = key.issuer.token().issuer(ISSUER).user(&user).sign();
        let (signed, _) = good.rsplit_once('.').unwrap_or_default();
        let (_, payload) = signed.split_once('.').unwrap_or_default();

        let stranger = |_| {
            let token = key
                .issuer
                .token()
                .issuer(ISSUER)
                .signed_by(&stranger.issuer);
            sample(Kind::JunkSignature, token.sign(), user.clone(), None)
        };
        let mut junk: Vec<_> = (0..20).map(stranger).collect();
        junk.extend((0..80).map(|_| {
            let token = format!("{signed}.{}", signature(rng));
            sample(Kind::JunkSignature, token, user.clone(), None)
        }));

        let expired = (0..20).map(|_| {
            let token = key.issuer.token().issuer(ISSUER).expired().sign();
            sample(Kind::Expired, token, user.clone(), Some(key))
        });
        let expired = expired.collect();
        let garbage = (0..100).map(|_| {
            let token = garbage(&good, rng);
            sample(Kind::Garbage, token, user.clone(), None)
        });
        Self {
            payload: payload.to_owned(),
            junk,
            expired,
            garbage: garbage.collect(),
        }
    }

    /// Under a key id that was never seen before. Nothing needs to be signed for it.
    fn unknown(&self, rng: &mut Rng) -> Arc<Sample> {
        let key_id = format!("ins_unknown{:016x}", rng.u64(..));
        let header = json!({ "alg": "RS256", "kid": key_id, "typ": "JWT" }).to_string();
        let header = URL_SAFE_NO_PAD.encode(header);
        let token = format!("{header}.{}.{}", self.payload, signature(rng));
        sample(Kind::UnknownKeyId, token, String::new(), None)
    }
}

fn sample(kind: Kind, token: String, user: String, key: Option<&Arc<Key>>) -> Arc<Sample> {
    Arc::new(Sample {
        kind,
        token,
        user,
        key: key.cloned(),
    })
}

fn signature(rng: &mut Rng) -> String {
    let mut bytes = [0; 256];
    rng.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn garbage(good: &str, rng: &mut Rng) -> String {
    let random = |rng: &mut Rng, length| -> String {
        std::iter::repeat_with(|| rng.char('!'..='~'))
            .take(length)
            .collect()
    };
    let length = rng.usize(..2_000);
    match rng.u8(..6) {
        0 => String::new(),
        1 => random(rng, length),
        2 => format!("{0}.{0}.{0}", random(rng, length)),
        // A header that is not JSON.
        3 => format!("{}.{good}", signature(rng)),
        // A good one, cut.
        4 => good[..good.len() / 2].to_owned(),
        _ => "é.".repeat(length),
    }
}

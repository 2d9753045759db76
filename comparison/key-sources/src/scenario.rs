//! What happens to the key server, and what is measured.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

use crate::{
    Result,
    libraries::{Freshness, KeySource, Library, Settings},
    load::{Load, ask, until_accepted},
    material::Material,
    server::{Answer, KeyServer},
};

/// A row of the table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    ColdStart,
    Flood,
    Rotation,
    SameKeyId,
    Outage,
    Hang,
    EmptySet,
    OddMembers,
    ColdOutage,
}

/// What the key server says about how long its keys are fresh, in the rows that leave freshness to the libraries'
/// defaults: as long as this project's own default. Only in favour of libraries that read it.
const CACHE_CONTROL: &str = "public, max-age=300";

const SECOND: Duration = Duration::from_secs(1);

impl Scenario {
    pub(crate) const ALL: [Self; 9] = [
        Self::ColdStart,
        Self::Flood,
        Self::Rotation,
        Self::SameKeyId,
        Self::Outage,
        Self::Hang,
        Self::EmptySet,
        Self::OddMembers,
        Self::ColdOutage,
    ];

    /// The number of its row; also names it to another process.
    pub(crate) fn number(self) -> usize {
        Self::ALL
            .iter()
            .position(|other| *other == self)
            .map_or(0, |index| index + 1)
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::ColdStart => {
                "Cold start, the key server takes 200 ms: 1,000 good tokens at once (20 s at most)"
            }
            Self::Flood => {
                "Warm, then 10,000 forged tokens, each with a new key id, and 100 good ones among them, over 10 s: \
                 fetches that they cause"
            }
            Self::Rotation => {
                "2 s after warm-up a new key under a new key id replaces the old one: is its first token \
                 accepted, or one within 15 s?"
            }
            Self::SameKeyId => {
                "12 s after warm-up a new key under the *same* key id replaces the old one: is its first token \
                 accepted, or one within 15 s?"
            }
            Self::Outage => {
                "TTL of 1 s (jwks-cache: 30 s); the key server answers 500 until the keys are past it, then 100 good tokens over 5 s: \
                 refused, and requests in these 5 s"
            }
            Self::Hang => {
                "TTL of 1 s (jwks-cache: 30 s); the key server accepts and never answers until the keys are past it, then 20 good \
                 tokens one by one (6 s at most each, 30 s all): accepted within 100 ms, and the slowest"
            }
            Self::EmptySet => {
                "TTL of 1 s (jwks-cache: 30 s); the key server publishes `{\"keys\":[]}` until the keys are past it, then 20 good \
                 tokens over 3 s: refused"
            }
            Self::OddMembers => {
                "From the start a post-quantum key and an EC key of an unknown curve beside the good one: are its \
                 tokens accepted?"
            }
            Self::ColdOutage => {
                "Cold, the key server answers 500: requests by 200 good tokens over 5 s; then it is mended: time \
                 until a token is accepted (15 s at most)"
            }
        }
    }

    /// After how long the process that measures it is given up.
    pub(crate) fn limit(self) -> Duration {
        Duration::from_secs(match self {
            Self::OddMembers => 30,
            Self::Outage | Self::EmptySet => 60,
            Self::Hang => 80,
            _ => 45,
        })
    }

    /// Whether the processor has to do enough that nothing else should be measured meanwhile.
    pub(crate) fn is_busy(self) -> bool {
        matches!(self, Self::ColdStart | Self::Flood)
    }

    /// Whether it measures short times, so that at most the same row of other libraries should run meanwhile.
    pub(crate) fn is_timed(self) -> bool {
        self == Self::Hang
    }

    fn freshness(self) -> Freshness {
        match self {
            Self::Outage | Self::Hang | Self::EmptySet => Freshness::Shortest,
            _ => Freshness::Default,
        }
    }

    /// The text of the cell. An error that is `NotReady` is one too.
    pub(crate) async fn measure(
        self,
        library: Library,
        material: &Material,
        cache_headers: bool,
    ) -> Result<String> {
        let keys = vec![material.signer.jwk()];
        let first = match self {
            Self::ColdStart => Answer::Late(keys, Duration::from_millis(200)),
            Self::OddMembers => Answer::Keys(odd_members(material)),
            Self::ColdOutage => Answer::Failure,
            _ => Answer::Keys(keys),
        };
        let freshness = self.freshness();
        let says = (cache_headers && freshness == Freshness::Default).then_some(CACHE_CONTROL);
        let bench = Bench {
            library,
            material,
            server: KeyServer::start(first, says).await?,
            freshness,
        };
        match self {
            Self::ColdStart => bench.cold_start().await,
            Self::Flood => bench.flood().await,
            Self::Rotation => bench.rotation().await,
            Self::SameKeyId => bench.same_key_id().await,
            Self::Outage => bench.outage().await,
            Self::Hang => bench.hang().await,
            Self::EmptySet => bench.empty_set().await,
            Self::OddMembers => bench.odd_members().await,
            Self::ColdOutage => bench.cold_outage().await,
        }
    }
}

/// The library did not get as far as the thing to be measured.
#[derive(Debug)]
pub(crate) struct NotReady(&'static str);

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NotReady {}

/// One library and a key server of its own.
struct Bench<'a> {
    library: Library,
    material: &'a Material,
    server: KeyServer,
    freshness: Freshness,
}

impl Bench<'_> {
    async fn cold_start(self) -> Result<String> {
        let tokens = self.material.signer.tokens(1_000)?;
        let source = self.start().await?;
        let load = Load::send(&source, tokens, Duration::ZERO).await;
        let tally = load.finish(20 * SECOND).await;
        Ok(format!(
            "{}, {} of {} accepted{}",
            count(self.server.requests(), "fetch", "fetches"),
            tally.accepted,
            tally.sent,
            tally.rest(),
        ))
    }

    async fn flood(self) -> Result<String> {
        let good = self.material.signer.tokens(100)?;
        let forged = self.material.forged.clone();
        if forged.len() != 10_000 {
            return Err("not 10,000 forged tokens".into());
        }
        let source = self.warm_up().await?;
        let before = self.server.requests();
        let (forged, good) = tokio::join!(
            Load::send(&source, forged, 10 * SECOND),
            Load::send(&source, good, 10 * SECOND),
        );
        let took = forged.took;
        let forged = forged.finish(10 * SECOND).await;
        let good = good.finish(SECOND).await;
        if forged.accepted > 0 {
            return Ok("accepts forged tokens".to_owned());
        }
        Ok(format!(
            "{} in {:.1} s{}, good: {}",
            count(self.server.requests() - before, "fetch", "fetches"),
            took.as_secs_f64(),
            forged.rest(),
            good.refusals(),
        ))
    }

    async fn rotation(self) -> Result<String> {
        let source = self.warm_up().await?;
        sleep(2 * SECOND).await;
        self.replace_key(&source, &self.material.next).await
    }

    async fn same_key_id(self) -> Result<String> {
        let source = self.warm_up().await?;
        sleep(12 * SECOND).await;
        self.replace_key(&source, &self.material.same_key_id).await
    }

    async fn replace_key(
        &self,
        source: &Arc<dyn KeySource>,
        signer: &crate::tokens::Signer,
    ) -> Result<String> {
        self.server.set(Answer::Keys(vec![signer.jwk()]));
        let most = 15 * SECOND;
        if ask(source, signer.token()?, most).await == Some(true) {
            return Ok("yes, at once".to_owned());
        }
        let after = until_accepted(source, signer, SECOND, SECOND, most).await?;
        Ok(after.map_or("no".to_owned(), |after| {
            format!("not at once; after {:.0} s", after.as_secs_f64())
        }))
    }

    async fn outage(self) -> Result<String> {
        let source = self.age(Answer::Failure).await?;
        let tokens = self.material.signer.tokens(100)?;
        let before = self.server.requests();
        let load = Load::send(&source, tokens, 5 * SECOND).await;
        let requests = self.server.requests() - before;
        let tally = load.finish(10 * SECOND).await;
        Ok(format!(
            "{}, {}",
            tally.refusals(),
            count(requests, "request", "requests")
        ))
    }

    async fn hang(self) -> Result<String> {
        let source = self.age(Answer::Hang).await?;
        let tokens = self.material.signer.tokens(20)?;
        let deadline = Instant::now() + 30 * SECOND;
        let (mut sent, mut prompt, mut cut_off, mut slowest) = (0, 0, 0, Duration::ZERO);
        for token in tokens {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let start = Instant::now();
            let answer = ask(&source, token, left.min(6 * SECOND)).await;
            let took = start.elapsed();
            sent += 1;
            slowest = slowest.max(took);
            match answer {
                Some(true) if took <= Duration::from_millis(100) => prompt += 1,
                Some(_) => {}
                None => cut_off += 1,
            }
        }
        let rest = match cut_off {
            0 => format!("slowest {}", milliseconds(slowest)),
            _ => format!("{cut_off} without an answer in 6 s"),
        };
        Ok(format!("{prompt} of {sent} sent, {rest}"))
    }

    async fn empty_set(self) -> Result<String> {
        let source = self.age(Answer::Keys(Vec::new())).await?;
        let tokens = self.material.signer.tokens(20)?;
        let load = Load::send(&source, tokens, 3 * SECOND).await;
        Ok(load.finish(10 * SECOND).await.refusals())
    }

    async fn odd_members(self) -> Result<String> {
        let source = self.start().await?;
        let tokens = self.material.signer.tokens(5)?;
        let load = Load::send(&source, tokens, SECOND).await;
        let tally = load.finish(10 * SECOND).await;
        Ok(match tally.accepted {
            5 => "yes".to_owned(),
            0 => format!("no{}", tally.rest()),
            some => format!("{some} of 5{}", tally.rest()),
        })
    }

    async fn cold_outage(self) -> Result<String> {
        let tokens = self.material.signer.tokens(200)?;
        let (source, mut started) = Supervised::start(self.library, self.settings());
        // Most start without asking the server, and then every token finds them there.
        let _ = timeout(Duration::from_millis(100), started.changed()).await;
        let load = Load::send(&source, tokens, 5 * SECOND).await;
        let requests = self.server.requests();
        let note = match started.borrow().is_some() {
            true => "",
            false => "does not start, ",
        };
        self.server
            .set(Answer::Keys(vec![self.material.signer.jwk()]));
        let after = until_accepted(
            &source,
            &self.material.signer,
            Duration::ZERO,
            Duration::from_millis(250),
            15 * SECOND,
        )
        .await?;
        // The callers were waiting all the time.
        drop(load);
        let after = after.map_or("none accepted in 15 s".to_owned(), |after| {
            format!("accepted after {:.1} s", after.as_secs_f64())
        });
        Ok(format!(
            "{note}{}; {after}",
            count(requests, "request", "requests")
        ))
    }

    fn settings(&self) -> Settings {
        Settings {
            server: self.server.url(),
            freshness: self.freshness,
        }
    }

    async fn start(&self) -> Result<Arc<dyn KeySource>> {
        let source = self.library.start(&self.settings()).await;
        source.map_err(|error| {
            eprintln!("{}: {error}", self.library.heading());
            NotReady("does not start").into()
        })
    }

    /// Started, and with keys.
    async fn warm_up(&self) -> Result<Arc<dyn KeySource>> {
        let source = self.start().await?;
        match ask(&source, self.material.signer.token()?, 10 * SECOND).await {
            Some(true) => Ok(source),
            _ => Err(NotReady("refuses good tokens from the start").into()),
        }
    }

    /// Warm, but the server has turned to this, and the keys are past their time.
    async fn age(&self, answer: Answer) -> Result<Arc<dyn KeySource>> {
        let source = self.warm_up().await?;
        self.server.set(answer);
        sleep(self.library.shortest() + SECOND).await;
        Ok(source)
    }
}

/// A library that is started again, as a service's supervisor does, until it starts.
struct Supervised(Started);

type Started = watch::Receiver<Option<Arc<dyn KeySource>>>;

impl Supervised {
    fn start(library: Library, settings: Settings) -> (Arc<dyn KeySource>, Started) {
        let (sender, receiver) = watch::channel(None);
        tokio::spawn(async move {
            loop {
                if let Ok(source) = library.start(&settings).await {
                    sender.send_replace(Some(source));
                    // The receivers see the last value as long as the sender is there.
                    sender.closed().await;
                    return;
                }
                sleep(Duration::from_millis(100)).await;
            }
        });
        (Arc::new(Self(receiver.clone())), receiver)
    }
}

#[async_trait]
impl KeySource for Supervised {
    async fn accepts(&self, token: &str) -> bool {
        let source = self.0.borrow().clone();
        match source {
            Some(source) => source.accepts(token).await,
            None => false,
        }
    }
}

fn odd_members(material: &Material) -> Vec<Value> {
    vec![
        json!({ "kty": "AKP", "kid": "x", "alg": "ML-DSA-44", "pub": "AA" }),
        json!({
            "kty": "EC", "kid": "y", "use": "sig", "alg": "ES256", "crv": "P-257", "x": "AA", "y": "AA",
        }),
        material.signer.jwk(),
    ]
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn milliseconds(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1000.0;
    if milliseconds < 10.0 {
        format!("{milliseconds:.1} ms")
    } else {
        format!("{milliseconds:.0} ms")
    }
}

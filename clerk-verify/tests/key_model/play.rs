//! Plays a case against the key source and holds the model beside it.

use std::{collections::BTreeMap, time::Duration};

use clerk_verify::{KeySourceState, Reason, Verifier};
use tokio::{task::JoinSet, time::sleep};

use super::{
    log::{Event, Log, Time, Verdict},
    material::{Entry, MATERIAL, SETS, TOKENS, start_of_day, usable},
    model::Model,
    ops::{Call, Case, Mark, Op},
    promises::Promises,
    rules::{ABSENT_TTL, Held, RECHECK_MIN_AGE},
    server::{Mood, Server},
};

/// The longest that a server which is well again may be left alone: what `Retry-After` may ask for; and what it takes
/// until there is room in every budget.
const MENDED_AFTER: Duration = Duration::from_secs(300 + 60 + 1);

/// How long cache headers may keep a withdrawn key in use.
const LONGEST_FRESHNESS: Duration = Duration::from_secs(3600);

/// What was seen in a case, or in many.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) branches: BTreeMap<&'static str, u64>,
    pub(crate) calls: usize,
    pub(crate) accepted: usize,
    pub(crate) fetches: u64,
    pub(crate) most_in_a_minute: usize,
    pub(crate) longest_wait: Duration,
}

impl Seen {
    pub(crate) fn add(&mut self, other: Self) {
        for (branch, times) in other.branches {
            *self.branches.entry(branch).or_default() += times;
        }
        self.calls += other.calls;
        self.accepted += other.accepted;
        self.fetches += other.fetches;
        self.most_in_a_minute = self.most_in_a_minute.max(other.most_in_a_minute);
        self.longest_wait = self.longest_wait.max(other.longest_wait);
    }
}

/// In a runtime of its own, whose time stands still until everything has been done in it.
pub(crate) fn play(case: &Case) -> Result<Seen, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut game = Game::new(case);
        for (number, op) in case.ops.iter().enumerate() {
            let done = game.play(op).await;
            done.map_err(|error| format!("operation {number}, {op:?}: {error}"))?;
        }
        let mended = game.mend().await;
        mended.map_err(|error| format!("after the server was mended: {error}"))?;
        Ok(game.seen())
    })
}

struct Game {
    time: Time,
    log: Log,
    server: Server,
    verifier: Verifier,
    model: Model,
    promises: Promises,
    calls: usize,
}

impl Game {
    fn new(case: &Case) -> Self {
        let time = Time::new();
        let log = Log::new(time.clone());
        let server = Server::new(log.clone());
        let mut builder = Verifier::builder()
            .jwks_url("https://keys.example.test/jwks.json")
            .issuer(&*MATERIAL.issuer)
            .fetcher(server.clone())
            .key_events(log.hook())
            .jwks(case.options.jwks(case.jitter))
            .clock(time.clone());
        let mut held = None;
        if let Some((age, set)) = case.seed {
            let age = Duration::from_secs(age);
            builder = builder.with_seed(MATERIAL.sets[set].as_str(), start_of_day() - age);
            held = Some(Held::seed(set, age, log.wall(), case.options));
        }
        Self {
            time,
            server,
            verifier: builder.build().unwrap(),
            model: Model::new(case.options, held),
            promises: Promises::new(case.options, case.seed),
            calls: 0,
            log,
        }
    }

    async fn play(&mut self, op: &Op) -> Result<(), String> {
        match op {
            Op::Pass(millis) => sleep(Duration::from_millis(*millis)).await,
            Op::Until(mark, offset) => {
                let wait = self.wait_for(*mark, *offset);
                sleep(wait).await;
            }
            Op::SetClock(seconds) => self.time.set_later(*seconds),
            Op::Publish(set) => self.server.plan().set = *set,
            Op::Cache(there) => {
                let mut plan = self.server.plan();
                plan.cached = there.then_some(plan.set);
            }
            Op::Tags(tags) => self.server.plan().tags = *tags,
            Op::Headers(headers) => self.server.plan().headers = *headers,
            Op::Latency(millis) => self.server.plan().latency = Duration::from_millis(*millis),
            Op::Mood(mood) => self.server.plan().mood = *mood,
            Op::Once(mood) => self.server.plan().first.push_back(*mood),
            Op::Verify(calls) => self.verify(calls).await,
        }
        self.compare().await
    }

    /// How long to wait for the moment; hardly at all where it is over, or never comes.
    fn wait_for(&self, mark: Mark, offset: i64) -> Duration {
        let (model, now) = (&self.model, self.log.now());
        let (held, failing) = (model.held.as_ref(), model.failing.as_ref());
        let moment = match mark {
            Mark::RenewalEarliest => held.map(|held| held.renewal().0),
            Mark::RenewalLatest => held.map(|held| held.renewal().1),
            Mark::Stale => held.map(|held| held.asked + held.ttl),
            Mark::End => held.map(|held| held.ends),
            Mark::PauseEnds => failing.map(|failing| failing.until),
            Mark::NeededPauseEnds => failing.map(|failing| failing.needed_until),
            Mark::UnknownRefilled => Some(model.budgets.unknown_at(now)),
            Mark::RecheckAllowed => Some(model.budgets.recheck_at()),
            Mark::OldEnough => held.map(|held| held.asked + RECHECK_MIN_AGE),
            Mark::Forgotten => model.absent.values().map(|(at, _)| *at + ABSENT_TTL).max(),
            Mark::MinuteOver => model.budgets.full_until(now),
        };
        let distance = Duration::from_millis(offset.unsigned_abs());
        let moment = moment.unwrap_or_default();
        let moment = if offset < 0 {
            moment.saturating_sub(distance)
        } else {
            moment + distance
        };
        moment.saturating_sub(now).max(Duration::from_millis(1))
    }

    async fn verify(&mut self, calls: &[Call]) {
        let mut tasks = JoinSet::new();
        for call in calls {
            self.calls += 1;
            let (verifier, log) = (self.verifier.clone(), self.log.clone());
            tasks.spawn(one_call(verifier, log, self.calls, call.clone()));
        }
        tasks.join_all().await;
    }

    /// The model hears what has happened; then both say how the keys are doing.
    async fn compare(&mut self) -> Result<(), String> {
        // What is to begin at this moment begins.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        let events = self.log.take();
        for (place, logged) in events.iter().enumerate() {
            let heard = self.promises.hear(logged);
            let heard = heard.and_then(|()| self.model.hear(logged, &events[place + 1..]));
            heard.map_err(|error| {
                let before = &events[place.saturating_sub(12)..=place];
                format!(
                    "{error}\nthe last events: {before:#?}\n{:?} {:?}",
                    self.model.held, self.model.failing
                )
            })?;
        }
        self.model.reach(self.log.now())?;
        if self.server.most_busy() > 1 {
            return Err("two requests at once".to_owned());
        }
        self.compare_status()
    }

    fn compare_status(&mut self) -> Result<(), String> {
        let (now, status) = (self.log.now(), self.verifier.status());
        let held = self.model.held.clone();
        let state = match &held {
            None => KeySourceState::Empty,
            Some(held) if now >= held.ends => KeySourceState::Expired,
            Some(held) if now < held.asked + held.ttl => KeySourceState::Fresh,
            Some(_) => KeySourceState::Stale,
        };
        self.model.meet(state.as_str());
        let ready = self.model.usable().is_some();
        let counts = self.model.counts;
        let expected = (
            (state, ready),
            if ready {
                held.as_ref().map_or(0, |held| usable(held.entries()))
            } else {
                0
            },
            held.as_ref()
                .map(|held| (held.age(now), held.ends.saturating_sub(now))),
            [
                counts.generation,
                counts.fetches,
                counts.requests,
                counts.failures,
                counts.changes,
            ],
            self.model.failing.is_some(),
            self.model.absent.len() as u64,
        );
        let told = (
            (status.state(), status.is_ready()),
            status.keys(),
            status.age().zip(status.expires_in()),
            [
                status.generation(),
                status.fetches(),
                status.requests(),
                status.failures(),
                status.changes(),
            ],
            status.last_error().is_some(),
            status.absent_key_ids(),
        );
        if told == expected {
            return Ok(());
        }
        Err(format!("the status is {told:?} instead of {expected:?}"))
    }

    /// The server is well again. After a while every good token is accepted, and later no other.
    async fn mend(&mut self) -> Result<(), String> {
        let set = {
            let mut plan = self.server.plan();
            plan.first.clear();
            (plan.mood, plan.cached) = (Mood::Well, None);
            plan.latency = Duration::from_millis(40);
            plan.set
        };
        sleep(MENDED_AFTER).await;
        self.compare().await?;
        self.accepts(|entry| SETS[set].contains(&entry).then_some(true))
            .await?;
        sleep(LONGEST_FRESHNESS).await;
        // Where nothing is renewed while no token comes, the first one starts it.
        let ready = self.verifier.ready().await;
        ready.map_err(|error| error.to_string())?;
        sleep(Duration::from_secs(31)).await;
        self.accepts(|entry| Some(SETS[set].contains(&entry))).await
    }

    /// Whether each token is accepted, as far as that can be said.
    async fn accepts(&self, expected: impl Fn(Entry) -> Option<bool>) -> Result<(), String> {
        for (token, entry) in TOKENS.iter().enumerate() {
            let accepted = self
                .verifier
                .verify_token(&MATERIAL.tokens[token])
                .await
                .is_ok();
            if expected(*entry).is_some_and(|expected| expected != accepted) {
                return Err(format!("{entry:?} accepted: {accepted}"));
            }
            // One after the other, so that budgets have room.
            sleep(Duration::from_secs(31)).await;
        }
        Ok(())
    }

    fn seen(self) -> Seen {
        Seen {
            branches: self.model.met,
            calls: self.calls,
            accepted: self.promises.accepted,
            fetches: self.model.counts.fetches,
            most_in_a_minute: self.promises.most_in_a_minute,
            longest_wait: self.promises.longest_wait,
        }
    }
}

async fn one_call(verifier: Verifier, log: Log, call: usize, what: Call) {
    if what.delay > 0 {
        sleep(Duration::from_millis(what.delay)).await;
    }
    log.add(Event::Begins {
        call,
        token: what.token,
        fetches: verifier.status().fetches(),
    });
    let verification = async {
        match what.token {
            Some(token) => verifier
                .verify_token(&MATERIAL.tokens[token])
                .await
                .map(drop),
            None => verifier.ready().await,
        }
    };
    let patience = what
        .patience
        .map_or(Duration::from_secs(3600), Duration::from_millis);
    let result = tokio::time::timeout(patience, verification).await;
    let (verdict, retry_after) = match result {
        Err(_) => (None, None),
        Ok(Ok(())) => (Some(Verdict::Accepted), None),
        Ok(Err(error)) => {
            let verdict = match error.reason() {
                Reason::JwkKidMismatch => Verdict::NoSuchKey,
                Reason::TokenInvalidSignature => Verdict::BadSignature,
                Reason::JwkRemoteFailedToLoad => Verdict::Unavailable,
                reason => panic!("{reason:?}: {error}"),
            };
            (Some(verdict), error.retry_after())
        }
    };
    log.add(Event::Ends {
        call,
        verdict,
        retry_after,
    });
}

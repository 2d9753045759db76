//! The model: it hears what happens, one event after the other, and says where that is not what the documentation
//! promises. What is random in the key source it takes from the events, and checks that it is within its bounds.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use clerk_verify::{FetchCause, FetchOutcome, KeySearch};

use super::{
    log::{Event, Logged, Verdict},
    material::{TOKENS, usable},
    rules::{
        ABSENT_TTL, Budgets, Failing, GAP, Gate, Held, LONGEST_WAIT, Options, RECHECK_MIN_AGE,
        TIMEOUT,
    },
    server::{Answer, HEADERS, Mood},
};

/// How much later than at its time a timer may look: it looks at the clock no more often than this.
const LATE: Duration = Duration::from_millis(60);

pub(crate) struct Model {
    pub(crate) options: Options,
    pub(crate) held: Option<Held>,
    pub(crate) failing: Option<Failing>,
    pub(crate) budgets: Budgets,
    pub(crate) flight: Option<Flight>,
    /// Key ids that the server did not have, since when, and in which generation of the keys.
    pub(crate) absent: HashMap<&'static str, (Duration, u64)>,
    pub(crate) counts: Counts,
    calls: HashMap<usize, Call>,
    /// A fetch has landed, so a timer runs from here on.
    landed: bool,
    now: Duration,
    pub(crate) met: BTreeMap<&'static str, u64>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    pub(crate) generation: u64,
    pub(crate) fetches: u64,
    pub(crate) requests: u64,
    pub(crate) failures: u64,
    pub(crate) changes: u64,
}

/// A fetch under way.
#[derive(Debug)]
pub(crate) struct Flight {
    cause: FetchCause,
    since: Duration,
    wall: i64,
    /// The key source has said that it has begun.
    reported: bool,
    requests: Vec<(Duration, Answer)>,
}

/// A verification that has not ended yet.
struct Call {
    token: Option<usize>,
    arrived: Duration,
    plan: Plan,
    /// The last fetch that has landed since: whether it succeeded, past all caches, and when it began.
    landed: Option<(bool, bool, Duration)>,
    searched: Option<KeySearch>,
}

#[derive(Clone, Copy, Debug)]
enum Plan {
    AtOnce(Verdict, Option<KeySearch>, Option<Duration>),
    Waits { for_change: bool },
}

/// What there is for a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum AtHand {
    NoKeys,
    NoSuchKey,
    OtherKey,
    ItsKey,
}

type Checked = Result<(), String>;

fn check(holds: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(otherwise()) }
}

fn is_forced(cause: FetchCause) -> bool {
    matches!(cause, FetchCause::UnknownKeyId | FetchCause::BadSignature)
}

impl Model {
    pub(crate) fn new(options: Options, seed: Option<Held>) -> Self {
        let counts = Counts {
            generation: u64::from(seed.is_some()),
            ..Counts::default()
        };
        Self {
            options,
            held: seed,
            failing: None,
            budgets: Budgets::new(),
            flight: None,
            absent: HashMap::new(),
            counts,
            calls: HashMap::new(),
            landed: false,
            now: Duration::ZERO,
            met: BTreeMap::new(),
        }
    }

    pub(crate) fn hear(&mut self, logged: &Logged, coming: &[Logged]) -> Checked {
        self.reach(logged.at)?;
        let (now, wall) = (logged.at, logged.wall);
        let next = coming
            .iter()
            .take_while(|next| next.at == now)
            .find_map(|next| match next.event {
                Event::Started(cause) => Some(cause),
                _ => None,
            });
        match &logged.event {
            Event::Begins {
                call,
                token,
                fetches,
            } => self.begins(*call, *token, *fetches, wall, next),
            Event::Ends {
                call,
                verdict,
                retry_after,
            } => self.ends(*call, *verdict, *retry_after),
            Event::Searched(result) => {
                let found = *result;
                for call in self.calls.values_mut() {
                    call.searched = Some(found);
                }
                self.meet(found.as_str());
                Ok(())
            }
            Event::Started(cause) => self.started(*cause, wall),
            Event::Requested {
                forced,
                tag,
                answer,
            } => self.requested(*forced, *tag, answer.clone()),
            #[rustfmt::skip]
            Event::Succeeded { changed, not_modified, keys, skipped, generation } =>
                self.succeeded(*changed, *not_modified, (*keys, *skipped), *generation),
            Event::Failed { outcome, pause } => self.failed(*outcome, *pause),
        }
    }

    /// Time goes on to this moment, and nothing has happened in between.
    pub(crate) fn reach(&mut self, now: Duration) -> Checked {
        if now > self.now {
            if let Some(flight) = &self.flight {
                check(flight.reported, || {
                    format!("no fetch has begun, for {:?}", flight.cause)
                })?;
                check(now <= flight.since + TIMEOUT, || {
                    "a fetch takes longer than it may".to_owned()
                })?;
            } else {
                let mut waiting = self
                    .calls
                    .values()
                    .filter(|call| matches!(call.plan, Plan::Waits { .. }));
                check(waiting.next().is_none(), || {
                    "somebody waits, and nothing is fetched".to_owned()
                })?;
                let latest = self.latest_renewal();
                let late = latest.is_some_and(|latest| now > latest.max(self.now) + LATE);
                check(!late, || {
                    format!("a renewal should have begun at {latest:?}")
                })?;
            }
        }
        self.now = now;
        Ok(())
    }

    /// Keys are renewed also while no token comes, at this time at the latest.
    fn latest_renewal(&self) -> Option<Duration> {
        if self.options == Options::OnlyWhenAsked || !self.landed {
            return None;
        }
        let failing = self.failing.as_ref();
        let without_keys = failing.map_or(Duration::ZERO, |failing| failing.needed_until);
        let ends = self.held.as_ref().map_or(Duration::ZERO, |held| held.ends);
        let due = self
            .held
            .as_ref()
            .map_or(Duration::ZERO, |held| held.renewal().1);
        let renewed = due.max(failing.map_or(Duration::ZERO, |failing| failing.until));
        let latest = if renewed < ends {
            renewed
        } else {
            ends.max(without_keys)
        };
        Some(
            latest.max(
                self.budgets
                    .full_until(latest.max(self.now))
                    .unwrap_or_default(),
            ),
        )
    }

    pub(crate) fn usable(&self) -> Option<&Held> {
        self.held.as_ref().filter(|held| self.now < held.ends)
    }

    fn at_hand(&self, token: Option<usize>) -> AtHand {
        let Some(held) = self.usable() else {
            return AtHand::NoKeys;
        };
        let Some((key_id, key)) = token.map(|token| TOKENS[token]) else {
            return AtHand::ItsKey;
        };
        if held.entries().contains(&(key_id, key)) {
            AtHand::ItsKey
        } else if held
            .entries()
            .iter()
            .any(|(known, key)| *known == key_id && *key != 'x')
        {
            AtHand::OtherKey
        } else {
            AtHand::NoSuchKey
        }
    }

    fn gate(&self, cause: FetchCause) -> Gate {
        self.budgets.gate(cause, self.failing.as_ref(), self.now)
    }

    fn launch(&mut self, cause: FetchCause, wall: i64) {
        self.budgets.pay(cause, self.failing.is_some(), self.now);
        self.counts.fetches += 1;
        self.flight = Some(Flight {
            cause,
            since: self.now,
            wall,
            reported: false,
            requests: Vec::new(),
        });
    }

    fn begins(
        &mut self,
        number: usize,
        token: Option<usize>,
        fetches: u64,
        wall: i64,
        next: Option<FetchCause>,
    ) -> Checked {
        // One may have been launched at this very moment, and not have reported yet.
        if let (true, Some(cause)) = (fetches > self.counts.fetches, next) {
            self.begins_by_itself(cause)?;
            self.launch(cause, wall);
        }
        check(fetches == self.counts.fetches, || {
            format!("{fetches} fetches")
        })?;
        let at_hand = self.at_hand(token);
        if matches!(at_hand, AtHand::ItsKey | AtHand::OtherKey) {
            self.renew_for_reader(wall, next);
        }
        let plan = self.plan(token, at_hand, wall);
        self.meet(match plan {
            Plan::AtOnce(Verdict::Accepted, ..) => "accepted at once",
            Plan::AtOnce(Verdict::NoSuchKey, ..) => "no such key, at once",
            Plan::AtOnce(Verdict::BadSignature, ..) => "bad signature, at once",
            Plan::AtOnce(Verdict::Unavailable, ..) => "unavailable, at once",
            Plan::Waits { .. } => "waits",
        });
        let call = Call {
            token,
            arrived: self.now,
            plan,
            landed: None,
            searched: None,
        };
        self.calls.insert(number, call);
        Ok(())
    }

    /// Who finds its key starts a renewal that is due, and does not wait for it.
    fn renew_for_reader(&mut self, wall: i64, next: Option<FetchCause>) {
        let (Some(held), None) = (self.usable(), &self.flight) else {
            return;
        };
        let (earliest, latest) = held.renewal();
        let slept = held.has_slept(wall);
        let due = self.now >= latest || slept;
        let chosen = self.now >= earliest && next == Some(FetchCause::Renewal);
        if self.gate(FetchCause::Renewal) == Gate::Open && (due || chosen) {
            self.meet(if slept {
                "renewed by a reader after sleep"
            } else {
                "renewed by a reader"
            });
            self.launch(FetchCause::Renewal, wall);
        }
    }

    fn plan(&mut self, token: Option<usize>, at_hand: AtHand, wall: i64) -> Plan {
        let now = self.now;
        let unavailable = |wait| {
            Plan::AtOnce(
                Verdict::Unavailable,
                Some(KeySearch::Unavailable),
                Some(wait),
            )
        };
        let waits = Plan::Waits {
            for_change: at_hand == AtHand::OtherKey,
        };
        match at_hand {
            AtHand::ItsKey => return Plan::AtOnce(Verdict::Accepted, None, None),
            AtHand::NoSuchKey => {
                let seen = token.and_then(|token| self.absent.get(TOKENS[token].0));
                let known = seen.is_some_and(|(at, generation)| {
                    *generation == self.counts.generation && now < *at + ABSENT_TTL
                });
                if known {
                    return Plan::AtOnce(
                        Verdict::NoSuchKey,
                        Some(KeySearch::RememberedAbsent),
                        None,
                    );
                }
            }
            AtHand::OtherKey => {
                let young = self
                    .usable()
                    .is_some_and(|held| held.age(now) <= RECHECK_MIN_AGE);
                if young || now < self.budgets.recheck_at() {
                    self.meet(if young {
                        "keys too young for a recheck"
                    } else {
                        "rechecked not long ago"
                    });
                    return Plan::AtOnce(Verdict::BadSignature, None, None);
                }
            }
            AtHand::NoKeys => {}
        }
        if self.flight.is_some() {
            self.meet("joins");
            return waits;
        }
        let cause = match at_hand {
            AtHand::NoKeys => FetchCause::Cold,
            AtHand::OtherKey => FetchCause::BadSignature,
            _ => FetchCause::UnknownKeyId,
        };
        if self.budgets.full_until(now).is_some() {
            self.meet("the minute is full");
        }
        match (self.gate(cause), cause) {
            (Gate::Open, _) => {
                self.launch(cause, wall);
                waits
            }
            (_, FetchCause::BadSignature) => Plan::AtOnce(Verdict::BadSignature, None, None),
            (Gate::Enough(wait), FetchCause::UnknownKeyId) if self.failing.is_none() => {
                Plan::AtOnce(Verdict::NoSuchKey, Some(KeySearch::OverBudget), Some(wait))
            }
            (Gate::Enough(wait), _) => {
                self.meet("over budget while failing");
                unavailable(wait)
            }
            (Gate::Pause(wait), _) => unavailable(wait),
        }
    }

    fn ends(
        &mut self,
        number: usize,
        verdict: Option<Verdict>,
        retry_after: Option<Duration>,
    ) -> Checked {
        let (now, Some(call)) = (self.now, self.calls.remove(&number)) else {
            return Err("an end without a beginning".to_owned());
        };
        let Some(verdict) = verdict else {
            self.meet("gone away");
            return Ok(());
        };
        let (expected, wait) = match call.plan {
            Plan::AtOnce(expected, search, wait) => {
                check(now == call.arrived, || {
                    format!("took {:?}", now - call.arrived)
                })?;
                let searched = search.is_none() || call.token.is_none() || call.searched == search;
                check(searched, || {
                    format!("{:?} instead of {search:?}", call.searched)
                })?;
                (expected, wait)
            }
            Plan::Waits { for_change } => {
                check(now <= call.arrived + LONGEST_WAIT, || {
                    format!("took {:?}", now - call.arrived)
                })?;
                self.after_waiting(&call, for_change)
            }
        };
        check(verdict == expected, || {
            format!("{verdict:?} instead of {expected:?}")
        })?;
        let said = verdict != Verdict::Unavailable || retry_after == wait;
        check(said, || {
            format!("come again in {retry_after:?} instead of {wait:?}")
        })?;
        Ok(())
    }

    /// What the keys say that have come by now, if they have; and when to come again.
    fn after_waiting(&mut self, call: &Call, for_change: bool) -> (Verdict, Option<Duration>) {
        let now = self.now;
        let too_long = self.flight.is_some() && now == call.arrived + LONGEST_WAIT;
        let answered = matches!(call.landed, Some((true, ..))) && !too_long;
        let wait = if too_long {
            Some(Duration::from_secs(1))
        } else {
            let until = self.failing.as_ref().map(|failing| failing.needed_until);
            until
                .and_then(|until| until.checked_sub(now))
                .filter(|wait| !wait.is_zero())
        };
        let verdict = match self.at_hand(call.token) {
            AtHand::ItsKey => Verdict::Accepted,
            AtHand::OtherKey => Verdict::BadSignature,
            AtHand::NoSuchKey if answered => Verdict::NoSuchKey,
            _ if for_change => Verdict::BadSignature,
            _ => Verdict::Unavailable,
        };
        // The server itself has said so, and was asked after the token had come.
        if let (Verdict::NoSuchKey, Some((_, true, began)), Some(token)) =
            (verdict, call.landed, call.token)
            && began >= call.arrived
            && !for_change
        {
            self.absent
                .insert(TOKENS[token].0, (now, self.counts.generation));
        }
        self.meet(match (verdict, too_long) {
            (Verdict::Accepted, _) => "accepted after waiting",
            (Verdict::NoSuchKey, _) => "no such key, after waiting",
            (Verdict::BadSignature, _) => "bad signature, after waiting",
            (Verdict::Unavailable, false) => "unavailable, after waiting",
            (Verdict::Unavailable, true) => "waited as long as one may",
        });
        (verdict, wait)
    }

    /// Fetches that no beginning of a verification has asked for.
    fn begins_by_itself(&mut self, cause: FetchCause) -> Checked {
        let timer = self.landed && self.options != Options::OnlyWhenAsked;
        let justified = match cause {
            FetchCause::Renewal => {
                let due = self
                    .usable()
                    .is_some_and(|held| self.now >= held.renewal().0);
                timer && due
            }
            FetchCause::Cold => timer && self.usable().is_none(),
            // An answer that may have been a cache's was not what it needed: now the server itself is asked.
            _ => self.calls.values().any(|call| {
                let for_change = cause == FetchCause::BadSignature;
                let waits = matches!(call.plan, Plan::Waits { for_change: it } if it == for_change);
                let not_sure = matches!(call.landed, Some((true, false, _)));
                waits && not_sure && self.at_hand(call.token) != AtHand::ItsKey
            }),
        };
        let gate = self.gate(cause);
        self.meet(if is_forced(cause) {
            "asked again past caches"
        } else {
            "by the timer"
        });
        check(
            justified && gate == Gate::Open && self.flight.is_none(),
            || {
                format!(
                    "nobody needs a fetch for {cause:?}: {gate:?}, under way: {:?}",
                    self.flight
                )
            },
        )
    }

    fn started(&mut self, cause: FetchCause, wall: i64) -> Checked {
        if self.flight.as_ref().is_none_or(|flight| flight.reported) {
            self.begins_by_itself(cause)?;
            self.launch(cause, wall);
        }
        self.meet(cause.as_str());
        if self.failing.is_some() {
            self.meet("tried again after a failure");
        }
        let Some(flight) = &mut self.flight else {
            return Err("no fetch".to_owned());
        };
        flight.reported = true;
        check(flight.cause == cause, || {
            format!("{cause:?} instead of {:?}", flight.cause)
        })
    }

    fn requested(&mut self, forced: bool, tag: Option<usize>, answer: Answer) -> Checked {
        let (now, Some(flight)) = (self.now, &mut self.flight) else {
            return Err("a request outside of a fetch".to_owned());
        };
        check(forced == is_forced(flight.cause), || {
            format!("no-cache: {forced}")
        })?;
        let conditional = flight.cause == FetchCause::Renewal && self.failing.is_none();
        let known = self.held.as_ref().and_then(|held| held.tag);
        let expected = known.filter(|_| conditional);
        check(tag == expected, || {
            format!("if-none-match: {tag:?} instead of {expected:?}")
        })?;
        if let Some((asked, first)) = flight.requests.last() {
            let gap = now - (*asked + first.latency);
            let short = gap >= GAP.0 && gap <= GAP.1 + Duration::from_millis(1);
            let allowed = flight.cause == FetchCause::Cold && flight.requests.len() == 1;
            check(allowed && may_pass(first) && short, || {
                format!("a second request after {gap:?}")
            })?;
        }
        self.counts.requests += 1;
        flight.requests.push((now, answer));
        if flight.requests.len() == 2 {
            self.meet("a second attempt");
        }
        Ok(())
    }

    /// The fetch that has landed, with the answer it got and what that must be to it.
    fn lands(&mut self) -> Result<(Flight, Answer, Option<FetchOutcome>), String> {
        let now = self.now;
        let flight = self.flight.take().ok_or("a fetch lands that never began")?;
        let (asked, answer) = flight
            .requests
            .last()
            .cloned()
            .ok_or("it has asked nobody")?;
        let came = asked + answer.latency;
        let outcome = if answer.mood == Mood::Hangs || came >= flight.since + TIMEOUT {
            Some(FetchOutcome::TimedOut)
        } else {
            outcome(
                &answer,
                flight.cause,
                self.held.as_ref(),
                self.failing.is_some(),
            )
        };
        let at = if outcome == Some(FetchOutcome::TimedOut) {
            flight.since + TIMEOUT
        } else {
            came
        };
        check(now == at, || format!("landed at {now:?} instead of {at:?}"))?;
        for call in self.calls.values_mut() {
            call.landed = Some((outcome.is_none(), is_forced(flight.cause), flight.since));
        }
        self.landed = true;
        Ok((flight, answer, outcome))
    }

    fn succeeded(
        &mut self,
        changed: bool,
        not_modified: bool,
        (keys, skipped): (usize, usize),
        generation: u64,
    ) -> Checked {
        let (flight, answer, outcome) = self.lands()?;
        check(outcome.is_none(), || format!("succeeded with {answer:?}"))?;
        let before = self.held.as_ref();
        let same = before.is_some_and(|held| held.set == answer.set);
        let said = HEADERS[answer.headers].1;
        let lifetime = if answer.not_modified {
            said.or(before.and_then(|held| held.lifetime))
        } else {
            said
        };
        let tag = answer.tagged.then_some(answer.set);
        let tag = if answer.not_modified {
            before.and_then(|held| held.tag)
        } else {
            tag
        };
        let held = Held::fetched(
            answer.set,
            lifetime,
            (flight.since, flight.wall),
            self.options,
        );
        let count = held.entries().len();
        // What has not changed is not read again.
        let passed_over = if same {
            0
        } else {
            count - usable(held.entries())
        };
        self.counts.generation += u64::from(!same);
        self.counts.changes += u64::from(!same);
        self.meet(if same { "the same keys" } else { "other keys" });
        if answer.not_modified {
            self.meet("not modified");
        }
        let number = self.counts.generation;
        let expected = (
            !same,
            answer.not_modified,
            usable(held.entries()),
            passed_over,
            number,
        );
        let told = (changed, not_modified, keys, skipped, generation);
        self.held = Some(held.tagged(tag));
        if self.failing.take().is_some() {
            self.meet("well again");
        }
        if flight.cause == FetchCause::BadSignature {
            self.budgets.rechecked = Some(flight.since);
        }
        check(told == expected, || {
            format!("told {told:?} instead of {expected:?}")
        })
    }

    fn failed(&mut self, outcome: FetchOutcome, pause: Duration) -> Checked {
        let (flight, answer, expected) = self.lands()?;
        check(Some(outcome) == expected, || {
            format!("{outcome:?} instead of {expected:?}")
        })?;
        let limit = flight.since + TIMEOUT;
        let again =
            flight.cause == FetchCause::Cold && flight.requests.len() == 1 && may_pass(&answer);
        check(
            !again || self.now + GAP.1 >= limit || outcome == FetchOutcome::TimedOut,
            || "no second attempt".to_owned(),
        )?;
        let times = self.failing.as_ref().map_or(0, |failing| failing.times) + 1;
        let wish = match answer.mood {
            Mood::Status(_, wish) if outcome == FetchOutcome::Status => wish,
            _ => None,
        };
        self.failing = Some(Failing::new(
            times,
            pause,
            wish,
            self.usable().is_some(),
            self.now,
        )?);
        self.counts.failures += 1;
        self.meet(outcome.as_str());
        if wish.is_some() {
            self.meet("told to stay away");
        }
        if outcome == FetchOutcome::Rejected && matches!(answer.mood, Mood::Empty(_)) {
            let (now, options) = (self.now, self.options);
            if let Some(held) = &mut self.held {
                held.withdraw(now, options);
                self.meet("all keys withdrawn");
            }
        }
        Ok(())
    }

    pub(crate) fn meet(&mut self, branch: &'static str) {
        *self.met.entry(branch).or_default() += 1;
    }
}

/// What the answer must be to who fetched; `None` for keys.
fn outcome(
    answer: &Answer,
    cause: FetchCause,
    held: Option<&Held>,
    failing: bool,
) -> Option<FetchOutcome> {
    let conditional =
        cause == FetchCause::Renewal && !failing && held.is_some_and(|held| held.tag.is_some());
    match answer.mood {
        Mood::Well => None,
        Mood::NothingNew if conditional => None,
        Mood::NothingNew | Mood::Status(..) | Mood::Flaps(_) => Some(FetchOutcome::Status),
        Mood::Empty(_) | Mood::Garbage(_) => Some(FetchOutcome::Rejected),
        Mood::NotReached => Some(FetchOutcome::NoAnswer),
        Mood::Hangs => Some(FetchOutcome::TimedOut),
        Mood::Panics => Some(FetchOutcome::Panicked),
    }
}

/// Whether asking once more at once may help.
fn may_pass(answer: &Answer) -> bool {
    match answer.mood {
        Mood::NotReached => true,
        Mood::Status(status, wish) => (status == 429 || status >= 500) && wish.is_none(),
        _ => false,
    }
}

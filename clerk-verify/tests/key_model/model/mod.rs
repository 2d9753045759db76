//! The model: it hears what happens, one event after the other, and says where that is not what the documentation
//! promises. What is random in the key source it takes from the events, and checks that it is within its bounds.

mod calls;
mod fetches;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use clerk_verify::{FetchCause, KeySearch};

use super::{
    log::{Event, Logged, Verdict},
    material::TOKENS,
    rules::{Budgets, Failing, Gate, Held, Options, TIMEOUT},
    server::Answer,
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
    /// For another key than the one at hand; or for any keys at all.
    Waits {
        for_change: bool,
        cold: bool,
    },
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

    pub(crate) fn meet(&mut self, branch: &'static str) {
        *self.met.entry(branch).or_default() += 1;
    }
}

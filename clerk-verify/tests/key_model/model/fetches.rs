//! Fetches: which of them may begin, what they ask for, and what comes of each answer.

use std::time::Duration;

use clerk_verify::{FetchCause, FetchOutcome};

use super::{AtHand, Checked, Flight, Model, Plan, check, is_forced};
use crate::{
    material::usable,
    rules::{Failing, GAP, Gate, Held, Options, TIMEOUT},
    server::{Answer, HEADERS, Mood},
};

impl Model {
    /// Fetches that no beginning of a verification has asked for.
    pub(super) fn begins_by_itself(&mut self, cause: FetchCause) -> Checked {
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
                let waits =
                    matches!(call.plan, Plan::Waits { for_change: it, .. } if it == for_change);
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

    pub(super) fn started(&mut self, cause: FetchCause, wall: i64) -> Checked {
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

    pub(super) fn requested(
        &mut self,
        forced: bool,
        tag: Option<usize>,
        answer: Answer,
    ) -> Checked {
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

    pub(super) fn succeeded(
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

    pub(super) fn failed(&mut self, outcome: FetchOutcome, pause: Duration) -> Checked {
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

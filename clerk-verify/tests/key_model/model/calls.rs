//! Verifications: what becomes of each, when it begins and after it has waited.

use std::time::Duration;

use clerk_verify::{FetchCause, KeySearch};

use super::{AtHand, Call, Checked, Model, Plan, check};
use crate::{
    log::Verdict,
    material::TOKENS,
    rules::{ABSENT_TTL, Gate, LONGEST_WAIT, RECHECK_MIN_AGE},
};

impl Model {
    pub(super) fn begins(
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
            cold: at_hand == AtHand::NoKeys,
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

    pub(super) fn ends(
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
            Plan::Waits { for_change, cold } => {
                check(now <= call.arrived + LONGEST_WAIT, || {
                    format!("took {:?}", now - call.arrived)
                })?;
                check(cold || for_change || !self.may_ask_again(&call), || {
                    "refused on the word of a cache".to_owned()
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

    /// The answer that came was perhaps a cache's, and the server itself has not been asked although it may be.
    fn may_ask_again(&self, call: &Call) -> bool {
        matches!(call.landed, Some((true, false, _)))
            && self.at_hand(call.token) == AtHand::NoSuchKey
            && self.flight.is_none()
            && self.gate(FetchCause::UnknownKeyId) == Gate::Open
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
}

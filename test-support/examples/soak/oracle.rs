//! The model: which keys the verifier may hold, and so what it must say.
//!
//! It knows nothing of how keys are fetched, only what the server has sent. A set that was sent whole is in use one
//! second later at the latest, and until another one is. Whatever was begun in between may be in use or not.

use std::{collections::VecDeque, time::Duration};

use crate::stalls::Moment;

/// How long it may take from a delivery to its use.
const SETTLING: Duration = Duration::from_secs(1);
/// Longer than any verification takes: what was replaced earlier than that is forgotten.
const MEMORY: Duration = Duration::from_secs(30);
/// Deliveries that the client may or may not have read are kept till another is certain.
const MOST: usize = 1000;

/// What a token that is good but for its key must meet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Expected {
    /// The verifier has the key for certain.
    Accepted,
    /// It may have it or not.
    Either,
    /// It can't have it: it was not sent yet, or a set without it has come.
    Refused,
}

/// The sets that the server has sent.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    deliveries: VecDeque<Delivery>,
    begun: u64,
}

#[derive(Debug)]
struct Delivery {
    number: u64,
    keys: Vec<u32>,
    begun: Moment,
    /// When the client had it all; `None` where that is not certain.
    done: Option<Moment>,
}

impl Oracle {
    /// The server starts to send these keys.
    pub(crate) fn begun(&mut self, keys: Vec<u32>, now: Moment) -> u64 {
        self.forget(now);
        self.begun += 1;
        self.deliveries.push_back(Delivery {
            number: self.begun,
            keys,
            begun: now,
            done: None,
        });
        self.begun
    }

    /// The client has read them all.
    pub(crate) fn delivered(&mut self, number: u64, now: Moment) {
        let delivery = self.deliveries.iter_mut().find(|it| it.number == number);
        if let Some(delivery) = delivery {
            delivery.done = Some(now);
        }
    }

    /// For a token of this key, and a verification that took from `start` to `end`.
    pub(crate) fn expected(&self, key: u32, start: Moment, end: Moment) -> Expected {
        let settled = self.settled(start, SETTLING);
        let possible = || {
            let since = self.deliveries.iter().skip(settled.unwrap_or_default());
            since.take_while(|delivery| delivery.begun.at <= end.at)
        };
        let has_key = |delivery: &Delivery| delivery.keys.contains(&key);
        if settled.is_some() && possible().all(has_key) {
            Expected::Accepted
        } else if possible().any(has_key) {
            Expected::Either
        } else {
            Expected::Refused
        }
    }

    /// The last delivery that was over so long before this moment.
    fn settled(&self, moment: Moment, since: Duration) -> Option<usize> {
        let settled = |done: Moment| moment.net_since(done) >= since;
        self.deliveries
            .iter()
            .rposition(|delivery| delivery.done.is_some_and(settled))
    }

    fn forget(&mut self, now: Moment) {
        let long_ago = self.settled(now, MEMORY).unwrap_or_default();
        let excess = self.deliveries.len().saturating_sub(MOST);
        self.deliveries.drain(..long_ago.max(excess));
    }
}

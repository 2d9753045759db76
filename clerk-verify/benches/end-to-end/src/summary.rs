//! What the rounds come to: medians, and comparisons within a round.

use crate::{
    contestant::{Contestant, Guard},
    rounds::{Record, Round},
};

/// One line of the report.
pub(crate) struct Summary {
    pub(crate) contestant: Contestant,
    pub(crate) requests_per_second: f64,
    pub(crate) busy: f64,
    pub(crate) cpu_micros: Spread,
    /// None for a server without authentication.
    pub(crate) against_bare: Option<AgainstBare>,
}

pub(crate) struct AgainstBare {
    /// Of the requests per second.
    pub(crate) share: f64,
    pub(crate) added_cpu_micros: Spread,
}

pub(crate) struct Spread {
    pub(crate) lowest: f64,
    pub(crate) median: f64,
    pub(crate) highest: f64,
}

impl Summary {
    pub(crate) fn of(record: &Record, all: &[Record]) -> Self {
        let contestant = record.contestant;
        let each = |value: fn(Round) -> f64| record.rounds.iter().copied().map(value).collect();
        let bare = all
            .iter()
            .find(|other| other.contestant == contestant.bare())
            .filter(|_| contestant.guard != Guard::Bare);
        Self {
            contestant,
            requests_per_second: Spread::of(each(|round| round.requests_per_second)).median,
            busy: Spread::of(each(Round::busy)).median,
            cpu_micros: Spread::of(each(|round| round.cpu_micros_per_request)),
            against_bare: bare.map(|bare| AgainstBare::of(record, bare)),
        }
    }
}

impl AgainstBare {
    fn of(record: &Record, bare: &Record) -> Self {
        let pairs = || record.rounds.iter().zip(&bare.rounds);
        let share = pairs().map(|(with, bare)| with.requests_per_second / bare.requests_per_second);
        let added =
            pairs().map(|(with, bare)| with.cpu_micros_per_request - bare.cpu_micros_per_request);
        Self {
            share: Spread::of(share.collect()).median,
            added_cpu_micros: Spread::of(added.collect()),
        }
    }
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        Self {
            lowest: at(0),
            // With an even number of values, between the two in the middle.
            median: (at(last / 2) + at(last.div_ceil(2))) / 2.0,
            highest: at(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        for (values, wanted) in [
            (vec![3.0], 3.0),
            (vec![4.0, 1.0], 2.5),
            (vec![9.0, 1.0, 2.0], 2.0),
            (vec![9.0, 1.0, 2.0, 4.0], 3.0),
        ] {
            assert_eq!(Spread::of(values).median, wanted);
        }
    }
}

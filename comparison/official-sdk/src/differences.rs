//! The deliberate differences: each a name, which `differences.md` explains, and the predicate that says whether it is
//! at work in a case.

mod claims;
mod list;
mod tokens;

pub(crate) use self::{
    claims::{in_fields, in_requirements},
    list::List,
    tokens::{NULL_IN_COOKIE, NULL_IN_COOKIE_REASON, SLASH_IN_OPTION, in_verdicts},
};
use crate::pick::Habit;

/// Who refuses what the other accepts.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Direction {
    /// The official SDK accepts, this library refuses.
    Stricter,
    /// This library accepts, the official SDK refuses.
    Laxer,
    /// Both refuse, with different reasons.
    Reason,
    /// Both accept, and say different things of the session.
    Session,
}

impl Direction {
    /// As `differences.md` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stricter => "stricter",
            Self::Laxer => "laxer",
            Self::Reason => "reason",
            Self::Session => "session",
        }
    }

    pub(crate) fn says(self) -> &'static str {
        match self {
            Self::Stricter => "they accept, we refuse",
            Self::Laxer => "we accept, they refuse",
            Self::Reason => "both refuse, with other reasons",
            Self::Session => "both accept, and tell of other sessions",
        }
    }
}

pub(crate) struct Rule<H> {
    pub(crate) name: &'static str,
    pub(crate) directions: &'static [Direction],
    pub(crate) holds: H,
}

impl<H> Rule<H> {
    pub(crate) fn speaks_of(&self, direction: Direction) -> bool {
        self.directions.contains(&direction)
    }
}

/// The rules by which the two look for the token in different places. What follows depends on what is there.
const PLACES: [&str; 8] = [
    "authorization-bytes",
    "bearer-second-word",
    "bearer-white-space",
    "different-authorizations",
    "no-scheme-no-jwt",
    "other-scheme-white-space",
    "same-authorization-twice",
    "scheme-case",
];

/// The names of all rules.
pub(crate) fn names() -> Vec<&'static str> {
    let mut names: Vec<&'static str> = PLACES.to_vec();
    names.extend(Habit::ALL.map(Habit::name));
    names.extend(in_verdicts().iter().map(|rule| rule.name));
    names.extend(in_fields().iter().map(|rule| rule.name));
    names.extend(in_requirements().iter().map(|rule| rule.name));
    names.sort_unstable();
    names.dedup();
    names
}

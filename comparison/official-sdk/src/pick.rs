//! Which token of a request counts: once as the official SDK picks it, once as this library's documentation says, and
//! where the two part. Written from the two descriptions, and held against both sides' answers in every case.

mod authorization;
mod cookie;

use crate::case::Case;
pub(crate) use cookie::{Chosen, Habit};

/// What a request's token is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Pick {
    Header(String),
    /// The header should hold a token and is malformed.
    Malformed,
    Cookie(String),
    None,
}

impl Pick {
    pub(crate) fn token(&self) -> Option<&str> {
        match self {
            Self::Header(token) | Self::Cookie(token) => Some(token),
            Self::Malformed | Self::None => None,
        }
    }

    pub(crate) fn says(&self) -> &'static str {
        match self {
            Self::Header(_) => "the header's token should count",
            Self::Malformed => "the header should be malformed",
            Self::Cookie(_) => "a cookie should count",
            Self::None => "there should be no token",
        }
    }
}

/// Both picks, and the cookies that the SDK goes by.
#[derive(Debug)]
pub(crate) struct Picks {
    pub(crate) official: Pick,
    pub(crate) ours: Pick,
    pub(crate) chosen: Chosen,
    /// Whether a session cookie's payload is `null`, whether it counts or not.
    pub(crate) has_null_cookie: bool,
    /// The names of the rules by which they differ.
    pub(crate) parted_by: Vec<&'static str>,
}

impl Picks {
    pub(crate) fn of(case: &Case) -> Self {
        let fields = case.values("authorization");
        let official = authorization::official(&fields);
        let ours = authorization::ours(&fields);
        let mut parted_by = Vec::new();
        if official != ours {
            parted_by.push(authorization::difference(&fields));
        }
        let chosen = cookie::choose(case, &[]);
        let ours_chosen = cookie::choose(case, &Habit::ALL);
        if chosen.session != ours_chosen.session && (official.is_none() || ours.is_none()) {
            parted_by.extend(cookie::difference(case).map(Habit::name));
        }
        let or_cookie = |header: Option<Pick>, chosen: &Chosen| {
            header.unwrap_or_else(|| chosen.session.clone().map_or(Pick::None, Pick::Cookie))
        };
        Self {
            official: or_cookie(official, &chosen),
            ours: or_cookie(ours, &ours_chosen),
            chosen,
            has_null_cookie: cookie::has_null(case),
            parted_by,
        }
    }
}

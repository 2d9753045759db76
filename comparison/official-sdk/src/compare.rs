//! Holds the two answers against each other.

use std::fmt;

use serde_json::Value;

use crate::{
    answer::{Answer, Field, Fields},
    case::{Ask, Case},
    differences::{
        Direction, NULL_IN_COOKIE, NULL_IN_COOKIE_REASON, Rule, SLASH_IN_OPTION, in_fields,
        in_requirements, in_verdicts,
    },
    official::Said,
    pick::Picks,
    reading::Reading,
};

/// What came out of a case.
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) differences: Vec<Difference>,
}

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Verdict {
    BothAccept,
    BothRefuse { reason: String },
    OtherReason { theirs: String, ours: String },
    TheyAccept { ours: String },
    WeAccept { theirs: String },
}

/// One thing that the two do not agree on.
pub(crate) struct Difference {
    pub(crate) direction: Direction,
    /// What they do not agree on.
    pub(crate) what: String,
    /// The rule of the list that explains it.
    pub(crate) rule: Option<&'static str>,
}

/// What a rule may look at.
pub(crate) struct Seen<'a> {
    pub(crate) case: &'a Case,
    pub(crate) picks: &'a Picks,
    /// The token that both verify, as the official SDK reads it.
    pub(crate) token: &'a Reading,
    /// The reasons of the two sides, empty where one accepts.
    pub(crate) theirs: &'a str,
    pub(crate) ours: &'a str,
}

impl Seen<'_> {
    pub(crate) fn is_alone(&self) -> bool {
        self.case.token.is_some()
    }
}

pub(crate) fn compare(case: &Case, picks: &Picks, theirs: &Answer, ours: &Answer) -> Outcome {
    let verdict = verdict(theirs, ours);
    let differences = match &case.token {
        None if picks.official != picks.ours => of_another_token(picks, &verdict),
        Some(token) => of_token(case, picks, Some(token), &verdict, [theirs, ours]),
        None => of_token(case, picks, picks.ours.token(), &verdict, [theirs, ours]),
    };
    Outcome {
        verdict,
        differences,
    }
}

/// Both have looked at the same token, or have found none.
fn of_token(
    case: &Case,
    picks: &Picks,
    token: Option<&str>,
    verdict: &Verdict,
    [theirs, ours]: [&Answer; 2],
) -> Vec<Difference> {
    let reading = token.and_then(Reading::of);
    let direction = verdict.direction();
    if reading.is_none() && (theirs.is_in() || ours.is_in()) {
        let what = "a token is accepted that can't be read".to_owned();
        let rule = None;
        return vec![Difference {
            direction,
            what,
            rule,
        }];
    }
    let reading = reading.unwrap_or_else(Reading::nothing);
    let seen = |theirs, ours| Seen {
        case,
        picks,
        token: &reading,
        theirs,
        ours,
    };
    let explained = |theirs, ours| {
        let seen = seen(theirs, ours);
        let mut rules = in_verdicts().iter();
        let rule = rules.find(|rule| rule.speaks_of(direction) && (rule.holds)(&seen));
        vec![Difference {
            direction,
            what: verdict.to_string(),
            rule: rule.map(|rule| rule.name),
        }]
    };
    match (verdict, theirs, ours) {
        (Verdict::BothRefuse { .. }, ..) => Vec::new(),
        (Verdict::OtherReason { theirs, ours }, ..) => explained(theirs, ours),
        (Verdict::TheyAccept { ours }, ..) => explained("", ours),
        (Verdict::WeAccept { theirs }, ..) => explained(theirs, ""),
        (_, Answer::In(theirs), Answer::In(ours)) => {
            let seen = seen("", "");
            let fields = theirs.fields.iter().zip(&ours.fields);
            let fields = fields.flat_map(|(theirs, ours)| of_fields(&seen, theirs, ours));
            let asked = case.asks.iter().zip(&theirs.has).zip(&ours.has);
            let asked = asked.filter(|((_, theirs), ours)| theirs != ours);
            fields
                .chain(asked.map(|((ask, theirs), ours)| of_ask(&seen, ask, *theirs, *ours)))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// What is wrong where this library accepts a request that the SDK refuses: the SDK has to accept its token by itself, or to
/// refuse it for what is said of tokens. What is said of requests explains no token.
pub(crate) fn unverified(
    case: &Case,
    picks: &Picks,
    said: &Said,
    verdict: &Verdict,
) -> Option<String> {
    let (Verdict::WeAccept { .. }, None) = (verdict, &case.token) else {
        return None;
    };
    let theirs = match said.alone.as_deref() {
        Some("") => return None,
        Some(reason) => reason,
        None => return Some("the official SDK was not asked about the token alone".to_owned()),
    };
    let is_of_tokens = |rule: &&Rule<_>| rule.name == SLASH_IN_OPTION;
    let rule = in_verdicts().iter().find(is_of_tokens);
    let token = picks.ours.token().and_then(Reading::of);
    let explains = token.is_some_and(|token| {
        let seen = Seen {
            case,
            picks,
            token: &token,
            theirs,
            ours: "",
        };
        rule.is_some_and(|rule| (rule.holds)(&seen))
    });
    let what = "we accept a token that they, asked about it alone, refuse with";
    (!explains).then(|| format!("{what} {theirs}"))
}

fn verdict(theirs: &Answer, ours: &Answer) -> Verdict {
    match (theirs, ours) {
        (Answer::In(_), Answer::In(_)) => Verdict::BothAccept,
        (Answer::In(_), Answer::Out(ours)) => Verdict::TheyAccept { ours: ours.clone() },
        (Answer::Out(theirs), Answer::In(_)) => Verdict::WeAccept {
            theirs: theirs.clone(),
        },
        (Answer::Out(theirs), Answer::Out(ours)) if theirs == ours => Verdict::BothRefuse {
            reason: ours.clone(),
        },
        (Answer::Out(theirs), Answer::Out(ours)) => Verdict::OtherReason {
            theirs: theirs.clone(),
            ours: ours.clone(),
        },
    }
}

impl Verdict {
    fn direction(&self) -> Direction {
        match self {
            Self::TheyAccept { .. } => Direction::Stricter,
            Self::WeAccept { .. } => Direction::Laxer,
            Self::OtherReason { .. } => Direction::Reason,
            Self::BothAccept | Self::BothRefuse { .. } => Direction::Session,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BothAccept => f.write_str("both accept"),
            Self::BothRefuse { reason } => write!(f, "both refuse with {reason}"),
            Self::OtherReason { theirs, ours } => {
                write!(f, "they refuse with {theirs}, we with {ours}")
            }
            Self::TheyAccept { ours } => write!(f, "they accept, we refuse with {ours}"),
            Self::WeAccept { theirs } => write!(f, "we accept, they refuse with {theirs}"),
        }
    }
}

/// Where they look at different tokens, anything may come of it, and the way to the token is what must be explained.
fn of_another_token(picks: &Picks, verdict: &Verdict) -> Vec<Difference> {
    if let Verdict::BothRefuse { .. } = verdict {
        return Vec::new();
    }
    // The SDK fails before it has looked anywhere.
    let has_failed = match verdict {
        Verdict::WeAccept { theirs } | Verdict::OtherReason { theirs, .. } => {
            theirs == NULL_IN_COOKIE_REASON && picks.has_null_cookie
        }
        _ => false,
    };
    let rule = match has_failed {
        true => Some(NULL_IN_COOKIE),
        false => picks.parted_by.first().copied(),
    };
    vec![Difference {
        direction: verdict.direction(),
        what: format!("{verdict}, having looked at different places"),
        rule,
    }]
}

fn of_fields<'a>(
    seen: &'a Seen<'_>,
    theirs: &'a Fields,
    ours: &'a Fields,
) -> impl Iterator<Item = Difference> + 'a {
    let pairs = theirs.named().into_iter().zip(ours.named());
    pairs.filter_map(move |((field, theirs), (_, ours))| {
        if usual(field, theirs) == usual(field, ours) {
            return None;
        }
        Some(Difference {
            direction: Direction::Session,
            what: format!("{field:?} is {theirs} there and {ours} here"),
            rule: explain(in_fields(), Direction::Session, |rule| {
                (rule.holds)(seen, field)
            }),
        })
    })
}

fn of_ask(seen: &Seen<'_>, ask: &Ask, theirs: bool, ours: bool) -> Difference {
    let direction = match theirs {
        true => Direction::Stricter,
        false => Direction::Laxer,
    };
    Difference {
        direction,
        what: format!("has {ask:?} is {theirs} there and {ours} here"),
        rule: explain(in_requirements(), direction, |rule| (rule.holds)(seen, ask)),
    }
}

fn explain<H>(
    rules: &[Rule<H>],
    direction: Direction,
    holds: impl Fn(&Rule<H>) -> bool,
) -> Option<&'static str> {
    let mut rules = rules.iter().filter(|rule| rule.speaks_of(direction));
    rules.find(|rule| holds(rule)).map(|rule| rule.name)
}

/// Nothing granted is nothing granted; and ages are whole minutes.
fn usual(field: Field, value: &Value) -> Value {
    match (field, value) {
        (Field::OrgPermissions, Value::Array(values)) if values.is_empty() => Value::Null,
        (Field::FactorVerificationAge, Value::Array(values)) => {
            let minutes = values.iter().map(|age| match age.as_f64() {
                // Also where they are more than 64 bits can hold.
                Some(age) if age > 0.0 => age.trunc().min(u64::MAX as f64).into(),
                Some(age) => (age + 0.0).into(),
                None => age.clone(),
            });
            Value::Array(minutes.collect())
        }
        _ => value.clone(),
    }
}

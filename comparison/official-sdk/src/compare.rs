//! Holds the two answers against each other.

use serde_json::Value;

use crate::{
    answer::{Answer, Field, Fields},
    case::{Ask, Case},
    differences::{Direction, Rule, in_fields, in_requirements, in_verdicts},
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
    /// The reason of the side that refuses; empty where both accept.
    pub(crate) reason: &'a str,
}

impl Seen<'_> {
    pub(crate) fn is_alone(&self) -> bool {
        self.case.token.is_some()
    }
}

pub(crate) fn compare(case: &Case, picks: &Picks, theirs: &Answer, ours: &Answer) -> Outcome {
    let verdict = verdict(theirs, ours);
    let mut differences = Vec::new();
    let (official, own) = match &case.token {
        Some(token) => (Some(token.as_str()), Some(token.as_str())),
        None => (picks.official.token(), picks.ours.token()),
    };
    if official != own {
        differences.extend(of_another_token(picks, &verdict));
        return Outcome {
            verdict,
            differences,
        };
    }
    let reading = official.and_then(Reading::of);
    match (&verdict, reading, theirs, ours) {
        (Verdict::BothRefuse { .. } | Verdict::OtherReason { .. }, ..) => {}
        (Verdict::BothAccept, Some(token), Answer::In(theirs), Answer::In(ours)) => {
            let seen = Seen {
                case,
                picks,
                token: &token,
                reason: "",
            };
            if let (Some(theirs), Some(ours)) = (&theirs.fields, &ours.fields) {
                differences.extend(of_fields(&seen, theirs, ours));
            }
            let asked = case.asks.iter().zip(&theirs.has).zip(&ours.has);
            for ((ask, theirs), ours) in asked.filter(|((_, theirs), ours)| theirs != ours) {
                differences.push(of_ask(&seen, ask, *theirs, *ours));
            }
        }
        (Verdict::TheyAccept { ours: reason } | Verdict::WeAccept { theirs: reason }, Some(token), ..) => {
            let direction = direction(&verdict);
            let seen = Seen {
                case,
                picks,
                token: &token,
                reason,
            };
            differences.push(Difference {
                direction,
                what: format!("{} with {reason}", direction.says()),
                rule: explain(in_verdicts(), direction, |rule| (rule.holds)(&seen)),
            });
        }
        _ => differences.push(Difference {
            direction: direction(&verdict),
            what: "a token is accepted that can't be read".to_owned(),
            rule: None,
        }),
    }
    Outcome {
        verdict,
        differences,
    }
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

fn direction(verdict: &Verdict) -> Direction {
    match verdict {
        Verdict::TheyAccept { .. } => Direction::Stricter,
        Verdict::WeAccept { .. } => Direction::Laxer,
        _ => Direction::Other,
    }
}

/// Where they look at different tokens, anything may come of it, and the way to the token is what must be explained.
fn of_another_token(picks: &Picks, verdict: &Verdict) -> Option<Difference> {
    if let Verdict::BothRefuse { .. } = verdict {
        return None;
    }
    let direction = direction(verdict);
    Some(Difference {
        direction,
        what: format!("{}, of another token", direction.says()),
        rule: picks.parted_by.first().copied(),
    })
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
            direction: Direction::Other,
            what: format!("{field:?} is {theirs} there and {ours} here"),
            rule: explain(in_fields(), Direction::Other, |rule| (rule.holds)(seen, field)),
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
    let mut rules = rules.iter().filter(|rule| rule.direction == direction);
    rules.find(|rule| holds(rule)).map(|rule| rule.name)
}

/// Nothing granted is nothing granted; and ages are whole minutes.
fn usual(field: Field, value: &Value) -> Value {
    match (field, value) {
        (Field::OrgPermissions, Value::Array(values)) if values.is_empty() => Value::Null,
        (Field::FactorVerificationAge, Value::Array(values)) => {
            let minutes = values.iter().map(|age| match age.as_f64() {
                Some(age) if age.fract() != 0.0 && age > 0.0 => age.trunc().into(),
                Some(age) => (age + 0.0).into(),
                None => age.clone(),
            });
            Value::Array(minutes.collect())
        }
        _ => value.clone(),
    }
}

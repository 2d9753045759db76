//! Judging verdicts, and counting.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use clerk_verify::{Session, VerifyError};

use crate::{
    oracle::Expected,
    pool::{Kind, Sample},
    stalls::Moment,
    supply::Supply,
    world::World,
};

/// Of each fault the first few are told in full.
const TOLD: usize = 5;

/// A verification that took so long has waited, if only in a blocked thread.
const BLOCKED: Duration = Duration::from_secs(1);

/// One verification.
pub(crate) struct Call<'a> {
    sample: &'a Sample,
    start: Moment,
    end: Moment,
    /// It was not done at its first poll.
    waited: bool,
}

impl<'a> Call<'a> {
    pub(crate) fn new(sample: &'a Sample, start: Moment, end: Moment, waited: bool) -> Self {
        Self {
            sample,
            start,
            end,
            waited,
        }
    }
}

/// A fault: how often, and the first few.
#[derive(Default)]
pub(crate) struct Faults {
    pub(crate) count: u64,
    pub(crate) told: Vec<String>,
}

/// A mood of the server: how often, and how often it met a request.
#[derive(Default)]
pub(crate) struct MoodCount {
    pub(crate) phases: u64,
    pub(crate) requests: u64,
}

/// Everything that is counted.
#[derive(Default)]
pub(crate) struct Tally {
    /// By what the tokens were, and what came of them.
    pub(crate) verdicts: BTreeMap<(&'static str, &'static str), u64>,
    pub(crate) moods: BTreeMap<&'static str, MoodCount>,
    pub(crate) rotations_new_key_id: u64,
    pub(crate) rotations_same_key_id: u64,
    /// Accepted, and must not be.
    pub(crate) wrong: Faults,
    /// Refused, and must not be.
    pub(crate) refused_good: Faults,
    /// Good tokens of delivered keys that waited.
    pub(crate) good_waited: Faults,
    /// Expired tokens and garbage that waited: no key could make them good.
    pub(crate) hopeless_waited: Faults,
    /// Both without the machine's stalls.
    pub(crate) slowest_good: Duration,
    pub(crate) slowest: Duration,
    /// For how long after its withdrawal a key's tokens were accepted.
    pub(crate) longest_survival: Duration,
    pub(crate) supply: Supply,
    /// Callers who went away while they waited.
    pub(crate) gone: u64,
    /// Callers who went away at once, for too many waited.
    pub(crate) turned_away: u64,
    pub(crate) without_token: u64,
    /// Drivers that did not end.
    pub(crate) unfinished: u64,
}

impl World {
    /// Compares with the model, and counts.
    pub(crate) fn judge(&self, call: &Call<'_>, result: &Result<Session, VerifyError>) {
        let (row, expected) = self.expected(call);
        let verdict = match result {
            Ok(_) => "accepted",
            Err(error) => error.reason().as_str(),
        };
        let took = self.net(call);
        let mut tally = self.tally();
        *tally.verdicts.entry((row, verdict)).or_default() += 1;
        tally.slowest = tally.slowest.max(took);

        let other_user = |session: &Session| session.user_id() != call.sample.user;
        let tell = || self.tell(call, row, result);
        match (expected, result) {
            (Expected::Refused, Ok(_)) => tally.wrong.add(tell),
            (_, Ok(session)) if other_user(session) => tally.wrong.add(tell),
            (Expected::Accepted, Err(_)) => tally.refused_good.add(tell),
            _ => {}
        }
        if expected == Expected::Accepted {
            tally.slowest_good = tally.slowest_good.max(took);
            if call.waited || took >= BLOCKED {
                tally.good_waited.add(tell);
            }
        }
        if call.waited && matches!(call.sample.kind, Kind::Expired | Kind::Garbage) {
            tally.hopeless_waited.add(tell);
        }
        let withdrawn = call.sample.key.as_ref().and_then(|key| key.withdrawn());
        if let (Some(withdrawn), Ok(_)) = (withdrawn, result) {
            let survival = call.end.at.saturating_duration_since(withdrawn);
            tally.longest_survival = tally.longest_survival.max(survival);
        }
    }

    /// How long it took, but for what the machine is to blame for.
    fn net(&self, call: &Call<'_>) -> Duration {
        let took = call.end.net_since(call.start);
        if took < BLOCKED {
            return took;
        }
        // The last measurement may be too old.
        self.stalls.again(call.end).net_since(call.start)
    }

    fn expected(&self, call: &Call<'_>) -> (&'static str, Expected) {
        let key = match (call.sample.kind, &call.sample.key) {
            (Kind::Good, Some(key)) => key,
            (Kind::Good | Kind::UnknownKeyId, _) => return ("unknown kid", Expected::Refused),
            (Kind::JunkSignature, _) => return ("junk signature", Expected::Refused),
            (Kind::Expired, _) => return ("expired", Expected::Refused),
            (Kind::Garbage, _) => return ("garbage", Expected::Refused),
        };
        let expected = self.oracle().expected(key.number, call.start, call.end);
        let row = match expected {
            // The verifier can't know it yet, but need not accept it.
            Expected::Accepted if key.withdrawn().is_some() => {
                return ("good, withdrawn unnoticed", Expected::Either);
            }
            Expected::Accepted => "good, delivered",
            Expected::Either => "good, in transition",
            Expected::Refused if key.withdrawn().is_some() => "good, withdrawn",
            Expected::Refused => "good, not delivered yet",
        };
        (row, expected)
    }

    fn tell(&self, call: &Call<'_>, row: &str, result: &Result<Session, VerifyError>) -> String {
        let at = |moment| self.since_start(moment).as_secs_f64();
        let mut text = format!(
            "from {:.3} s to {:.3} s, mood {}: {row}: ",
            at(call.start.at),
            at(call.end.at),
            self.mood().name()
        );
        if let Some(key) = &call.sample.key {
            let _ = write!(text, "key {} ({}", key.number, key.issuer.key_id());
            for (what, when) in [
                ("published", key.published()),
                ("withdrawn", key.withdrawn()),
            ] {
                if let Some(when) = when {
                    let _ = write!(text, ", {what} at {:.3} s", at(when));
                }
            }
            text.push_str("): ");
        }
        let _ = match result {
            Ok(session) => write!(text, "accepted for {}", session.user_id()),
            Err(error) => write!(text, "refused: {error}"),
        };
        text
    }
}

impl Tally {
    /// How many verdicts there were, and how many accepted.
    pub(crate) fn totals(&self) -> (u64, u64) {
        let accepted = self.verdicts.iter().filter(|(key, _)| key.1 == "accepted");
        (
            self.verdicts.values().sum(),
            accepted.map(|(_, count)| count).sum(),
        )
    }

    /// How many verdicts of this row.
    pub(crate) fn row(&self, row: &str) -> u64 {
        let rows = self.verdicts.iter().filter(|(key, _)| key.0 == row);
        rows.map(|(_, count)| count).sum()
    }
}

impl Faults {
    fn add(&mut self, tell: impl FnOnce() -> String) {
        self.count += 1;
        if self.told.len() < TOLD {
            self.told.push(tell());
        }
    }
}

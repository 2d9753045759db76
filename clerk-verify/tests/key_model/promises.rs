//! What holds whatever happens, checked on the events alone, without the model.

use std::{collections::HashMap, time::Duration};

use clerk_verify::FetchCause;

use super::{
    log::{Event, Logged, Verdict},
    material::{SETS, TOKENS},
    rules::{CEILING, LONGEST_WAIT, MINUTE, Options},
    server::Mood,
};

/// How many fetches the pauses allow in a minute where there are no keys at all and the server fails.
const COLD_CEILING: usize = 15;

pub(crate) struct Promises {
    /// How long after it was asked for a set may vouch for tokens.
    longest_life: Duration,
    /// Sets that the server has given, and when it was asked for them; for a seed, how old it was.
    given: Vec<(Duration, Duration, usize)>,
    /// Fetches, and whether they were backed off from: there were no keys, and the last one had failed.
    starts: Vec<(Duration, bool)>,
    under_way: bool,
    failing: bool,
    calls: HashMap<usize, (Duration, Option<usize>)>,
    pub(crate) accepted: usize,
    pub(crate) most_in_a_minute: usize,
    pub(crate) longest_wait: Duration,
}

impl Promises {
    pub(crate) fn new(options: Options, seed: Option<(u64, usize)>) -> Self {
        let seed = seed.map(|(age, set)| (Duration::ZERO, Duration::from_secs(age), set));
        Self {
            longest_life: options.max_ttl() + options.max_stale(),
            given: seed.into_iter().collect(),
            starts: Vec::new(),
            under_way: false,
            failing: false,
            calls: HashMap::new(),
            accepted: 0,
            most_in_a_minute: 0,
            longest_wait: Duration::ZERO,
        }
    }

    pub(crate) fn hear(&mut self, logged: &Logged) -> Result<(), String> {
        let now = logged.at;
        match &logged.event {
            Event::Begins { call, token, .. } => {
                self.calls.insert(*call, (now, *token));
            }
            Event::Ends { call, verdict, .. } => {
                let (arrived, token) = self
                    .calls
                    .remove(call)
                    .ok_or("an end without a beginning")?;
                self.longest_wait = self.longest_wait.max(now - arrived);
                if now - arrived > LONGEST_WAIT {
                    return Err(format!("a caller has waited {:?}", now - arrived));
                }
                if let (Some(Verdict::Accepted), Some(token)) = (verdict, token) {
                    self.accepted += 1;
                    self.accepts(now, token)?;
                }
            }
            Event::Started(cause) => return self.starts(now, *cause),
            Event::Requested { answer, .. }
                if matches!(answer.mood, Mood::Well | Mood::NothingNew) =>
            {
                self.given.push((now, Duration::ZERO, answer.set));
            }
            Event::Succeeded { .. } => (self.under_way, self.failing) = (false, false),
            Event::Failed { .. } => (self.under_way, self.failing) = (false, true),
            Event::Requested { .. } | Event::Searched(_) => {}
        }
        Ok(())
    }

    /// Nobody is let in without a key that the server has given, not too long ago.
    fn accepts(&self, now: Duration, token: usize) -> Result<(), String> {
        let vouches = |(at, age, set): &(Duration, Duration, usize)| {
            SETS[*set].contains(&TOKENS[token]) && now - *at + *age <= self.longest_life
        };
        if self.given.iter().any(vouches) {
            return Ok(());
        }
        Err(format!(
            "accepted {:?}, whose key was not given",
            TOKENS[token]
        ))
    }

    /// One fetch at once, and so many in any minute.
    fn starts(&mut self, now: Duration, cause: FetchCause) -> Result<(), String> {
        if self.under_way {
            return Err("two fetches at once".to_owned());
        }
        self.under_way = true;
        self.starts.retain(|(at, _)| now < *at + MINUTE);
        self.starts
            .push((now, self.failing && cause == FetchCause::Cold));
        self.most_in_a_minute = self.most_in_a_minute.max(self.starts.len());
        let cold = self.starts.iter().filter(|(_, cold)| *cold).count();
        if cold > COLD_CEILING || self.starts.len() - cold > CEILING {
            return Err(format!(
                "{} fetches in a minute, {cold} of them cold",
                self.starts.len()
            ));
        }
        Ok(())
    }
}

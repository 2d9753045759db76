//! The measurement: rounds in which each contestant verifies a batch, in an order that changes.

use std::time::Duration;

use crate::{
    Result,
    contestant::{Contestant, Group},
    material::{Material, SUBJECT},
};

/// How many tokens are in a batch. Node.js takes longer for each.
const BATCH: u32 = 500;
const NODE_BATCH: u32 = 200;

/// How many batches go before the first round, so that caches are full and Node.js has compiled its hot code.
const WARM_UP: u32 = 2;
const NODE_WARM_UP: u32 = 15;

/// What was measured for one contestant.
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    pub(crate) group: Group,
    pub(crate) plain: Times,
    /// With the token that has an organization in it.
    pub(crate) organization: Option<Times>,
}

/// CPU time of one token in microseconds, and as a multiple of the floor's in the same round.
pub(crate) struct Times {
    pub(crate) micros: Quartiles,
    pub(crate) multiple: Quartiles,
}

#[derive(Clone, Copy)]
pub(crate) struct Quartiles {
    pub(crate) lower: f64,
    pub(crate) median: f64,
    pub(crate) upper: f64,
}

/// Fails unless every contestant accepts the good tokens, says whose they are, and refuses the tampered one.
pub(crate) fn check(contestants: &mut [Box<dyn Contestant>], material: &Material) -> Result<()> {
    for contestant in contestants {
        let name = contestant.name();
        for token in [&material.token, &material.organization_token] {
            let subject = contestant
                .subject(token)
                .map_err(|error| format!("{name} refuses a good token: {error}"))?;
            if subject != SUBJECT {
                return Err(format!("{name} takes the token for that of {subject}").into());
            }
        }
        if contestant.subject(&material.tampered).is_ok() {
            return Err(format!("{name} accepts a tampered token").into());
        }
    }
    Ok(())
}

/// The first contestant is the floor.
pub(crate) fn measure(
    contestants: &mut [Box<dyn Contestant>],
    material: &Material,
    rounds: u32,
) -> Result<Vec<Measured>> {
    let mut plain = Samples::new(&material.token, contestants.len());
    let mut organization = Samples::new(&material.organization_token, contestants.len());
    for contestant in contestants.iter_mut() {
        for _ in 0..warm_up(contestant.group()) {
            plain.batch(contestant)?;
            if has_second_token(contestant.group()) {
                organization.batch(contestant)?;
            }
        }
    }
    let mut order: Vec<usize> = (0..contestants.len()).collect();
    for round in 1..=rounds {
        eprint!("\rround {round} of {rounds}");
        fastrand::shuffle(&mut order);
        for &number in &order {
            let Some(contestant) = contestants.get_mut(number) else {
                continue;
            };
            let time = plain.batch(contestant)?;
            plain.add(number, time);
            if has_second_token(contestant.group()) {
                let time = organization.batch(contestant)?;
                organization.add(number, time);
            }
        }
    }
    eprintln!();
    Ok(contestants
        .iter()
        .enumerate()
        .filter_map(|(number, contestant)| {
            Some(Measured {
                name: contestant.name(),
                version: contestant.version(),
                group: contestant.group(),
                plain: plain.times(number)?,
                organization: organization.times(number),
            })
        })
        .collect())
}

/// The other libraries don't read the claims of an organization.
fn has_second_token(group: Group) -> bool {
    matches!(group, Group::Floor | Group::Ours)
}

fn warm_up(group: Group) -> u32 {
    match group {
        Group::Node => NODE_WARM_UP,
        _ => WARM_UP,
    }
}

/// Microseconds for one token, by contestant and round.
struct Samples<'a> {
    token: &'a str,
    micros: Vec<Vec<f64>>,
}

impl<'a> Samples<'a> {
    fn new(token: &'a str, contestants: usize) -> Self {
        Self {
            token,
            micros: vec![Vec::new(); contestants],
        }
    }

    fn batch(&self, contestant: &mut Box<dyn Contestant>) -> Result<f64> {
        let count = match contestant.group() {
            Group::Node => NODE_BATCH,
            _ => BATCH,
        };
        let time: Duration = contestant.batch(self.token, count)?;
        Ok(time.as_secs_f64() * 1e6 / f64::from(count))
    }

    fn add(&mut self, number: usize, micros: f64) {
        if let Some(samples) = self.micros.get_mut(number) {
            samples.push(micros);
        }
    }

    fn times(&self, number: usize) -> Option<Times> {
        let micros = self.micros.get(number)?;
        let floor = self.micros.first()?;
        let multiples = micros
            .iter()
            .zip(floor)
            .map(|(micros, floor)| micros / floor);
        Some(Times {
            micros: Quartiles::of(micros.clone())?,
            multiple: Quartiles::of(multiples.collect())?,
        })
    }
}

impl Quartiles {
    /// `None` of nothing.
    fn of(mut samples: Vec<f64>) -> Option<Self> {
        samples.sort_by(f64::total_cmp);
        let last = samples.len().checked_sub(1)?;
        let at = |quarter: usize| samples.get((last * quarter + 2) / 4).copied();
        Some(Self {
            lower: at(1)?,
            median: at(2)?,
            upper: at(3)?,
        })
    }
}

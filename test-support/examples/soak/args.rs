//! What the command line says.

use std::{fmt, time::Duration};

/// How long, how much, and which random numbers.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) duration: Duration,
    /// Verifications per second.
    pub(crate) rate: u32,
    /// Of the schedule: moods, rotations and the mix of tokens. Keys and timing are new in each run.
    pub(crate) seed: u64,
}

const USAGE: &str = "usage: soak [--minutes 10] [--rate 2000] [--seed 1]\n\
    minutes: 0.5 to 10080; rate: 100 to 20000 verifications per second";

impl Args {
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut minutes, mut rate, mut seed) = (10.0, 2000, fastrand::u64(..1_000_000));
        while let Some(name) = args.next() {
            let value = args.next().ok_or(USAGE)?;
            match name.as_str() {
                "--minutes" => minutes = parse(&name, &value)?,
                "--rate" => rate = parse(&name, &value)?,
                "--seed" => seed = parse(&name, &value)?,
                _ => return Err(format!("unknown argument {name}\n{USAGE}")),
            }
        }
        if !(0.5..=10_080.0).contains(&minutes) || !(100..=20_000).contains(&rate) {
            return Err(USAGE.to_owned());
        }
        Ok(Self {
            duration: Duration::from_secs_f64(minutes * 60.0),
            rate,
            seed,
        })
    }
}

fn parse<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{name} can't be {value}\n{USAGE}"))
}

impl fmt::Display for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.duration.as_secs_f64() / 60.0;
        let Self { rate, seed, .. } = self;
        write!(f, "soak: --minutes {minutes} --rate {rate} --seed {seed}")
    }
}

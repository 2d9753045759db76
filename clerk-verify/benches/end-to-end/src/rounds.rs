//! The measurement: rounds in which every server has its turn, in another order each time.

use crate::{
    Result,
    contestant::Contestant,
    cores::Cores,
    cpu,
    load::{Load, Run},
    probe,
    process::Server,
};

const WARM_UP_SECONDS: u32 = 2;

/// What one server did in each of the rounds.
pub(crate) struct Record {
    pub(crate) contestant: Contestant,
    pub(crate) rounds: Vec<Round>,
}

#[derive(Clone, Copy)]
pub(crate) struct Round {
    pub(crate) requests_per_second: f64,
    /// Of the server's process.
    pub(crate) cpu_micros_per_request: f64,
}

impl Round {
    /// How busy the server was: 1 is one core all the time.
    pub(crate) fn busy(self) -> f64 {
        self.requests_per_second * self.cpu_micros_per_request / 1e6
    }
}

/// A server under measurement.
struct Entrant {
    server: Server,
    /// Of a good answer, in bytes.
    size: usize,
    requests: u64,
    rounds: Vec<Round>,
}

/// Starts all servers, checks each, measures, and ends them.
pub(crate) fn measure(
    contestants: &[Contestant],
    load: &Load<'_>,
    cores: Cores,
    rounds: u32,
    seconds: u32,
) -> Result<Vec<Record>> {
    let mut entrants = Vec::new();
    for &contestant in contestants {
        let server = Server::start(contestant, cores)?;
        let size = probe::check(&server, load.credentials)?;
        entrants.push(Entrant {
            server,
            size,
            requests: 0,
            rounds: Vec::new(),
        });
    }
    eprintln!("warming up {} servers", entrants.len());
    for entrant in &mut entrants {
        entrant.take_turn(load, WARM_UP_SECONDS)?;
    }
    for number in 1..=rounds {
        eprintln!("round {number} of {rounds}");
        let mut turns: Vec<&mut Entrant> = entrants.iter_mut().collect();
        fastrand::shuffle(&mut turns);
        for entrant in turns {
            let round = entrant.take_turn(load, seconds)?;
            entrant.rounds.push(round);
        }
    }
    let record = |entrant: Entrant| Record {
        contestant: entrant.server.contestant,
        rounds: entrant.rounds,
    };
    Ok(entrants.into_iter().map(record).collect())
}

impl Entrant {
    fn take_turn(&mut self, load: &Load<'_>, seconds: u32) -> Result<Round> {
        let before = cpu::time(self.server.id())?;
        let Run { requests, time } = load.run(&self.server, self.size, self.requests, seconds)?;
        let cpu = cpu::time(self.server.id())?.saturating_sub(before);
        // Each connection may have one more under way when wrk stops.
        self.requests += requests + u64::from(load.connections);
        Ok(Round {
            requests_per_second: requests as f64 / time.as_secs_f64(),
            cpu_micros_per_request: cpu.as_secs_f64() * 1e6 / requests as f64,
        })
    }
}

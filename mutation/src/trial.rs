//! Trying mutants: each with the tests that reach it, the quick ones first, until one fails.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::Path,
    process::{Child, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::Result;
use wait_timeout::ChildExt as _;

use crate::{
    mutant::{Mutant, Verdict},
    tests::{self, Test},
};

/// What the first tests may take together; each further batch three times as much.
const FIRST_BATCH: Duration = Duration::from_millis(500);
/// A mutant may make a test slower; one that takes this much longer does not end.
const PATIENCE: u32 = 5;
const LEAST_PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Trials<'t> {
    copy: &'t Path,
    tests: &'t [Test],
    /// What the tests of one mutant may take together, each at its usual speed.
    most: Duration,
}

impl<'t> Trials<'t> {
    pub(crate) fn new(copy: &'t Path, tests: &'t [Test], most: Duration) -> Self {
        Self { copy, tests, most }
    }

    pub(crate) fn run(&self, mutants: &mut [Mutant], jobs: usize) -> Result<()> {
        let viable: Vec<&Mutant> = mutants.iter().filter(|mutant| mutant.is_viable()).collect();
        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let verdicts = Mutex::new(BTreeMap::new());
        let work = || -> Result<()> {
            while let Some((_, mutant)) = tests::take(&next, &viable) {
                let tried = self.one(mutant.id)?;
                if tried.0 != Verdict::Caught {
                    println!("{:?}: {}", tried.0, mutant.name);
                }
                tests::lock(&verdicts).insert(mutant.id, tried);
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                if done % 50 == 0 {
                    println!("{done} of {} tried", viable.len());
                    let _ = std::io::stdout().flush();
                }
            }
            Ok(())
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
            workers
                .into_iter()
                .try_for_each(|worker| match worker.join() {
                    Ok(result) => result,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
        })?;
        let verdicts = tests::lock(&verdicts);
        for mutant in mutants {
            if let Some((verdict, reached_by)) = verdicts.get(&mutant.id) {
                (mutant.verdict, mutant.reached_by) = (*verdict, *reached_by);
            }
        }
        Ok(())
    }

    fn one(&self, id: usize) -> Result<(Verdict, usize)> {
        let reaching: Vec<&Test> = self
            .tests
            .iter()
            .filter(|test| test.reaches.contains(&id))
            .collect();
        let mut whole = Duration::ZERO;
        let tried = reaching.iter().take_while(|test| {
            whole += test.time;
            whole <= self.most
        });
        // The first in any case.
        let tried = tried.count().max(1).min(reaching.len());
        let mut rest = reaching.get(..tried).unwrap_or_default();
        let mut room = FIRST_BATCH;
        while !rest.is_empty() {
            let mut time = Duration::ZERO;
            let fits = |test: &&&Test| {
                time += test.time;
                time <= room
            };
            let size = rest.iter().take_while(fits).count().max(1);
            let (batch, later) = rest.split_at(size);
            let verdict = self.batch(id, batch)?;
            // Twice, for on a busy machine a test may fail by itself.
            if verdict != Verdict::Survived && self.batch(id, batch)? != Verdict::Survived {
                return Ok((verdict, reaching.len()));
            }
            rest = later;
            room *= 3;
        }
        Ok((Verdict::Survived, reaching.len()))
    }

    /// The tests of one program run in one process.
    fn batch(&self, id: usize, batch: &[&Test]) -> Result<Verdict> {
        let mut by_binary: BTreeMap<&Path, Vec<&Test>> = BTreeMap::new();
        for test in batch {
            by_binary.entry(&test.binary).or_default().push(test);
        }
        for (binary, tests) in by_binary {
            let names = tests.iter().map(|test| test.name.as_str());
            let time: Duration = tests.iter().map(|test| test.time).sum();
            let mut child = tests::command(self.copy, binary)
                .args(["--exact", "--test-threads=1"])
                .args(names)
                .env("MUTATION_ON", id.to_string())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?;
            match child.wait_timeout((time * PATIENCE).max(LEAST_PATIENCE))? {
                Some(status) if status.success() => {}
                Some(_) => return Ok(Verdict::Caught),
                None => {
                    end(&mut child)?;
                    return Ok(Verdict::TimedOut);
                }
            }
        }
        Ok(Verdict::Survived)
    }
}

fn end(child: &mut Child) -> Result<()> {
    child.kill()?;
    child.wait()?;
    Ok(())
}

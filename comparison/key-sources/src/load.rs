//! Tokens sent to a library, and what became of them.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, interval_at, sleep_until, timeout, timeout_at},
};

use crate::{Result, libraries::KeySource, tokens::Signer};

/// Calls under way. Those that are still without an answer when it is dropped are given up.
pub(crate) struct Load {
    calls: JoinSet<bool>,
    sent: usize,
    /// From the first call to the time when another one would follow the last.
    pub(crate) took: Duration,
}

/// What became of the calls.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) sent: usize,
    pub(crate) accepted: usize,
    pub(crate) refused: usize,
    pub(crate) panicked: usize,
}

impl Load {
    /// Sends the tokens evenly over this time, each when its turn has come, whether or not those before it have
    /// an answer.
    pub(crate) async fn send(
        source: &Arc<dyn KeySource>,
        tokens: Vec<String>,
        over: Duration,
    ) -> Self {
        let sent = tokens.len();
        let step = over / u32::try_from(sent.max(1)).unwrap_or(u32::MAX);
        let mut calls = JoinSet::new();
        let start = Instant::now();
        let mut turn = start;
        for token in tokens {
            if !step.is_zero() {
                sleep_until(turn).await;
                turn += step;
            }
            spawn(&mut calls, source, token);
        }
        if !step.is_zero() {
            sleep_until(turn).await;
        }
        Self {
            calls,
            sent,
            took: start.elapsed(),
        }
    }

    /// Waits for the answers, but no longer than this.
    pub(crate) async fn finish(mut self, patience: Duration) -> Tally {
        let deadline = Instant::now() + patience;
        let mut tally = Tally {
            sent: self.sent,
            ..Tally::default()
        };
        while let Ok(Some(answer)) = timeout_at(deadline, self.calls.join_next()).await {
            match answer {
                Ok(true) => tally.accepted += 1,
                Ok(false) => tally.refused += 1,
                Err(_) => tally.panicked += 1,
            }
        }
        tally
    }
}

impl Tally {
    /// "3 of 20 refused", and whatever else went wrong.
    pub(crate) fn refusals(&self) -> String {
        format!("{} of {} refused{}", self.refused, self.sent, self.rest())
    }

    /// Those that got no verdict at all; empty where there are none.
    pub(crate) fn rest(&self) -> String {
        let unanswered = self.sent - self.accepted - self.refused - self.panicked;
        let mut text = String::new();
        if unanswered > 0 {
            text.push_str(&format!(", {unanswered} without an answer"));
        }
        if self.panicked > 0 {
            text.push_str(&format!(", {} panicked", self.panicked));
        }
        text
    }
}

/// One call; `None` where it takes longer than this, or panics.
pub(crate) async fn ask(
    source: &Arc<dyn KeySource>,
    token: String,
    patience: Duration,
) -> Option<bool> {
    let mut calls = JoinSet::new();
    spawn(&mut calls, source, token);
    let answer = timeout(patience, calls.join_next()).await.ok()??;
    answer.ok()
}

/// After how long a token of this signer is accepted: one is sent at `first` and then after each `every`, whether
/// or not the one before has an answer.
pub(crate) async fn until_accepted(
    source: &Arc<dyn KeySource>,
    signer: &Signer,
    first: Duration,
    every: Duration,
    most: Duration,
) -> Result<Option<Duration>> {
    let start = Instant::now();
    let mut turns = interval_at(start + first, every);
    let mut calls = JoinSet::new();
    loop {
        tokio::select! {
            () = sleep_until(start + most) => return Ok(None),
            _ = turns.tick() => spawn(&mut calls, source, signer.token()?),
            Some(answer) = calls.join_next() => {
                if answer.unwrap_or(false) {
                    return Ok(Some(start.elapsed()));
                }
            }
        }
    }
}

fn spawn(calls: &mut JoinSet<bool>, source: &Arc<dyn KeySource>, token: String) {
    let source = Arc::clone(source);
    calls.spawn(async move { source.accepts(&token).await });
}

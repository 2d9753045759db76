//! Verifications at a steady rate.

use std::{
    future::poll_fn,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use clerk_verify::{Session, Verifier, VerifyError};
use fastrand::Rng;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, timeout, timeout_at},
};

use crate::{pool::Sample, tally::Call, world::World};

/// Tasks that verify, one for each worker thread.
pub(crate) const DRIVERS: u32 = 2;
/// Verifications of one driver that wait for keys at once; beyond that callers go away.
const MAX_WAITING: usize = 64;
/// More than that are left out where the machine was too busy to keep up.
const MAX_BURST: f64 = 200.0;
/// Within what all must have ended after the last was begun.
const DRAINING: Duration = Duration::from_secs(10);

/// Verifies until the time is up, and waits for the last ones.
pub(crate) async fn drive(
    world: Arc<World>,
    verifier: Verifier,
    number: u32,
    until: tokio::time::Instant,
) {
    let mut rng = Rng::with_seed(world.seed ^ (0x4c4f_4144_0000 + u64::from(number)));
    let rate = f64::from(world.rate) / f64::from(DRIVERS);
    let start = Instant::now();
    let mut done = 0.0;
    let mut waiting = JoinSet::new();
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while !world.is_over() {
        ticks.tick().await;
        while waiting.try_join_next().is_some() {}
        let due = start.elapsed().as_secs_f64() * rate;
        if due - done > MAX_BURST {
            done = due - MAX_BURST;
        }
        let pool = world.pool();
        while done < due {
            done += 1.0;
            match pool.draw(&mut rng) {
                Some(sample) => verify(&world, &verifier, sample, &mut rng, &mut waiting).await,
                None => world.tally().without_token += 1,
            }
        }
    }
    let drained = async { while waiting.join_next().await.is_some() {} };
    if timeout_at(until + DRAINING, drained).await.is_err() {
        world.tally().unfinished += 1;
    }
}

/// One verification. It should end at the first poll; only where it waits for keys it becomes a task.
async fn verify(
    world: &Arc<World>,
    verifier: &Verifier,
    sample: Arc<Sample>,
    rng: &mut Rng,
    waiting: &mut JoinSet<()>,
) {
    let start = world.stalls.now();
    let mut verification = Box::pin(call(verifier.clone(), Arc::clone(&sample)));
    let first = poll_fn(|context| Poll::Ready(verification.as_mut().poll(context))).await;
    let (world, end) = (Arc::clone(world), world.stalls.now());
    if let Poll::Ready(result) = first {
        world.judge(&Call::new(&sample, start, end, false), &result);
        return;
    }
    if waiting.len() >= MAX_WAITING {
        world.tally().turned_away += 1;
        return;
    }
    let patience = match rng.u8(..20) {
        // Some clients don't wait for an answer.
        0 => Duration::from_millis(rng.u64(10..2_000)),
        _ => Duration::from_secs(60),
    };
    waiting.spawn(async move {
        match timeout(patience, verification).await {
            Ok(result) => {
                let call = Call::new(&sample, start, world.stalls.now(), true);
                world.judge(&call, &result);
            }
            Err(_) => world.tally().gone += 1,
        }
    });
}

async fn call(verifier: Verifier, sample: Arc<Sample>) -> Result<Session, VerifyError> {
    verifier.verify_token(&sample.token).await
}

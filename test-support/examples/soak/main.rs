//! A soak test: one verifier under load for minutes, with a key server that misbehaves at random and keys that
//! rotate. A plain model says of every verdict whether it was right.
//!
//! ```text
//! cargo run --release -p clerk-test-support --example soak -- --minutes 10 --rate 2000 --seed 1
//! ```
//!
//! Prints a line a minute and a report; exits with 1 where a promise was not kept. Memory is read from
//! `/proc`; where there is none it is not judged.
// It reports on standard output, and what can't be set up can't be tested.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod answer;
mod args;
mod load;
mod memory;
mod mood;
mod oracle;
mod pool;
mod report;
mod requests;
mod ring;
mod server;
mod stalls;
mod supply;
mod tally;
mod world;

use std::{process::ExitCode, sync::Arc, thread, time::Duration};

use clerk_verify::Verifier;
use tokio::{net::TcpListener, runtime, sync::oneshot, time::Instant};

use self::{args::Args, memory::Memory, ring::ISSUER, world::World};

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    memory::steady_allocator();
    println!("{args}");
    let world = Arc::new(World::new(&args));
    world::count_panics(&world);

    // The server and the minting have threads of their own, so that a busy verifier can't delay them.
    let (address_sender, address) = oneshot::channel();
    let (stop, stopped) = oneshot::channel();
    let server = thread::spawn({
        let (world, seed) = (Arc::clone(&world), args.seed);
        move || runtime().block_on(serve(&world, seed, address_sender, stopped))
    });
    let minting = thread::spawn({
        let (world, seed) = (Arc::clone(&world), args.seed);
        move || pool::mint(&world, seed)
    });
    let watching = thread::spawn({
        let world = Arc::clone(&world);
        move || stalls::watch(&world)
    });

    let workers = runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be had");
    let address = address.blocking_recv().expect("a port can be had");
    let verifier = Verifier::builder()
        .jwks_url(format!("http://{address}/.well-known/jwks.json"))
        .issuer(ISSUER)
        .authorized_parties([world.ring.party()])
        .build()
        .expect("the set-up is good");
    let memory = workers.block_on(run(&world, &args, &verifier));

    world.stop();
    // It may have ended by itself, which the report tells.
    let _ = stop.send(());
    for thread in [server, minting, watching] {
        let _ = thread.join();
    }
    if report::print(&world, &args, &memory) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Until the time is up and the last verification has ended.
async fn run(world: &Arc<World>, args: &Args, verifier: &Verifier) -> Memory {
    let until = Instant::now() + args.duration;
    let drivers = (0..load::DRIVERS).map(|number| {
        let driver = load::drive(Arc::clone(world), verifier.clone(), number, until);
        tokio::spawn(driver)
    });
    let drivers: Vec<_> = drivers.collect();
    let mut memory = Memory::new(args.duration);
    let mut ticks = tokio::time::interval(Duration::from_secs(10));
    for tick in 0_u64.. {
        tokio::select! {
            _ = ticks.tick() => {}
            () = tokio::time::sleep_until(until) => break,
        }
        memory.sample(world.elapsed());
        if tick > 0 && tick.is_multiple_of(6) {
            report::print_minute(world, tick / 6, &memory, &verifier.status());
        }
    }
    memory.sample(world.elapsed());
    for driver in drivers {
        if driver.await.is_err() {
            world.tally().unfinished += 1;
        }
    }
    memory
}

/// The key server, its moods, and the rotations.
async fn serve(
    world: &Arc<World>,
    seed: u64,
    address: oneshot::Sender<std::net::SocketAddr>,
    stopped: oneshot::Receiver<()>,
) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port can be had");
    let bound = listener.local_addr().expect("it has an address");
    address.send(bound).expect("somebody waits for it");
    tokio::select! {
        _ = stopped => {}
        () = server::accept(&listener, world, seed) => {}
        () = mood::change(world, seed) => {}
        () = ring::rotate(world, seed) => {}
    }
}

fn runtime() -> runtime::Runtime {
    runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be had")
}

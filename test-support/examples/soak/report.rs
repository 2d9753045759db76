//! What is printed.

use std::time::{Duration, Instant};

use clerk_verify::KeySourceStatus;

use crate::{
    args::Args,
    memory::{MAX_GROWTH, Memory},
    tally::{Faults, Tally},
    world::World,
};

/// 12 fetches a minute, of two attempts each.
const MOST_REQUESTS: usize = 24;
/// With unknown key ids coming in all the time: the longest backoff (60 s), a whole fetch (5 s), the wait for the
/// next forced one (10 s), and 5 s for a busy machine.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 + 5 + 10 + 5);
/// What one verification may wait for keys (5 s), and 1 s, as tasks do not wake at once.
const LONGEST_WAIT: Duration = Duration::from_secs(5 + 1);

/// One line.
pub(crate) fn print_minute(world: &World, minute: u64, memory: &Memory, status: &KeySourceStatus) {
    let requests = world.requests().take_minute();
    let tally = world.tally();
    let (all, accepted) = tally.totals();
    println!(
        "minute {minute}: {all} verified, {accepted} accepted, {} wrong, {} good refused, {} in transition; \
         {requests} requests this minute; keys {:?}, {} fetches, {} failed; slowest good {:?}; RSS {:.1} MiB",
        tally.wrong.count,
        tally.refused_good.count,
        tally.row("good, in transition"),
        status.state(),
        status.fetches(),
        status.failures(),
        tally.slowest_good,
        memory.now(),
    );
}

/// The final report. Whether every promise was kept.
pub(crate) fn print(world: &World, args: &Args, memory: &Memory) -> bool {
    let mut requests = world.requests();
    requests.note_pause(Instant::now());
    let tally = world.tally();
    println!("\n# Soak test\n");
    println!("`{args}`\n");
    let mut report = Report { kept: true };
    println!("## Promises\n");
    report.faults("no wrong verdict", &tally.wrong);
    report.faults(
        "no good token of a delivered key refused",
        &tally.refused_good,
    );
    report.faults(
        "no good token of a delivered key waited for the network",
        &tally.good_waited,
    );
    report.faults(
        "no expired token and no garbage waited for keys",
        &tally.hopeless_waited,
    );
    report.promise(
        tally.slowest <= LONGEST_WAIT,
        &format!(
            "no verification took longer than {LONGEST_WAIT:?}: the slowest {:?}",
            tally.slowest
        ),
    );
    report.promise(
        requests.most_in_a_window() <= MOST_REQUESTS,
        &format!(
            "at most {MOST_REQUESTS} requests in any 60 s: {}",
            requests.most_in_a_window()
        ),
    );
    report.promise(
        requests.longest_pause() <= LONGEST_PAUSE,
        &format!(
            "never stops asking, {LONGEST_PAUSE:?} at most between two requests: {:.1?}",
            requests.longest_pause()
        ),
    );
    report.memory(memory, args);
    report.promise(
        world.panics() == 0,
        &format!("no panic: {}", world.panics()),
    );
    report.promise(
        tally.unfinished == 0 && tally.row("good, delivered") > 0,
        &format!(
            "every verification ended, and good ones were among them: {} judged as good",
            tally.row("good, delivered")
        ),
    );
    print_counts(world, &tally, requests.total(), memory);
    println!(
        "\n{}",
        if report.kept {
            "All promises were kept."
        } else {
            "Not all promises were kept."
        }
    );
    report.kept
}

struct Report {
    kept: bool,
}

impl Report {
    fn promise(&mut self, kept: bool, text: &str) {
        self.kept &= kept;
        println!("- {}: {text}", if kept { "pass" } else { "FAIL" });
    }

    fn faults(&mut self, name: &str, faults: &Faults) {
        self.promise(faults.count == 0, &format!("{name}: {}", faults.count));
        for told in &faults.told {
            println!("  - {told}");
        }
    }

    fn memory(&mut self, memory: &Memory, args: &Args) {
        let Some((first, last)) = memory.compared() else {
            println!("- not judged: memory, for there is no /proc to read it from");
            return;
        };
        let growth = last / first - 1.0;
        let short = if args.duration < Duration::from_secs(600) {
            " (a short run, of which a fifth has to do for two minutes: not everything is warm then)"
        } else {
            ""
        };
        self.promise(
            growth <= MAX_GROWTH,
            &format!(
                "memory grows by {:.0} % at most: {:+.1} %, from {first:.1} MiB after {:.0?} to {last:.1} MiB at the \
                 end{short}",
                MAX_GROWTH * 100.0,
                growth * 100.0,
                memory.warm_after(),
            ),
        );
    }
}

fn print_counts(world: &World, tally: &Tally, requests: u64, memory: &Memory) {
    let (all, accepted) = tally.totals();
    println!("\n## Counts\n");
    println!("- {all} verifications, {accepted} accepted");
    println!(
        "- {} rotations to a new key id, {} under the same one",
        tally.rotations_new_key_id, tally.rotations_same_key_id
    );
    println!(
        "- slowest verification of a good token with a delivered key: {:?}",
        tally.slowest_good
    );
    let pause = tally.supply.longest(Instant::now());
    println!(
        "- a new key was delivered after {:.1?} at the latest; a withdrawn one was accepted for {:.1?} at the longest",
        tally.supply.latest(),
        tally.longest_survival
    );
    println!(
        "- {:.1?} at the longest without a good answer; in this time the server was good for {:.1?} and was not asked",
        pause.length, pause.missed
    );
    println!(
        "- callers who went away: {} while they waited, {} as too many waited; {} times there was no token",
        tally.gone, tally.turned_away, tally.without_token
    );
    println!(
        "- the machine's stalls, which are taken off these times: {:.1?} of all threads together",
        world.stalls.total()
    );
    println!("- most memory: {:.1} MiB", memory.most());
    println!("- {requests} requests, by the server's mood:");
    for (mood, count) in &tally.moods {
        println!("  - {mood}: {} in {} phases", count.requests, count.phases);
    }
    println!("- verdicts:");
    for ((row, verdict), count) in &tally.verdicts {
        println!("  - {row}: {verdict}: {count}");
    }
}

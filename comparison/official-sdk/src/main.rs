//! Asks Clerk's own backend SDK for Node.js and this library about the same generated requests, and holds the answers
//! against each other. Each difference must be one of the list in `differences.md`.

mod answer;
mod case;
mod compare;
mod differences;
mod documented;
mod generate;
mod json;
mod keys;
mod official;
mod ours;
mod pick;
mod reading;
mod tally;

use std::{
    error::Error,
    process::ExitCode,
    sync::mpsc::{SyncSender, sync_channel},
    thread,
    time::Instant,
};

use clap::Parser;

use crate::{
    case::Case,
    differences::List,
    keys::Signers,
    official::{Process, Questions, Said},
    ours::Ours,
    pick::Picks,
    tally::Tally,
};

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// As many cases as it takes until each difference of the list has come up.
const CASES: u64 = 20_000;
/// How many cases may wait for an answer.
const WAITING: usize = 256;

/// Asks the official SDK and this library about the same requests.
#[derive(Clone, Parser)]
struct Arguments {
    /// How many cases.
    #[arg(long, default_value_t = CASES)]
    cases: u64,
    /// What chance begins with.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only the case of this number, which is printed with both answers.
    #[arg(long)]
    only: Option<u64>,
    /// Prints the cases that this rule explains, too.
    #[arg(long)]
    show: Option<String>,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let list = List::read()?;
    println!(
        "clerk-verify {}, {}",
        ours::version(),
        official::versions()?
    );
    println!("seed {}, {} cases\n", arguments.seed, arguments.cases);
    let start = Instant::now();
    let tally = run(&arguments, &list)?;
    tally.print();
    let seconds = start.elapsed().as_secs_f64();
    println!("{seconds:.1} s");
    if arguments.only.is_none() && arguments.cases >= CASES {
        for name in tally.never_met(&list) {
            println!("on the list and never met: {name}");
        }
        if !tally.never_met(&list).is_empty() {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(match tally.is_good() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn run(arguments: &Arguments, list: &List) -> Result<Tally> {
    let (mut process, questions) = Process::start()?;
    let (sender, cases) = sync_channel(WAITING);
    let asked = arguments.clone();
    let asking = thread::spawn(move || ask(&asked, questions, &sender));
    let mut ours = Ours::default();
    let mut tally = Tally::default();
    for case in cases {
        let said = process.answer(&case)?;
        judge(arguments, list, &case, &said, &mut ours, &mut tally)?;
    }
    asking
        .join()
        .map_err(|_| "the thread that asks has panicked")??;
    Ok(tally)
}

/// Makes the cases and sends each to both sides.
fn ask(arguments: &Arguments, mut questions: Questions, cases: &SyncSender<Case>) -> Result<()> {
    let signers = Signers::new()?;
    let numbers = match arguments.only {
        Some(only) => only..only + 1,
        None => 0..arguments.cases,
    };
    for number in numbers {
        let case = generate::case(arguments.seed, number, &signers)?;
        let picks = Picks::of(&case);
        let picked = picks.ours.token().filter(|_| case.token.is_none());
        questions.ask(&case, picked)?;
        // Whoever waits for an answer must not wait for what has not been sent.
        if number % 64 == 0 {
            questions.flush()?;
        }
        if cases.send(case).is_err() {
            break;
        }
    }
    questions.flush()
}

fn judge(
    arguments: &Arguments,
    list: &List,
    case: &Case,
    said: &Said,
    ours: &mut Ours,
    tally: &mut Tally,
) -> Result<()> {
    let picks = Picks::of(case);
    let (own, complaint) = ours.answer(case, &picks.ours)?;
    let outcome = compare::compare(case, &picks, &said.answer, &own);
    let mut complaints = tally.add(&outcome, list);
    complaints.extend(complaint);
    complaints.extend(compare::unverified(case, &picks, said, &outcome.verdict));
    complaints.extend(documented::granted_without(case, &picks, &own));
    let is_alone = case.token.is_some();
    if !is_alone && said.answer.is_in() && said.token.as_deref() != picks.official.token() {
        let picked = picks.official.says();
        complaints.push(format!("the official SDK took another token: {picked}"));
    }
    let mut is_new = false;
    for complaint in &complaints {
        is_new |= tally.complain(complaint, case.number);
    }
    let is_wanted = |rule: &str| arguments.show.as_deref() == Some(rule);
    let mut rules = outcome
        .differences
        .iter()
        .filter_map(|difference| difference.rule);
    if is_new || arguments.only.is_some() || rules.any(is_wanted) {
        println!("--only {} --seed {}", case.number, arguments.seed);
        for complaint in &complaints {
            println!("  NOTHING EXPLAINS: {complaint}");
        }
        for difference in outcome
            .differences
            .iter()
            .filter(|difference| difference.rule.is_some())
        {
            println!(
                "  {}: {}",
                difference.what,
                difference.rule.unwrap_or_default()
            );
        }
        println!("  case   {}", serde_json::to_string(case)?);
        println!("  theirs {}", said.text);
        println!("  ours   {own:?}\n");
    }
    Ok(())
}

//! Verifies a session token on the command line and says what it holds, or why it is refused.
//!
//! Run with
//!
//! ```not_rust
//! cargo run -p example-standalone -- --demo
//! ```
//!
//! which needs no account: a test issuer mints the token. With a token of yours, pasted when it asks for it,
//! from the browser's console (`await Clerk.session.getToken()`):
//!
//! ```not_rust
//! export CLERK_PUBLISHABLE_KEY=pk_test_…
//! cargo run -p example-standalone -- --authorized-party http://localhost:3000
//! ```
//!
//! Or find out why a server refuses a request:
//!
//! ```not_rust
//! cargo run -p example-standalone -- --jwt-key-file clerk.pem --json < token.txt
//! ```
//!
//! The exit status is 0 for a token that is accepted, 1 for one that is refused, 2 where something is wrong
//! with the options.

#![allow(clippy::print_stderr)] // A command line tool speaks to the one who runs it.

mod options;
mod report;
mod token;

use std::{
    error::Error,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use clap::Parser;
use clerk_verify::{Verifier, testing::TestIssuer};
use tracing_subscriber::filter::{EnvFilter, LevelFilter};

use crate::options::Options;

const REFUSED: u8 = 1;
const MISTAKE: u8 = 2;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    log_to_stderr();
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) if error.use_stderr() => {
            eprint!("{}", token::hide(&error.to_string()));
            return ExitCode::from(MISTAKE);
        }
        // No mistake: the help, or the version.
        Err(help) => help.exit(),
    };
    match run(&options).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", token::hide(&error.to_string()));
            ExitCode::from(MISTAKE)
        }
    }
}

async fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    // The set-up first: nobody should paste a token only to hear that a key is missing.
    let (verifier, token) = if options.demo {
        demo(options)?
    } else {
        (options.verifier()?, token::read(&options.token)?)
    };

    let outcome = verifier.verify_token(&token).await;

    let report = report::report(&outcome, &verifier, options.json, options.now())?;
    match io::stdout().write_all(report.as_bytes()) {
        // Whoever reads along, such as `head`, has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written?,
    }
    Ok(match outcome {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(REFUSED),
    })
}

/// A verifier that trusts a test issuer, and a good token from it. The other options apply, so that one can
/// watch them refuse the token.
fn demo(options: &Options) -> Result<(Verifier, String), Box<dyn Error>> {
    const ORIGIN: &str = "https://app.example.com";

    let issuer = TestIssuer::new();
    let builder = issuer.verifier().authorized_parties([ORIGIN]);
    let token = issuer
        .token()
        .user("user_demo")
        .azp(ORIGIN)
        .org("org_demo", "admin")
        .permissions(["org:invoices:read", "org:invoices:create"])
        .sign();
    eprintln!(
        "demo: the token is minted by a test issuer, {}",
        issuer.issuer()
    );
    Ok((options.checks(builder).build()?, token))
}

/// The library warns of a set-up that is valid but lax.
fn log_to_stderr() {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::WARN.into())
        .from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .without_time()
        .with_target(false)
        .init();
}

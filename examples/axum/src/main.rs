//! An axum service for signed-in users: public, optional and protected routes, CORS, and logs.
//!
//! Run with
//!
//! ```not_rust
//! cargo run -p example-axum
//! ```
//!
//! With no Clerk keys in the environment it trusts a test issuer of its own and prints `curl` lines with
//! tokens to paste. Without a token:
//!
//! ```not_rust
//! curl -i http://127.0.0.1:3000/
//! curl -i http://127.0.0.1:3000/hello
//! curl -i http://127.0.0.1:3000/me
//! ```
//!
//! With your own Clerk instance, and a token from the browser's console (`await Clerk.session.getToken()`):
//!
//! ```not_rust
//! CLERK_PUBLISHABLE_KEY=pk_test_… CLERK_AUTHORIZED_PARTIES=http://localhost:5173 cargo run -p example-axum
//! curl -i -H "Authorization: Bearer $TOKEN" http://127.0.0.1:3000/me
//! ```
//!
//! `PORT` chooses another port, `RUST_LOG` what is logged: `RUST_LOG=debug`.

#![allow(clippy::print_stdout, clippy::print_stderr)] // The demo speaks to the one who runs it.

mod app;
mod notes;
#[cfg(test)]
mod tests;

use std::{
    env,
    error::Error,
    io::{self, ErrorKind},
    net::Ipv4Addr,
    process::ExitCode,
};

use clerk_axum::Verifier;
use example_demo::Demo;
use tokio::net::TcpListener;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    log_to_stderr();
    // Kept to the end: its key server stops when it is dropped.
    let demo = if example_demo::is_wanted() {
        Some(Demo::start().await?)
    } else {
        None
    };
    let verifier = match &demo {
        Some(demo) => demo.verifier()?,
        None => Verifier::from_env()?,
    };
    // Without keys nobody could be let in: better to fail here than at each request.
    verifier.ready().await?;
    tracing::info!("who is let in:\n{}", verifier.describe());

    let app = app::app(verifier)?;
    let listener = listen(port()?).await?;
    let url = format!("http://{}", listener.local_addr()?);
    match &demo {
        Some(demo) => print!("{}", demo.commands(&url)),
        None => println!("listening on {url}"),
    }
    axum::serve(listener, app)
        .with_graceful_shutdown(example_demo::shutdown_requested())
        .await?;
    Ok(())
}

fn port() -> Result<u16, String> {
    match env::var("PORT") {
        Ok(port) if !port.is_empty() => port
            .parse()
            .map_err(|_| format!("PORT is {port:?}, it must be a number from 0 to 65535")),
        _ => Ok(3000),
    }
}

async fn listen(port: u16) -> Result<TcpListener, String> {
    let explain = |error: io::Error| match error.kind() {
        ErrorKind::AddrInUse => {
            format!("port {port} is taken; choose another: PORT=3080 cargo run -p example-axum")
        }
        _ => format!("can't listen on port {port}: {error}"),
    };
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(explain)
}

fn log_to_stderr() {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
}

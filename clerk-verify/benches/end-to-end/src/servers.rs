//! The servers in Rust. Each runs in a process of its own, on one thread, and has the same handler.

mod actix;
mod axum;

use std::{
    io::{self, Write as _},
    net::{Ipv4Addr, TcpListener},
    process, thread,
};

use clerk_verify::{TokenCache, Verifier, testing::TestIssuer};

use crate::{
    Result,
    contestant::{Contestant, Framework, Guard},
    credentials::SMALL_CACHE,
};

/// What every server answers.
pub(crate) const BODY: &str = "Hello, world!";

/// Serves until the standard input ends, which is when whoever started this process is gone.
pub(crate) fn serve(contestant: Contestant) -> Result<()> {
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{}", listener.local_addr()?.port());
    io::stdout().flush()?;
    let verifier = verifier(contestant.guard)?;
    match contestant.framework {
        Framework::Axum => axum::serve(listener, verifier),
        Framework::Actix => actix::serve(listener, verifier),
        Framework::Express | Framework::Fastify => Err("that server is not one in Rust".into()),
    }
}

/// None for the server without authentication.
fn verifier(guard: Guard) -> Result<Option<Verifier>> {
    let issuer = TestIssuer::new();
    let verifier = issuer
        .verifier()
        .authorized_parties([issuer.authorized_party()]);
    let verifier = match guard {
        Guard::Bare | Guard::Clerk => return Ok(None),
        Guard::Warm => verifier,
        Guard::Cold => verifier.token_cache(TokenCache::default().max_entries(SMALL_CACHE)),
        Guard::Off => verifier.token_cache(TokenCache::disabled()),
    };
    Ok(Some(verifier.build()?))
}

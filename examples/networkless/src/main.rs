//! Verifies a token where there is no network and no async runtime: in a command line tool, a function that runs
//! for one request, or behind another framework.
//!
//! Run with
//!
//! ```not_rust
//! cargo run -p example-networkless
//! ```
//!
//! It verifies the sample token of Clerk's documentation, at a time when that was fresh.

#![allow(clippy::print_stdout)] // An example speaks to the one who runs it.

use std::error::Error;

use clerk_verify::{FixedClock, Verifier};
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let sample: Value = serde_json::from_str(include_str!("../../../test-support/data/real.json"))?;
    let text = |name: &str| {
        sample
            .get(name)
            .and_then(Value::as_str)
            .ok_or("a field is missing")
    };

    // In earnest: `.jwt_key(…)` with the PEM of the Clerk dashboard, and no `.clock(…)`.
    let verifier = Verifier::builder()
        .jwks_json(sample.get("jwks").ok_or("a field is missing")?.to_string())
        .issuer(text("issuer")?)
        .clock(FixedClock::at_unix(1_628_221_550))
        .build()?;

    // With keys at hand there is always an answer at once.
    let session = verifier
        .verify_token_now(text("token")?)
        .ok_or("the keys would have to be fetched")??;
    println!("{} is calling", session.user_id());
    Ok(())
}

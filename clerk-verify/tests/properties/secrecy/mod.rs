//! Tokens, keys and secrets are in nothing that one can come to see, and what is seen draws nothing on a terminal.
//!
//! `no_leaks.rs` holds this of the tokens and set-ups that come to mind; here are all others.

mod configurations;
mod events;
mod key_sources;
mod misplaced;
mod shown;
mod tokens;

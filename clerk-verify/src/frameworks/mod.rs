//! What a web framework's traits need to know of this crate's types.
//!
//! Rust lets only the crate of a type or of a trait join the two, so these few lines stand here, behind the
//! features `http`, `axum` and `actix`, and not in the adapters. Everything that decides something is elsewhere.

#[cfg(feature = "actix")]
mod actix;
#[cfg(feature = "axum")]
mod axum;
#[cfg(feature = "http")]
mod http;
#[cfg(any(feature = "axum", feature = "actix"))]
mod rejection;

#[cfg(any(feature = "axum", feature = "actix"))]
pub use self::rejection::{MissingLayer, SessionRejection};

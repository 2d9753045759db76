//! The targets, each a function of the input.

pub mod headers;
pub mod jwks;
pub mod key_source;
pub mod pem;
pub mod permissions;
pub mod publishable_key;
pub mod signed;
pub mod token;

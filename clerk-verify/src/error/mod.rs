//! What can go wrong: with a token ([`VerifyError`]) and with a set-up ([`ConfigError`]).

mod config;
pub(crate) mod hints;
mod kind;
mod origin;
mod seen;
mod times;
mod verify;

pub use self::{
    config::{ConfigError, ConfigProblem},
    verify::VerifyError,
};
pub(crate) use self::{
    kind::Kind,
    origin::Origin,
    seen::{List, Seen},
    times::Times,
};

//! What can go wrong: with a token ([`VerifyError`]) and with a set-up ([`ConfigError`]).

mod config;
mod kind;
mod seen;
mod verify;

pub use self::{
    config::{ConfigError, ConfigProblem},
    verify::VerifyError,
};
pub(crate) use self::{
    kind::{Kind, Times},
    seen::{List, Seen},
};

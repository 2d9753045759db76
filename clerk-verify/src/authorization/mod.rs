//! What a session may do: roles, permissions, features, plans, and how fresh the user's sign-in is.

mod ask;
mod forbidden;
mod requirement;
mod reverification;

pub use self::{
    forbidden::{Dimension, Forbidden, Unmet},
    requirement::Requirement,
    reverification::{Level, Reverification},
};

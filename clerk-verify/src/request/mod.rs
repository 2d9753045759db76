//! Where in a request the token is.

mod authorization;
mod cookie;
mod headers;
mod source;

pub(crate) use self::source::{Extraction, extract};
pub use self::{
    headers::RequestHeaders,
    source::{HeaderValues, TokenSource},
};

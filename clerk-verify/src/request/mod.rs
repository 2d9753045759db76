//! Where in a request the token is.

mod authorization;
mod cookie;
mod headers;
mod session_cookie;
mod source;
mod unverified;

pub use self::{
    headers::RequestHeaders,
    source::{HeaderValues, TokenSource},
};
pub(crate) use self::{
    session_cookie::{AppCookies, SessionCookies},
    source::{Extraction, extract},
};

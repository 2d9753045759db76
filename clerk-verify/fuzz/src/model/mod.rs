//! What is right, as plain as can be: written from the rules, never from the library's code.

pub mod base64url;
mod cookies;
pub mod has;
pub mod json;
pub mod keys;
pub mod request;
pub mod token;

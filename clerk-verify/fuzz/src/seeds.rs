//! Where a target starts from.

use crate::targets;

/// The seeds of the target of this name.
#[must_use]
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "token" => targets::token::seeds(),
        "signed" => targets::signed::seeds(),
        "headers" => targets::headers::seeds(),
        "pem" => targets::pem::seeds(),
        "jwks" => targets::jwks::seeds(),
        "publishable_key" => targets::publishable_key::seeds(),
        "permissions" => targets::permissions::seeds(),
        "key_source" => targets::key_source::seeds(),
        other => panic!("no target {other}"),
    }
}

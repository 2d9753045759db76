//! The lookup of a key by itself.

use crate::verifier::Verifier;

/// Whether a key of this id is at hand: the step of a verification that looks for the key, and no other, so that it can
/// be measured by itself. Like a verification it starts a renewal where one is due.
///
/// ```
/// use clerk_verify::testing::{TestIssuer, look_up};
///
/// let issuer = TestIssuer::new();
/// let verifier = issuer.verifier().build().unwrap();
/// assert!(look_up(&verifier, issuer.key_id()));
/// assert!(!look_up(&verifier, "ins_unknown"));
/// ```
#[must_use]
pub fn look_up(verifier: &Verifier, key_id: &str) -> bool {
    verifier.has_key(key_id)
}

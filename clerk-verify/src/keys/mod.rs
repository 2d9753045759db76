//! What may sign: the keys a verifier trusts and where they come from.

pub(crate) mod jwk;
pub(crate) mod key_set;
pub(crate) mod pem;
pub(crate) mod publishable_key;
#[cfg(feature = "remote")]
pub(crate) mod remote;
pub(crate) mod rsa;
mod source;
mod status;

#[cfg(feature = "cache")]
pub(crate) use self::source::Content;
pub(crate) use self::source::{FixedKeys, Keys, Lookup, Need, Voucher};
pub use self::status::{KeySourceState, KeySourceStatus};

/// The longest key id that is looked up, in bytes; Clerk's have 31.
pub(crate) const MAX_KEY_ID_LEN: usize = 256;

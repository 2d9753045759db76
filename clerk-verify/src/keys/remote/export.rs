//! Keys to be kept for the next run.

use std::{fmt, time::SystemTime};

/// Fetched keys, from [`Verifier::export_snapshot`](crate::Verifier::export_snapshot).
///
/// Keep them where nobody else can write: who can change them can sign in as anyone.
///
/// ```
/// use clerk_verify::{KeySnapshot, Verifier};
///
/// fn keep(verifier: &Verifier) -> std::io::Result<()> {
///     match verifier.export_snapshot() {
///         Some(keys) => std::fs::write("keys.json", keys.json()),
///         None => Ok(()),
///     }
/// }
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct KeySnapshot {
    json: String,
    fetched_at: SystemTime,
}

impl KeySnapshot {
    pub(super) fn new(json: &str, fetched_at: SystemTime) -> Self {
        Self {
            json: json.to_owned(),
            fetched_at,
        }
    }

    /// The JWK Set as the key server published it.
    ///
    /// ```
    /// # use clerk_verify::KeySnapshot;
    /// fn is_set(keys: &KeySnapshot) -> bool {
    ///     keys.json().starts_with('{')
    /// }
    /// ```
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// When it was asked for them.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use clerk_verify::KeySnapshot;
    /// fn is_recent(keys: &KeySnapshot) -> bool {
    ///     keys.fetched_at().elapsed().is_ok_and(|age| age < Duration::from_secs(3600))
    /// }
    /// ```
    #[must_use]
    pub fn fetched_at(&self) -> SystemTime {
        self.fetched_at
    }
}

/// Without the keys.
impl fmt::Debug for KeySnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySnapshot")
            .field("bytes", &self.json.len())
            .field("fetched_at", &self.fetched_at)
            .finish_non_exhaustive()
    }
}

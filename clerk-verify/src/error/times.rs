//! Two times that don't agree.

use std::fmt;

const A_DAY: u128 = 24 * 60 * 60;

/// The two times of a comparison that failed. Prints the verifier's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// What the claim says, in seconds since 1970.
    pub(crate) claim: i64,
    pub(crate) now_millis: i64,
    pub(crate) skew_millis: u64,
}

impl Times {
    /// For a claim that lies in the future: what that says of this machine's clock.
    pub(super) fn behind(self) -> String {
        let millis = i128::from(self.claim) * 1000 - i128::from(self.now_millis);
        let seconds = millis.unsigned_abs().div_ceil(1000);
        if seconds > A_DAY {
            return "Either the clock of this machine was never set, or the issuer made the token so".to_owned();
        }
        format!(
            "The clock of this machine is at least {seconds} s behind that of the token's issuer: set it, or let NTP do \
             so"
        )
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.now_millis.div_euclid(1000);
        let difference = i128::from(now) - i128::from(self.claim);
        let direction = if difference < 0 { "earlier" } else { "later" };
        write!(
            f,
            "{now}: {} s {direction} (seconds since 1970; tolerance {} ms)",
            difference.unsigned_abs(),
            self.skew_millis
        )
    }
}

//! The `fva` claim.

use crate::json::Member;

/// How many minutes ago the user last verified each factor (`fva`), when the token was issued.
///
/// ```
/// use clerk_verify::testing::TestIssuer;
///
/// let session = TestIssuer::new().token().claim("fva", [12, -1]).session().unwrap();
/// let age = session.factor_verification_age().unwrap();
/// assert_eq!(age.first_factor_minutes(), Some(12));
/// assert_eq!(age.second_factor_minutes(), None, "-1: never, or no second factor");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FactorVerificationAge {
    first: Option<u64>,
    second: Option<u64>,
}

impl FactorVerificationAge {
    /// Whole minutes since the first factor (such as a password), `None` for never.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # let session = TestIssuer::new().token().claim("fva", [12, -1]).session().unwrap();
    /// assert_eq!(session.factor_verification_age().unwrap().first_factor_minutes(), Some(12));
    /// ```
    #[must_use]
    pub fn first_factor_minutes(self) -> Option<u64> {
        self.first
    }

    /// Whole minutes since the second factor, `None` for never or none enrolled.
    ///
    /// ```
    /// # use clerk_verify::testing::TestIssuer;
    /// # let session = TestIssuer::new().token().claim("fva", [12, 3]).session().unwrap();
    /// assert_eq!(session.factor_verification_age().unwrap().second_factor_minutes(), Some(3));
    /// ```
    #[must_use]
    pub fn second_factor_minutes(self) -> Option<u64> {
        self.second
    }

    /// Two finite numbers, each -1 or not negative; anything else is no age at all.
    pub(super) fn from_claim(fva: Member<'_>) -> Option<Self> {
        let [first, second] = fva.read::<[f64; 2]>()?;
        Some(Self {
            first: minutes(first)?,
            second: minutes(second)?,
        })
    }
}

/// The outer `None` is a malformed claim, the inner one "never".
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn minutes(age: f64) -> Option<Option<u64>> {
    if age == -1.0 {
        Some(None)
    } else if age.is_finite() && age >= 0.0 {
        Some(Some(age as u64))
    } else {
        None
    }
}

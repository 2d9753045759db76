//! How fresh a user's sign-in must be.

use std::{cmp::Reverse, fmt};

use serde::{Serialize, Serializer};

use crate::claims::FactorVerificationAge;

/// That the user has verified a factor not long ago, in Clerk's words (`fva`).
///
/// | preset | what must be fresh | minutes |
/// |---|---|---|
/// | [`strict_mfa`](Self::strict_mfa) | both factors | 10 |
/// | [`strict`](Self::strict) | the second factor | 10 |
/// | [`moderate`](Self::moderate) | the second factor | 60 |
/// | [`lax`](Self::lax) | the second factor | 1440 (a day) |
///
/// For a user who has no second factor, the first one counts. The age is that of the moment when the token was
/// issued, and must be below the minutes, not equal to them.
///
/// ```
/// use clerk_verify::{Level, Requirement, Reverification, testing::TestIssuer};
///
/// let session = TestIssuer::new().token().factors_verified(Some(20), Some(9)).session().unwrap();
/// let asks = |reverification| Requirement::new().reverification(reverification);
/// assert!(session.has(&asks(Reverification::strict())));
/// assert!(!session.has(&asks(Reverification::strict_mfa())));
/// assert!(session.has(&asks(Reverification::new(Level::FirstFactor, 30))));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Reverification {
    preset: Option<&'static str>,
    level: Level,
    after_minutes: u32,
}

impl Reverification {
    /// This factor, verified less than so many minutes ago. Zero minutes are never met, and no user is asked for them:
    /// the answer then is that of a missing role.
    ///
    /// ```
    /// # use clerk_verify::{Level, Reverification};
    /// let reverification = Reverification::new(Level::SecondFactor, 15);
    /// assert_eq!((reverification.level(), reverification.after_minutes()), (Level::SecondFactor, 15));
    /// ```
    #[must_use]
    pub const fn new(level: Level, after_minutes: u32) -> Self {
        Self {
            preset: None,
            level,
            after_minutes,
        }
    }

    /// Both factors, less than 10 minutes ago.
    ///
    /// ```
    /// # use clerk_verify::{Level, Reverification};
    /// assert_eq!(Reverification::strict_mfa().level(), Level::MultiFactor);
    /// ```
    #[must_use]
    pub const fn strict_mfa() -> Self {
        Self::preset("strict_mfa", Level::MultiFactor, 10)
    }

    /// The second factor, less than 10 minutes ago.
    ///
    /// ```
    /// # use clerk_verify::Reverification;
    /// assert_eq!(Reverification::strict().after_minutes(), 10);
    /// ```
    #[must_use]
    pub const fn strict() -> Self {
        Self::preset("strict", Level::SecondFactor, 10)
    }

    /// The second factor, less than an hour ago.
    ///
    /// ```
    /// # use clerk_verify::Reverification;
    /// assert_eq!(Reverification::moderate().after_minutes(), 60);
    /// ```
    #[must_use]
    pub const fn moderate() -> Self {
        Self::preset("moderate", Level::SecondFactor, 60)
    }

    /// The second factor, less than a day ago.
    ///
    /// ```
    /// # use clerk_verify::Reverification;
    /// assert_eq!(Reverification::lax().after_minutes(), 24 * 60);
    /// ```
    #[must_use]
    pub const fn lax() -> Self {
        Self::preset("lax", Level::SecondFactor, 1440)
    }

    const fn preset(name: &'static str, level: Level, after_minutes: u32) -> Self {
        Self {
            preset: Some(name),
            level,
            after_minutes,
        }
    }

    /// Which factor must be fresh.
    ///
    /// ```
    /// # use clerk_verify::{Level, Reverification};
    /// assert_eq!(Reverification::lax().level(), Level::SecondFactor);
    /// ```
    #[must_use]
    pub const fn level(self) -> Level {
        self.level
    }

    /// The age at which it is no longer fresh, in minutes.
    ///
    /// ```
    /// # use clerk_verify::Reverification;
    /// assert_eq!(Reverification::strict_mfa().after_minutes(), 10);
    /// ```
    #[must_use]
    pub const fn after_minutes(self) -> u32 {
        self.after_minutes
    }

    pub(super) fn is_met_by(self, age: Option<FactorVerificationAge>) -> bool {
        let Some(age) = age else {
            return false;
        };
        let is_fresh = |minutes: u64| u64::from(self.after_minutes) > minutes;
        match (age.first_factor_minutes(), age.second_factor_minutes()) {
            (None, None) => false,
            // There is no second factor: the first stands in for it.
            (Some(first), None) => is_fresh(first),
            (first, Some(second)) => match self.level {
                Level::FirstFactor => first.is_some_and(is_fresh),
                Level::SecondFactor => is_fresh(second),
                Level::MultiFactor => first.is_some_and(is_fresh) && is_fresh(second),
            },
        }
    }

    pub(super) fn can_be_met(self) -> bool {
        self.after_minutes > 0
    }

    /// What is harder to meet is greater.
    pub(super) fn strength(self) -> (u8, Reverse<u32>) {
        let level = match self.level {
            Level::FirstFactor => 1,
            Level::SecondFactor => 2,
            Level::MultiFactor => 3,
        };
        (level, Reverse(self.after_minutes))
    }

    /// One whose fulfilment meets both.
    pub(super) fn both(self, other: Self) -> Self {
        let after_minutes = self.after_minutes.min(other.after_minutes);
        // The first and the second factor together are both; otherwise the higher level includes the lower.
        let level = match self.level == other.level {
            true => self.level,
            false => Level::MultiFactor,
        };
        // A preset keeps its name.
        [self, other]
            .into_iter()
            .find(|one| (one.level, one.after_minutes) == (level, after_minutes))
            .unwrap_or(Self::new(level, after_minutes))
    }

    pub(super) fn found(self, age: Option<FactorVerificationAge>) -> String {
        if !self.can_be_met() {
            return "zero minutes are never met".to_owned();
        }
        let Some(age) = age else {
            return "the token has no `fva`, or a malformed one".to_owned();
        };
        let ago = |minutes: Option<u64>| match minutes {
            Some(minutes) => format!("{minutes} min ago"),
            None => "never".to_owned(),
        };
        format!(
            "the first factor was verified {}, the second {}",
            ago(age.first_factor_minutes()),
            ago(age.second_factor_minutes())
        )
    }
}

/// As Clerk's frontend SDK reads it: the name of a preset, or what was asked, in the order of Clerk's own SDKs.
impl Serialize for Reverification {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Custom {
            level: &'static str,
            #[serde(rename = "afterMinutes")]
            after_minutes: u32,
        }
        match self.preset {
            Some(name) => serializer.serialize_str(name),
            None => Custom {
                level: self.level.as_str(),
                after_minutes: self.after_minutes,
            }
            .serialize(serializer),
        }
    }
}

impl fmt::Display for Reverification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (level, minutes) = (self.level.as_str(), self.after_minutes);
        match self.preset {
            Some(name) => write!(f, "{name} ({level} within {minutes} min)"),
            None => write!(f, "{level} within {minutes} min"),
        }
    }
}

/// Which factor a [`Reverification`] asks for.
///
/// ```
/// use clerk_verify::Level;
///
/// assert_eq!(Level::MultiFactor.as_str(), "multi_factor");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Level {
    /// The first, such as a password or a code by email.
    FirstFactor,
    /// The second; the first where the user has no second.
    SecondFactor,
    /// Both; the first alone where the user has no second.
    MultiFactor,
}

impl Level {
    /// Clerk's name for it.
    ///
    /// ```
    /// assert_eq!(clerk_verify::Level::FirstFactor.as_str(), "first_factor");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstFactor => "first_factor",
            Self::SecondFactor => "second_factor",
            Self::MultiFactor => "multi_factor",
        }
    }
}

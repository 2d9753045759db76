//! How the key server misbehaves, and when.

use std::time::Duration;

use fastrand::Rng;
use tokio::time::{Instant, sleep};

use crate::world::World;

/// What it does with a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mood {
    Good,
    /// Good keys, among members that nobody can use.
    OddMembers,
    /// Never answers.
    Hang,
    Status500,
    /// 429 with `Retry-After`, in seconds.
    TooMany(u8),
    Html,
    EmptySet,
    /// JSON, or the answer itself, ends in the middle.
    Truncated,
    /// One byte in 100 ms.
    SlowBody,
    Reset,
    /// One byte more than is read.
    TooLarge,
}

/// At most this long without a good phase.
const BAD_AT_MOST: Duration = Duration::from_secs(60);

/// With the seconds that they last.
const FIRST: [(Mood, u64); 5] = [
    (Mood::Hang, 4),
    (Mood::TooLarge, 4),
    (Mood::Good, 8),
    (Mood::Hang, 6),
    (Mood::Good, 3),
];

impl Mood {
    pub(crate) fn is_good(self) -> bool {
        matches!(self, Self::Good | Self::OddMembers)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::OddMembers => "odd members",
            Self::Hang => "hang",
            Self::Status500 => "500",
            Self::TooMany(_) => "429",
            Self::Html => "HTML",
            Self::EmptySet => "empty set",
            Self::Truncated => "truncated",
            Self::SlowBody => "slow body",
            Self::Reset => "reset",
            Self::TooLarge => "too large",
        }
    }

    /// All bad ones, in any order.
    fn all_bad(rng: &mut Rng) -> Vec<Self> {
        let mut moods = vec![
            Self::Hang,
            Self::Status500,
            Self::TooMany(rng.u8(1..=5)),
            Self::Html,
            Self::EmptySet,
            Self::Truncated,
            Self::SlowBody,
            Self::Reset,
            Self::TooLarge,
        ];
        rng.shuffle(&mut moods);
        moods
    }

    fn good(rng: &mut Rng) -> Self {
        if rng.u8(..3) == 0 {
            Self::OddMembers
        } else {
            Self::Good
        }
    }
}

/// Another mood every 1 to 20 seconds; a good one lasts 2 seconds or more.
///
/// The first ones are always the same: everyone waits, without keys and with them, and too much is sent. That is when
/// most memory is used, so later moods need no more of it.
pub(crate) async fn change(world: &World, seed: u64) {
    let mut rng = Rng::with_seed(seed ^ 0x004d_4f4f_4400);
    for (mood, seconds) in FIRST {
        world.set_mood(mood);
        sleep(Duration::from_secs(seconds)).await;
    }
    let mut good_until = Instant::now();
    let mut bad = Vec::new();
    loop {
        let phase = Duration::from_millis(rng.u64(1_000..=20_000));
        let too_long = good_until.elapsed() + phase > BAD_AT_MOST;
        if too_long || rng.u8(..10) < 4 {
            world.set_mood(Mood::good(&mut rng));
            sleep(phase.max(Duration::from_secs(2))).await;
            good_until = Instant::now();
        } else {
            if bad.is_empty() {
                bad = Mood::all_bad(&mut rng);
            }
            // None is left out for long.
            world.set_mood(bad.pop().unwrap_or(Mood::Hang));
            sleep(phase).await;
        }
    }
}

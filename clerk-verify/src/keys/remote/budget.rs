//! How many fetches there may be.

use std::{collections::VecDeque, time::Duration};

/// A token bucket: so many at once, and one more after each interval.
#[derive(Debug)]
pub(super) struct Bucket {
    burst: u32,
    interval: Duration,
    left: u32,
    /// From when on the next one is being refilled.
    since: Duration,
}

impl Bucket {
    pub(super) fn new(burst: u32, interval: Duration) -> Self {
        Self {
            burst,
            interval,
            left: burst,
            since: Duration::ZERO,
        }
    }

    /// Takes one; otherwise says how long until there is one.
    pub(super) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        self.refill(now);
        if self.left == 0 {
            let refilled = self.since.saturating_add(self.interval);
            return Err(refilled.saturating_sub(now));
        }
        if self.left == self.burst {
            self.since = now;
        }
        self.left -= 1;
        Ok(())
    }

    /// Gives one back, where what it was taken for did not happen.
    pub(super) fn give_back(&mut self) {
        self.left = self.left.saturating_add(1).min(self.burst);
    }

    fn refill(&mut self, now: Duration) {
        while self.left < self.burst && now.saturating_sub(self.since) >= self.interval {
            self.left += 1;
            self.since = self.since.saturating_add(self.interval);
            if self.interval.is_zero() {
                self.left = self.burst;
            }
        }
    }
}

/// At most so many in any 60 seconds.
#[derive(Debug)]
pub(super) struct Ceiling {
    most: usize,
    started: VecDeque<Duration>,
}

impl Ceiling {
    const WINDOW: Duration = Duration::from_secs(60);

    pub(super) fn new(most: u32) -> Self {
        Self {
            most: usize::try_from(most).unwrap_or(usize::MAX),
            started: VecDeque::new(),
        }
    }

    /// How long until another one is allowed; `None` where it is now.
    pub(super) fn wait(&mut self, now: Duration) -> Option<Duration> {
        while let Some(first) = self.started.front()
            && now.saturating_sub(*first) >= Self::WINDOW
        {
            self.started.pop_front();
        }
        let first = *self.started.front()?;
        (self.started.len() >= self.most)
            .then(|| first.saturating_add(Self::WINDOW).saturating_sub(now))
    }

    pub(super) fn note(&mut self, now: Duration) {
        self.started.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_one_an_interval() {
        let mut bucket = Bucket::new(2, seconds(10));
        assert_eq!(bucket.take(seconds(100)), Ok(()));
        assert_eq!(bucket.take(seconds(101)), Ok(()));
        assert_eq!(bucket.take(seconds(103)), Err(seconds(7)));
        assert_eq!(bucket.take(seconds(110)), Ok(()));
        assert_eq!(bucket.take(seconds(119)), Err(seconds(1)));
        assert_eq!(bucket.take(seconds(1000)), Ok(()));
        assert_eq!(bucket.take(seconds(1000)), Ok(()));
        assert!(
            bucket.take(seconds(1000)).is_err(),
            "no more than the burst"
        );
    }

    #[test]
    fn a_bucket_without_an_interval_is_never_empty() {
        let mut bucket = Bucket::new(1, Duration::ZERO);
        assert!((0..100).all(|_| bucket.take(seconds(1)).is_ok()));
    }

    #[test]
    fn what_is_given_back_can_be_taken_again_and_never_exceeds_the_burst() {
        let mut bucket = Bucket::new(1, seconds(10));
        assert_eq!(bucket.take(seconds(0)), Ok(()));
        bucket.give_back();
        bucket.give_back();
        assert_eq!(bucket.take(seconds(1)), Ok(()));
        assert!(bucket.take(seconds(2)).is_err());
    }

    #[test]
    fn the_ceiling_counts_any_sixty_seconds() {
        let mut ceiling = Ceiling::new(2);
        for now in [0, 30] {
            assert_eq!(ceiling.wait(seconds(now)), None);
            ceiling.note(seconds(now));
        }
        assert_eq!(ceiling.wait(seconds(31)), Some(seconds(29)));
        assert_eq!(ceiling.wait(seconds(60)), None);
        ceiling.note(seconds(60));
        assert_eq!(ceiling.wait(seconds(61)), Some(seconds(29)));
    }
}

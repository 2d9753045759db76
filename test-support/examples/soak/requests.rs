//! What the key server was asked, by time.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

const WINDOW: Duration = Duration::from_secs(60);
/// More than that in one window is as bad as that.
const MOST: usize = 10_000;

/// Counts requests: one a connection, for no connection is kept.
#[derive(Debug)]
pub(crate) struct Requests {
    total: u64,
    /// Those of the last 60 s.
    recent: VecDeque<Instant>,
    most_in_a_window: usize,
    last: Instant,
    longest_pause: Duration,
    minute: u64,
}

impl Requests {
    pub(crate) fn new(start: Instant) -> Self {
        Self {
            total: 0,
            recent: VecDeque::new(),
            most_in_a_window: 0,
            last: start,
            longest_pause: Duration::ZERO,
            minute: 0,
        }
    }

    pub(crate) fn count(&mut self, now: Instant) {
        self.total += 1;
        self.minute += 1;
        self.note_pause(now);
        self.last = now;
        self.recent.push_back(now);
        let outside = |then: &Instant| now.saturating_duration_since(*then) >= WINDOW;
        while self.recent.front().is_some_and(outside) || self.recent.len() > MOST {
            self.recent.pop_front();
        }
        self.most_in_a_window = self.most_in_a_window.max(self.recent.len());
    }

    /// Also to be called at the end: the last pause counts too.
    pub(crate) fn note_pause(&mut self, now: Instant) {
        let pause = now.saturating_duration_since(self.last);
        self.longest_pause = self.longest_pause.max(pause);
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The most in any 60 s.
    pub(crate) fn most_in_a_window(&self) -> usize {
        self.most_in_a_window
    }

    pub(crate) fn longest_pause(&self) -> Duration {
        self.longest_pause
    }

    /// Those since the last call.
    pub(crate) fn take_minute(&mut self) -> u64 {
        std::mem::take(&mut self.minute)
    }
}

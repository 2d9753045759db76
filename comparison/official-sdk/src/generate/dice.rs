//! Chance that can be repeated.

use fastrand::Rng;

pub(crate) struct Dice(Rng);

impl Dice {
    /// The dice of one case: what they show depends on nothing but the seed and the number.
    pub(crate) fn of(seed: u64, number: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        // Seeds that lie close to each other begin alike.
        rng.u64(..);
        rng.u64(..);
        Self(rng)
    }

    pub(crate) fn percent(&mut self, chance: u32) -> bool {
        self.0.u32(..100) < chance
    }

    /// From `first` up to `last`, both included.
    pub(crate) fn between(&mut self, first: i64, last: i64) -> i64 {
        self.0.i64(first..=last)
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        if count == 0 { 0 } else { self.0.usize(..count) }
    }

    /// One of them, each as likely as the next.
    pub(crate) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        let place = self.below(of.len());
        // Never called without a choice.
        #[allow(clippy::indexing_slicing)]
        of[place].clone()
    }

    /// One of them, as likely as the number beside it says.
    pub(crate) fn weighed<T: Clone>(&mut self, of: &[(u32, T)]) -> T {
        let total: u32 = of.iter().map(|(weight, _)| weight).sum();
        let mut rest = self.0.u32(..total);
        for (weight, choice) in of {
            match rest.checked_sub(*weight) {
                Some(less) => rest = less,
                None => return choice.clone(),
            }
        }
        let choices: Vec<T> = of.iter().map(|(_, choice)| choice.clone()).collect();
        self.one(&choices)
    }

    /// Some of them, at most `most`, in any order, also twice.
    pub(crate) fn some<T: Clone>(&mut self, of: &[T], most: usize) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| self.one(of)).collect()
    }
}

//! Random numbers of one trial.
//!
//! Each trial has its own stream of one counter-based generator, named by its algorithm, so that what a trial draws
//! depends on nothing that happened before and stays the same with every version of the libraries.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// ChaCha8 with the sweep's seed as its key and the trial's number as its stream.
pub(super) struct Stream(ChaCha8Rng);

impl Stream {
    pub fn of_trial(seed: u64, number: u32) -> Self {
        Self::numbered(seed, u64::from(number))
    }

    /// The stream for what all trials of a sweep share; it is none of theirs.
    pub fn of_sweep(seed: u64) -> Self {
        Self::numbered(seed, u64::MAX)
    }

    fn numbered(seed: u64, stream: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..24].copy_from_slice(b"tunebot search 1");
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(stream);
        Self(generator)
    }

    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in 0..1, 1 excluded, with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Uniform in 0..`bound`; `bound` ≥ 1. The bias is below `bound` / 2^64.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_trial_never_change() {
        let mut stream = Stream::of_trial(7, 3);
        assert_eq!([stream.bits(), stream.bits()], [14_173_487_076_478_257_523, 15_183_272_654_325_442_382]);
    }

    #[test]
    fn trials_and_sweeps_draw_different_numbers() {
        let first = |seed, number| Stream::of_trial(seed, number).bits();
        let all = [first(0, 0), first(0, 1), first(1, 0), first(1, 1), Stream::of_sweep(0).bits()];
        let distinct: std::collections::BTreeSet<_> = all.into_iter().collect();
        assert_eq!(distinct.len(), 5);
    }
}

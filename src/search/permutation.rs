//! A seeded order of 0..size in constant memory.

use super::stream::Stream;

const ROUNDS: usize = 6;

/// A bijection on `0..size`: a Feistel network over the next power of four, walked until it is back inside
/// (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002, §4). Less than four walks an index on average.
pub(super) struct Permutation {
    size: u64,
    /// Bits of one half.
    half: u32,
    keys: [u64; ROUNDS],
}

impl Permutation {
    /// `size` ≥ 1.
    pub fn new(size: u64, stream: &mut Stream) -> Self {
        let bits = u64::BITS - (size - 1).leading_zeros();
        Self { size, half: bits.div_ceil(2).max(1), keys: std::array::from_fn(|_| stream.bits()) }
    }

    /// The number at place `index`; both in `0..size`.
    pub fn at(&self, index: u64) -> u64 {
        let mut number = self.shuffle(index);
        while number >= self.size {
            number = self.shuffle(number);
        }
        number
    }

    fn shuffle(&self, number: u64) -> u64 {
        let mask = (1_u64 << self.half) - 1;
        let (mut left, mut right) = (number >> self.half, number & mask);
        for key in self.keys {
            (left, right) = (right, left ^ (mix(right ^ key) & mask));
        }
        (left << self.half) | right
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
pub(super) fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_once() {
        for size in [1, 2, 3, 4, 5, 17, 64, 1000] {
            let permutation = Permutation::new(size, &mut Stream::of_sweep(size));
            let mut numbers: Vec<u64> = (0..size).map(|index| permutation.at(index)).collect();
            numbers.sort_unstable();
            assert!(numbers.into_iter().eq(0..size), "size {size}");
        }
    }

    #[test]
    fn the_largest_size_works() {
        let permutation = Permutation::new(u64::MAX, &mut Stream::of_sweep(0));
        assert!((0..100).all(|index| permutation.at(index) < u64::MAX));
    }

    #[test]
    fn the_order_depends_on_the_seed_and_is_not_the_natural_one() {
        let order = |seed| {
            let permutation = Permutation::new(100, &mut Stream::of_sweep(seed));
            (0..100).map(|index| permutation.at(index)).collect::<Vec<_>>()
        };
        assert_ne!(order(1), order(2));
        assert!(!order(1).into_iter().eq(0..100));
    }
}

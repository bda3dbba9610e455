//! How well a model foretold trials that it had not seen.
//!
//! The finished trials are taken in the order of their numbers, in blocks. Before each block a model is fitted on all
//! trials before it and says what it thinks of the points of the block; then it is held against what came of them. Only
//! the order counts, so that models whose numbers mean different things can be compared (Kendall, "A New Measure of Rank
//! Correlation", Biometrika 30, 1938).

use std::cmp::Ordering;

/// Pairs of trials whose order a model foretold, of those that differ.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Foretold {
    pub right: f64,
    pub pairs: f64,
}

impl Foretold {
    /// `said` and `came`: one number for each of the same trials, smaller is better. Pairs that came out equal do not count;
    /// those that were said to be equal count half. NaN is equal to everything.
    pub fn compare(said: &[f64], came: &[f64]) -> Self {
        let mut foretold = Self::default();
        for (index, (first_said, first_came)) in said.iter().zip(came).enumerate() {
            for (second_said, second_came) in said.iter().zip(came).skip(index + 1) {
                let Some(truth) = first_came.partial_cmp(second_came).filter(|order| order.is_ne()) else { continue };
                foretold.pairs += 1.0;
                foretold.right += match first_said.partial_cmp(second_said) {
                    Some(order) if order == truth => 1.0,
                    Some(Ordering::Equal) | None => 0.5,
                    Some(_) => 0.0,
                };
            }
        }
        foretold
    }

    pub fn plus(self, other: Self) -> Self {
        Self { right: self.right + other.right, pairs: self.pairs + other.pairs }
    }

    /// The rank correlation, from −1 (all pairs the wrong way round) to 1; 0 without pairs.
    pub fn correlation(self) -> f64 {
        if self.pairs > 0.0 { 2.0 * self.right / self.pairs - 1.0 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_foretold_the_order_is_right_whatever_its_numbers() {
        let came = [0.3, 0.1, 0.9, 0.5];
        assert_eq!(Foretold::compare(&[3.0, -70.0, 1e9, 4.0], &came).correlation(), 1.0);
        assert_eq!(Foretold::compare(&[-3.0, 70.0, -1e9, -4.0], &came).correlation(), -1.0);
    }

    #[test]
    fn who_says_nothing_is_neither_right_nor_wrong() {
        let came = [0.3, 0.1, f64::INFINITY];
        assert_eq!(Foretold::compare(&[0.0; 3], &came), Foretold { right: 1.5, pairs: 3.0 });
        assert_eq!(Foretold::compare(&[f64::NAN; 3], &came).correlation(), 0.0);
        assert_eq!(Foretold::default().correlation(), 0.0);
    }

    #[test]
    fn trials_that_came_out_equal_tell_nothing() {
        assert_eq!(Foretold::compare(&[1.0, 2.0, 3.0], &[0.5, 0.5, f64::NAN]).pairs, 0.0);
    }
}

//! One parameter over all trials: its values, and how wide a kernel around each of them is.
//!
//! Bandwidth, where many trials share one: 1.5 / (n + 2) of the range for n trials that have the parameter, not below 0.01
//! (the "magic clip"; Watanabe 2023, arXiv:2304.11127, §3.3). That is about how far apart evenly spread trials are, so a
//! trial speaks for its own neighbourhood only. n is rounded down to a quarter power of 2, so that widths, and the
//! normalising constants with them, stay the same while trials are added one by one.

use std::f64::consts::LN_2;

use super::layout::Dimension;
use super::math::{ln, powf};
use super::normal::{Cdf, LN_SQRT_TAU};

/// Vectors of `n_trials`; NaN where a trial has no value.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    pub slots: Vec<f64>,
    /// On the unit interval; empty for a category.
    pub positions: Vec<f64>,
    /// Logarithm of 1 / (√(2π) σ · mass inside the range) of the normal distribution around each position, 0 where there is
    /// none; empty for a category.
    pub log_norms: Vec<f64>,
    /// Deviation of the kernels in parts of the range; 0 until there is a value.
    pub sigma: f64,
    /// Trials without a value.
    pub missing: usize,
}

impl Column {
    /// Sets what trial `index` has, or adds the next one's.
    ///
    /// Cost: O(1) on average; O(n_trials) when the number of values passes a quarter power of 2.
    pub fn set(&mut self, dimension: &Dimension, index: usize, slot: f64) {
        if index == self.slots.len() {
            self.slots.push(f64::NAN);
            self.missing += 1;
        }
        let old = std::mem::replace(&mut self.slots[index], slot);
        self.missing = self.missing + usize::from(slot.is_nan()) - usize::from(old.is_nan());
        if dimension.is_categorical() {
            return;
        }
        self.positions.resize(self.slots.len(), f64::NAN);
        self.positions[index] = dimension.axis.position(slot);
        self.log_norms.resize(self.slots.len(), 0.0);
        let sigma = bandwidth(self.observed());
        if sigma == self.sigma {
            self.log_norms[index] = log_norm(&Cdf::table(), self.positions[index], sigma);
        } else {
            self.normalise(sigma);
        }
    }

    /// The same parameter over the trials at `places` only, in that order; how wide their kernels are is still to be said.
    pub fn gather(&self, places: &[u32]) -> Self {
        let pick = |from: &[f64]| -> Vec<f64> {
            places.iter().filter_map(|&place| from.get(place as usize).copied()).collect()
        };
        let mut column = Self { slots: pick(&self.slots), positions: pick(&self.positions), ..Self::default() };
        column.missing = column.slots.iter().filter(|slot| slot.is_nan()).count();
        column
    }

    /// Gives all kernels the width that so many trials ask for.
    ///
    /// Cost: O(n_trials).
    pub fn spread(&mut self) {
        self.normalise(bandwidth(self.observed()));
    }

    /// Gives each kernel the width `sigmas` says, in parts of the range; `n_trials` of them.
    ///
    /// Cost: O(n_trials).
    pub fn spread_each(&mut self, sigmas: &[f64]) {
        let cdf = Cdf::table();
        let norms = self.positions.iter().zip(sigmas).map(|(&position, &sigma)| log_norm(&cdf, position, sigma));
        self.log_norms = norms.collect();
    }

    /// Trials that have a value.
    pub fn observed(&self) -> usize {
        self.slots.len() - self.missing
    }

    fn normalise(&mut self, sigma: f64) {
        self.sigma = sigma;
        let cdf = Cdf::table();
        self.log_norms.clear();
        self.log_norms.extend(self.positions.iter().map(|&position| log_norm(&cdf, position, sigma)));
    }
}

/// Logarithm of 1 / (√(2π) σ · mass inside the range) of the normal distribution around `position`; 0 for NaN.
pub(super) fn log_norm(cdf: &Cdf, position: f64, sigma: f64) -> f64 {
    if position.is_nan() {
        return 0.0;
    }
    -LN_SQRT_TAU - ln(sigma * cdf.inside(position, 1.0 / sigma))
}

/// In parts of the range, for `observed` values.
pub(super) fn bandwidth(observed: usize) -> f64 {
    let quarters = (ln(observed.max(1) as f64) / LN_2 * 4.0 + 1e-9).floor();
    (1.5 / (powf(2.0, quarters / 4.0) + 2.0)).max(0.01)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_become_narrower_with_more_trials_down_to_a_hundredth() {
        assert_eq!(bandwidth(0), bandwidth(1));
        assert_eq!(bandwidth(1), 0.5);
        assert!(bandwidth(100) < bandwidth(10));
        assert_eq!(bandwidth(1_000_000_000), 0.01);
    }

    #[test]
    fn the_width_changes_only_at_quarter_powers_of_two() {
        assert_eq!(bandwidth(16), 1.5 / 18.0);
        assert_eq!(bandwidth(16), bandwidth(19));
        assert!(bandwidth(16) > bandwidth(20));
        assert!(bandwidth(64) < bandwidth(63));
    }
}

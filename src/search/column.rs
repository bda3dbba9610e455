//! One parameter over all trials: its values, and how wide a kernel around each of them is.
//!
//! Bandwidth: 0.2 n^(−1/(d+4)) of the range for n trials that have the parameter and d parameters that a trial has on
//! average (Scott's rule with the factor of Optuna's multivariate estimator), not below 1 / min(100, n + 2) (the "magic
//! clip"; Watanabe 2023, arXiv:2304.11127, §3.3). n is rounded down to a quarter power of 2, so that widths, and the
//! normalising constants with them, stay the same while trials are added one by one.

use std::f64::consts::LN_2;

use super::layout::{Dimension, Layout};
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
    pub fn set(&mut self, layout: &Layout, dimension: &Dimension, index: usize, slot: f64) {
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
        let sigma = bandwidth(self.observed(), layout.mean_width());
        if sigma == self.sigma {
            self.log_norms[index] = log_norm(&Cdf::table(), self.positions[index], sigma);
        } else {
            self.normalise(sigma);
        }
    }

    /// The same parameter over the trials `numbers` only.
    pub fn gather(&self, layout: &Layout, numbers: &[u32]) -> Self {
        let pick = |from: &[f64]| -> Vec<f64> {
            numbers.iter().filter_map(|&number| from.get(number as usize).copied()).collect()
        };
        let mut column = Self { slots: pick(&self.slots), positions: pick(&self.positions), ..Self::default() };
        column.missing = column.slots.iter().filter(|slot| slot.is_nan()).count();
        column.log_norms = vec![0.0; column.positions.len()];
        column.normalise(bandwidth(column.observed(), layout.mean_width()));
        column
    }

    /// Trials that have a value.
    pub fn observed(&self) -> usize {
        self.slots.len() - self.missing
    }

    fn normalise(&mut self, sigma: f64) {
        self.sigma = sigma;
        let cdf = Cdf::table();
        for (log_norm_of, &position) in self.log_norms.iter_mut().zip(&self.positions) {
            *log_norm_of = log_norm(&cdf, position, sigma);
        }
    }
}

fn log_norm(cdf: &Cdf, position: f64, sigma: f64) -> f64 {
    if position.is_nan() {
        return 0.0;
    }
    -LN_SQRT_TAU - ln(sigma) - ln(cdf.inside(position, 1.0 / sigma))
}

/// In parts of the range, for `observed` values and `width` parameters a trial.
pub(super) fn bandwidth(observed: usize, width: f64) -> f64 {
    let quarters = (ln(observed.max(1) as f64) / LN_2 * 4.0 + 1e-9).floor();
    let n = powf(2.0, quarters / 4.0);
    (0.2 * powf(n, -1.0 / (width + 4.0))).clamp(1.0 / (n + 2.0).min(100.0), 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_become_narrower_with_more_trials_and_wider_with_more_parameters() {
        assert!(bandwidth(1000, 3.0) < bandwidth(10, 3.0));
        assert!(bandwidth(1000, 10.0) > bandwidth(1000, 3.0));
        assert_eq!(bandwidth(0, 1.0), bandwidth(1, 1.0));
        assert_eq!(bandwidth(1_000_000_000, 0.0), 0.01);
    }

    #[test]
    fn the_width_changes_only_at_quarter_powers_of_two() {
        assert_eq!(bandwidth(16, 2.0), 0.2 * 16_f64.powf(-1.0 / 6.0));
        assert_eq!(bandwidth(16, 2.0), bandwidth(19, 2.0));
        assert!(bandwidth(16, 2.0) > bandwidth(20, 2.0));
        assert!(bandwidth(1024, 2.0) < bandwidth(1023, 2.0));
    }
}

//! What a point promises, as the logarithm of an expectation that keeps its slope where the expectation itself is too
//! small for a number (Ament et al. 2023, "Unexpected Improvements to Expected Improvement", arXiv:2310.20708, §4.1).
//!
//! All functions give the value and its slopes by mean and variance of the normal distribution they are about.

use crate::search::math::{exp, ln};
use crate::search::normal::{Cdf, LN_SQRT_TAU};

/// Below it, differences of nearly equal numbers are avoided.
const TAIL: f64 = -5.0;

/// A value with its slopes by mean and variance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sloped {
    pub value: f64,
    pub by_mean: f64,
    pub by_variance: f64,
}

/// Mean and variance, the latter more than 0.
pub(super) type Moments = (f64, f64);

/// ln E max(0, z + N) for a standard normal N, and its slope, 1e-11 off.
pub(super) fn log_excess(z: f64) -> (f64, f64) {
    if z > TAIL {
        let cdf = Cdf::table().at(z);
        let excess = exp(-0.5 * z * z - LN_SQRT_TAU) + z * cdf;
        return (ln(excess), cdf / excess);
    }
    let t = -z;
    let q = tail_fraction(t);
    (-0.5 * t * t - LN_SQRT_TAU + ln(q / (t + q)), 1.0 / q)
}

/// ln Φ(z), and its slope.
pub(super) fn log_cdf(z: f64) -> (f64, f64) {
    if z > TAIL {
        let cdf = Cdf::table().at(z);
        return (ln(cdf), exp(-0.5 * z * z - LN_SQRT_TAU) / cdf);
    }
    let t = -z;
    let q = tail_fraction(t);
    (-0.5 * t * t - LN_SQRT_TAU - ln(t + q), t + q)
}

/// q of Φ(−t) = φ(t) / (t + q): 1/(t + 2/(t + 3/(t + …))), for t ≥ 5.
fn tail_fraction(t: f64) -> f64 {
    let t = t.min(1e100);
    1.0 / (2..=24).rev().fold(t, |below, k| t + f64::from(k) / below)
}

/// Logarithm of the expected improvement below `best`.
pub(super) fn log_improvement((mean, variance): Moments, best: f64) -> Sloped {
    let sigma = variance.sqrt();
    let z = (best - mean) / sigma;
    let (value, slope) = log_excess(z);
    Sloped { value: value + ln(sigma), by_mean: -slope / sigma, by_variance: (1.0 - slope * z) / (2.0 * variance) }
}

/// Logarithm of the chance of being at most `limit`.
pub(super) fn log_chance((mean, variance): Moments, limit: f64) -> Sloped {
    let sigma = variance.sqrt();
    let z = (limit - mean) / sigma;
    let (value, slope) = log_cdf(z);
    Sloped { value, by_mean: -slope / sigma, by_variance: -slope * z / (2.0 * variance) }
}

/// Strips between the points of a front of two objectives, both smaller is better, within a reference point.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Strips {
    /// Left and right end in the first objective, and what the second must be below.
    strips: Vec<(f64, f64, f64)>,
}

impl Strips {
    /// The region that no point of `points` dominates and that dominates the worst of them and a tenth more.
    pub fn new(points: &[[f64; 2]]) -> Self {
        let mut sorted = points.to_vec();
        sorted.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
        let mut front: Vec<[f64; 2]> = Vec::new();
        for point in sorted {
            if front.last().is_none_or(|last| point[1] < last[1]) {
                front.push(point);
            }
        }
        let reference = |objective: usize| {
            let values = || front.iter().map(|point| point[objective]);
            let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
            high + 0.1 * (high - low).max(0.1)
        };
        let (right, top) = (reference(0), reference(1));
        let mut strips = Vec::with_capacity(front.len() + 1);
        let (mut left, mut height) = (f64::NEG_INFINITY, top);
        for [x, y] in front {
            strips.push((left, x, height));
            (left, height) = (x, y);
        }
        strips.push((left, right, height));
        Self { strips }
    }
}

/// Logarithm of the expected growth of the dominated volume, for two independent objectives.
///
/// In a strip, the volume is a product of what the first objective reaches into the strip and the second below its
/// height, so the expectation is one of two differences of expected excesses (Emmerich, Giannakoglou and Naujoks, 2006).
///
/// Cost: O(points of the front).
pub(super) fn log_volume(first: Moments, second: Moments, strips: &Strips) -> (f64, [Sloped; 2]) {
    let parts: Vec<(Sloped, Sloped)> = strips
        .strips
        .iter()
        .map(|&(left, right, height)| (log_reach(first, left, right), log_improvement(second, height)))
        .collect();
    let top = parts.iter().map(|(a, b)| a.value + b.value).fold(f64::NEG_INFINITY, f64::max);
    let flat = Sloped { value: 0.0, by_mean: 0.0, by_variance: 0.0 };
    if top == f64::NEG_INFINITY {
        return (f64::MIN, [flat; 2]);
    }
    let (mut sum, mut slopes) = (0.0, [flat; 2]);
    for (a, b) in parts {
        let share = exp(a.value + b.value - top);
        sum += share;
        for (slope, part) in slopes.iter_mut().zip([a, b]) {
            if share > 0.0 {
                slope.by_mean += share * part.by_mean;
                slope.by_variance += share * part.by_variance;
            }
        }
    }
    for slope in &mut slopes {
        slope.by_mean /= sum;
        slope.by_variance /= sum;
    }
    (top + ln(sum), slopes)
}

/// Logarithm of the expected length of `left`..`right` that lies above the objective.
fn log_reach(moments: Moments, left: f64, right: f64) -> Sloped {
    let outer = log_improvement(moments, right);
    if left == f64::NEG_INFINITY {
        return outer;
    }
    let inner = log_improvement(moments, left);
    let ratio = exp(inner.value - outer.value);
    let rest = 1.0 - ratio;
    if rest <= 1e-12 {
        return Sloped { value: f64::NEG_INFINITY, by_mean: 0.0, by_variance: 0.0 };
    }
    Sloped {
        value: outer.value + ln(rest),
        by_mean: (outer.by_mean - ratio * inner.by_mean) / rest,
        by_variance: (outer.by_variance - ratio * inner.by_variance) / rest,
    }
}

#[cfg(test)]
mod tests;

//! The covariance of two points.
//!
//! k = v₁ · Matérn-5/2(√Σ_g d_g² / ℓ_g²) + v₂ / G · Σ_g (1 + d_g² / 2 m_g²)⁻²
//!
//! The first term knows how all parameters act together. The second is a sum over the G parameters, each for itself
//! (additive Gaussian processes; Duvenaud, Nickisch and Rasmussen, NIPS 2011): what one parameter does whatever the
//! others are is learnt from every trial, which is much when trials are few. Its terms are rational quadratic, of shape
//! 2, because that needs neither a root nor an exponential. How far each term counts is fitted.

use crate::search::linear::{LANES, Lanes};
use crate::search::normal::exp_of_negative;

use super::encoding::{Difference, Encoding};

/// √5
const ROOT_5: f64 = 2.236_067_977_499_79;

/// The fitted numbers of a kernel.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kernel {
    /// 1 / ℓ² by group.
    pub joint: Vec<f64>,
    pub joint_variance: f64,
    /// 1 / m² by group; empty where there is no additive term.
    pub single: Vec<f64>,
    /// Of all groups together.
    pub single_variance: f64,
    /// Variance of the noise.
    pub noise: f64,
}

/// Matérn-5/2 of the squared distance `u`, and −6/5 of its derivative by `u` times 2: (5/3)(1 + √5 r) e^(−√5 r).
#[inline(always)]
pub(super) fn matern(u: f64) -> (f64, f64) {
    let root = ROOT_5 * u.sqrt();
    let decay = exp_of_negative(-root);
    ((1.0 + root + (5.0 / 3.0) * u) * decay, (5.0 / 3.0) * (1.0 + root) * decay)
}

/// (1 + u / 2)⁻², and −2 times its derivative by `u`: 2 (1 + u / 2)⁻³.
#[inline(always)]
pub(super) fn rational(u: f64) -> (f64, f64) {
    let inverse = 1.0 / (1.0 + 0.5 * u);
    let square = inverse * inverse;
    (square, 2.0 * square * inverse)
}

/// How much feature `x` of one point adds to the squared distance from another's `y`.
#[inline(always)]
pub(super) fn squared(difference: Difference, x: f64, y: f64) -> f64 {
    match difference {
        Difference::Square => (x - y) * (x - y),
        Difference::Hamming => {
            if x == y {
                0.0
            } else {
                1.0
            }
        }
    }
}

impl Kernel {
    /// The variance of the function at a point, noise apart.
    pub fn variance(&self) -> f64 {
        self.joint_variance + if self.single.is_empty() { 0.0 } else { self.single_variance }
    }

    /// Covariances of `LANES` points (`query`: `n_features`) with each of the `n` rows of `points` (`n` × `n_features`).
    /// `slopes` becomes v₁ times −2 times the derivative of the Matérn term by its squared distance.
    ///
    /// Cost: O(n · n_features), one exponential for each lane and row.
    #[inline(always)]
    pub fn covary(
        &self,
        encoding: &Encoding,
        points: &[f64],
        query: &[Lanes],
        covariances: &mut [Lanes],
        slopes: &mut [Lanes],
    ) {
        let each = self.single_variance / encoding.groups.max(1) as f64;
        let rows = points.chunks_exact(encoding.len().max(1));
        for ((point, covariance), slope) in rows.zip(covariances).zip(slopes) {
            let mut distance = [0.0; LANES];
            let mut sum = [0.0; LANES];
            self.each_group(encoding, point, query, |group, between| {
                for (distance, u) in distance.iter_mut().zip(between) {
                    *distance += self.joint[group] * u;
                }
                if let Some(inverse_square) = self.single.get(group) {
                    for (sum, u) in sum.iter_mut().zip(between) {
                        *sum += rational(inverse_square * u).0;
                    }
                }
            });
            for lane in 0..LANES {
                let (value, steepness) = matern(distance[lane]);
                covariance[lane] = self.joint_variance * value + each * sum[lane];
                slope[lane] = self.joint_variance * steepness;
            }
        }
    }

    /// Adds Σᵢ `weights`ᵢ ∂k(query, pointᵢ)/∂query to `gradient` (`n_features`; of categories it has no meaning).
    #[inline(always)]
    pub fn add_gradient(
        &self,
        encoding: &Encoding,
        points: &[f64],
        query: &[Lanes],
        (slopes, weights): (&[Lanes], &[Lanes]),
        gradient: &mut [Lanes],
    ) {
        let each = self.single_variance / encoding.groups.max(1) as f64;
        let rows = points.chunks_exact(encoding.len().max(1));
        for ((point, slope), weight) in rows.zip(slopes).zip(weights) {
            let mut next = 0;
            self.each_group(encoding, point, query, |group, between| {
                let mut factor = [0.0; LANES];
                for lane in 0..LANES {
                    factor[lane] = self.joint[group] * slope[lane];
                }
                if let Some(inverse_square) = self.single.get(group) {
                    for lane in 0..LANES {
                        factor[lane] += each * inverse_square * rational(inverse_square * between[lane]).1;
                    }
                }
                while encoding.features.get(next).is_some_and(|feature| feature.group == group) {
                    for lane in 0..LANES {
                        gradient[next][lane] -= weight[lane] * factor[lane] * (query[next][lane] - point[next]);
                    }
                    next += 1;
                }
            });
        }
    }

    /// Calls `visit` with each group and the lanes' squared distances from `point` in it, length scales apart.
    #[inline(always)]
    fn each_group(&self, encoding: &Encoding, point: &[f64], query: &[Lanes], mut visit: impl FnMut(usize, &Lanes)) {
        let mut between = [0.0; LANES];
        let features = encoding.features.iter().zip(point).zip(query);
        for (index, ((feature, &y), x)) in features.enumerate() {
            match feature.difference {
                Difference::Square => {
                    for (u, &x) in between.iter_mut().zip(x) {
                        *u += squared(Difference::Square, x, y);
                    }
                }
                Difference::Hamming => {
                    for (u, &x) in between.iter_mut().zip(x) {
                        *u += squared(Difference::Hamming, x, y);
                    }
                }
            }
            if encoding.features.get(index + 1).is_none_or(|next| next.group != feature.group) {
                visit(feature.group, &between);
                between = [0.0; LANES];
            }
        }
    }
}

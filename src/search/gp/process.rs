//! The posterior of a Gaussian process, for many points at a time (Rasmussen and Williams, 2006, algorithm 2.1).

use crate::search::linear::{Factor, LANES, Lanes, dot};

use super::encoding::Encoding;
use super::kernel::Kernel;

/// Of the prior, the least variance that a point may have left beside the others: such a one is known already.
const LEAST_VARIANCE: f64 = 1e-9;

/// The points of a process and the factor of their covariance matrix, noise included.
#[derive(Debug, Clone)]
pub(super) struct Points {
    encoding: Encoding,
    kernel: Kernel,
    /// `n` × `n_features`
    features: Vec<f64>,
    factor: Factor,
}

/// A process that has seen targets at the first of its points. The others are taken to have had the value that was
/// expected there (the "kriging believer"; Ginsbourger, Le Riche and Carraro, 2010), which leaves the mean as it is and
/// takes the uncertainty away.
#[derive(Debug)]
pub(super) struct Process<'a> {
    points: &'a Points,
    /// Inverse covariance matrix times what the targets are above `mean`; 0 for points without targets.
    weights: Vec<f64>,
    /// Of the prior.
    mean: f64,
}

/// Mean and variance at `LANES` points, with what a gradient needs of the way there.
#[derive(Debug, Default)]
pub(super) struct Posterior {
    pub mean: Lanes,
    /// Of the function, noise apart; more than 0.
    pub variance: Lanes,
    slopes: Vec<Lanes>,
    /// L⁻¹ k, later the weights of the points in a gradient.
    halves: Vec<Lanes>,
}

impl Points {
    pub fn new(encoding: Encoding, kernel: Kernel) -> Self {
        Self { encoding, kernel, features: Vec::new(), factor: Factor::default() }
    }

    /// Makes `features` (`n` × `n_features`) the points. Those at the front that are there already are kept.
    ///
    /// Cost: O(n²) for each point that is not kept.
    pub fn follow(&mut self, features: &[f64]) {
        let width = self.encoding.len();
        let rows = |features: &'_ [f64]| features.len() / width.max(1);
        let same = |(old, new): &(&[f64], &[f64])| old.iter().zip(*new).all(|(a, b)| a.to_bits() == b.to_bits());
        let old = self.features.chunks_exact(width.max(1));
        let kept = old.zip(features.chunks_exact(width.max(1))).take_while(same).count();
        self.factor.truncate(kept);
        self.features.truncate(kept * width);
        let blocks: Vec<&[f64]> = features[kept * width..].chunks(LANES * width.max(1)).collect();
        for block in blocks {
            let before = rows(&self.features);
            self.features.extend_from_slice(block);
            self.append(before, rows(block));
        }
    }

    /// Extends the factor by `count` ≤ `LANES` points from `before` on.
    fn append(&mut self, before: usize, count: usize) {
        let width = self.encoding.len();
        let query = lanes_of(&self.features[before * width..], width);
        let mut covariances = vec![[0.0; LANES]; before + count];
        let mut slopes = covariances.clone();
        pulp::Arch::new().dispatch(|| {
            self.kernel.covary(&self.encoding, &self.features, &query, &mut covariances, &mut slopes);
        });
        let variance = self.kernel.variance();
        for lane in 0..count {
            let row: Vec<f64> = covariances[..before + lane].iter().map(|lanes| lanes[lane]).collect();
            self.factor.push(&row, variance + self.kernel.noise, LEAST_VARIANCE * variance);
        }
    }

    /// The process that has seen `targets` at the first `targets.len()` points.
    ///
    /// The mean of the prior is the most likely one, with a standard normal distribution of its own.
    ///
    /// Cost: O(n²).
    pub fn observe(&self, targets: &[f64]) -> Process<'_> {
        let solve = |mut side: Vec<f64>| {
            self.factor.solve(&mut side);
            side
        };
        let ones = solve(vec![1.0; targets.len()]);
        let halves = solve(targets.to_vec());
        let mean = dot(&ones, &halves) / (dot(&ones, &ones) + 1.0);
        let mut weights: Vec<f64> = halves.iter().zip(&ones).map(|(half, one)| half - mean * one).collect();
        self.factor.solve_transposed(&mut weights);
        weights.resize(self.factor.len(), 0.0);
        Process { points: self, weights, mean }
    }
}

impl Process<'_> {
    /// The mean at each point of the process, which has seen `targets`.
    ///
    /// Cost: O(n² · n_features) for points without targets, O(n) for the others.
    pub fn believed(&self, targets: &[f64]) -> Vec<f64> {
        // K w = y − mean with the noise in K, so without it K w is less by the noise's share.
        let noise = self.points.kernel.noise;
        let mut believed: Vec<f64> = targets.iter().zip(&self.weights).map(|(y, w)| y - noise * w).collect();
        let width = self.points.encoding.len();
        let mut posterior = Posterior::default();
        for block in self.points.features[targets.len() * width..].chunks(LANES * width.max(1)) {
            let query = lanes_of(block, width);
            pulp::Arch::new().dispatch(|| self.predict(&query, &mut posterior));
            believed.extend(&posterior.mean[..block.len() / width.max(1)]);
        }
        believed
    }

    /// Cost: O(n² + n · n_features) for each lane; no allocation once `posterior` has been used.
    #[inline(always)]
    pub fn predict(&self, query: &[Lanes], posterior: &mut Posterior) {
        let Points { encoding, kernel, features, factor } = self.points;
        let Posterior { mean, variance, slopes, halves } = posterior;
        slopes.resize(factor.len(), [0.0; LANES]);
        halves.resize(factor.len(), [0.0; LANES]);
        kernel.covary(encoding, features, query, halves, slopes);
        *mean = [self.mean; LANES];
        for (covariance, weight) in halves.iter().zip(&self.weights) {
            for (mean, k) in mean.iter_mut().zip(covariance) {
                *mean += weight * k;
            }
        }
        factor.solve_lanes(halves, 0);
        let prior = kernel.variance();
        *variance = [prior; LANES];
        for half in halves.iter() {
            for (variance, x) in variance.iter_mut().zip(half) {
                *variance -= x * x;
            }
        }
        for variance in variance.iter_mut() {
            let least = 1e-12 * prior;
            *variance = if *variance > least { *variance } else { least };
        }
    }

    /// Adds the gradient of something that grows by `by_mean` with the mean and `by_variance` with the variance to
    /// `gradient` (`n_features`). `posterior` is what was just predicted at `query`, and is spent.
    #[inline(always)]
    pub fn add_gradient(
        &self,
        query: &[Lanes],
        posterior: &mut Posterior,
        (by_mean, by_variance): (&Lanes, &Lanes),
        gradient: &mut [Lanes],
    ) {
        let Points { encoding, kernel, features, factor } = self.points;
        factor.solve_transposed_lanes(&mut posterior.halves, 0);
        for (half, weight) in posterior.halves.iter_mut().zip(&self.weights) {
            for lane in 0..LANES {
                half[lane] = by_mean[lane] * weight - 2.0 * by_variance[lane] * half[lane];
            }
        }
        kernel.add_gradient(encoding, features, query, (&posterior.slopes, &posterior.halves), gradient);
    }
}

/// Up to `LANES` rows of `width` features, turned; the last row fills the lanes that are left over.
pub(super) fn lanes_of(features: &[f64], width: usize) -> Vec<Lanes> {
    let mut lanes = vec![[0.0; LANES]; width];
    let rows = (features.len() / width.max(1)).max(1);
    for (feature, values) in lanes.iter_mut().enumerate() {
        for (lane, value) in values.iter_mut().enumerate() {
            *value = features.get(lane.min(rows - 1) * width + feature).copied().unwrap_or(0.0);
        }
    }
    lanes
}

#[cfg(test)]
mod tests;

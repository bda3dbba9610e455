//! How likely the numbers of a kernel make what was observed, with its gradient (Rasmussen and Williams, 2006, §5.4.1),
//! and what is believed of these numbers before anything was.
//!
//! Length scales of the joint term: log-normal, longer with more parameters (Hvarfner, Hellsten and Nardi 2024,
//! arXiv:2402.02229, §4), so that a space of many parameters is not taken for one of noise. Those of the additive
//! term: log-normal around half of the range. Noise: a gamma distribution that leaves room for none at all.

use crate::search::linear::{Factor, dot};
use crate::search::math::{exp, ln};

use super::encoding::Encoding;
use super::kernel::{Kernel, matern, rational, squared};

/// Spaces of more parameters have no additive term: its cost grows with them.
const MOST_ADDITIVE: usize = 40;
/// Variance of the noise is at least this part of that of the observations.
pub(super) const LEAST_NOISE: f64 = 1e-7;

const LENGTHS: (f64, f64) = (-6.0, 8.0);
const VARIANCES: (f64, f64) = (-8.0, 5.0);

/// Observations; the numbers of the kernel are variables.
pub(super) struct Likelihood<'a> {
    encoding: &'a Encoding,
    /// `n_features` × `n`
    columns: Vec<Vec<f64>>,
    targets: &'a [f64],
}

/// The variables: logarithms of the `n_groups` joint length scales, the joint variance, the noise's variance, and, where
/// there is an additive term, of its `n_groups` length scales and its variance.
struct Places {
    groups: usize,
    additive: bool,
}

impl Places {
    fn of(encoding: &Encoding) -> Self {
        Self { groups: encoding.groups, additive: (2..=MOST_ADDITIVE).contains(&encoding.groups) }
    }

    fn joint_variance(&self) -> usize {
        self.groups
    }

    fn noise(&self) -> usize {
        self.groups + 1
    }

    fn singles(&self) -> usize {
        self.groups + 2
    }

    fn single_variance(&self) -> usize {
        2 * self.groups + 2
    }

    fn count(&self) -> usize {
        if self.additive { 2 * self.groups + 3 } else { self.groups + 2 }
    }
}

/// A log-normal belief: the centre and the deviation of the logarithm.
fn normal_penalty(x: f64, centre: f64, deviation: f64) -> (f64, f64) {
    let z = (x - centre) / deviation;
    (0.5 * z * z, z / deviation)
}

/// The believed logarithm of a joint length scale.
fn length_centre(groups: usize) -> f64 {
    -1.59 + 0.5 * ln(groups.max(1) as f64)
}

/// The least and greatest value of each variable.
pub(super) fn bounds(encoding: &Encoding) -> (Vec<f64>, Vec<f64>) {
    let places = Places::of(encoding);
    (0..places.count())
        .map(|place| match place {
            _ if place == places.noise() => (ln(LEAST_NOISE), 0.0),
            _ if place == places.joint_variance() || place == places.single_variance() => VARIANCES,
            _ => LENGTHS,
        })
        .unzip()
}

/// Where a search for the best values may begin: joint length scales `stretch` times as long as believed.
pub(super) fn start(encoding: &Encoding, stretch: f64, noise: f64) -> Vec<f64> {
    let places = Places::of(encoding);
    let mut variables = vec![length_centre(places.groups) + ln(stretch); places.count()];
    variables[places.joint_variance()] = ln(0.5);
    variables[places.noise()] = ln(noise);
    if places.additive {
        variables[places.singles()..].fill(ln(0.5 * stretch));
        variables[places.single_variance()] = ln(0.5);
    }
    variables
}

/// The kernel that the variables stand for.
pub(super) fn kernel(encoding: &Encoding, variables: &[f64]) -> Kernel {
    let places = Places::of(encoding);
    let squares = |range: std::ops::Range<usize>| variables[range].iter().map(|x| exp(-2.0 * x)).collect();
    let (single, single_variance) = if places.additive {
        (squares(places.singles()..places.single_variance()), exp(variables[places.single_variance()]))
    } else {
        (Vec::new(), 0.0)
    };
    Kernel {
        joint: squares(0..places.groups),
        joint_variance: exp(variables[places.joint_variance()]),
        single,
        single_variance,
        noise: exp(variables[places.noise()]),
    }
}

/// The covariance matrix, row by row below the diagonal.
struct Matrix {
    factor: Factor,
    /// The joint term, and −2 times its derivative by the squared distance.
    joint: Vec<f64>,
    slopes: Vec<f64>,
    /// Sum of the additive terms, variance apart.
    sums: Vec<f64>,
}

impl<'a> Likelihood<'a> {
    /// `features` is `n` × `n_features`.
    pub fn new(encoding: &'a Encoding, features: &[f64], targets: &'a [f64]) -> Self {
        let width = encoding.len().max(1);
        let column = |feature| features.chunks_exact(width).map(|point| point[feature]).collect();
        Self { encoding, columns: (0..encoding.len()).map(column).collect(), targets }
    }

    /// The negative logarithm of likelihood times belief, up to a constant, and its gradient.
    ///
    /// Cost: O(n³ + n² · n_features).
    pub fn evaluate(&self, variables: &[f64]) -> (f64, Vec<f64>) {
        let kernel = kernel(self.encoding, variables);
        let matrix = pulp::Arch::new().dispatch(|| self.matrix(&kernel));
        let (quadratic, weights) = self.weigh(&matrix.factor);
        let mut gradient = vec![0.0; variables.len()];
        let inverse = matrix.factor.inverse();
        pulp::Arch::new().dispatch(|| self.add_gradient(&kernel, &matrix, (&inverse, &weights), &mut gradient));
        let value = quadratic + 0.5 * matrix.factor.log_determinant();
        (value + self.add_belief(variables, &mut gradient), gradient)
    }

    /// Half of the squared distance of the targets from their mean, and the inverse matrix times the differences.
    fn weigh(&self, factor: &Factor) -> (f64, Vec<f64>) {
        let mut ones = vec![1.0; self.targets.len()];
        let mut halves = self.targets.to_vec();
        factor.solve(&mut ones);
        factor.solve(&mut halves);
        let mean = dot(&ones, &halves) / (dot(&ones, &ones) + 1.0);
        halves.iter_mut().zip(&ones).for_each(|(half, one)| *half -= mean * one);
        let quadratic = 0.5 * (dot(&halves, &halves) + mean * mean);
        factor.solve_transposed(&mut halves);
        (quadratic, halves)
    }

    #[inline(always)]
    fn matrix(&self, kernel: &Kernel) -> Matrix {
        let n = self.targets.len();
        let below = || vec![0.0; n * n.saturating_sub(1) / 2];
        let mut matrix = Matrix { factor: Factor::default(), joint: below(), slopes: below(), sums: below() };
        let (mut distances, mut between) = (vec![0.0; n], vec![0.0; n]);
        let each = kernel.single_variance / self.encoding.groups.max(1) as f64;
        let mut begin = 0;
        for i in 0..n {
            let row = begin..begin + i;
            begin += i;
            let distances = &mut distances[..i];
            let (joint, slopes, sums) =
                (&mut matrix.joint[row.clone()], &mut matrix.slopes[row.clone()], &mut matrix.sums[row]);
            distances.fill(0.0);
            self.each_group(i, &mut between, |group, between| {
                for (distance, u) in distances.iter_mut().zip(between) {
                    *distance += kernel.joint[group] * u;
                }
                if let Some(inverse_square) = kernel.single.get(group) {
                    for (sum, u) in sums.iter_mut().zip(between) {
                        *sum += rational(inverse_square * u).0;
                    }
                }
            });
            for (((distance, joint), slope), sum) in distances.iter_mut().zip(joint).zip(slopes).zip(&*sums) {
                let (value, steepness) = matern(*distance);
                *joint = kernel.joint_variance * value;
                *slope = kernel.joint_variance * steepness;
                *distance = *joint + each * sum;
            }
            let variance = kernel.variance();
            matrix.factor.push(distances, variance + kernel.noise, 1e-9 * variance);
        }
        matrix
    }

    /// Calls `visit` with each group and the squared distances of the points before `i` from point `i` in it.
    #[inline(always)]
    fn each_group(&self, i: usize, between: &mut [f64], mut visit: impl FnMut(usize, &[f64])) {
        let between = &mut between[..i];
        between.fill(0.0);
        for (index, (feature, column)) in self.encoding.features.iter().zip(&self.columns).enumerate() {
            let x = column[i];
            let difference = feature.difference;
            for (u, &y) in between.iter_mut().zip(column) {
                *u += squared(difference, x, y);
            }
            if self.encoding.features.get(index + 1).is_none_or(|next| next.group != feature.group) {
                visit(feature.group, between);
                between.fill(0.0);
            }
        }
    }

    /// ½ Σᵢⱼ (K⁻¹ − ααᵀ)ᵢⱼ ∂Kᵢⱼ, for each variable.
    #[inline(always)]
    fn add_gradient(
        &self,
        kernel: &Kernel,
        matrix: &Matrix,
        (inverse, weights): (&[f64], &[f64]),
        gradient: &mut [f64],
    ) {
        let n = self.targets.len();
        let places = Places::of(self.encoding);
        let each = kernel.single_variance / self.encoding.groups.max(1) as f64;
        let (mut parts, mut joint_parts, mut between) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        let (mut below, mut diagonal) = (0, 0);
        let mut trace = 0.0;
        for i in 0..n {
            let row = &inverse[diagonal..diagonal + i];
            for ((part, a), weight) in parts[..i].iter_mut().zip(row).zip(weights) {
                *part = a - weights[i] * weight;
            }
            trace += inverse[diagonal + i] - weights[i] * weights[i];
            let lower = below..below + i;
            (below, diagonal) = (below + i, diagonal + i + 1);
            let slopes = &matrix.slopes[lower.clone()];
            joint_parts.iter_mut().zip(&parts).zip(slopes).for_each(|((joint, part), slope)| *joint = part * slope);
            gradient[places.joint_variance()] += dot(&parts[..i], &matrix.joint[lower.clone()]);
            if places.additive {
                gradient[places.single_variance()] += each * dot(&parts[..i], &matrix.sums[lower]);
            }
            self.each_group(i, &mut between, |group, between| {
                gradient[group] += kernel.joint[group] * dot(&joint_parts[..between.len()], between);
                if let Some(inverse_square) = kernel.single.get(group) {
                    let part = each * inverse_square * slope_sum(*inverse_square, &parts, between);
                    gradient[places.singles() + group] += part;
                }
            });
        }
        gradient[places.noise()] += 0.5 * kernel.noise * trace;
        gradient[places.joint_variance()] += 0.5 * kernel.joint_variance * trace;
        if places.additive {
            gradient[places.single_variance()] += 0.5 * kernel.single_variance * trace;
        }
    }

    /// Minus the logarithm of the belief in the variables; adds its gradient.
    fn add_belief(&self, variables: &[f64], gradient: &mut [f64]) -> f64 {
        let places = Places::of(self.encoding);
        let mut penalty = 0.0;
        for (place, &x) in variables.iter().enumerate() {
            let (value, slope) = match place {
                _ if place == places.noise() => (30.0 * exp(x) - 0.1 * x, 30.0 * exp(x) - 0.1),
                _ if place == places.joint_variance() || place == places.single_variance() => {
                    normal_penalty(x, ln(0.5), 1.5)
                }
                _ if place < places.groups => normal_penalty(x, length_centre(places.groups), 1.73),
                _ => normal_penalty(x, ln(0.5), 1.0),
            };
            penalty += value;
            gradient[place] += slope;
        }
        penalty
    }
}

/// Σⱼ `parts`ⱼ uⱼ times −2 times the derivative of the additive term by its squared distance.
#[inline(always)]
fn slope_sum(inverse_square: f64, parts: &[f64], between: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    for (parts, between) in parts[..between.len()].chunks(8).zip(between.chunks(8)) {
        for ((sum, part), u) in sums.iter_mut().zip(parts).zip(between) {
            *sum += part * u * rational(inverse_square * u).1;
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests;

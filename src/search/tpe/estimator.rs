//! A joint Parzen estimator over a search space with conditions.
//!
//! The density is a mixture of one kernel for each trial and one prior, all of the same weight. A kernel is a product
//! over the parameters that are active in the point it is asked for; a parameter that the kernel's own trial did not
//! have is distributed there as in the prior. So the density of every branch is normalised by itself, and trials of other
//! branches still tell what they know of the parameters that the branches share.
//!
//! - Numbers: normal distributions cut off at the ends of the range, on the scale of the domain (unit interval).
//! - Values that can be counted: the mass of that distribution over the value's cell.
//! - Categories: the trial's choice, smoothed by 1 / (kernels) for each choice.
//! - Prior: a normal distribution around the middle, as wide as the range; categories even.
//! - Bandwidth: 0.2 n^(−1/(d+4)) of the range for n kernels that have the parameter and d parameters a kernel on average
//!   (Scott's rule with the factor of Optuna's multivariate estimator), not below 1 / min(100, n + 2) ("magic clip").
//!
//! Falkner et al. 2018 (BOHB, §3.1); Watanabe 2023, arXiv:2304.11127, §3.3. All densities are relative to the even
//! distribution over a parameter's values, which cancels in every ratio and keeps numbers in range.

use crate::search::history::Column;
use crate::search::layout::{Layout, Row};
use crate::search::stream::Stream;

use super::normal::{Cdf, LN_SQRT_TAU, sum_exp, truncated_quantile};
use super::term::{Term, add_term, cell_log_density};

const PRIOR_MEAN: f64 = 0.5;
const PRIOR_SIGMA: f64 = 1.0;
/// Kernels that are worked on at a time; a block stays in the first cache.
const BLOCK: usize = 256;

pub(super) struct Estimator<'a> {
    layout: &'a Layout,
    kernels: Vec<Kernels<'a>>,
    /// `n_rows`: logarithm of the factors of each kernel that no point changes; −∞ for rows that are not kernels.
    log_factors: Vec<f64>,
    /// Logarithm of the number of kernels, prior included.
    log_count: f64,
}

/// One parameter of all kernels.
pub(super) struct Kernels<'a> {
    pub column: &'a Column,
    /// Of numbers, in parts of the range.
    pub sigma: f64,
    /// Of categories: what each choice gets beside the 1 of the trial's own.
    pub smoothing: f64,
    /// `n_rows` logarithms of 1 / (√(2π) σ · mass inside the range); empty if they are in `log_factors`, or for categories.
    pub log_norms: Vec<f64>,
}

/// A density on the way of being summed.
pub(super) struct Sum<'s> {
    terms: Vec<(&'s Kernels<'s>, Term, f64)>,
    next: usize,
    /// The kernels' exponents are taken relative to this, the greatest so far.
    shift: f64,
    sum: f64,
    /// Of the kernels so far; what is to come only adds to it.
    pub log_density: f64,
}

/// A point with what every estimator needs to know of it.
pub(super) struct Candidate {
    pub row: Row,
    /// Logarithm of the prior density, by parameter; NaN for inactive ones.
    log_priors: Vec<f64>,
    log_prior: f64,
}

impl<'a> Estimator<'a> {
    /// An estimator whose kernels are those of the `n_rows` rows of `columns` that are in `members`.
    ///
    /// Cost: O(n_rows · n_params).
    pub fn new(layout: &'a Layout, columns: &'a [Column], members: &[bool]) -> Self {
        let count = members.iter().filter(|member| **member).count();
        let observed: Vec<usize> = columns.iter().map(|column| observations(column, members, count)).collect();
        let varied = layout.dimensions().iter().zip(&observed).filter(|(dimension, _)| !dimension.is_single());
        let width = varied.map(|(_, observed)| *observed).sum::<usize>() as f64 / count.max(1) as f64;
        let mut kernels: Vec<Kernels<'a>> = columns
            .iter()
            .zip(&observed)
            .map(|(column, &observed)| Kernels {
                column,
                sigma: bandwidth(observed, width),
                smoothing: 1.0 / (observed as f64 + 1.0),
                log_norms: Vec::new(),
            })
            .collect();
        let mut log_factors: Vec<f64> = members.iter().map(|&m| if m { 0.0 } else { f64::NEG_INFINITY }).collect();
        normalise(layout, &mut kernels, &mut log_factors);
        Self { layout, kernels, log_factors, log_count: ((count + 1) as f64).ln() }
    }

    /// A random point of this density. All rows must be kernels.
    pub fn draw(&self, stream: &mut Stream) -> Row {
        let rows = self.log_factors.len();
        let kernel = stream.below(rows as u64 + 1) as usize;
        self.layout.fill(|index, dimension| {
            let kernels = &self.kernels[index];
            let slot = kernels.column.slots.get(kernel).copied().unwrap_or(f64::NAN);
            let unit = stream.unit();
            if dimension.is_categorical() {
                let choices = dimension.axis.count().unwrap_or(1) as f64;
                let point = unit * (1.0 + choices * kernels.smoothing);
                match slot {
                    own if own.is_nan() => dimension.axis.slot_at(unit),
                    own if point < 1.0 => own,
                    _ => ((point - 1.0) / kernels.smoothing).floor().min(choices - 1.0),
                }
            } else if slot.is_nan() {
                dimension.axis.slot_at(truncated_quantile(PRIOR_MEAN, PRIOR_SIGMA, unit))
            } else {
                let mean = kernels.column.positions[kernel];
                dimension.axis.slot_at(truncated_quantile(mean, kernels.sigma, unit))
            }
        })
    }

    /// The logarithm of the density at `candidate`, relative to the even distribution, 1e-12 off.
    ///
    /// Cost: O(n_rows · active parameters), one exponential a row, no allocation but for the terms.
    pub fn log_density(&self, candidate: &Candidate) -> f64 {
        let mut sum = self.begin(candidate);
        while self.advance(&mut sum) {}
        sum.log_density
    }

    /// A sum over the kernels, of which only the prior is in it yet.
    pub fn begin(&self, candidate: &Candidate) -> Sum<'_> {
        let shift = candidate.log_prior;
        Sum { terms: self.terms(candidate), next: 0, shift, sum: 1.0, log_density: shift - self.log_count }
    }

    /// Adds the next block of kernels; `false` when there is none left.
    ///
    /// The density only grows on the way. In which portions it is summed makes no difference to the bit.
    pub fn advance(&self, sum: &mut Sum<'_>) -> bool {
        let block = sum.next..self.log_factors.len().min(sum.next + BLOCK);
        if block.is_empty() {
            return false;
        }
        let mut exponents = [0.0; BLOCK];
        let exponents = &mut exponents[..block.len()];
        exponents.copy_from_slice(&self.log_factors[block.clone()]);
        for (kernels, term, log_prior) in &sum.terms {
            add_term(kernels, term, *log_prior, block.clone(), exponents);
        }
        let top = maximum(exponents);
        if top > sum.shift {
            sum.sum *= (sum.shift - top).exp();
            sum.shift = top;
        }
        sum.sum += sum_exp(exponents, sum.shift);
        sum.next = block.end;
        sum.log_density = sum.shift + sum.sum.ln() - self.log_count;
        true
    }

    /// What each active parameter of `candidate` with more than one value adds to a kernel's exponent.
    fn terms(&self, candidate: &Candidate) -> Vec<(&Kernels<'a>, Term, f64)> {
        let dimensions = self.layout.dimensions().iter().zip(&self.kernels);
        let points = candidate.row.iter().zip(&candidate.log_priors);
        dimensions
            .zip(points)
            .filter(|((dimension, _), (slot, _))| !slot.is_nan() && !dimension.is_single())
            .map(|((dimension, kernels), (&slot, &log_prior))| {
                (kernels, Term::new(dimension, kernels, slot), log_prior)
            })
            .collect()
    }
}

impl Candidate {
    pub fn new(layout: &Layout, row: Row) -> Self {
        let cdf = Cdf::table();
        let log_mass = cdf.between(-PRIOR_MEAN / PRIOR_SIGMA, (1.0 - PRIOR_MEAN) / PRIOR_SIGMA).ln();
        let log_norm = -log_mass - LN_SQRT_TAU - PRIOR_SIGMA.ln();
        let log_priors: Vec<f64> = layout
            .dimensions()
            .iter()
            .zip(&row)
            .map(|(dimension, &slot)| {
                if slot.is_nan() {
                    f64::NAN
                } else if dimension.is_categorical() || dimension.is_single() {
                    0.0
                } else {
                    cell_log_density(&cdf, dimension.axis.cell(slot), PRIOR_MEAN, PRIOR_SIGMA) + log_norm
                }
            })
            .collect();
        let log_prior = log_priors.iter().filter(|log_prior| !log_prior.is_nan()).sum();
        Self { row, log_priors, log_prior }
    }
}

fn observations(column: &Column, members: &[bool], count: usize) -> usize {
    if column.missing == 0 {
        return count;
    }
    column.slots.iter().zip(members).filter(|(slot, member)| **member && !slot.is_nan()).count()
}

/// In parts of the range, for `observed` kernels of `width` parameters on average.
fn bandwidth(observed: usize, width: f64) -> f64 {
    let scott = 0.2 * (observed.max(1) as f64).powf(-1.0 / (width + 4.0));
    let least = 1.0 / (observed as f64 + 2.0).min(100.0);
    scott.clamp(least, 1.0)
}

/// Computes the normalising factors of all numeric kernels. Those of parameters that every point and every row has are
/// gathered in `log_factors`.
fn normalise(layout: &Layout, kernels: &mut [Kernels<'_>], log_factors: &mut [f64]) {
    /// Factors are at least 0.4: so many can be multiplied before a logarithm is due.
    const FACTORS: usize = 256;
    let cdf = Cdf::table();
    let mut products = vec![1.0; log_factors.len()];
    let mut multiplied = 0;
    let mut constant = 0.0;
    for (dimension, kernels) in layout.dimensions().iter().zip(kernels) {
        if dimension.is_categorical() || dimension.is_single() {
            continue;
        }
        let inverse = 1.0 / kernels.sigma;
        let scale = -LN_SQRT_TAU - kernels.sigma.ln();
        let mass = |mean: f64| cdf.inside(mean, inverse);
        if dimension.is_conditional() || kernels.column.missing > 0 {
            let means = kernels.column.positions.iter();
            kernels.log_norms = means.map(|&mean| if mean.is_nan() { 0.0 } else { scale - mass(mean).ln() }).collect();
            continue;
        }
        constant += scale;
        for (product, &mean) in products.iter_mut().zip(&kernels.column.positions) {
            *product *= mass(mean);
        }
        multiplied += 1;
        if multiplied == FACTORS {
            flush(&mut products, log_factors);
            multiplied = 0;
        }
    }
    flush(&mut products, log_factors);
    for log_factor in log_factors {
        *log_factor += constant;
    }
}

fn flush(products: &mut [f64], log_factors: &mut [f64]) {
    for (product, log_factor) in products.iter_mut().zip(log_factors) {
        *log_factor -= product.ln();
        *product = 1.0;
    }
}

fn maximum(numbers: &[f64]) -> f64 {
    let mut lanes = [f64::NEG_INFINITY; 4];
    let (chunks, rest) = numbers.as_chunks::<4>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = if x > *lane { x } else { *lane };
        }
    }
    lanes.iter().chain(rest).fold(f64::NEG_INFINITY, |top, &x| if x > top { x } else { top })
}

#[cfg(test)]
mod tests;

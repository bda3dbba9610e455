//! A joint Parzen estimator over a search space with conditions.
//!
//! The density is a mixture of one kernel for each trial and one prior, all of the same weight. A kernel is a product
//! over the parameters that are active in the point it is asked for; a parameter that the kernel's own trial did not
//! have is distributed there as in the prior. So the density of every branch is normalised by itself, and trials of other
//! branches still tell what they know of the parameters that the branches share.
//!
//! - Numbers: normal distributions cut off at the ends of the range, on the scale of the domain (unit interval).
//! - Values that can be counted: the mass of that distribution over the value's cell.
//! - Categories: the trial's choice, smoothed by 1 / (n + 1) for each choice, with n trials that have the parameter.
//! - Prior: a normal distribution around the middle, as wide as the range; categories even.
//!
//! The widths of the kernels are [`Column`]'s.
//!
//! Falkner et al. 2018 (BOHB, §3.1); Watanabe 2023, arXiv:2304.11127, §3.3. All densities are relative to the even
//! distribution over a parameter's values, which cancels in every ratio and keeps numbers in range.

use crate::search::column::Column;
use crate::search::layout::{Layout, Row};
use crate::search::math::{exp, ln};
use crate::search::stream::Stream;

use super::term::{Term, add_term, cell_log_density};
use crate::search::normal::{Cdf, LN_SQRT_TAU, sum_exp, truncated_quantile};

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
    /// Of categories: what each choice gets beside the 1 of the trial's own.
    pub smoothing: f64,
    /// Are the constants of the column in `log_factors`?
    pub folded: bool,
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
        let mut log_factors: Vec<f64> = members.iter().map(|&m| if m { 0.0 } else { f64::NEG_INFINITY }).collect();
        let mut kernels = Vec::with_capacity(columns.len());
        for (dimension, column) in layout.dimensions().iter().zip(columns) {
            // What every point and every row has is the same for all points.
            let folded = !dimension.is_conditional() && !dimension.is_single() && column.missing == 0;
            if folded {
                log_factors.iter_mut().zip(&column.log_norms).for_each(|(factor, log_norm)| *factor += log_norm);
            }
            kernels.push(Kernels { column, smoothing: 1.0 / (column.observed() as f64 + 1.0), folded });
        }
        Self { layout, kernels, log_factors, log_count: ln((count + 1) as f64) }
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
                dimension.axis.slot_at(truncated_quantile(mean, kernels.column.sigma, unit))
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
            sum.sum *= exp(sum.shift - top);
            sum.shift = top;
        }
        sum.sum += sum_exp(exponents, sum.shift);
        sum.next = block.end;
        sum.log_density = sum.shift + ln(sum.sum) - self.log_count;
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
        let log_mass = ln(cdf.between(-PRIOR_MEAN / PRIOR_SIGMA, (1.0 - PRIOR_MEAN) / PRIOR_SIGMA));
        let log_norm = -log_mass - LN_SQRT_TAU - ln(PRIOR_SIGMA);
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

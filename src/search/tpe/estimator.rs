//! A joint Parzen estimator over parameters with conditions.
//!
//! The density is a mixture of one kernel for each trial and one prior, each of its own weight. A kernel is a
//! product over the parameters that are active in the point it is asked for; a parameter that the kernel's own trial did
//! not have is distributed there as in the prior. So the density of every branch is normalised by itself, and trials of
//! other branches still tell what they know of the parameters that the branches share.
//!
//! - Numbers: normal distributions cut off at the ends of the range, on the scale of the domain (unit interval).
//! - Values that can be counted: the mass of that distribution over the value's cell.
//! - Categories: the trial's choice, smoothed by 1 / (n + 1) for each choice, with n trials that have the parameter.
//! - Prior: a normal distribution around the middle, as wide as the range; categories even.
//!
//! The widths are those of the [`Column`], the same for all kernels, or one for each kernel.
//!
//! Falkner et al. 2018 (BOHB, §3.1); Watanabe 2023, arXiv:2304.11127, §3.3. All densities are relative to the even
//! distribution over a parameter's values, which cancels in every ratio and keeps numbers in range.

use std::sync::LazyLock;

use crate::search::column::{Column, log_norm};
use crate::search::layout::{Dimension, Layout, Row};
use crate::search::math::{exp, ln};
use crate::search::normal::{Cdf, LANES, maximum, sum_exp, truncated_quantile};
use crate::search::stream::Stream;

use super::screen::{Screen, all};
use super::term::{Term, add_term, cell_log_density, distances};

const PRIOR_MEAN: f64 = 0.5;
const PRIOR_SIGMA: f64 = 1.0;
/// No prior density, relative to the even one, is above its exponential.
const PRIOR_TOP: f64 = 0.1;
static PRIOR_LOG_NORM: LazyLock<f64> = LazyLock::new(|| log_norm(&Cdf::table(), PRIOR_MEAN, PRIOR_SIGMA));
/// Rows that are worked on at a time, in chunks of `LANES`; a block stays in the first cache.
const BLOCK: usize = 64 * LANES;

pub(super) struct Estimator<'a> {
    layout: &'a Layout,
    /// The parameters that it is about, ascending.
    group: &'a [usize],
    /// By place in the group.
    kernels: Vec<Kernels<'a>>,
    weights: &'a [f64],
    /// `n_rows`, filled up to whole chunks: the logarithm of each kernel's weight; −∞ for what is no kernel.
    log_weights: Vec<f64>,
    /// Weight of the prior.
    prior: f64,
    /// Logarithm of all the weight, the prior's included.
    log_total: f64,
    /// No kernel's density is above its exponential; ∞ if that is not known.
    top: f64,
}

/// One parameter of all kernels.
pub(super) struct Kernels<'a> {
    pub column: &'a Column,
    /// `n_rows` deviations, where each kernel has its own; else the column's holds.
    pub sigmas: Option<&'a [f64]>,
    /// Of categories: what each choice gets beside the 1 of the trial's own.
    pub smoothing: f64,
    /// Of categories: the logarithm of the density at the kernel's own choice, and at another.
    pub hit: f64,
    pub miss: f64,
    /// Of values in cells that are equally wide, and kernels that are too: what a kernel gives the cell so far away.
    pub distances: Vec<f64>,
}

/// A density on the way of being summed.
pub(super) struct Sum<'s> {
    terms: Vec<(&'s Kernels<'s>, Term<'s>, f64)>,
    screen: Screen<'s>,
    /// Rows that are still to come: the latest trials, which are the nearest in most searches, come first.
    rest: usize,
    /// The kernels' exponents are taken relative to this, the greatest so far.
    shift: f64,
    sum: f64,
    /// Of the kernels so far; what is to come only adds to it.
    pub log_density: f64,
}

/// A point with what every estimator of its group needs to know of it.
pub(super) struct Candidate {
    pub row: Row,
    /// Logarithm of the prior density, by place in the group; NaN for inactive ones.
    log_priors: Vec<f64>,
    log_prior: f64,
}

/// What the parts of a density count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weights<'a> {
    /// `n_rows`; a row of weight 0 is no kernel.
    pub rows: &'a [f64],
    /// More than 0.
    pub prior: f64,
}

impl<'a> Estimator<'a> {
    /// An estimator of the parameters `group` whose kernels are the `n_rows` rows of `columns` (one for each parameter of
    /// the group) with these weights. `sigmas` are by parameter and row.
    ///
    /// Cost: O(n_rows), and O(values) for each parameter with values that can be counted.
    pub fn new(
        layout: &'a Layout,
        group: &'a [usize],
        columns: impl Iterator<Item = &'a Column>,
        sigmas: Option<&'a [Vec<f64>]>,
        Weights { rows: weights, prior }: Weights<'a>,
    ) -> Self {
        let total: f64 = weights.iter().sum();
        let mut log_weights: Vec<f64> = Vec::with_capacity(weights.len() + LANES);
        log_weights.extend(weights.iter().map(|&weight| match weight {
            1.0 => 0.0,
            0.0 => f64::NEG_INFINITY,
            other => ln(other),
        }));
        log_weights.resize(weights.len().next_multiple_of(LANES), f64::NEG_INFINITY);
        let kernels = group.iter().zip(columns).enumerate().map(|(place, (&index, column))| {
            let own = sigmas.map(|sigmas| sigmas[place].as_slice());
            Kernels::new(&layout.dimensions()[index], column, own, weights.len())
        });
        let mut estimator = Self {
            layout,
            group,
            kernels: kernels.collect(),
            weights,
            log_weights,
            prior,
            log_total: ln(total + prior),
            top: f64::INFINITY,
        };
        estimator.top = estimator.upper_bound();
        estimator
    }

    fn upper_bound(&self) -> f64 {
        let cdf = Cdf::table();
        let of_one = |(&index, kernels): (&usize, &Kernels<'_>)| {
            let dimension = &self.layout.dimensions()[index];
            if dimension.is_single() {
                0.0
            } else if dimension.is_categorical() {
                ln(dimension.axis.count().unwrap_or(1) as f64)
            } else if kernels.sigmas.is_some() {
                f64::INFINITY
            } else {
                // The mass inside is least around an end of the range.
                log_norm(&cdf, 0.0, kernels.column.sigma).max(PRIOR_TOP)
            }
        };
        self.group.iter().zip(&self.kernels).map(of_one).sum()
    }

    /// A random point of this density: `known`, with the parameters of the group filled in where they are active.
    pub fn draw(&self, known: &[f64], stream: &mut Stream) -> Row {
        let kernel = self.draw_kernel(stream);
        let mut row = known.to_vec();
        for (&index, kernels) in self.group.iter().zip(&self.kernels) {
            if self.layout.is_active(index, &row) {
                let dimension = &self.layout.dimensions()[index];
                let slot = kernels.column.slots.get(kernel).copied().unwrap_or(f64::NAN);
                let unit = stream.unit();
                row[index] = if dimension.is_categorical() {
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
                    let sigma = kernels.sigmas.map_or(kernels.column.sigma, |sigmas| sigmas[kernel]);
                    dimension.axis.slot_at(truncated_quantile(kernels.column.positions[kernel], sigma, unit))
                };
            }
        }
        row
    }

    /// The row of a kernel, each as often as its weight says; one past the rows for the prior.
    fn draw_kernel(&self, stream: &mut Stream) -> usize {
        let mut rest = stream.unit() * (self.weights.iter().sum::<f64>() + self.prior);
        let mut passed = |weight: &f64| {
            rest -= weight;
            rest >= 0.0
        };
        self.weights.iter().position(|weight| !passed(weight)).unwrap_or(self.weights.len())
    }

    /// The logarithm of the density at `candidate`, relative to the even distribution, 1e-12 off.
    ///
    /// Cost: O(n_rows · active parameters), one exponential a row, no allocation but for the terms; three of the parameters
    /// only for rows that are far away in them.
    pub fn log_density(&self, candidate: &Candidate) -> f64 {
        let mut sum = self.begin(candidate);
        while self.advance(&mut sum) {}
        sum.log_density
    }

    /// A sum over the kernels, of which only the prior is in it yet.
    pub fn begin<'s>(&'s self, candidate: &'s Candidate) -> Sum<'s> {
        let shift = candidate.log_prior;
        let log_density = shift + ln(self.prior) - self.log_total;
        let terms = self.terms(candidate);
        let screen = Screen::new(terms.iter().map(|(kernels, term, _)| (*kernels, term)), self.top);
        Sum { terms, screen, rest: self.log_weights.len(), shift, sum: self.prior, log_density }
    }

    /// Adds the next block of kernels; `false` when there is none left.
    ///
    /// The density only grows on the way. In which portions it is summed makes no difference to the bit.
    pub fn advance(&self, sum: &mut Sum<'_>) -> bool {
        let block = sum.rest.saturating_sub(BLOCK)..sum.rest;
        if block.is_empty() {
            return false;
        }
        sum.rest = block.start;
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || self.add_block(sum, block.start / LANES, &self.log_weights[block]),
        );
        sum.log_density = sum.shift + ln(sum.sum) - self.log_total;
        true
    }

    #[inline(always)]
    fn add_block(&self, sum: &mut Sum<'_>, first: usize, log_weights: &[f64]) {
        let (weights, _) = log_weights.as_chunks::<LANES>();
        let mut near = [0; BLOCK / LANES];
        let least = sum.screen.least(sum.shift);
        let count = match least {
            Some(least) => sum.screen.near(first, weights, least, &mut near),
            None => all(first, weights, &mut near),
        };
        let least = least.unwrap_or(f64::NEG_INFINITY);
        let mut exponents = [[0.0; LANES]; BLOCK / LANES];
        let (near, exponents) = (&near[..count], &mut exponents[..count]);
        for (exponent, &chunk) in exponents.iter_mut().zip(near) {
            *exponent = weights[chunk - first];
        }
        for (kernels, term, log_prior) in &sum.terms {
            add_term(kernels, term, (*log_prior, least), near, exponents);
        }
        let top = maximum(exponents);
        if top > sum.shift {
            sum.sum *= exp(sum.shift - top);
            sum.shift = top;
        }
        sum.sum += sum_exp(exponents, sum.shift);
    }

    /// What each active parameter of `candidate` with more than one value adds to a kernel's exponent.
    fn terms<'s>(&'s self, candidate: &Candidate) -> Vec<(&'s Kernels<'a>, Term<'s>, f64)> {
        let dimensions = self.group.iter().zip(&self.kernels).zip(&candidate.log_priors);
        let mut terms: Vec<(&Kernels<'a>, Term<'s>, f64)> = dimensions
            .map(|((&index, kernels), &log_prior)| {
                (&self.layout.dimensions()[index], kernels, candidate.row[index], log_prior)
            })
            .filter(|(dimension, _, slot, _)| !slot.is_nan() && !dimension.is_single())
            .map(|(dimension, kernels, slot, log_prior)| (kernels, Term::new(dimension, kernels, slot), log_prior))
            .collect();
        terms.sort_by_key(|(_, term, _)| term.is_slow());
        terms
    }
}

impl<'a> Kernels<'a> {
    fn new(dimension: &Dimension, column: &'a Column, sigmas: Option<&'a [f64]>, rows: usize) -> Self {
        let smoothing = 1.0 / (column.observed() as f64 + 1.0);
        let (mut hit, mut miss) = (0.0, 0.0);
        if dimension.is_categorical() {
            let choices = dimension.axis.count().unwrap_or(1) as f64;
            let all = 1.0 + choices * smoothing;
            (hit, miss) = (ln(choices * (1.0 + smoothing) / all), ln(choices * smoothing / all));
        }
        let distances = if sigmas.is_some() { Vec::new() } else { distances(dimension, column.sigma, rows) };
        Self { column, sigmas, smoothing, hit, miss, distances }
    }
}

impl Candidate {
    /// `row` as a candidate for the values of the parameters `group`.
    pub fn new(layout: &Layout, group: &[usize], row: Row) -> Self {
        let cdf = Cdf::table();
        let log_norm = *PRIOR_LOG_NORM;
        let log_prior = |&index: &usize| {
            let (dimension, slot) = (&layout.dimensions()[index], row[index]);
            if slot.is_nan() {
                f64::NAN
            } else if dimension.is_categorical() || dimension.is_single() {
                0.0
            } else {
                cell_log_density(&cdf, dimension.axis.cell(slot), PRIOR_MEAN, PRIOR_SIGMA) + log_norm
            }
        };
        let log_priors: Vec<f64> = group.iter().map(log_prior).collect();
        let log_prior = log_priors.iter().filter(|log_prior| !log_prior.is_nan()).sum();
        Self { row, log_priors, log_prior }
    }
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

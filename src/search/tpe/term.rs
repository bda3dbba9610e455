//! What one parameter of a point adds to the exponents of all kernels: loops over columns that compilers turn into
//! vector instructions.

use std::ops::Range;

use crate::search::layout::Dimension;
use crate::search::math::ln;

use super::estimator::Kernels;
use crate::search::normal::{Cdf, LN_SQRT_TAU};

/// Cells up to this many deviations wide are integrated by series.
const NARROW: f64 = 0.05;

/// What a kernel with mean μ, or with its own choice, gets.
pub(super) enum Term {
    /// −h (x − μ)²
    Square {
        x: f64,
        h: f64,
    },
    /// c₀ + c₂z² + c₄z⁴ for z = (x − μ) / σ.
    Series {
        x: f64,
        inverse_sigma: f64,
        coefficients: [f64; 3],
    },
    /// By the slot of the kernel.
    Levels(Vec<f64>),
    /// The logarithm of the density over a wide cell, kernel by kernel.
    Cell {
        cell: (f64, f64),
        sigma: f64,
    },
    Choice {
        choice: f64,
        hit: f64,
        miss: f64,
    },
}

impl Term {
    /// `slot` is the active point's; `kernels` are of the same parameter.
    pub fn new(dimension: &Dimension, kernels: &Kernels<'_>, slot: f64) -> Self {
        let sigma = kernels.column.sigma;
        if dimension.is_categorical() {
            let choices = dimension.axis.count().unwrap_or(1) as f64;
            let all = 1.0 + choices * kernels.smoothing;
            let relative = |mass: f64| ln(choices * mass / all);
            return Self::Choice {
                choice: slot,
                hit: relative(1.0 + kernels.smoothing),
                miss: relative(kernels.smoothing),
            };
        }
        let cell = dimension.axis.cell(slot);
        if cell.0 >= cell.1 {
            return Self::Square { x: cell.0, h: 0.5 / (sigma * sigma) };
        }
        if (cell.1 - cell.0) / sigma <= NARROW {
            let coefficients = series((cell.1 - cell.0) / sigma);
            return Self::Series { x: f64::midpoint(cell.0, cell.1), inverse_sigma: 1.0 / sigma, coefficients };
        }
        match dimension.axis.count() {
            Some(count) if count <= kernels.column.slots.len() as u64 => {
                let cdf = Cdf::table();
                let level = |k: u64| cell_log_density(&cdf, cell, dimension.axis.position(k as f64), sigma);
                Self::Levels((0..count).map(level).collect())
            }
            _ => Self::Cell { cell, sigma },
        }
    }
}

/// Adds `term` to the exponents of the kernels in `rows`; kernels without the parameter get its prior.
pub(super) fn add_term(kernels: &Kernels<'_>, term: &Term, log_prior: f64, rows: Range<usize>, exponents: &mut [f64]) {
    let slots = &kernels.column.slots[rows.clone()];
    let prior = (kernels.column.missing > 0).then_some(log_prior);
    match *term {
        Term::Square { x, h } => {
            add(exponents, &kernels.column.positions[rows.clone()], prior, |mean| {
                let distance = x - mean;
                -(distance * distance * h)
            });
        }
        Term::Series { x, inverse_sigma, coefficients: [c0, c2, c4] } => {
            add(exponents, &kernels.column.positions[rows.clone()], prior, |mean| {
                let z = (x - mean) * inverse_sigma;
                let z2 = z * z;
                c0 + z2 * (c2 + z2 * c4)
            });
        }
        Term::Levels(ref levels) => add(exponents, slots, prior, |slot| levels[slot as usize]),
        Term::Cell { cell, sigma } => {
            let cdf = Cdf::table();
            add(exponents, &kernels.column.positions[rows.clone()], prior, |mean| {
                if mean.is_nan() { 0.0 } else { cell_log_density(&cdf, cell, mean, sigma) }
            });
        }
        Term::Choice { choice, hit, miss } => {
            add(exponents, slots, prior, |slot| if slot == choice { hit } else { miss });
        }
    }
    if !kernels.folded && !kernels.column.log_norms.is_empty() {
        for (exponent, log_norm) in exponents.iter_mut().zip(&kernels.column.log_norms[rows]) {
            *exponent += log_norm;
        }
    }
}

/// `prior` is for what is NaN; without it nothing is.
#[inline]
fn add(exponents: &mut [f64], kernels: &[f64], prior: Option<f64>, term: impl Fn(f64) -> f64) {
    match prior {
        None => exponents.iter_mut().zip(kernels).for_each(|(exponent, &kernel)| *exponent += term(kernel)),
        Some(prior) => exponents.iter_mut().zip(kernels).for_each(|(exponent, &kernel)| {
            let known = term(kernel);
            *exponent += if kernel.is_nan() { prior } else { known };
        }),
    }
}

/// ln of √(2π) σ times the mean density over `cell` of a normal distribution; at least −700.
pub(super) fn cell_log_density(cdf: &Cdf, cell: (f64, f64), mean: f64, sigma: f64) -> f64 {
    let width = (cell.1 - cell.0) / sigma;
    if width <= NARROW {
        let z = (f64::midpoint(cell.0, cell.1) - mean) / sigma;
        let [c0, c2, c4] = series(width);
        return c0 + z * z * (c2 + z * z * c4);
    }
    let mass = cdf.between((cell.0 - mean) / sigma, (cell.1 - mean) / sigma);
    (ln(mass / width) + LN_SQRT_TAU).max(-700.0)
}

/// The logarithm of the mean of exp(−z²/2) over an interval `width` wide around z, as c₀ + c₂z² + c₄z⁴: the Taylor series
/// of the integral in `width`, up to its fourth power; below 1e-12 off near the centre for `width` ≤ [`NARROW`].
fn series(width: f64) -> [f64; 3] {
    let w2 = width * width;
    let w4 = w2 * w2;
    [-w2 / 24.0 + w4 / 1440.0, -0.5 + w2 / 24.0 - w4 / 720.0, -w4 / 2880.0]
}

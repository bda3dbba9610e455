//! What one parameter of a point adds to the exponents of kernels: loops over columns that compilers turn into vector
//! instructions.

use std::cell::Cell;

use crate::search::axis::Axis;
use crate::search::layout::Dimension;
use crate::search::math::ln;
use crate::search::normal::{Cdf, LANES, LN_SQRT_TAU};

use super::estimator::Kernels;

/// Cells up to this many deviations wide are integrated by series.
const NARROW: f64 = 0.05;
/// Up to so many values, what each of them gives is worked out no more than once.
const FEW: u64 = 4096;

/// What a kernel with mean μ, or with its own choice, gets, without its norm.
pub(super) enum Term<'k> {
    /// −h (x − μ)²
    Square {
        x: f64,
        h: f64,
    },
    /// −(x − μ)² / 2σ² with the kernel's own σ.
    OwnSquare {
        x: f64,
        sigmas: &'k [f64],
    },
    /// c₀ + c₂z² + c₄z⁴ for z = (x − μ) / σ.
    Series {
        x: f64,
        inverse_sigma: f64,
        coefficients: [f64; 3],
    },
    /// By the slot of the kernel: the logarithm of the density over a wide cell, NaN until it is asked for.
    Levels {
        levels: Vec<Cell<f64>>,
        axis: &'k Axis,
        cell: (f64, f64),
        sigma: f64,
    },
    /// By the difference between the slots.
    Distances {
        slot: f64,
        levels: &'k [f64],
    },
    /// The logarithm of the density over a wide cell, kernel by kernel; all have the same σ or each its own.
    Cell {
        cell: (f64, f64),
        sigma: f64,
        sigmas: Option<&'k [f64]>,
    },
    Choice {
        choice: f64,
        hit: f64,
        miss: f64,
    },
}

impl<'k> Term<'k> {
    /// `slot` is the active point's; `kernels` are of the same parameter.
    pub fn new(dimension: &'k Dimension, kernels: &'k Kernels<'_>, slot: f64) -> Self {
        if dimension.is_categorical() {
            return Self::Choice { choice: slot, hit: kernels.hit, miss: kernels.miss };
        }
        let (cell, sigma) = (dimension.axis.cell(slot), kernels.column.sigma);
        if let Some(sigmas) = kernels.sigmas {
            return if cell.0 >= cell.1 {
                Self::OwnSquare { x: cell.0, sigmas }
            } else {
                Self::Cell { cell, sigma, sigmas: Some(sigmas) }
            };
        }
        if cell.0 >= cell.1 {
            return Self::Square { x: cell.0, h: 0.5 / (sigma * sigma) };
        }
        if !kernels.distances.is_empty() {
            return Self::Distances { slot, levels: &kernels.distances };
        }
        let width = (cell.1 - cell.0) / sigma;
        if width <= NARROW {
            let x = f64::midpoint(cell.0, cell.1);
            return Self::Series { x, inverse_sigma: 1.0 / sigma, coefficients: series(width) };
        }
        match dimension.axis.count() {
            Some(count) if count <= FEW => {
                Self::Levels { levels: vec![Cell::new(f64::NAN); count as usize], axis: &dimension.axis, cell, sigma }
            }
            _ => Self::Cell { cell, sigma, sigmas: None },
        }
    }

    /// Does it take long, so that it is better done last, and only for the kernels that still count?
    pub fn is_slow(&self) -> bool {
        matches!(self, Self::Levels { .. } | Self::Cell { .. })
    }
}

/// What a kernel of deviation `sigma` gives the cell that is 0, 1, … away, if there are not more of them than `rows`, and
/// all are equally wide and not narrow; else nothing.
pub(super) fn distances(dimension: &Dimension, sigma: f64, rows: usize) -> Vec<f64> {
    let count = match dimension.axis {
        Axis::Steps { count, .. } | Axis::Integers { count, .. } => count,
        _ => return Vec::new(),
    };
    let width = 1.0 / count as f64;
    if count > rows as u64 || width <= NARROW * sigma {
        return Vec::new();
    }
    let cdf = Cdf::table();
    let level = |away: u64| cell_log_density(&cdf, (0.0, width), width * (away as f64 + 0.5), sigma);
    (0..count).map(level).collect()
}

/// Adds `term`, with the kernels' norms, to the exponents of the kernels in `chunks`; those without the parameter get its
/// prior. A slow term is left out where the exponent is not above `least`.
#[inline(always)]
pub(super) fn add_term(
    kernels: &Kernels<'_>,
    term: &Term<'_>,
    (log_prior, least): (f64, f64),
    chunks: &[usize],
    exponents: &mut [[f64; LANES]],
) {
    let column = kernels.column;
    let mut add = Adder { chunks, exponents, prior: (column.missing > 0).then_some(log_prior) };
    match *term {
        Term::Square { x, h } => add.each(&column.positions, |_, mean| {
            let distance = x - mean;
            -(distance * distance * h)
        }),
        Term::OwnSquare { x, sigmas } => add.each(&column.positions, |row, mean| {
            let z = (x - mean) / sigmas[row];
            -0.5 * z * z
        }),
        Term::Series { x, inverse_sigma, coefficients: [c0, c2, c4] } => add.each(&column.positions, |_, mean| {
            let z = (x - mean) * inverse_sigma;
            let z2 = z * z;
            c0 + z2 * (c2 + z2 * c4)
        }),
        Term::Levels { ref levels, axis, cell, sigma } => add.each_above(least, &column.slots, |_, slot| {
            let level = &levels[slot as usize];
            if level.get().is_nan() {
                level.set(cell_log_density(&Cdf::table(), cell, axis.position(slot), sigma));
            }
            level.get()
        }),
        Term::Distances { slot, levels } => add.each(&column.slots, |_, own| levels[(slot - own).abs() as usize]),
        Term::Cell { cell, sigma, sigmas } => {
            let cdf = Cdf::table();
            add.each_above(least, &column.positions, |row, mean| {
                cell_log_density(&cdf, cell, mean, sigmas.map_or(sigma, |sigmas| sigmas[row]))
            });
        }
        Term::Choice { choice, hit, miss } => {
            add.each(&column.slots, |_, slot| if slot == choice { hit } else { miss });
        }
    }
    if !column.log_norms.is_empty() {
        Adder { chunks, exponents, prior: None }.each(&column.log_norms, |_, log_norm| log_norm);
    }
}

struct Adder<'e> {
    chunks: &'e [usize],
    exponents: &'e mut [[f64; LANES]],
    /// For what is NaN; without it nothing is.
    prior: Option<f64>,
}

impl Adder<'_> {
    #[inline(always)]
    fn each(&mut self, values: &[f64], term: impl Fn(usize, f64) -> f64) {
        match self.prior {
            None => self.whole(values, term),
            Some(prior) => self.whole(values, |row, value| {
                let known = term(row, value);
                if value.is_nan() { prior } else { known }
            }),
        }
    }

    #[inline(always)]
    fn each_above(&mut self, least: f64, values: &[f64], term: impl Fn(usize, f64) -> f64) {
        for (&chunk, exponents) in self.chunks.iter().zip(self.exponents.iter_mut()) {
            let rows = chunk * LANES..values.len();
            for ((row, &value), exponent) in rows.clone().zip(&values[rows]).zip(exponents) {
                if *exponent > least {
                    *exponent += self.prior.filter(|_| value.is_nan()).unwrap_or_else(|| term(row, value));
                }
            }
        }
    }

    #[inline(always)]
    fn whole(&mut self, values: &[f64], term: impl Fn(usize, f64) -> f64) {
        let (whole, rest) = values.as_chunks::<LANES>();
        for (&chunk, exponents) in self.chunks.iter().zip(self.exponents.iter_mut()) {
            let begin = chunk * LANES;
            match whole.get(chunk) {
                Some(values) => {
                    for (lane, (exponent, &value)) in exponents.iter_mut().zip(values).enumerate() {
                        *exponent += term(begin + lane, value);
                    }
                }
                None => {
                    for (lane, (exponent, &value)) in exponents.iter_mut().zip(rest).enumerate() {
                        *exponent += term(begin + lane, value);
                    }
                }
            }
        }
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

//! Which kernels are near enough to a point to count.
//!
//! A kernel's density is bounded by its distance in a few of the parameters alone. Where that bound is so far below the
//! density that is known already that it would vanish in rounding, the other parameters need not be looked at. With many
//! trials, and kernels as narrow as they then are, that is so of nearly all.

use crate::search::normal::LANES;

use super::estimator::Kernels;
use super::term::Term;

/// Parameters that are looked at.
const DEPTH: usize = 3;
/// What is below the known density by the exponential of this is nothing: 100,000 kernels of that kind are 3e-15 of it.
const NEGLIGIBLE: f64 = 45.0;

/// The distance of kernels from one point in up to `DEPTH` continuous parameters that all of them have.
pub(super) struct Screen<'s> {
    /// Positions by chunk, without the last rows that make no whole one; position of the point; 1 / 2σ².
    columns: Vec<(&'s [[f64; LANES]], f64, f64)>,
    /// No kernel's density is above its exponential.
    top: f64,
}

impl<'s> Screen<'s> {
    pub fn new<'t>(terms: impl Iterator<Item = (&'s Kernels<'s>, &'t Term<'s>)>, top: f64) -> Self
    where
        's: 't,
    {
        let columns = terms.filter_map(|(kernels, term)| match *term {
            Term::Square { x, h } if kernels.column.missing == 0 => {
                Some((kernels.column.positions.as_chunks::<LANES>().0, x, h))
            }
            _ => None,
        });
        Self { columns: if top.is_finite() { columns.take(DEPTH).collect() } else { Vec::new() }, top }
    }

    /// The exponent, over the screened parameters alone and without any norm, from which on a kernel counts if `known` is
    /// the logarithm of what the density is already; `None` if there is nothing to go by.
    #[inline(always)]
    pub fn least(&self, known: f64) -> Option<f64> {
        (!self.columns.is_empty()).then_some(known - NEGLIGIBLE - self.top)
    }

    /// Writes the numbers of the chunks, from chunk `first` on, in which a kernel counts, and says how many they are.
    #[inline(always)]
    pub fn near(&self, first: usize, log_weights: &[[f64; LANES]], least: f64, chunks: &mut [usize]) -> usize {
        match self.columns[..] {
            [a, b, c, ..] => near([a, b, c], first, log_weights, least, chunks),
            [a, b] => near([a, b], first, log_weights, least, chunks),
            [a] => near([a], first, log_weights, least, chunks),
            [] => all(first, log_weights, chunks),
        }
    }
}

/// All chunks, as [`Screen::near`] would write them.
#[inline(always)]
pub(super) fn all(first: usize, log_weights: &[[f64; LANES]], chunks: &mut [usize]) -> usize {
    chunks.iter_mut().zip(first..first + log_weights.len()).for_each(|(place, chunk)| *place = chunk);
    log_weights.len()
}

#[inline(always)]
fn near<const N: usize>(
    columns: [(&[[f64; LANES]], f64, f64); N],
    first: usize,
    log_weights: &[[f64; LANES]],
    least: f64,
    chunks: &mut [usize],
) -> usize {
    let whole = columns.iter().map(|(column, _, _)| column.len()).min().unwrap_or(0);
    let mut count = 0;
    for (offset, weights) in log_weights.iter().enumerate() {
        let chunk = first + offset;
        let mut exponents = *weights;
        if chunk < whole {
            for (column, x, h) in columns {
                for (exponent, mean) in exponents.iter_mut().zip(&column[chunk]) {
                    let distance = x - mean;
                    *exponent -= distance * distance * h;
                }
            }
        }
        chunks[count] = chunk;
        count += usize::from(exponents.iter().fold(0_u64, |any, x| any | u64::from(*x > least)) != 0);
    }
    count
}

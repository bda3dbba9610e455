//! The density of one parameter over some trials, on a grid: counts by cell, smoothed by a kernel around each.
//!
//! The kernels are normal distributions cut off at the ends of the grid, as wide as Scott's rule says (Scott,
//! "Multivariate Density Estimation", 1992); categories are smoothed by a little of every other. One kernel over the whole
//! grid stands for what would be known without trials.

use crate::search::axis::Axis;
use crate::search::math::{ln, powf};
use crate::search::normal::Cdf;

/// Cells of a continuous parameter; what has fewer values has a cell for each.
const CELLS: usize = 50;
/// Keeps a density from zero.
const FLOOR: f64 = 1e-12;
/// Cells: 90 % of the narrowest kernel are in the cell around which it lies.
const NARROWEST: f64 = 0.5 / 1.64;

/// How the values of a parameter lie on cells `0..cells`.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    cells: usize,
    scale: Option<Scale>,
}

/// Of a numeric parameter; logarithms already taken if `log`.
#[derive(Debug, Clone, Copy)]
struct Scale {
    /// Halves, because the width of the widest range is not a number.
    half_low: f64,
    half_step: f64,
    log: bool,
}

impl Grid {
    pub fn of(axis: &Axis) -> Self {
        let end = |slot: f64| axis.value(slot).as_f64().unwrap_or(f64::NAN);
        let last = |count: u64| end(count.saturating_sub(1) as f64);
        match axis {
            Axis::Choices { choices } => Self { cells: choices.len(), scale: None },
            Axis::Continuous { from, to, log, .. } => Self::numeric(*from, *to, *log, CELLS),
            Axis::Steps { count, .. } | Axis::Integers { count, .. } => {
                let cells = usize::try_from(*count).unwrap_or(CELLS).min(CELLS);
                Self::numeric(end(0.0), last(*count), false, cells)
            }
            Axis::LogIntegers { low, high, .. } => {
                // A cell for each doubling of the number of values.
                let count = high.abs_diff(*low) as f64 + 1.0;
                let cells = (ln(count) / ln(2.0)).ceil() as usize + 1;
                Self::numeric(ln(*low as f64), ln(*high as f64), true, cells.min(CELLS))
            }
        }
    }

    fn numeric(low: f64, high: f64, log: bool, cells: usize) -> Self {
        let half_step = (high / 2.0 - low / 2.0) / (cells.max(2) - 1) as f64;
        Self { cells, scale: Some(Scale { half_low: low / 2.0, half_step, log }) }
    }

    /// A count of 0 for each cell.
    pub fn empty(&self) -> Vec<u64> {
        vec![0; self.cells]
    }

    /// The cell of a slot that is not NaN; half-way between two it is the lower.
    pub fn cell(&self, axis: &Axis, slot: f64) -> usize {
        let last = self.cells.saturating_sub(1);
        let Some(scale) = self.scale else {
            return (slot as usize).min(last);
        };
        let value = axis.value(slot).as_f64().unwrap_or(f64::NAN);
        let value = if scale.log { ln(value) } else { value };
        let place = ((value / 2.0 - scale.half_low) / scale.half_step - 0.5).ceil();
        // What is not a number, and what is below, becomes 0.
        (place as usize).min(last)
    }
}

/// The probability of each cell.
#[derive(Debug, Clone)]
pub(super) struct Density(Vec<f64>);

impl Density {
    /// Smooths `counts`, one for each cell, at least one of which is not 0. Cost: O(cells²).
    pub fn of(grid: &Grid, counts: &[u64]) -> Self {
        let seen: Vec<(usize, f64)> = counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
            .map(|(cell, count)| (cell, *count as f64))
            .collect();
        let mut masses = if grid.scale.is_some() { normal(grid.cells, &seen) } else { categorical(grid.cells, &seen) };
        for mass in &mut masses {
            *mass += FLOOR;
        }
        Self(masses)
    }

    pub fn uniform(grid: &Grid) -> Self {
        Self(vec![1.0 / grid.cells as f64; grid.cells])
    }

    /// The Pearson divergence Σ q (p/q − 1)² of this density p from `base` q; 0 if they are equal.
    pub fn divergence(&self, base: &Self) -> f64 {
        let term = |(p, q): (&f64, &f64)| {
            let excess = p / q - 1.0;
            q * (excess * excess)
        };
        self.0.iter().zip(&base.0).map(term).sum()
    }
}

/// Every observed category has a kernel with the rest of its mass spread over all.
fn categorical(cells: usize, seen: &[(usize, f64)]) -> Vec<f64> {
    let spread = 1.0 / (seen.len() + 1) as f64;
    let kernel = spread * cells as f64 + 1.0;
    let weights: f64 = seen.iter().map(|(_, count)| count).sum::<f64>() + 1.0;
    let mut masses = vec![1.0 / cells as f64 / weights; cells];
    for (own, count) in seen {
        for (cell, mass) in masses.iter_mut().enumerate() {
            let height = if cell == *own { spread + 1.0 } else { spread };
            *mass += count / weights * (height / kernel);
        }
    }
    masses
}

fn normal(cells: usize, seen: &[(usize, f64)]) -> Vec<f64> {
    let weights: f64 = seen.iter().map(|(_, count)| count).sum::<f64>() + 1.0;
    let mut masses = vec![0.0; cells];
    let width = bandwidth(seen);
    for (cell, count) in seen {
        add_kernel(&mut masses, *cell as f64, width, count / weights);
    }
    add_kernel(&mut masses, (cells - 1) as f64 / 2.0, cells as f64, 1.0 / weights);
    masses
}

/// Adds a normal distribution, cut off half a cell outside the grid and with the mass `weight` within it.
fn add_kernel(masses: &mut [f64], mean: f64, deviation: f64, weight: f64) {
    let cdf = Cdf::table();
    let edge = |cell: usize| (cell as f64 - 0.5 - mean) / deviation;
    let factor = weight / cdf.between(edge(0), edge(masses.len()));
    for (cell, mass) in masses.iter_mut().enumerate() {
        *mass += factor * cdf.between(edge(cell), edge(cell + 1));
    }
}

/// Scott's rule: 1.059 min(σ, IQR / 1.34) n^(−1/5), in cells.
fn bandwidth(seen: &[(usize, f64)]) -> f64 {
    let n: f64 = seen.iter().map(|(_, count)| count).sum();
    let mean = seen.iter().map(|(cell, count)| *cell as f64 * count).sum::<f64>() / n;
    let squares: f64 = seen.iter().map(|(cell, count)| (*cell as f64 - mean) * (*cell as f64 - mean) * count).sum();
    let deviation = (squares / (n - 1.0).max(1.0)).sqrt();
    let quartiles =
        quartile(seen, |below| below > (n * 3.0 / 4.0).floor()) - quartile(seen, |below| below >= (n / 4.0).floor());
    (1.059 * deviation.min(quartiles / 1.34) * powf(n, -0.2)).max(NARROWEST)
}

/// The first cell up to which so many trials lie that `reached`, else the last.
fn quartile(seen: &[(usize, f64)], reached: impl Fn(f64) -> bool) -> f64 {
    let mut below = 0.0;
    for (cell, count) in seen {
        below += count;
        if reached(below) {
            return *cell as f64;
        }
    }
    seen.last().map_or(0.0, |(cell, _)| *cell as f64)
}

//! Symmetric positive definite systems: a Cholesky factor that grows row by row, and solutions for many right sides.
//!
//! Row i of the factor depends on the rows before it only and every sum has a fixed order, so that a factor which grew by
//! one row at a time equals to the bit one that was made at once. Loops are written in lanes that compilers turn into vector
//! instructions; which ones the processor has is asked at run time and changes no bit, because no multiplication is
//! fused with an addition.

/// Right sides that are solved together.
pub(super) const LANES: usize = 16;

/// One number for each of so many points.
pub(super) type Lanes = [f64; LANES];

/// Lanes of a sum of products.
const WIDTH: usize = 8;

/// The lower triangle L of a matrix L·Lᵀ of `len` × `len`.
#[derive(Debug, Clone, Default)]
pub(super) struct Factor {
    /// Row i has i entries, left of the diagonal, and begins at i (i − 1) / 2.
    rows: Vec<f64>,
    /// Of the entries on the diagonal.
    inverses: Vec<f64>,
}

impl Factor {
    pub fn len(&self) -> usize {
        self.inverses.len()
    }

    /// Keeps the first `len` rows.
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            self.rows.truncate(begin(len));
            self.inverses.truncate(len);
        }
    }

    /// Adds a row and a column to the matrix: `covariances` with the `len` before, `variance` on the diagonal.
    ///
    /// What is left of `variance` beside the rows before is taken for at least `least` > 0, so that a matrix which is
    /// singular but for rounding has a factor too.
    ///
    /// Cost: O(len²).
    pub fn push(&mut self, covariances: &[f64], variance: f64, least: f64) {
        let mut row = covariances.to_vec();
        self.solve(&mut row);
        let rest = pulp::Arch::new().dispatch(|| variance - dot(&row, &row));
        self.rows.extend(row);
        self.inverses.push(1.0 / (if rest > least { rest } else { least }).sqrt());
    }

    /// L⁻¹·`side`, in place. Cost: O(len²).
    pub fn solve(&self, side: &mut [f64]) {
        pulp::Arch::new().dispatch(|| {
            for i in 0..side.len().min(self.len()) {
                side[i] = (side[i] - dot(self.row(i), &side[..i])) * self.inverses[i];
            }
        });
    }

    /// L⁻ᵀ·`side`, in place. Cost: O(len²).
    pub fn solve_transposed(&self, side: &mut [f64]) {
        pulp::Arch::new().dispatch(|| {
            for i in (0..side.len().min(self.len())).rev() {
                let solved = side[i] * self.inverses[i];
                side[i] = solved;
                for (entry, l) in side[..i].iter_mut().zip(self.row(i)) {
                    *entry -= l * solved;
                }
            }
        });
    }

    /// L⁻¹ times `LANES` right sides, in place. Right sides that are 0 above row `from` may say so.
    #[inline(always)]
    pub fn solve_lanes(&self, sides: &mut [Lanes], from: usize) {
        for i in from..sides.len() {
            let (before, rest) = sides.split_at_mut(i);
            let Some(side) = rest.first_mut() else { break };
            let mut sums = [0.0; LANES];
            for (l, known) in self.row(i)[from..].iter().zip(&before[from..]) {
                for (sum, x) in sums.iter_mut().zip(known) {
                    *sum += l * x;
                }
            }
            for (x, sum) in side.iter_mut().zip(&sums) {
                *x = (*x - sum) * self.inverses[i];
            }
        }
    }

    /// L⁻ᵀ times `LANES` right sides, in place; rows above `from` are left as they are.
    #[inline(always)]
    pub fn solve_transposed_lanes(&self, sides: &mut [Lanes], from: usize) {
        for i in (from..sides.len()).rev() {
            let (before, rest) = sides.split_at_mut(i);
            let Some(side) = rest.first_mut() else { break };
            for x in side.iter_mut() {
                *x *= self.inverses[i];
            }
            for (l, unknown) in self.row(i)[from..].iter().zip(&mut before[from..]) {
                for (x, solved) in unknown.iter_mut().zip(side.iter()) {
                    *x -= l * solved;
                }
            }
        }
    }

    /// ln |L·Lᵀ|
    pub fn log_determinant(&self) -> f64 {
        // In products, because a logarithm costs as much as a hundred of these.
        let product = |chunk: &[f64]| super::math::ln(chunk.iter().product());
        -2.0 * self.inverses.chunks(8).map(product).sum::<f64>()
    }

    /// (L·Lᵀ)⁻¹: its lower triangle with the diagonal, row by row; row i begins at i (i + 1) / 2.
    ///
    /// Cost: O(len³), about as much as the factor itself twice.
    pub fn inverse(&self) -> Vec<f64> {
        let n = self.len();
        let mut inverse = vec![0.0; begin(n + 1)];
        pulp::Arch::new().dispatch(|| {
            for block in (0..n).step_by(LANES) {
                let mut sides = vec![[0.0; LANES]; n];
                for (lane, side) in sides[block..].iter_mut().take(LANES).enumerate() {
                    side[lane] = 1.0;
                }
                self.solve_lanes(&mut sides, block);
                self.solve_transposed_lanes(&mut sides, block);
                for (i, side) in sides.iter().enumerate().skip(block) {
                    let count = (i + 1 - block).min(LANES);
                    inverse[begin(i + 1) + block..][..count].copy_from_slice(&side[..count]);
                }
            }
        });
        inverse
    }

    #[inline(always)]
    fn row(&self, index: usize) -> &[f64] {
        &self.rows[begin(index)..begin(index) + index]
    }
}

/// Where row `index` begins among rows of 0, 1, 2… entries.
#[inline(always)]
fn begin(index: usize) -> usize {
    index * index.saturating_sub(1) / 2
}

/// Σ aᵢ·bᵢ. The order of summation is fixed.
#[inline(always)]
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; WIDTH];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<WIDTH>(), b.as_chunks::<WIDTH>());
    for (a, b) in a.iter().zip(b) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    for ((sum, x), y) in sums.iter_mut().zip(a_rest).zip(b_rest) {
        *sum += x * y;
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (b + f)) + ((c + g) + (d + h))
}

#[cfg(test)]
mod tests;

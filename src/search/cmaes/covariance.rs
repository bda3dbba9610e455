//! The covariance of the search distribution, and its root: of all pairs of coordinates, or only its diagonal.

use super::eigen::{Eigen, decompose};

/// Coordinates beyond which only the diagonal is kept: the work for all pairs grows with their cube.
pub(super) const MOST_COORDINATES: usize = 100;

#[derive(Debug, Clone)]
pub(super) enum Covariance {
    /// C and its eigenvectors; the values are the square roots of C's.
    Full { matrix: Vec<Vec<f64>>, root: Eigen },
    /// The variances.
    Diagonal(Vec<f64>),
}

impl Covariance {
    pub fn identity(dimensions: usize) -> Self {
        Self::of_variances(vec![1.0; dimensions])
    }

    fn of_variances(variances: Vec<f64>) -> Self {
        if variances.len() > MOST_COORDINATES {
            return Self::Diagonal(variances);
        }
        let n = variances.len();
        Self::full((0..n).map(|i| (0..n).map(|j| if i == j { variances[i] } else { 0.0 }).collect()).collect())
    }

    /// Of a symmetric matrix. Cost: O(n³).
    pub fn full(matrix: Vec<Vec<f64>>) -> Self {
        let mut root = decompose(matrix.clone());
        let most = root.values.iter().copied().fold(0.0, f64::max);
        for value in &mut root.values {
            // Rounding leaves values at or below 0 where a direction has all but vanished.
            *value = value.max(most * 1e-20).max(f64::MIN_POSITIVE).sqrt();
        }
        Self::Full { matrix, root }
    }

    pub fn is_diagonal(&self) -> bool {
        matches!(self, Self::Diagonal(_))
    }

    pub fn variance(&self, coordinate: usize) -> f64 {
        match self {
            Self::Full { matrix, .. } => matrix[coordinate][coordinate],
            Self::Diagonal(variances) => variances[coordinate],
        }
    }

    /// The standard deviations along the longest and the shortest axis.
    pub fn axes(&self) -> (f64, f64) {
        let ends = |lengths: &mut dyn Iterator<Item = f64>| {
            lengths.fold((0.0, f64::INFINITY), |(most, least): (f64, f64), x| (most.max(x), least.min(x)))
        };
        match self {
            Self::Full { root, .. } => ends(&mut root.values.iter().copied()),
            Self::Diagonal(variances) => ends(&mut variances.iter().map(|variance| variance.sqrt())),
        }
    }

    /// C^½ z. Cost: O(n²), of a diagonal O(n).
    pub fn stretch(&self, z: &[f64]) -> Vec<f64> {
        match self {
            Self::Full { root, .. } => {
                let mut y = vec![0.0; z.len()];
                for ((vector, length), z) in root.vectors.iter().zip(&root.values).zip(z) {
                    add_scaled(&mut y, vector, length * z);
                }
                y
            }
            Self::Diagonal(variances) => variances.iter().zip(z).map(|(variance, z)| variance.sqrt() * z).collect(),
        }
    }

    /// C^−½ y. Cost: that of [`Covariance::stretch`].
    pub fn whiten(&self, y: &[f64]) -> Vec<f64> {
        match self {
            Self::Full { root, .. } => {
                let mut z = vec![0.0; y.len()];
                for (vector, length) in root.vectors.iter().zip(&root.values) {
                    add_scaled(&mut z, vector, dot(vector, y) / length);
                }
                z
            }
            Self::Diagonal(variances) => variances.iter().zip(y).map(|(variance, y)| y / variance.sqrt()).collect(),
        }
    }

    /// `keep` · C + Σ weight · v vᵀ
    pub fn updated(&self, keep: f64, parts: &[(f64, &[f64])]) -> Self {
        match self {
            Self::Full { matrix, .. } => {
                let mut next: Vec<Vec<f64>> =
                    matrix.iter().map(|row| row.iter().map(|entry| keep * entry).collect()).collect();
                for (weight, vector) in parts {
                    for (row, first) in next.iter_mut().zip(*vector) {
                        add_scaled(row, vector, weight * first);
                    }
                }
                mirror(&mut next);
                Self::full(next)
            }
            Self::Diagonal(variances) => {
                let entry = |k: usize| {
                    let sum: f64 = parts.iter().map(|(weight, vector)| weight * vector[k] * vector[k]).sum();
                    (keep * variances[k] + sum).max(f64::MIN_POSITIVE)
                };
                Self::Diagonal((0..variances.len()).map(entry).collect())
            }
        }
    }
}

/// Rounding leaves the two halves apart: the upper one counts.
fn mirror(matrix: &mut [Vec<f64>]) {
    for row in 1..matrix.len() {
        let (above, rest) = matrix.split_at_mut(row);
        for (entry, upper) in rest[0].iter_mut().zip(above) {
            *entry = upper[row];
        }
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

pub(super) fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// `to` += `factor` · `vector`
pub(super) fn add_scaled(to: &mut [f64], vector: &[f64], factor: f64) {
    for (x, y) in to.iter_mut().zip(vector) {
        *x += factor * y;
    }
}

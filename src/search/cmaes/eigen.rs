//! Eigenvectors of symmetric matrices, by rotations in a fixed order: the same bits on every machine.

/// `n` values, and as many vectors of length 1, each a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Eigen {
    pub values: Vec<f64>,
    pub vectors: Vec<Vec<f64>>,
}

/// Sweeps after which a matrix that is not diagonal yet is taken for one; ten are enough for any that is finite.
const SWEEPS: usize = 40;

/// Cyclic Jacobi rotations (Golub and Van Loan, "Matrix Computations", 4th ed., §8.5). The values are in no particular order.
///
/// Cost: O(n³) a sweep, six to ten sweeps.
pub(super) fn decompose(mut matrix: Vec<Vec<f64>>) -> Eigen {
    let n = matrix.len();
    let unit = |row: usize| (0..n).map(|column| f64::from(u8::from(row == column))).collect();
    let mut vectors: Vec<Vec<f64>> = (0..n).map(unit).collect();
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                if let Some((cosine, sine)) = rotation(matrix[p][p], matrix[q][q], matrix[p][q]) {
                    rotated = true;
                    turn_rows(&mut matrix, p, q, cosine, sine);
                    turn_columns(&mut matrix, p, q, cosine, sine);
                    turn_rows(&mut vectors, p, q, cosine, sine);
                }
            }
        }
        if !rotated {
            break;
        }
    }
    Eigen { values: (0..n).map(|k| matrix[k][k]).collect(), vectors }
}

/// Cosine and sine of the angle that makes `off` vanish between the diagonal elements `p` and `q`; `None` where it is
/// nothing beside them.
fn rotation(p: f64, q: f64, off: f64) -> Option<(f64, f64)> {
    if off.is_nan() || off.abs() <= f64::EPSILON * 0.5 * (p.abs() * q.abs()).sqrt() || off == 0.0 {
        return None;
    }
    let theta = (q - p) / (2.0 * off);
    let tangent = 1.0_f64.copysign(theta) / (theta.abs() + (theta * theta + 1.0).sqrt());
    let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
    Some((cosine, tangent * cosine))
}

fn turn_rows(rows: &mut [Vec<f64>], p: usize, q: usize, cosine: f64, sine: f64) {
    let (before, from) = rows.split_at_mut(q);
    for (x, y) in before[p].iter_mut().zip(from[0].iter_mut()) {
        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
    }
}

fn turn_columns(rows: &mut [Vec<f64>], p: usize, q: usize, cosine: f64, sine: f64) {
    for row in rows {
        let (x, y) = (row[p], row[q]);
        (row[p], row[q]) = (cosine * x - sine * y, sine * x + cosine * y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::stream::Stream;

    #[test]
    fn values_and_vectors_make_up_the_matrix_again() {
        for n in [1, 2, 3, 7, 20] {
            let mut stream = Stream::of_trial(3, n as u32);
            let roots: Vec<Vec<f64>> = (0..n).map(|_| (0..n).map(|_| stream.unit() - 0.5).collect()).collect();
            // Some are badly conditioned.
            let scale = |k: usize| 10_f64.powi(-((k % 7) as i32));
            let entry = |i: usize, j: usize| (0..n).map(|k| roots[i][k] * roots[j][k] * scale(k)).sum::<f64>();
            let matrix: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| entry(i.min(j), i.max(j))).collect()).collect();
            let eigen = decompose(matrix.clone());
            for (i, row) in matrix.iter().enumerate() {
                for (j, entry) in row.iter().enumerate() {
                    let part = |(value, vector): (&f64, &Vec<f64>)| value * vector[i] * vector[j];
                    let again: f64 = eigen.values.iter().zip(&eigen.vectors).map(part).sum();
                    assert!((again - entry).abs() < 1e-14, "{n}: {i} {j}");
                    let dot: f64 = eigen.vectors[i].iter().zip(&eigen.vectors[j]).map(|(x, y)| x * y).sum();
                    assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-13);
                }
            }
        }
    }

    #[test]
    fn what_is_not_a_number_ends() {
        assert_eq!(decompose(vec![vec![1.0, f64::NAN], vec![f64::NAN, 1.0]]).values, [1.0, 1.0]);
        assert!(decompose(Vec::new()).values.is_empty());
    }
}

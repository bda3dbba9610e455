use super::*;

/// A positive definite matrix: B Bᵀ + 1 with entries of B from a small generator.
fn matrix(n: usize) -> Vec<Vec<f64>> {
    let entry = |i: usize, j: usize| ((i * 37 + j * 101 + 7) % 64) as f64 / 32.0 - 1.0;
    let product = |i, j| (0..n).map(|k| entry(i, k) * entry(j, k)).sum::<f64>();
    (0..n).map(|i| (0..n).map(|j| product(i, j) + f64::from(u8::from(i == j))).collect()).collect()
}

fn factor(matrix: &[Vec<f64>]) -> Factor {
    let mut factor = Factor::default();
    for (i, row) in matrix.iter().enumerate() {
        factor.push(&row[..i], row[i], 1e-12);
    }
    factor
}

fn multiply(matrix: &[Vec<f64>], vector: &[f64]) -> Vec<f64> {
    matrix.iter().map(|row| row.iter().zip(vector).map(|(a, x)| a * x).sum()).collect()
}

#[test]
fn solutions_solve_the_system() {
    for n in [1, 2, 7, 8, 9, 33, 50] {
        let matrix = matrix(n);
        let factor = factor(&matrix);
        let want: Vec<f64> = (0..n).map(|k| (k % 5) as f64 - 1.7).collect();
        let mut got = multiply(&matrix, &want);
        factor.solve(&mut got);
        factor.solve_transposed(&mut got);
        for (got, want) in got.iter().zip(&want) {
            assert!((got - want).abs() < 1e-9, "{n}: {got}, not {want}");
        }
    }
}

#[test]
fn the_inverse_times_the_matrix_is_one() {
    for n in [1, 5, 16, 17, 40] {
        let matrix = matrix(n);
        let inverse = factor(&matrix).inverse();
        let entry = |i: usize, j: usize| inverse[begin(i.max(j) + 1) + i.min(j)];
        for (i, row) in matrix.iter().enumerate() {
            for j in 0..n {
                let product: f64 = (0..n).map(|k| row[k] * entry(k, j)).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-9, "{n}: {product} at {i}, {j}");
            }
        }
    }
}

#[test]
fn many_right_sides_are_solved_like_one() {
    let factor = factor(&matrix(21));
    let side = |lane: usize| -> Vec<f64> { (0..21).map(|k| ((k * 3 + lane * 5) % 11) as f64 - 4.0).collect() };
    let mut lanes: Vec<Lanes> = (0..21).map(|k| std::array::from_fn(|lane| side(lane)[k])).collect();
    factor.solve_lanes(&mut lanes, 0);
    factor.solve_transposed_lanes(&mut lanes, 0);
    for lane in 0..LANES {
        let mut want = side(lane);
        factor.solve(&mut want);
        factor.solve_transposed(&mut want);
        assert!(lanes.iter().zip(&want).all(|(got, want)| (got[lane] - want).abs() < 1e-9));
    }
}

#[test]
fn the_determinant_is_that_of_the_matrix() {
    let mut factor = Factor::default();
    factor.push(&[], 4.0, 1e-12);
    factor.push(&[2.0], 3.0, 1e-12);
    assert!((factor.log_determinant() - 8.0_f64.ln()).abs() < 1e-14);
}

#[test]
fn a_factor_that_was_cut_grows_again_to_the_same_bits() {
    let matrix = matrix(30);
    let whole = factor(&matrix);
    let mut cut = whole.clone();
    cut.truncate(11);
    for (i, row) in matrix.iter().enumerate().skip(11) {
        cut.push(&row[..i], row[i], 1e-12);
    }
    assert_eq!((whole.rows, whole.inverses), (cut.rows, cut.inverses));
}

#[test]
fn a_singular_matrix_has_a_factor_too() {
    let factor = factor(&vec![vec![1.0; 4]; 4]);
    let mut side = vec![1.0; 4];
    factor.solve(&mut side);
    factor.solve_transposed(&mut side);
    assert!(side.iter().all(|x| x.is_finite()), "{side:?}");
}

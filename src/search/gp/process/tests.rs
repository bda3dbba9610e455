use super::*;
use crate::search::conformance::spaces::{choices, float, parameter, space, when};
use crate::search::gp::encoding::Encoding;
use crate::search::gp::likelihood;
use crate::search::layout::Layout;

fn layout() -> Layout {
    Layout::new(&space(vec![
        parameter("a", float(0.0, 1.0)),
        parameter("kind", choices(&["a", "b"])),
        when("y", float(0.0, 1.0), "kind", &["b"]),
    ]))
}

fn kernel(encoding: &Encoding) -> Kernel {
    Kernel { noise: 0.01, ..likelihood::kernel(encoding, &likelihood::start(encoding, 0.7, 0.01)) }
}

fn rows() -> Vec<Vec<f64>> {
    let absent = f64::NAN;
    vec![
        vec![0.1, 0.0, absent],
        vec![0.4, 1.0, 0.3],
        vec![0.9, 1.0, 0.8],
        vec![0.6, 0.0, absent],
        vec![0.2, 1.0, 0.5],
        vec![0.75, 0.0, absent],
    ]
}

const TARGETS: [f64; 5] = [0.3, -1.0, 1.2, 0.1, -0.6];

fn features(encoding: &Encoding, layout: &Layout, rows: &[Vec<f64>]) -> Vec<f64> {
    rows.iter().flat_map(|row| encoding.encode(layout, row)).collect()
}

fn points(known: usize) -> Points {
    let layout = layout();
    let encoding = Encoding::new(&layout);
    let mut points = Points::new(encoding.clone(), kernel(&encoding));
    points.follow(&features(&encoding, &layout, &rows()[..known]));
    points
}

/// The covariance as its definition says it: features are a; kind; y and whether it is absent.
fn covariance(kernel: &Kernel, a: &[f64], b: &[f64]) -> f64 {
    let y = |row: &[f64]| if row[2].is_nan() { (0.5, 0.5_f64) } else { (row[2], 0.0) };
    let squares = [
        (a[0] - b[0]).powi(2),
        f64::from(u8::from(a[1] != b[1])),
        (y(a).0 - y(b).0).powi(2) + (y(a).1 - y(b).1).powi(2),
    ];
    let r = squares.iter().zip(&kernel.joint).map(|(d, w)| d * w).sum::<f64>().sqrt();
    let root = 5.0_f64.sqrt() * r;
    let joint = kernel.joint_variance * (1.0 + root + root * root / 3.0) * (-root).exp();
    let single: f64 = squares.iter().zip(&kernel.single).map(|(d, w)| (1.0 + d * w / 2.0).powi(-2)).sum();
    joint + kernel.single_variance / 3.0 * single
}

/// Solves by elimination.
fn solve(mut matrix: Vec<Vec<f64>>, mut side: Vec<f64>) -> Vec<f64> {
    let n = side.len();
    for k in 0..n {
        for i in (0..n).filter(|&i| i != k) {
            let factor = matrix[i][k] / matrix[k][k];
            let pivot = matrix[k].clone();
            matrix[i].iter_mut().zip(&pivot).for_each(|(entry, above)| *entry -= factor * above);
            side[i] -= factor * side[k];
        }
    }
    (0..n).map(|k| side[k] / matrix[k][k]).collect()
}

#[test]
fn the_posterior_is_that_of_the_textbook() {
    let points = points(5);
    let (layout, kernel) = (layout(), &points.kernel);
    let rows = &rows()[..5];
    let k = |a: &Vec<f64>, b: &Vec<f64>| covariance(kernel, a, b);
    let noisy = |i: usize, j: usize| k(&rows[i], &rows[j]) + if i == j { kernel.noise } else { 0.0 };
    let matrix: Vec<Vec<f64>> = (0..5).map(|i| (0..5).map(|j| noisy(i, j)).collect()).collect();
    let sum = |side: &[f64]| solve(matrix.clone(), side.to_vec()).iter().sum::<f64>();
    let mean = sum(&TARGETS) / (sum(&[1.0; 5]) + 1.0);
    let process = points.observe(&TARGETS);
    for query in [vec![0.3, 1.0, 0.4], vec![0.5, 0.0, f64::NAN], vec![0.4, 1.0, 0.3]] {
        let across: Vec<f64> = rows.iter().map(|row| k(&query, row)).collect();
        let weights = solve(matrix.clone(), across.clone());
        let want_mean = mean + weights.iter().zip(TARGETS).map(|(w, y)| w * (y - mean)).sum::<f64>();
        let want_variance = k(&query, &query) - weights.iter().zip(&across).map(|(w, k)| w * k).sum::<f64>();
        let mut posterior = Posterior::default();
        process.predict(&lanes_of(&points.encoding.encode(&layout, &query), 4), &mut posterior);
        assert!((posterior.mean[3] - want_mean).abs() < 1e-12, "{} {want_mean}", posterior.mean[3]);
        assert!((posterior.variance[3] - want_variance).abs() < 1e-12, "{} {want_variance}", posterior.variance[3]);
    }
    let believed = process.believed(&TARGETS);
    let mut posterior = Posterior::default();
    process.predict(&lanes_of(&points.features, 4), &mut posterior);
    assert!((0..5).all(|k| (posterior.mean[k] - believed[k]).abs() < 1e-12));
}

#[test]
fn gradients_are_those_of_mean_and_variance() {
    let points = points(6);
    let process = points.observe(&TARGETS);
    let at = [0.37, 1.0, 0.44, 0.0];
    let moments = |at: &[f64]| {
        let mut posterior = Posterior::default();
        process.predict(&lanes_of(at, 4), &mut posterior);
        (posterior.mean[0], posterior.variance[0])
    };
    for (by_mean, by_variance) in [(1.0, 0.0), (0.0, 1.0)] {
        let mut posterior = Posterior::default();
        process.predict(&lanes_of(&at, 4), &mut posterior);
        let mut gradient = vec![[0.0; LANES]; 4];
        let slopes = ([by_mean; LANES], [by_variance; LANES]);
        process.add_gradient(&lanes_of(&at, 4), &mut posterior, (&slopes.0, &slopes.1), &mut gradient);
        for feature in [0, 2] {
            let moved = |step: f64| {
                let mut moved = at;
                moved[feature] += step;
                let (mean, variance) = moments(&moved);
                by_mean * mean + by_variance * variance
            };
            let want = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            assert!((gradient[feature][0] - want).abs() < 1e-7, "{feature}: {} {want}", gradient[feature][0]);
        }
    }
}

#[test]
fn a_pending_point_leaves_the_mean_and_takes_the_uncertainty_away() {
    let (seen, believing) = (points(5), points(6));
    let moments = |points: &Points, row: &Vec<f64>| {
        let mut posterior = Posterior::default();
        let features = points.encoding.encode(&layout(), row);
        points.observe(&TARGETS).predict(&lanes_of(&features, 4), &mut posterior);
        (posterior.mean[0], posterior.variance[0])
    };
    let pending = &rows()[5];
    let (before, after) = (moments(&seen, pending), moments(&believing, pending));
    assert!((before.0 - after.0).abs() < 1e-12 && after.1 < 0.1 * before.1, "{before:?} {after:?}");
    assert!((believing.observe(&TARGETS).believed(&TARGETS)[5] - before.0).abs() < 1e-12);
}

#[test]
fn points_that_came_one_by_one_are_the_same_to_the_bit() {
    let layout = layout();
    let at_once = points(6);
    let encoding = at_once.encoding.clone();
    let mut one_by_one = Points::new(encoding.clone(), kernel(&encoding));
    one_by_one.follow(&features(&encoding, &layout, std::slice::from_ref(&rows()[3])));
    for count in [2, 1, 4, 6] {
        one_by_one.follow(&features(&encoding, &layout, &rows()[..count]));
    }
    let mean = |points: &Points| {
        let mut posterior = Posterior::default();
        points.observe(&TARGETS).predict(&lanes_of(&[0.3, 1.0, 0.2, 0.0], 4), &mut posterior);
        (posterior.mean[0].to_bits(), posterior.variance[0].to_bits())
    };
    assert_eq!(mean(&at_once), mean(&one_by_one));
}

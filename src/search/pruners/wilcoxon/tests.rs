use super::*;
use crate::domain::metrics::Direction;
use crate::domain::params::{Params, Space};
use crate::search::Record;

fn near(actual: f64, expected: f64) {
    assert!((actual - expected).abs() <= 1e-12 * expected, "{actual} is not {expected}");
}

#[test]
fn small_samples_have_exact_probabilities() {
    // SciPy 1.17.1: wilcoxon(x, alternative="greater").
    near(p_greater(&[0.3, -0.1, 0.5, 0.2, 0.9]), 0.0625);
    let longer = [1.2, -0.4, 2.5, 0.7, 3.1, -0.9, 1.8, 0.2, -0.3, 2.2, 0.6, 1.1];
    near(p_greater(&longer), 0.013_427_734_375);
    near(p_greater(&[1.0, 2.0, 3.0]), 0.125);
}

#[test]
fn ties_and_zeros_are_exact_too() {
    // By all 512 signs.
    near(p_greater(&[1.0, 1.0, -1.0, 2.0, 2.0, 0.0, 3.0, -2.0, 3.0, 3.0]), 0.044_921_875);
}

#[test]
fn large_samples_are_corrected_for_continuity_ties_and_zeros() {
    // SciPy 1.17.1: wilcoxon(x, alternative="greater", method="approx", correction=True, zero_method="pratt").
    let distinct: Vec<f64> = (0..60).map(|k| (f64::from(k * 37 % 61) - 20.0) / 10.0 + f64::from(k) * 0.0001).collect();
    near(p_greater(&distinct), 8.560_480_111_908_3e-5);
    let tied: Vec<f64> = (0..60).map(|k| f64::from(k * 37 % 11) - 3.0).collect();
    near(p_greater(&tied), 7.578_965_873_148_877e-5);
}

/// The best trial has 0.5 at ten folds; the one that runs has `values` at the first ones.
fn stops(direction: Direction, values: &[f64]) -> bool {
    let mut history = History::new(Space::new(Vec::new()).unwrap(), vec![direction], 0);
    let steps = |values: &[f64]| (0..).zip(values.iter().copied()).collect();
    let best = Record { steps: steps(&[0.5; 10]), ..Record::complete(Params::default(), vec![0.5]) };
    history.record(0, best);
    history.record(1, Record { steps: steps(values), ..Record::pending(Params::default()) });
    Wilcoxon { p: 0.1, startup_steps: 2 }.should_prune(&history, 1)
}

#[test]
fn a_trial_is_stopped_once_it_is_significantly_worse() {
    // The least that n steps can give is 1/2^n.
    assert!(!stops(Direction::Minimize, &[0.9, 0.8, 0.7]));
    assert!(stops(Direction::Minimize, &[0.9, 0.8, 0.7, 0.6]));
    assert!(!stops(Direction::Maximize, &[0.9, 0.8, 0.7, 0.6]));
    assert!(stops(Direction::Maximize, &[0.1, 0.2, 0.3, 0.4]));
}

#[test]
fn a_trial_whose_mean_is_as_good_goes_on() {
    assert!(!stops(Direction::Minimize, &[0.6, 0.6, 0.6, 0.6, 0.6, -0.4]));
}

#[test]
fn steps_that_are_not_in_common_and_nan_do_not_count() {
    let mut values = vec![0.9; 3];
    values.extend([f64::NAN; 7]);
    values.extend([0.9; 5]);
    assert!(!stops(Direction::Minimize, &values));
}

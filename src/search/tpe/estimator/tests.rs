use statrs::distribution::{ContinuousCDF, Normal};

use super::*;
use crate::domain::params::{Domain, Space};
use crate::search::History;
use crate::search::column::bandwidth;
use crate::search::conformance::spaces::{
    choices, complete, discrete, empty, float, int, judge, log_float, mixed, parameter, space, when,
};
use crate::search::random::draw;

/// `rows` random trials of `space`.
fn random_trials(space: &Space, rows: u32) -> History {
    let mut history = empty(space, 0);
    for number in 0..rows {
        let row = draw(history.layout(), &mut Stream::of_trial(5, number));
        let params = history.layout().params(&row);
        let value = judge(&params);
        history.record(number, complete(params, value));
    }
    history
}

/// Cell widths on the unit interval, shares of categories; 1 for continuous parameters.
fn share(layout: &Layout, row: &[f64]) -> f64 {
    let dimensions = layout.dimensions().iter().zip(row).filter(|(_, slot)| !slot.is_nan());
    dimensions
        .map(|(dimension, &slot)| match dimension.axis.cell(slot) {
            (low, high) if high > low => high - low,
            _ => 1.0,
        })
        .product()
}

/// The density as the module's page defines it, one kernel and one parameter after the other.
fn by_definition(history: &History, members: &[bool], row: &[f64]) -> f64 {
    let layout = history.layout();
    let kernels: Vec<usize> = (0..members.len()).filter(|&k| members[k]).collect();
    let observed = |j: usize| history.columns()[j].slots.iter().filter(|slot| !slot.is_nan()).count();
    let varied: Vec<usize> = (0..row.len()).filter(|&j| !layout.dimensions()[j].is_single()).collect();
    let density = |kernel: Option<usize>| -> f64 {
        let active = varied.iter().filter(|&&j| !row[j].is_nan());
        active
            .map(|&j| {
                let own = kernel.map(|k| history.columns()[j].slots[k]).filter(|slot| !slot.is_nan());
                let axis = &layout.dimensions()[j].axis;
                let n = observed(j) as f64;
                if layout.dimensions()[j].is_categorical() {
                    let count = axis.count().unwrap() as f64;
                    let hit = |own: f64| f64::from(u8::from(own == row[j]));
                    return own.map_or(1.0, |own| count * (hit(own) + 1.0 / (n + 1.0)) / (1.0 + count / (n + 1.0)));
                }
                let sigma = bandwidth(observed(j), layout.mean_width());
                let (mean, sigma) = own.map_or((0.5, 1.0), |own| (axis.position(own), sigma));
                let normal = Normal::new(mean, sigma).unwrap();
                let inside = normal.cdf(1.0) - normal.cdf(0.0);
                match axis.cell(row[j]) {
                    (low, high) if high > low => (normal.cdf(high) - normal.cdf(low)) / (high - low) / inside,
                    (x, _) => {
                        (-0.5 * ((x - mean) / sigma).powi(2)).exp() / (sigma * std::f64::consts::TAU.sqrt()) / inside
                    }
                }
            })
            .product()
    };
    let sum: f64 = kernels.iter().map(|&kernel| density(Some(kernel))).sum::<f64>() + density(None);
    sum / (kernels.len() as f64 + 1.0)
}

#[test]
fn the_density_is_what_its_definition_says() {
    let wide = space(vec![
        parameter("x", float(-2.0, 3.0)),
        parameter("n", int(0, 9)),
        parameter("many", int(0, 100_000)),
        parameter("units", Domain::Int { low: 1, high: 2000, log: true, step: 1 }),
        parameter("kind", choices(&["a", "b", "c"])),
        when("rate", log_float(1e-4, 1.0), "kind", &["a", "b"]),
        when("depth", int(1, 40), "kind", &["c"]),
    ]);
    for (space, rows) in [(wide, 700), (mixed(), 40), (discrete(), 12), (mixed(), 1)] {
        let history = random_trials(&space, rows);
        let members: Vec<bool> = (0..rows).map(|k| rows == 1 || k % 5 != 3).collect();
        let estimator = Estimator::new(history.layout(), history.columns(), &members);
        for number in 0..30 {
            let row = draw(history.layout(), &mut Stream::of_trial(6, number));
            let want = by_definition(&history, &members, &row).ln();
            let got = estimator.log_density(&Candidate::new(history.layout(), row));
            assert!((got - want).abs() < 1e-9, "{rows} rows, point {number}: {got}, not {want}");
        }
    }
}

#[test]
fn the_density_sums_to_one_over_all_branches() {
    let history = random_trials(&discrete(), 25);
    let estimator = Estimator::new(history.layout(), history.columns(), &[true; 25]);
    let sum: f64 = (0..history.layout().size().unwrap())
        .map(|index| history.layout().point(index))
        .map(|row| {
            estimator.log_density(&Candidate::new(history.layout(), row.clone())).exp() * share(history.layout(), &row)
        })
        .sum();
    assert!((sum - 1.0).abs() < 1e-9, "{sum}");
}

#[test]
fn points_are_drawn_as_often_as_the_density_says() {
    const DRAWS: u32 = 20_000;
    let history = random_trials(&discrete(), 6);
    let layout = history.layout();
    let estimator = Estimator::new(layout, history.columns(), &[true; 6]);
    let mut stream = Stream::of_trial(1, 1);
    let mut drawn = std::collections::HashMap::new();
    for _ in 0..DRAWS {
        *drawn.entry(layout.fingerprint(&estimator.draw(&mut stream))).or_insert(0_u32) += 1;
    }
    let mut chi_squared = 0.0;
    let size = layout.size().unwrap();
    for index in 0..size {
        let row = layout.point(index);
        let got = f64::from(drawn.get(&layout.fingerprint(&row)).copied().unwrap_or(0));
        let share = share(layout, &row) * estimator.log_density(&Candidate::new(layout, row)).exp();
        let want = share * f64::from(DRAWS);
        chi_squared += (got - want).powi(2) / want;
    }
    // 38 degrees of freedom: 0.1 % lie above 70.7.
    assert!(size == 39 && chi_squared < 70.7, "{chi_squared}");
}

#[test]
fn in_how_many_portions_a_density_is_summed_makes_no_difference() {
    let history = random_trials(&mixed(), 600);
    let estimator = Estimator::new(history.layout(), history.columns(), &[true; 600]);
    let candidate = Candidate::new(history.layout(), draw(history.layout(), &mut Stream::of_trial(6, 0)));
    let mut sum = estimator.begin(&candidate);
    let mut known = sum.log_density;
    while estimator.advance(&mut sum) {
        assert!(sum.log_density >= known - 1e-12, "it only grows");
        known = sum.log_density;
    }
    assert_eq!(known.to_bits(), estimator.log_density(&candidate).to_bits());
}

#[test]
fn a_thousand_dimensions_stay_in_range() {
    let history = random_trials(&crate::search::conformance::spaces::thousand(), 20);
    let estimator = Estimator::new(history.layout(), history.columns(), &[true; 20]);
    let own = Candidate::new(history.layout(), history.row(3));
    assert!(estimator.log_density(&own).is_finite());
}

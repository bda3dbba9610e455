use statrs::distribution::{ContinuousCDF, Normal};

use super::*;
use crate::domain::params::{Domain, Space};
use crate::search::History;
use crate::search::column::bandwidth;
use crate::search::conformance::spaces::{
    choices, complete, discrete, empty, float, int, judge, log_float, mixed, parameter, space, when,
};
use crate::search::random::draw;
use crate::search::tpe::widths::neighbour_widths;

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

/// Kernels of every weight from 0 to 1¾, and rows that are none.
fn weights(rows: u32) -> Vec<f64> {
    (0..rows).map(|k| if rows == 1 { 1.0 } else { f64::from(k % 8) / 4.0 }).collect()
}

fn all_of(layout: &Layout) -> Vec<usize> {
    (0..layout.dimensions().len()).collect()
}

const PRIOR: f64 = 0.25;

/// The columns of a history, and each with widths of its own.
struct Columns {
    shared: Vec<Column>,
    narrow: Vec<Column>,
    sigmas: Vec<Vec<f64>>,
}

impl Columns {
    fn of(history: &History) -> Self {
        let places: Vec<u32> = (0..u32::try_from(history.len()).unwrap()).collect();
        let mut narrow: Vec<Column> = history.columns().iter().map(|column| column.gather(&places)).collect();
        let sigmas: Vec<Vec<f64>> = narrow.iter().map(neighbour_widths).collect();
        narrow.iter_mut().zip(&sigmas).for_each(|(column, sigmas)| column.spread_each(sigmas));
        Self { shared: history.columns().to_vec(), narrow, sigmas }
    }

    fn estimator<'a>(&'a self, layout: &'a Layout, group: &'a [usize], weights: &'a [f64], own: bool) -> Estimator<'a> {
        if own {
            Estimator::new(
                layout,
                group,
                self.narrow.iter(),
                Some(&self.sigmas),
                Weights { rows: weights, prior: PRIOR },
            )
        } else {
            Estimator::new(layout, group, self.shared.iter(), None, Weights { rows: weights, prior: PRIOR })
        }
    }

    fn sigma(&self, j: usize, kernel: usize, own: bool) -> f64 {
        let observed = self.shared[j].slots.iter().filter(|slot| !slot.is_nan()).count();
        if own { self.sigmas[j][kernel] } else { bandwidth(observed) }
    }
}

/// The density as the module's page defines it, one kernel and one parameter after the other.
fn by_definition(layout: &Layout, columns: &Columns, weights: &[f64], own: bool, row: &[f64]) -> f64 {
    let varied: Vec<usize> = (0..row.len()).filter(|&j| !layout.dimensions()[j].is_single()).collect();
    let density = |kernel: Option<usize>| -> f64 {
        let active = varied.iter().filter(|&&j| !row[j].is_nan());
        active
            .map(|&j| {
                let slots = &columns.shared[j].slots;
                let own_slot = kernel.map(|k| slots[k]).filter(|slot| !slot.is_nan());
                let axis = &layout.dimensions()[j].axis;
                let n = slots.iter().filter(|slot| !slot.is_nan()).count() as f64;
                if layout.dimensions()[j].is_categorical() {
                    let count = axis.count().unwrap() as f64;
                    let hit = |own: f64| f64::from(u8::from(own == row[j]));
                    return own_slot
                        .map_or(1.0, |own| count * (hit(own) + 1.0 / (n + 1.0)) / (1.0 + count / (n + 1.0)));
                }
                let (mean, sigma) = match (kernel, own_slot) {
                    (Some(kernel), Some(slot)) => (axis.position(slot), columns.sigma(j, kernel, own)),
                    _ => (0.5, 1.0),
                };
                let normal = Normal::new(mean, sigma).unwrap();
                let inside = normal.cdf(1.0) - normal.cdf(0.0);
                match axis.cell(row[j]) {
                    (low, high) if high > low => {
                        let turned = |x: f64| if low > mean { normal.sf(x) } else { normal.cdf(x) };
                        (turned(high) - turned(low)).abs() / (high - low) / inside
                    }
                    (x, _) => {
                        (-0.5 * ((x - mean) / sigma).powi(2)).exp() / (sigma * std::f64::consts::TAU.sqrt()) / inside
                    }
                }
            })
            .product()
    };
    let kernels = weights.iter().enumerate().map(|(kernel, weight)| weight * density(Some(kernel)));
    (kernels.sum::<f64>() + PRIOR * density(None)) / (weights.iter().sum::<f64>() + PRIOR)
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
    let open = space(["a", "b", "c", "d"].map(|name| parameter(name, float(0.0, 1.0))).to_vec());
    for (space, rows) in [(wide, 700), (open, 1100), (mixed(), 40), (discrete(), 12), (mixed(), 1)] {
        let history = random_trials(&space, rows);
        let (layout, weights, columns) = (history.layout(), weights(rows), Columns::of(&history));
        let group = all_of(layout);
        for (number, own) in (0..30).zip([false, true].into_iter().cycle()) {
            let estimator = columns.estimator(layout, &group, &weights, own);
            // Every other point is near some kernel.
            let near = (number % 4 < 2)
                .then(|| estimator.draw(&vec![f64::NAN; group.len()], &mut Stream::of_trial(7, number)));
            let row = near.unwrap_or_else(|| draw(layout, &mut Stream::of_trial(6, number)));
            let want = by_definition(layout, &columns, &weights, own, &row).ln();
            let got = estimator.log_density(&Candidate::new(layout, &group, row));
            // The tails that `want` is made of are themselves 1e-10 off, in each of the parameters.
            assert!((got - want).abs() < 3e-9, "{rows} rows, point {number}: {got}, not {want}");
        }
    }
}

#[test]
fn the_density_of_some_parameters_is_that_of_a_space_of_them() {
    let all = space(vec![parameter("n", int(0, 9)), parameter("x", float(0.0, 1.0)), parameter("y", float(0.0, 1.0))]);
    let history = random_trials(&all, 50);
    let part = space(vec![parameter("x", float(0.0, 1.0)), parameter("y", float(0.0, 1.0))]);
    let mut other = empty(&part, 0);
    for number in 0..50 {
        let mut record = history.get(number).unwrap();
        record.params.0.remove(&"n".parse().unwrap());
        other.record(number, record);
    }
    let log_density = |history: &History, group: &[usize]| {
        let columns = Columns::of(history);
        let picked: Vec<Column> = group.iter().map(|&index| columns.shared[index].clone()).collect();
        let estimator =
            Estimator::new(history.layout(), group, picked.iter(), None, Weights { rows: &[1.0; 50], prior: 1.0 });
        estimator.log_density(&Candidate::new(history.layout(), group, history.row(3)))
    };
    assert_eq!(log_density(&history, &[1, 2]).to_bits(), log_density(&other, &[0, 1]).to_bits());
}

#[test]
fn the_density_sums_to_one_over_all_branches() {
    let history = random_trials(&discrete(), 25);
    let (layout, columns) = (history.layout(), Columns::of(&history));
    let (group, weights) = (all_of(layout), weights(25));
    for own in [false, true] {
        let estimator = columns.estimator(layout, &group, &weights, own);
        let sum: f64 = (0..layout.size().unwrap())
            .map(|index| layout.point(index))
            .map(|row| estimator.log_density(&Candidate::new(layout, &group, row.clone())).exp() * share(layout, &row))
            .sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    }
}

#[test]
fn points_are_drawn_as_often_as_the_density_says() {
    const DRAWS: u32 = 20_000;
    let history = random_trials(&discrete(), 6);
    let (layout, columns) = (history.layout(), Columns::of(&history));
    let group = all_of(layout);
    let estimator = columns.estimator(layout, &group, &[2.0, 0.5, 1.0, 0.0, 1.25, 0.25], true);
    let mut stream = Stream::of_trial(1, 1);
    let mut drawn = std::collections::HashMap::new();
    for _ in 0..DRAWS {
        *drawn
            .entry(layout.fingerprint(&estimator.draw(&vec![f64::NAN; group.len()], &mut stream)))
            .or_insert(0_u32) += 1;
    }
    let mut chi_squared = 0.0;
    let size = layout.size().unwrap();
    for index in 0..size {
        let row = layout.point(index);
        let got = f64::from(drawn.get(&layout.fingerprint(&row)).copied().unwrap_or(0));
        let share = share(layout, &row) * estimator.log_density(&Candidate::new(layout, &group, row)).exp();
        let want = share * f64::from(DRAWS);
        chi_squared += (got - want).powi(2) / want;
    }
    // 38 degrees of freedom: 0.1 % lie above 70.7.
    assert!(size == 39 && chi_squared < 70.7, "{chi_squared}");
}

#[test]
fn in_how_many_portions_a_density_is_summed_makes_no_difference() {
    let history = random_trials(&mixed(), 1200);
    let (layout, columns) = (history.layout(), Columns::of(&history));
    let group = all_of(layout);
    let estimator = columns.estimator(layout, &group, &[1.0; 1200], false);
    let candidate = Candidate::new(layout, &group, draw(layout, &mut Stream::of_trial(6, 0)));
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
    let (layout, columns) = (history.layout(), Columns::of(&history));
    let group = all_of(layout);
    let own = Candidate::new(layout, &group, history.row(3));
    for narrow in [false, true] {
        assert!(columns.estimator(layout, &group, &[1.0; 20], narrow).log_density(&own).is_finite());
    }
}

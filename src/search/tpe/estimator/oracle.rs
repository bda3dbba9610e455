//! The density of the estimator against mixtures of SciPy's truncated normal distributions.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Candidate, Estimator, Weights};
use crate::domain::metrics::Direction;
use crate::domain::params::{Params, Space};
use crate::search::column::Column;
use crate::search::{History, Record};

#[derive(Deserialize)]
struct Case {
    space: Space,
    trials: Vec<Trial>,
    points: Vec<Point>,
}

#[derive(Deserialize)]
struct Trial {
    params: Params,
    /// By the name of a number.
    sigmas: BTreeMap<String, f64>,
    weight: f64,
}

#[derive(Deserialize)]
struct Point {
    params: Params,
    log_density: f64,
}

#[test]
fn the_density_is_that_of_a_mixture_of_scipy() {
    for line in include_str!("../../../../tests/fixtures/parzen.jsonl").lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let mut history = History::new(case.space.clone(), vec![Direction::Minimize], 0);
        for (place, trial) in (0..).zip(&case.trials) {
            history.record(place, Record::complete(trial.params.clone(), vec![0.0]));
        }
        let layout = history.layout();
        let places: Vec<u32> = (0..case.trials.len() as u32).collect();
        let mut columns: Vec<Column> = history.columns().iter().map(|column| column.gather(&places)).collect();
        let sigmas: Vec<Vec<f64>> = case
            .space
            .parameters()
            .iter()
            .map(|p| {
                case.trials.iter().map(|trial| trial.sigmas.get(p.name.as_str()).copied().unwrap_or(1.0)).collect()
            })
            .collect();
        columns.iter_mut().zip(&sigmas).for_each(|(column, sigmas)| column.spread_each(sigmas));
        let weights: Vec<f64> = case.trials.iter().map(|trial| trial.weight).collect();
        let group: Vec<usize> = (0..columns.len()).collect();
        let estimator =
            Estimator::new(layout, &group, columns.iter(), Some(&sigmas), Weights { rows: &weights, prior: 1.0 });
        for point in &case.points {
            let (row, whole) = layout.row(&point.params);
            assert!(whole, "{:?}", point.params);
            let ours = estimator.log_density(&Candidate::new(layout, &group, row));
            let theirs = point.log_density;
            assert!((ours - theirs).abs() < 1e-9, "{ours}, not {theirs} at {:?}", point.params);
        }
    }
}

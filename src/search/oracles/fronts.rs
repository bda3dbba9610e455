//! Fronts and hypervolumes against Optuna's.

use serde::Deserialize;

use super::lines;
use crate::search::pareto::{hypervolume, ranks};

#[derive(Deserialize)]
struct Case {
    points: Vec<Vec<f64>>,
    reference: Vec<f64>,
    ranks: Vec<u32>,
    hypervolume: f64,
}

#[test]
fn fronts_and_hypervolumes_are_those_of_optuna() {
    for case in lines::<Case>(include_str!("../../../tests/fixtures/fronts.jsonl")) {
        assert_eq!(ranks(&case.points), case.ranks, "{:?}", case.points);
        let ours = hypervolume(&case.points, &case.reference);
        assert!((ours - case.hypervolume).abs() < 1e-12, "{ours}, not {} of {:?}", case.hypervolume, case.points);
    }
}

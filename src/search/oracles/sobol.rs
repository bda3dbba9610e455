//! How evenly Sobol points fill boxes, against SciPy's sequence.

use std::collections::HashMap;

use serde::Deserialize;

use super::lines;
use crate::search::conformance::spaces::{complete, empty, float, parameter, run, space};
use crate::search::sobol::Sobol;

#[derive(Deserialize)]
struct Case {
    dimensions: [usize; 2],
    fullest: Vec<usize>,
}

#[test]
fn scrambled_points_fill_boxes_as_evenly_as_those_of_scipy() {
    let cases = lines::<Case>(include_str!("../../../tests/fixtures/sobol.jsonl"));
    let space = space((0..16).map(|k| parameter(&format!("x{k:02}"), float(0.0, 1.0))).collect());
    let asked = run(&Sobol, &mut empty(&space, 11), 256, |_, params| complete(params, 0.0));
    let points: Vec<Vec<f64>> =
        asked.iter().map(|params| params.0.values().filter_map(|value| value.as_f64()).collect()).collect();
    let fullest = |[first, second]: [usize; 2], columns: i32| {
        let mut boxes: HashMap<(u32, u32), usize> = HashMap::new();
        for point in &points {
            let place = |x: f64, halvings: i32| (x * 2.0_f64.powi(halvings)) as u32;
            *boxes.entry((place(point[first], columns), place(point[second], 8 - columns))).or_default() += 1;
        }
        boxes.into_values().max().unwrap_or(0)
    };
    for case in cases {
        let ours: Vec<usize> = (0..=8).rev().map(|columns| fullest(case.dimensions, columns)).collect();
        assert_eq!(ours, case.fullest, "dimensions {:?}", case.dimensions);
    }
}

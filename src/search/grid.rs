//! Grid search: every point once, in an order that the seed decides.

use crate::domain::params::Params;

use super::Sampler;
use super::history::History;
use super::layout::Row;
use super::permutation::Permutation;
use super::random::draw;
use super::stream::Stream;

/// Tries the product of all values of all parameters, with ten values ([`CONTINUOUS_LEVELS`]) for a continuous one; what
/// an inactive parameter would be makes no difference, so no two parameter sets are equal. `None` once all are tried.
///
/// The order is shuffled, so that a sweep that ends early has looked everywhere. Points are numbered, never listed.
/// A space of more than 2^64 points is drawn from at random, still without repeats.
///
/// Cost: O(n_params) an ask; O(n_trials) when the grid is nearly exhausted or parameters were given from outside.
///
/// [`CONTINUOUS_LEVELS`]: super::layout::CONTINUOUS_LEVELS
pub(super) struct Grid;

impl Sampler for Grid {
    fn ask(&self, history: &History, number: u32) -> Option<Params> {
        let layout = history.layout();
        let row = match layout.size() {
            Some(size) => numbered_point(history, number, size)?,
            None => random_point(history, number),
        };
        Some(layout.params(&row))
    }
}

/// Trial k tries the k-th point of the shuffled order. Where a trial with parameters from outside has been in the way,
/// the first point that is still untried takes its place.
fn numbered_point(history: &History, number: u32, size: u64) -> Option<Row> {
    let permutation = Permutation::new(size, &mut Stream::of_sweep(history.seed()));
    let untried = |index: u64| {
        let row = history.layout().point(permutation.at(index));
        (!history.has_seen(&row)).then_some(row)
    };
    let own = (u64::from(number) < size).then_some(u64::from(number));
    // Of one more point than were tried, one is untried, unless the grid ends first.
    own.and_then(untried).or_else(|| (0..size.min(history.seen_points().saturating_add(1))).find_map(untried))
}

fn random_point(history: &History, number: u32) -> Row {
    let mut stream = Stream::of_trial(history.seed(), number);
    loop {
        let row = on_grid(history, draw(history.layout(), &mut stream));
        // Ends: at most 2^32 of more than 2^64 points are seen.
        if !history.has_seen(&row) {
            return row;
        }
    }
}

/// Moves continuous values to the nearest of the grid's.
fn on_grid(history: &History, mut row: Row) -> Row {
    for (slot, dimension) in row.iter_mut().zip(history.layout().dimensions()) {
        if dimension.axis.count().is_none() && !slot.is_nan() {
            let levels = super::layout::CONTINUOUS_LEVELS as f64;
            let level = (dimension.axis.position(*slot) * levels).floor().min(levels - 1.0);
            *slot = dimension.axis.slot_at(level / (levels - 1.0));
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::search::conformance::spaces::{bits, complete, empty, float, int, parameter, run, space, thousand};

    #[test]
    fn a_grid_too_large_to_count_has_no_repeats_and_uses_every_parameter() {
        let asked = run(&Grid, &mut empty(&thousand(), 1), 40, |_, params| complete(params, 0.0));
        assert_eq!(bits(&asked).into_iter().collect::<BTreeSet<_>>().len(), 40);
        let of = |name: &str| {
            let values = asked.iter().filter_map(|params| params.get(&name.parse().ok()?).map(ToString::to_string));
            values.collect::<BTreeSet<_>>().len()
        };
        assert!(of("f1") > 5 && of("f1") <= 10 && of("i2") > 30);
    }

    #[test]
    fn a_grid_of_billions_of_points_is_tried_all_over() {
        let space = space((0..9).map(|k| parameter(&format!("x{k}"), int(0, 9))).collect());
        let asked = run(&Grid, &mut empty(&space, 1), 100, |_, params| complete(params, 0.0));
        for name in space.parameters() {
            let values: BTreeSet<String> =
                asked.iter().map(|params| params.get(&name.name).unwrap().to_string()).collect();
            assert_eq!(values.len(), 10, "{}", name.name);
        }
    }

    #[test]
    fn continuous_parameters_take_ten_values_and_then_the_grid_ends() {
        let space = space(vec![parameter("x", float(0.0, 9.0))]);
        let mut history = empty(&space, 1);
        let asked = run(&Grid, &mut history, 50, |_, params| complete(params, 0.0));
        let mut xs: Vec<String> =
            asked.iter().map(|params| params.get(&"x".parse().unwrap()).unwrap().to_string()).collect();
        xs.sort();
        assert_eq!(xs, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        assert_eq!(Grid.ask(&history, 10), None);
    }

    #[test]
    fn parameters_from_outside_the_grid_leave_no_hole() {
        let space = space(vec![parameter("x", float(0.0, 9.0))]);
        let mut history = empty(&space, 1);
        let production = [("x".parse().unwrap(), crate::domain::params::Value::Float(0.123))].into_iter().collect();
        history.record(0, complete(production, 0.0));
        let asked = run(&Grid, &mut history, 50, |_, params| complete(params, 0.0));
        assert_eq!(bits(&asked).into_iter().collect::<BTreeSet<_>>().len(), 10);
    }
}

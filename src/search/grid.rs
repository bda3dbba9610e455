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
            *slot = (*slot * levels).floor().min(levels - 1.0) / (levels - 1.0);
        }
    }
    row
}

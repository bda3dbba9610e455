//! Scrambled Sobol sequence: points that cover the space more evenly than random ones.

use crate::domain::params::Params;

use super::Sampler;
use super::history::History;
use super::layout::Row;
use super::random::draw;
use super::stream::Stream;
use super::unseen::propose_unseen;

/// Dimensions of one sequence of the tables (Joe and Kuo, 2008).
const DIMENSIONS: usize = sobol_burley::NUM_DIMENSIONS as usize;
/// Points of one sequence.
const LENGTH_BITS: u32 = 16;

/// Owen-scrambled Sobol points (Burley, "Practical Hash-based Owen Scrambling", JCGT 9(4), 2020), one dimension for each
/// parameter, active or not; trial k takes point k.
///
/// Past 256 parameters, and past 65,536 trials, further sequences with scrambles of their own are joined on: each is
/// evenly spread in itself, and related to the others as random points are. The sequence has 23 bits; what lies below
/// them is random. A point of a discrete space that has been tried gives way to a random unseen one.
///
/// Cost: O(n_params) an ask.
pub(super) struct Sobol;

impl Sampler for Sobol {
    fn ask(&self, history: &History, number: u32) -> Option<Params> {
        let mut stream = Stream::of_trial(history.seed(), number);
        Some(history.layout().params(&unseen_point(history, number, &mut stream)))
    }
}

/// The point of trial `number`, or a random one in its place where that has been tried.
pub(super) fn unseen_point(history: &History, number: u32, stream: &mut Stream) -> Row {
    let mut first = true;
    propose_unseen(history, stream, |stream| {
        if std::mem::take(&mut first) { point(history, number, stream) } else { draw(history.layout(), stream) }
    })
}

fn point(history: &History, number: u32, stream: &mut Stream) -> Row {
    let index = number & ((1 << LENGTH_BITS) - 1);
    let round = number >> LENGTH_BITS;
    let scramble = Stream::of_sweep(history.seed()).bits() as u32;
    history.layout().fill(|place, dimension| {
        let seed = super::permutation::mix(
            (u64::from(scramble) << 32) | ((place / DIMENSIONS) as u64) << 16 | u64::from(round),
        );
        let leading = f64::from(sobol_burley::sample(index, (place % DIMENSIONS) as u32, seed as u32));
        dimension.axis.slot_at(leading + stream.unit() / f64::from(1 << 23))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::conformance::spaces::{complete, empty, float, parameter, run, space};

    fn values(dimensions: usize, trials: u32) -> Vec<Vec<f64>> {
        let space = space((0..dimensions).map(|k| parameter(&format!("x{k:03}"), float(0.0, 1.0))).collect());
        let asked = run(&Sobol, &mut empty(&space, 4), trials, |_, params| complete(params, 0.0));
        asked
            .iter()
            .map(|params| params.0.values().filter_map(crate::domain::params::Value::as_f64).collect())
            .collect()
    }

    #[test]
    fn the_first_points_fill_every_interval_of_every_dimension() {
        let points = values(300, 64);
        for dimension in 0..300 {
            let mut cells: Vec<usize> = points.iter().map(|point| (point[dimension] * 64.0) as usize).collect();
            cells.sort_unstable();
            assert!(cells.into_iter().eq(0..64), "dimension {dimension}");
        }
    }

    #[test]
    fn two_dimensions_are_filled_together() {
        let points = values(2, 64);
        let mut cells: Vec<usize> =
            points.iter().map(|point| (point[0] * 8.0) as usize * 8 + (point[1] * 8.0) as usize).collect();
        cells.sort_unstable();
        assert!(cells.into_iter().eq(0..64));
    }

    #[test]
    fn dimensions_of_joined_sequences_differ() {
        let points = values(300, 16);
        for (first, joined) in [(0, 256), (1, 257), (2, 258)] {
            assert!(points.iter().any(|point| (point[first] - point[joined]).abs() > 0.01));
        }
    }

    #[test]
    fn the_sequence_goes_on_past_its_tables() {
        let space = space(vec![parameter("x", float(0.0, 1.0))]);
        let history = empty(&space, 4);
        let x = |number| Sobol.ask(&history, number).unwrap();
        assert_ne!(x(0), x(1 << 16));
        assert_eq!(space.check(&x(u32::MAX)), Ok(()));
    }
}

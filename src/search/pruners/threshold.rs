//! The threshold pruner: stops what is out of bounds.

use super::running;
use crate::search::{History, Pruner};

/// Stops a trial whose last value is below `lower`, above `upper`, or NaN; not at steps below `warmup_steps`.
///
/// The bounds are values of the objective as it is reported, whichever direction is better. Other trials make no
/// difference.
///
/// Cost: O(1) a call.
pub(super) struct Threshold {
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    pub warmup_steps: u64,
}

impl Pruner for Threshold {
    fn should_prune(&self, history: &History, place: u32) -> bool {
        let last = running(history, place).and_then(|steps| steps.last());
        last.is_some_and(|(step, value)| {
            let low = self.lower.is_some_and(|lower| *value < lower);
            let high = self.upper.is_some_and(|upper| *value > upper);
            *step >= self.warmup_steps && (value.is_nan() || low || high)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::metrics::Direction;
    use crate::domain::params::{Params, Space};
    use crate::search::Record;

    fn stops(threshold: &Threshold, step: u64, value: f64) -> bool {
        let mut history = History::new(Space::new(Vec::new()).unwrap(), vec![Direction::Maximize], 0);
        history.record(0, Record { steps: vec![(0, 1e9), (step, value)], ..Record::pending(Params::default()) });
        threshold.should_prune(&history, 0)
    }

    #[test]
    fn the_bounds_themselves_are_good_enough() {
        let threshold = Threshold { lower: Some(-1.0), upper: Some(2.0), warmup_steps: 0 };
        let judged = [-1.5, -1.0, 0.0, 2.0, 2.5, f64::INFINITY, f64::NAN].map(|value| stops(&threshold, 3, value));
        assert_eq!(judged, [true, false, false, false, true, true, true]);
    }

    #[test]
    fn a_side_without_a_bound_is_open() {
        let threshold = Threshold { lower: None, upper: Some(2.0), warmup_steps: 0 };
        assert!(!stops(&threshold, 3, -1e300));
        assert!(stops(&threshold, 3, 3.0));
    }

    #[test]
    fn the_first_steps_are_never_judged() {
        let threshold = Threshold { lower: None, upper: Some(2.0), warmup_steps: 5 };
        assert!(!stops(&threshold, 4, f64::NAN));
        assert!(stops(&threshold, 5, f64::NAN));
    }
}

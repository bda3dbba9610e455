//! The patience pruner: stops what has stopped to become better.

use super::running;
use crate::search::{History, Pruner};

/// Stops a trial whose best value of the last `steps` steps is not better, by `min_delta` or more, than its best before
/// them (early stopping as in Prechelt, "Early Stopping — But When?", 1998).
///
/// Steps are counted by their numbers, whether or not each was reported. NaN is never better than anything. Other trials
/// make no difference.
///
/// Cost: O(n_steps) a call.
pub(super) struct Patience {
    pub steps: u64,
    pub min_delta: f64,
}

impl Pruner for Patience {
    fn should_prune(&self, history: &History, place: u32) -> bool {
        let Some(steps) = running(history, place) else { return false };
        let (last, _) = steps[steps.len() - 1];
        let Some(begin) = last.checked_sub(self.steps.max(1)) else { return false };
        let (before, recent) = steps.split_at(steps.partition_point(|(step, _)| *step <= begin));
        let direction = history.first_direction();
        let best = |steps: &[(u64, f64)]| {
            steps.iter().map(|(_, value)| direction.loss(*value)).filter(|loss| !loss.is_nan()).reduce(f64::min)
        };
        match (best(before), best(recent)) {
            _ if before.is_empty() => false,
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(before), Some(recent)) => recent >= before || before - recent < self.min_delta,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::metrics::Direction;
    use crate::domain::params::{Params, Space};
    use crate::search::Record;

    fn stops(steps: u64, min_delta: f64, direction: Direction, values: &[(u64, f64)]) -> bool {
        let mut history = History::new(Space::new(Vec::new()).unwrap(), vec![direction], 0);
        history.record(0, Record { steps: values.to_vec(), ..Record::pending(Params::default()) });
        Patience { steps, min_delta }.should_prune(&history, 0)
    }

    #[test]
    fn a_trial_that_becomes_no_better_is_stopped_after_so_many_steps() {
        let values = [(1, 0.5), (2, 0.3), (3, 0.4), (4, 0.3), (5, 0.35)];
        assert!(!stops(3, 0.0, Direction::Minimize, &values[..4]));
        assert!(stops(3, 0.0, Direction::Minimize, &values));
        assert!(!stops(4, 0.0, Direction::Minimize, &values), "0.3 is better than 0.5");
        assert!(!stops(5, 0.0, Direction::Minimize, &values), "there is nothing before");
    }

    #[test]
    fn too_little_counts_for_nothing_in_both_directions() {
        let falling = [(0, 0.50), (10, 0.48), (20, 0.46)];
        assert!(stops(10, 0.03, Direction::Minimize, &falling));
        assert!(!stops(10, 0.01, Direction::Minimize, &falling));
        assert!(stops(10, 0.0, Direction::Maximize, &falling));
    }

    #[test]
    fn nan_is_never_better() {
        let nan = f64::NAN;
        assert!(stops(2, 0.0, Direction::Minimize, &[(1, 0.5), (2, nan), (3, nan)]));
        assert!(stops(2, 0.0, Direction::Minimize, &[(1, nan), (2, nan), (3, nan)]));
        assert!(!stops(2, 0.0, Direction::Minimize, &[(1, nan), (2, 0.5), (3, nan)]));
    }
}

//! Asynchronous successive halving: of the trials that come to a rung, the best go on to the next.

use super::running;
use crate::domain::tuning::Rungs;
use crate::search::{History, Pruner, RecordState};

/// Stops a trial that is not among the best 1/`eta` of all that have come to the last rung that it has reached (Li et al.,
/// "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020, §3 and, for trials that are stopped for good,
/// the variant of Ray Tune and Optuna).
///
/// Cost: O(n_trials · log n_steps) a call.
pub(super) struct Asha {
    pub rungs: Rungs,
}

impl Pruner for Asha {
    fn should_prune(&self, history: &History, place: u32) -> bool {
        halve(history, place, &self.rungs, |_| true)
    }
}

/// Is the trial not among the best of those of its `bracket` that came to its last rung?
pub(super) fn halve(history: &History, place: u32, rungs: &Rungs, bracket: impl Fn(u32) -> bool) -> bool {
    let Some(steps) = running(history, place) else { return false };
    let Some(rung) = rungs.reached(steps[steps.len() - 1].0) else { return false };
    let direction = history.first_direction();
    let at_rung = |place: u32| {
        let steps = history.steps(place);
        let (_, value) = steps.get(steps.partition_point(|(step, _)| *step < rung))?;
        Some(if value.is_nan() { f64::INFINITY } else { direction.loss(*value) })
    };
    let Some(own) = at_rung(place) else { return false };
    let others = (0..).zip(history.states()).filter(|(_, state)| **state != RecordState::Failed);
    let (mut came, mut better) = (1, 0);
    for (other, _) in others.filter(|(other, _)| *other != place && bracket(*other)) {
        if let Some(loss) = at_rung(other) {
            came += 1;
            better += u64::from(loss < own);
        }
    }
    better >= (came / u64::from(rungs.eta.max(2))).max(1)
}

impl Rungs {
    /// The last rung at or before `step`, if it has come to one and is not whole.
    pub(super) fn reached(&self, step: u64) -> Option<u64> {
        let whole = self.max_steps.unwrap_or(u64::MAX);
        let eta = u64::from(self.eta.max(2));
        let first = self.min_steps.max(1);
        let rungs = std::iter::successors(Some(first), |rung| rung.checked_mul(eta));
        rungs.take_while(|rung| *rung <= step && *rung < whole).last()
    }
}

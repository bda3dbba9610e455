//! The median pruner: stops what is worse than half of the others were at the same step.

use super::Pruner;
use super::history::{History, RecordState};

/// Stops a trial whose best value so far is strictly worse than the median of what the complete trials reported at
/// the step that it reported last (Golovin et al., "Google Vizier", KDD 2017, §3.2.2, with Optuna's choices).
///
/// Nothing is stopped before `startup_trials` trials, and at least one, are complete; at steps below `warmup_steps`; or at
/// a step that no complete trial reported. NaN is left out of every best and median; a trial that has reported
/// nothing else is stopped. Objective 0 counts.
///
/// Cost: O(n_trials · log n_steps) a call.
pub(super) struct Median {
    pub startup_trials: u32,
    pub warmup_steps: u64,
}

impl Pruner for Median {
    fn should_prune(&self, history: &History, place: u32) -> bool {
        let steps = history.steps(place);
        let Some(&(step, _)) = steps.last() else { return false };
        if history.states().get(place as usize) != Some(&RecordState::Pending) || step < self.warmup_steps {
            return false;
        }
        let complete = || (0..).zip(history.states()).filter(|(_, state)| **state == RecordState::Complete);
        if complete().take(self.startup_trials.max(1) as usize).count() < self.startup_trials.max(1) as usize {
            return false;
        }
        let direction = history.first_direction();
        let losses = steps.iter().map(|(_, value)| direction.loss(*value)).filter(|loss| !loss.is_nan());
        let Some(best) = losses.reduce(f64::min) else { return true };
        let others =
            complete().filter_map(|(other, _)| value_at(history.steps(other), step)).map(|value| direction.loss(value));
        median(others.filter(|loss| !loss.is_nan()).collect()).is_some_and(|median| best > median)
    }
}

/// The value that was reported for exactly this step.
fn value_at(steps: &[(u64, f64)], step: u64) -> Option<f64> {
    let end = steps.partition_point(|(other, _)| *other <= step);
    steps[..end].last().filter(|(last, _)| *last == step).map(|(_, value)| *value)
}

/// The middle value, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    if even { below.iter().copied().reduce(f64::max).map(|lower| lower / 2.0 + upper / 2.0) } else { Some(upper) }
}

//! The percentile pruner, and with one half the median pruner: stops what is worse than enough of the others were at
//! the same step.

use super::{complete, running, value_at};
use crate::search::{History, Pruner};

/// Stops a trial whose best value so far is strictly worse than the percentile of what the complete trials reported at
/// the step that it reported last (Golovin et al., "Google Vizier", KDD 2017, §3.2.2, with Optuna's choices).
///
/// Nothing is stopped before `startup_trials` trials, and at least one, are complete; at steps below `warmup_steps`; or at
/// a step that no complete trial reported. NaN is left out of every best and percentile; a trial that has reported
/// nothing else is stopped.
///
/// Cost: O(n_trials · log n_steps) a call.
pub(super) struct Percentile {
    /// The share of the others that is good enough, in percent; the median's is 50.
    pub keep_percent: f64,
    pub startup_trials: u32,
    pub warmup_steps: u64,
}

impl Pruner for Percentile {
    fn should_prune(&self, history: &History, place: u32) -> bool {
        let Some(steps) = running(history, place) else { return false };
        let (step, _) = steps[steps.len() - 1];
        let needed = self.startup_trials.max(1) as usize;
        if step < self.warmup_steps || complete(history).take(needed).count() < needed {
            return false;
        }
        let direction = history.first_direction();
        let losses = steps.iter().map(|(_, value)| direction.loss(*value)).filter(|loss| !loss.is_nan());
        let Some(best) = losses.reduce(f64::min) else { return true };
        let others = complete(history)
            .filter_map(|other| value_at(history.steps(other), step))
            .map(|value| direction.loss(value))
            .filter(|loss| !loss.is_nan());
        percentile(others.collect(), self.keep_percent / 100.0).is_some_and(|limit| best > limit)
    }
}

/// The value that `share` of the values do not exceed, on the line between the two nearest. No value is NaN.
fn percentile(mut values: Vec<f64>, share: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let place = (share * last as f64).clamp(0.0, last as f64);
    let below = place.floor() as usize;
    let (_, lower, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let (lower, part) = (*lower, place - below as f64);
    match above.iter().copied().reduce(f64::min) {
        Some(upper) if part > 0.0 => Some(lower * (1.0 - part) + upper * part),
        _ => Some(lower),
    }
}

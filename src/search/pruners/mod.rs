//! Pruners: which running trials are stopped early. One a file; here is what they share.
//!
//! All read the steps of objective 0, turned so that smaller is better, and nothing else.

use crate::domain::tuning::PrunerSettings;

use super::Pruner;
use super::history::{History, RecordState};

mod asha;
mod evidence;
mod hyperband;
mod ladder;
mod patience;
mod percentile;
mod threshold;
mod wilcoxon;

/// The pruner that a tuning asks for, if any.
pub fn pruner(settings: &PrunerSettings) -> Option<Box<dyn Pruner>> {
    Some(match *settings {
        PrunerSettings::None => return None,
        PrunerSettings::Median { startup_trials, warmup_steps } => {
            Box::new(percentile::Percentile { keep_percent: 50.0, startup_trials, warmup_steps })
        }
        PrunerSettings::Percentile { keep_percent, startup_trials, warmup_steps } => {
            Box::new(percentile::Percentile { keep_percent, startup_trials, warmup_steps })
        }
        PrunerSettings::Asha(rungs) => Box::new(asha::Asha { rungs }),
        PrunerSettings::Hyperband { min_steps, max_steps, eta } => {
            Box::new(hyperband::Hyperband { min_steps, max_steps, eta })
        }
        PrunerSettings::Wilcoxon { p, startup_steps } => Box::new(wilcoxon::Wilcoxon { p, startup_steps }),
        PrunerSettings::Patience { steps, min_delta } => Box::new(patience::Patience { steps, min_delta }),
        PrunerSettings::Threshold { lower, upper, warmup_steps } => {
            Box::new(threshold::Threshold { lower, upper, warmup_steps })
        }
    })
}

/// The steps of a trial that runs and has reported, in their order: at least one.
fn running(history: &History, place: u32) -> Option<&[(u64, f64)]> {
    let pending = history.states().get(place as usize) == Some(&RecordState::Pending);
    Some(history.steps(place)).filter(|steps| pending && !steps.is_empty())
}

/// The value that was reported for exactly this step.
fn value_at(steps: &[(u64, f64)], step: u64) -> Option<f64> {
    let place = steps.binary_search_by_key(&step, |(known, _)| *known).ok()?;
    Some(steps[place].1)
}

/// The places of the complete trials, in their order.
fn complete(history: &History) -> impl Iterator<Item = u32> {
    (0..).zip(history.states()).filter(|(_, state)| **state == RecordState::Complete).map(|(place, _)| place)
}

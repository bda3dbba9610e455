//! What a sweep will probably take, from earlier sweeps of its tuning. Pure arithmetic.
//!
//! Three things are taken from each earlier sweep: how long a trial ran on average (the ones that were stopped early
//! included), how much longer the whole took than its trials would have if all places had been busy all the time (waiting
//! for nodes, the last trials that run alone), and which share of its trials it needed before it ended. The median of each
//! is what is usual; one sweep that went astray does not spoil it.

use jiff::SignedDuration;

use crate::domain::estimate::Estimate;
use crate::domain::report::{Phase, Report};
use crate::domain::sweep::Outcome;
use crate::domain::tuning::Tuning;

/// Earlier sweeps that an estimate is made from, at most: the newest tell best how it is now.
pub const SWEEPS: usize = 5;

/// What one earlier sweep says.
struct Usual {
    /// Seconds of a trial.
    trial: f64,
    /// Wall-clock time over the least possible one; 1 or a little more.
    stretch: f64,
    /// Trials run out of those asked for, up to 1.
    share: f64,
}

/// The estimate for a sweep of `tuning`, with its overrides applied. `earlier`: reports of finished sweeps of the same
/// tuning, the newest first. None where none of them says anything.
pub fn estimate(tuning: &Tuning, earlier: &[Report]) -> Option<Estimate> {
    let usual: Vec<Usual> = earlier.iter().filter_map(usual).take(SWEEPS).collect();
    let of = |value: &dyn Fn(&Usual) -> f64| median(usual.iter().map(value).collect());
    let (trial, stretch, share) = (of(&|u| u.trial)?, of(&|u| u.stretch)?, of(&|u| u.share)?);
    let limits = &tuning.limits;
    let all = trial * f64::from(limits.trials) * share;
    // A workflow that searches by itself holds one place.
    let places = if tuning.trial.searches() { 1 } else { limits.parallel.min(limits.trials).max(1) };
    let duration = SignedDuration::try_from_secs_f64(all * stretch / f64::from(places)).ok()?;
    Some(Estimate {
        duration: limits.deadline.map_or(duration, |deadline| duration.min(deadline)),
        trial_time: SignedDuration::try_from_secs_f64(all).ok()?,
        sweeps: usual.len() as u32,
    })
}

/// None for a sweep that was not brought to its end, or from before run times were kept.
fn usual(report: &Report) -> Option<Usual> {
    let Phase::Finished { outcome } = &report.phase else { return None };
    let finished = report.counts.finished();
    if !outcome.is_success() || *outcome == Outcome::Imported || finished == 0 || report.trial_time.is_zero() {
        return None;
    }
    let wall = report.ended_at?.duration_since(report.started_at?).as_secs_f64();
    let all = report.trial_time.as_secs_f64();
    let places = if report.searches { 1 } else { report.parallel.min(report.trials).max(1) };
    let asked_for = report.trials.max(1);
    let share = if report.searches { 1.0 } else { (f64::from(finished) / f64::from(asked_for)).min(1.0) };
    let runs = if report.searches { f64::from(asked_for) } else { f64::from(finished) };
    Some(Usual { trial: all / runs, stretch: (wall * f64::from(places) / all).max(1.0), share })
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len() % 2 == 1 { upper } else { f64::midpoint(values[middle - 1], upper) })
}

#[cfg(test)]
mod tests;

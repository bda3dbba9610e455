//! What the metrics tell of a sweep.

use jiff::{SignedDuration, Timestamp};

use crate::domain::metrics::Objectives;
use crate::domain::sweep::SweepState;
use crate::domain::trial::{Trial, TrialState};
use crate::plan::snapshot::Snapshot;
use crate::plan::step::GIVE_UP_AFTER;
use crate::plan::summary;
use crate::telemetry::{EndedTrial, Metrics, SweepFigures, TRIAL_SHOWN};

/// Tells how the sweep stands at `now`, and of the trials that have ended; `last_news` is when something last happened to it.
pub(super) fn tell(
    metrics: &Metrics,
    snapshot: &Snapshot,
    last_news: Timestamp,
    ended: Vec<EndedTrial>,
    now: Timestamp,
) {
    let (sweep, tuning) = (snapshot.sweep(), snapshot.tuning());
    let best = snapshot.best().map(|best| values(best, &tuning.objectives)).unwrap_or_default();
    let figures = SweepFigures {
        sweep: sweep.id.clone(),
        tuning: tuning.name.clone(),
        engine: tuning.engine.clone(),
        sampler: tuning.search.sampler.name(),
        state: sweep.state,
        counts: snapshot.counts(),
        planned: tuning.limits.trials,
        progress: summary::share_done(snapshot),
        objectives: tuning.objectives.iter().cloned().collect(),
        best,
        created_at: sweep.created_at,
        started_at: sweep.started_at,
        ended_at: sweep.ended_at.filter(|_| sweep.state == SweepState::Finished),
        expected_end: summary::time_left(snapshot, now).and_then(|left| now.checked_add(left).ok()),
        last_news,
        quiet_limit: quiet_limit(snapshot),
    };
    metrics.sweep_moved(figures, ended, now);
}

/// A trial that runs for longer than its limit is told to end, and given up if it does not: something must happen by then.
/// Of a sweep of which nothing runs, nothing has to be heard: it may wait for places or for its turn.
fn quiet_limit(snapshot: &Snapshot) -> Option<SignedDuration> {
    let limits = &snapshot.tuning().limits;
    let limit = limits.trial_timeout.saturating_add(limits.stop_grace).saturating_add(GIVE_UP_AFTER);
    (snapshot.sweep().state != SweepState::Finished && snapshot.open_count() > 0).then_some(limit)
}

/// Those of the trials that have ended.
pub(super) fn ended<'a>(snapshot: &Snapshot, trials: impl IntoIterator<Item = &'a Trial>) -> Vec<EndedTrial> {
    let objectives = &snapshot.tuning().objectives;
    let ended = trials.into_iter().filter(|trial| trial.state.is_finished());
    ended
        .map(|trial| EndedTrial {
            number: trial.number,
            state: trial.state,
            values: if trial.state == TrialState::Complete { values(trial, objectives) } else { Vec::new() },
            took: trial.run_time(trial.ended_at.unwrap_or(trial.proposed_at)),
        })
        .collect()
}

/// The trials that ended so shortly before `now` that nobody may have been told yet, if tunebot has just started.
pub(super) fn just_ended(snapshot: &Snapshot, now: Timestamp) -> Vec<EndedTrial> {
    let is_fresh = |trial: &&Trial| trial.ended_at.is_some_and(|end| now.duration_since(end) <= TRIAL_SHOWN);
    ended(snapshot, snapshot.trials().iter().filter(is_fresh))
}

/// When something last happened to the sweep, as far as its trials say.
pub(super) fn last_news(snapshot: &Snapshot) -> Timestamp {
    let sweep = snapshot.sweep();
    let of_trials =
        snapshot.trials().iter().flat_map(|trial| [Some(trial.proposed_at), trial.started_at, trial.ended_at]);
    of_trials.chain([sweep.started_at]).flatten().max().unwrap_or(sweep.created_at)
}

fn values(trial: &Trial, objectives: &Objectives) -> Vec<f64> {
    objectives.iter().map(|objective| trial.metrics.get(&objective.metric).unwrap_or(f64::NAN)).collect()
}

#[cfg(test)]
mod tests;

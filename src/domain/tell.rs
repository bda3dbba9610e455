//! The tell rules: what news of an attempt make of its trial.
//!
//! News of an attempt that is over, and news of a trial that is paused or finished, change nothing: the same news may come twice,
//! late or out of order.

use jiff::{SignedDuration, Timestamp};

use super::metrics::{Metrics, Objective};
use super::signal::{AttemptEnd, AttemptNews, SearchedTrial};
use super::trial::{StopReason, Trial, TrialState};
use super::tuning::Tuning;

/// Steps kept of one trial; a trial that reports more keeps every second one.
const MAX_STEPS: usize = 1000;

/// A restart of tunebot does not count against a trial, unless the trial may be its cause.
const MAX_ATTEMPTS: u32 = 100;

/// A paused trial goes on at most until it has had so many attempts: a sweep must end.
const MAX_PROMOTED: u32 = 50;

/// What a piece of news did to the trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It was known, late, or of another attempt.
    Nothing,
    Changed,
    /// Infrastructure lost the attempt; the trial waits for its next one, which is to be submitted.
    Relaunch,
}

/// Folds `news` of attempt `attempt`, seen at `at`, into the trial.
pub fn tell(trial: &mut Trial, attempt: u32, news: &AttemptNews, at: Timestamp, tuning: &Tuning) -> Told {
    if attempt != trial.attempt || !trial.state.is_open() {
        return Told::Nothing;
    }
    match news {
        AttemptNews::Started => start(trial, at),
        AttemptNews::Progress { done, total } => {
            let progress = Some((*done, *total));
            let moved = trial.progress != progress;
            trial.progress = progress;
            changed(start(trial, at) == Told::Changed || moved)
        }
        AttemptNews::Reported { step, metrics } => {
            let recorded = record_step(trial, *step, metrics, tuning);
            changed(start(trial, at) == Told::Changed || recorded)
        }
        AttemptNews::Held { why } => {
            let started = start(trial, at) == Told::Changed;
            changed(hold(trial, why.as_ref()) || started)
        }
        AttemptNews::Ended { end } => {
            start(trial, at);
            finish(trial, end, at, tuning)
        }
    }
}

/// Ends a trial that was told to end and of which nothing was heard since.
pub fn give_up(trial: &mut Trial, at: Timestamp, tuning: &Tuning) {
    if trial.state.is_open() {
        if trial.stopping == Some(StopReason::Paused) {
            // It may still run, and two attempts at a time would spoil what it keeps.
            trial.stopping = Some(StopReason::Pruned);
        }
        end_as_stopped(trial, at, tuning);
        trial.reason.get_or_insert_with(|| "it was told to end and never answered".into());
        trial.held = None;
    }
}

/// May the trial go on as its next attempt, if the pruner wants it to?
pub fn may_resume(trial: &Trial) -> bool {
    trial.state == TrialState::Paused && trial.attempt < MAX_PROMOTED
}

/// A paused trial is to go on: it waits for its next attempt, with all its steps.
pub fn promote(trial: &mut Trial) {
    if may_resume(trial) {
        let ended_at = trial.ended_at.unwrap_or(trial.proposed_at);
        again(trial, ended_at);
        trial.ended_at = None;
    }
}

/// A paused trial will not go on: it has been stopped early, when its last attempt ended.
pub fn dismiss(trial: &mut Trial) {
    if trial.state == TrialState::Paused {
        trial.state = TrialState::Pruned;
    }
}

/// The trials of a workflow that searched by itself, but for the first, which `carrier` has become: they end with it.
pub fn searched(carrier: &Trial, trials: &[SearchedTrial], at: Timestamp, tuning: &Tuning) -> Vec<Trial> {
    let numbered = trials.iter().zip(carrier.number..).skip(1);
    let trial = |(row, number): (&SearchedTrial, u32)| {
        let mut trial = Trial::proposed(number, row.params.clone(), carrier.proposed_at);
        take_row(&mut trial, row, at, tuning);
        trial
    };
    numbered.map(trial).collect()
}

fn changed(it_is: bool) -> Told {
    if it_is { Told::Changed } else { Told::Nothing }
}

fn start(trial: &mut Trial, at: Timestamp) -> Told {
    if trial.state != TrialState::Waiting {
        return Told::Nothing;
    }
    trial.state = TrialState::Running;
    trial.started_at = Some(at);
    trial.held = None;
    Told::Changed
}

/// What a trial waited for when it was told to end stays: that may be why it came no further.
fn hold(trial: &mut Trial, why: Option<&String>) -> bool {
    if trial.stopping.is_some() || trial.held.as_ref() == why {
        return false;
    }
    trial.held = why.cloned();
    true
}

fn record_step(trial: &mut Trial, step: u64, metrics: &Metrics, tuning: &Tuning) -> bool {
    let value = metrics.get(&tuning.objectives.primary().metric);
    let Some(value) = value.filter(|value| value.is_finite()) else {
        return false;
    };
    match trial.steps.binary_search_by_key(&step, |(known, _)| *known) {
        Ok(index) if trial.steps[index].1 == value => return false,
        Ok(index) => trial.steps[index].1 = value,
        Err(index) => trial.steps.insert(index, (step, value)),
    }
    if trial.steps.len() > MAX_STEPS {
        let mut keep = false;
        // The newest step stays: pruners judge by it.
        let last = trial.steps.pop();
        trial.steps.retain(|_| {
            keep = !keep;
            keep
        });
        trial.steps.extend(last);
    }
    true
}

fn finish(trial: &mut Trial, end: &AttemptEnd, at: Timestamp, tuning: &Tuning) -> Told {
    let told = end_as_told(trial, end, at, tuning);
    if !trial.state.is_open() {
        trial.held = None;
    }
    told
}

fn end_as_told(trial: &mut Trial, end: &AttemptEnd, at: Timestamp, tuning: &Tuning) -> Told {
    match end {
        AttemptEnd::Succeeded { metrics } => complete(trial, metrics, at, tuning),
        AttemptEnd::Searched { trials } => search_ended(trial, trials, at, tuning),
        _ if trial.stopping.is_some() => end_as_stopped(trial, at, tuning),
        AttemptEnd::Failed { reason, log_tail } => {
            fail(trial, at, reason.clone());
            trial.log_tail.clone_from(log_tail);
        }
        AttemptEnd::Stopped => fail(trial, at, "it was ended from outside".into()),
        AttemptEnd::Lost { reason, by_restart } => return lose(trial, reason, *by_restart, at, tuning),
    }
    Told::Changed
}

/// A trial that ended well counts even if it had been told to end: its value is as good as any.
fn complete(trial: &mut Trial, metrics: &Metrics, at: Timestamp, tuning: &Tuning) {
    trial.metrics = metrics.clone();
    // Of a trial that was told to pause, the last step is not the end.
    if trial.stopping != Some(StopReason::Paused)
        && let Some(only) = tuning.objectives.only()
        && metrics.get(&only.metric).is_none()
        && let Some((_, last)) = trial.steps.last()
    {
        trial.metrics.0.insert(only.metric.clone(), *last);
    }
    match tuning.objectives.iter().find_map(|objective| complaint(objective, &trial.metrics)) {
        Some(_) if trial.stopping == Some(StopReason::Paused) => {
            trial.metrics = Metrics::default();
            end_as_stopped(trial, at, tuning);
        }
        Some(_) if trial.stopping.is_some() => end_as_stopped(trial, at, tuning),
        Some(complaint) => fail(trial, at, complaint),
        None => {
            trial.state = TrialState::Complete;
            trial.ended_at = Some(at);
        }
    }
}

/// The trial that stands for the whole search becomes the first one of what was tried.
fn search_ended(trial: &mut Trial, searched: &[SearchedTrial], at: Timestamp, tuning: &Tuning) {
    match searched.first() {
        Some(first) => {
            // What it reported on its way was of the search as a whole.
            trial.steps.clear();
            trial.progress = None;
            trial.params = first.params.clone();
            take_row(trial, first, at, tuning);
        }
        None => fail(trial, at, "the workflow ended well and named no trial".into()),
    }
}

/// Ends a trial as the table of its search has it.
fn take_row(trial: &mut Trial, row: &SearchedTrial, at: Timestamp, tuning: &Tuning) {
    match row.state {
        TrialState::Complete => complete(trial, &row.metrics, at, tuning),
        TrialState::Pruned => {
            trial.state = TrialState::Pruned;
            trial.ended_at = Some(at);
        }
        // Nothing of a search that has ended is still to come.
        TrialState::Failed | TrialState::Waiting | TrialState::Running | TrialState::Paused => {
            fail(trial, at, "its workflow counts it as failed".into());
        }
    }
}

fn complaint(objective: &Objective, metrics: &Metrics) -> Option<String> {
    let name = &objective.metric;
    match metrics.get(name) {
        Some(value) if value.is_finite() => None,
        Some(value) => Some(format!("it gave {name} = {value}, which is not a number to compare")),
        None if metrics.0.is_empty() => Some(format!("it ended well but gave no {name}, nor any other metric")),
        None => {
            let names: Vec<&str> = metrics.0.keys().take(5).map(|name| name.as_str()).collect();
            Some(format!("it ended well but gave no {name}, only {}", names.join(", ")))
        }
    }
}

fn end_as_stopped(trial: &mut Trial, at: Timestamp, tuning: &Tuning) {
    match trial.stopping {
        Some(StopReason::TimedOut) => {
            let limit = tuning.limits.trial_timeout;
            let waited = trial.held.as_ref().map(|why| format!(", and waited: {why}")).unwrap_or_default();
            fail(trial, at, format!("it ran longer than its limit of {limit:#}{waited}"));
        }
        Some(StopReason::SweepEnds) => {
            trial.state = TrialState::Pruned;
            trial.ended_at = Some(at);
            trial.reason = Some("the sweep ended".into());
        }
        Some(StopReason::Paused) => {
            trial.state = TrialState::Paused;
            trial.ended_at = Some(at);
            trial.stopping = None;
            trial.stopping_since = None;
        }
        Some(StopReason::Pruned) | None => {
            trial.state = TrialState::Pruned;
            trial.ended_at = Some(at);
        }
    }
}

fn fail(trial: &mut Trial, at: Timestamp, reason: String) {
    trial.state = TrialState::Failed;
    trial.ended_at = Some(at);
    trial.reason = Some(reason);
}

fn lose(trial: &mut Trial, reason: &str, by_restart: bool, at: Timestamp, tuning: &Tuning) -> Told {
    if by_restart && trial.attempt >= MAX_ATTEMPTS {
        fail(trial, at, format!("tunebot has ended {} times while it ran: it may be what ends it", trial.attempt));
        return Told::Changed;
    }
    if !by_restart {
        trial.lost_attempts += 1;
        if trial.lost_attempts > tuning.limits.retries {
            fail(trial, at, format!("it was lost {} times, the last time because {reason}", trial.lost_attempts));
            return Told::Changed;
        }
    }
    if !tuning.resumable {
        trial.steps.clear();
        trial.progress = None;
    }
    again(trial, at);
    trial.held = (!by_restart).then(|| reason.to_owned());
    Told::Relaunch
}

/// Makes the trial wait for its next attempt, which goes on from the steps that it has; the one before ended at `at`.
fn again(trial: &mut Trial, at: Timestamp) {
    let ran = trial.started_at.map(|start| at.duration_since(start).max(SignedDuration::ZERO));
    trial.earlier_time = trial.earlier_time.saturating_add(ran.unwrap_or_default());
    trial.attempt += 1;
    trial.state = TrialState::Waiting;
    trial.started_at = None;
    trial.resume_step = trial.steps.last().map(|(step, _)| *step);
}

#[cfg(test)]
mod tests;

//! What a sweep does next.
//!
//! [`step`] is called whenever something may have changed: it starts the sweep, proposes trials, prunes, times out,
//! decides the end and finishes. Calling it again at the same instant does nothing more.

use jiff::{SignedDuration, Timestamp};

use super::snapshot::Snapshot;
use super::summary;
use crate::domain::effect::{Action, Effect};
use crate::domain::report::{Away, Report};
use crate::domain::sweep::{Outcome, SweepState};
use crate::domain::tell;
use crate::domain::trial::{StopReason, Trial, TrialState};
use crate::search::{Pruner, Sampler};

mod propose;
mod thread;

/// A running sweep's message is brought up to date at most this often.
pub const REPORT_INTERVAL: SignedDuration = SignedDuration::from_secs(3);

/// A trial that was told to end is given up this long after its grace has passed without news.
pub const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// What the sweep may do at this instant, as its engine and its group allow.
#[derive(Debug, Clone)]
pub enum Grant {
    /// It may begin, and start this many trials.
    Places(u32),
    /// It must wait, for a reason in words.
    Wait(String),
    /// Its engine does not answer. Nothing begins, and nobody judges trials of which nothing is heard: no time limit
    /// counts until it is known what became of them.
    Away(Away),
}

impl Grant {
    pub fn away(&self) -> Option<&Away> {
        match self {
            Self::Away(away) => Some(away),
            Self::Places(_) | Self::Wait(_) => None,
        }
    }
}

/// The search of one sweep.
pub struct Search<'a> {
    pub sampler: &'a dyn Sampler,
    pub pruner: Option<&'a dyn Pruner>,
}

/// What came of a step besides the changed snapshot.
#[derive(Debug, Default)]
pub struct Stepped {
    pub effects: Vec<Effect>,
    /// The newest report, if there was something to tell.
    pub report: Option<Report>,
    /// The sweep itself differs from the store (its trials are in [`Snapshot::take_dirty`]).
    pub sweep_changed: bool,
}

impl Stepped {
    fn act(&mut self, snapshot: &Snapshot, now: Timestamp, action: Action) {
        self.effects.push(Effect { sweep: Some(snapshot.sweep.id.clone()), due_at: now, action });
    }
}

/// Does at `now` all that is to be done for the sweep. Pure: the arguments decide.
pub fn step(mut snapshot: Snapshot, search: &Search<'_>, grant: &Grant, now: Timestamp) -> (Snapshot, Stepped) {
    let mut stepped = Stepped::default();
    if snapshot.sweep.state == SweepState::Finished {
        return (snapshot, stepped);
    }
    let before = (snapshot.sweep.state, snapshot.sweep.outcome.clone());
    listen(&mut snapshot, grant, now);
    begin(&mut snapshot, grant, now);
    give_up_silent(&mut snapshot, now);
    decide_end(&mut snapshot, now);
    relaunch_lost(&mut snapshot, &mut stepped, now);
    if snapshot.sweep.outcome.is_none() && snapshot.sweep.state == SweepState::Running && snapshot.away.is_none() {
        stop_overdue(&mut snapshot, &mut stepped, now);
        prune(&mut snapshot, search, &mut stepped, now);
        propose::propose(&mut snapshot, search, grant, &mut stepped, now);
    }
    wind_up(&mut snapshot, &mut stepped, now);
    let moved = before != (snapshot.sweep.state, snapshot.sweep.outcome.clone());
    stepped.sweep_changed = moved;
    tell_people(&mut snapshot, search, grant, &mut stepped, now);
    (snapshot, stepped)
}

/// When the sweep is to be looked at again if no signal comes before: a time limit, or a report that is held back.
pub fn next_wake(snapshot: &Snapshot) -> Option<Timestamp> {
    let sweep = snapshot.sweep();
    let limits = &sweep.tuning.limits;
    if sweep.state == SweepState::Finished {
        return None;
    }
    let report = sweep.reported_at.filter(|_| snapshot.news).and_then(|at| after(at, REPORT_INTERVAL));
    let told = report.into_iter().chain(snapshot.line_at).min();
    if snapshot.away.is_some() {
        return told;
    }
    let trials = snapshot.open_trials().filter_map(|trial| match silent_since(trial, snapshot.heard_since) {
        Some(since) => after(since, limits.stop_grace.saturating_add(GIVE_UP_AFTER)),
        None => after(trial.started_at?, limits.trial_timeout),
    });
    let deadline = match (sweep.state, sweep.started_at, limits.deadline) {
        (SweepState::Running, Some(start), Some(deadline)) => after(start, deadline),
        _ => None,
    };
    trials.chain(deadline).chain(told).min()
}

/// How many trials the sweep would begin now if all places were its own.
pub fn wanted(snapshot: &Snapshot) -> u32 {
    let tuning = snapshot.tuning();
    if snapshot.sweep.outcome.is_some() {
        0
    } else if tuning.trial.searches() {
        u32::from(snapshot.trials().is_empty())
    } else {
        let left = tuning.limits.trials.saturating_sub(snapshot.trials().len() as u32);
        // A paused trial may be promoted at any time.
        let left = left.saturating_add(snapshot.counts().paused);
        left.min(tuning.limits.parallel.saturating_sub(snapshot.open_count()))
    }
}

fn after(start: Timestamp, duration: SignedDuration) -> Option<Timestamp> {
    start.checked_add(duration).ok()
}

fn passed(start: Option<Timestamp>, duration: SignedDuration, now: Timestamp) -> bool {
    start.and_then(|start| after(start, duration)).is_some_and(|end| end <= now)
}

/// Notes whether the engine answers.
fn listen(snapshot: &mut Snapshot, grant: &Grant, now: Timestamp) {
    if snapshot.away.as_ref() == grant.away() {
        return;
    }
    snapshot.away = grant.away().cloned();
    if snapshot.away.is_none() {
        snapshot.heard_since = Some(now);
    }
    snapshot.news = true;
}

/// Since when a trial that was told to end has been silent, while somebody listened.
fn silent_since(trial: &Trial, heard_since: Option<Timestamp>) -> Option<Timestamp> {
    trial.stopping_since.map(|since| heard_since.map_or(since, |heard| since.max(heard)))
}

fn begin(snapshot: &mut Snapshot, grant: &Grant, now: Timestamp) {
    let may_begin = matches!(grant, Grant::Places(places) if *places > 0);
    if snapshot.sweep.state == SweepState::Queued && snapshot.sweep.outcome.is_none() && may_begin {
        snapshot.sweep.state = SweepState::Running;
        snapshot.sweep.started_at = Some(now);
    }
}

/// Ends trials that were told to end long ago and of which nothing was heard: the sweep must not hang on them.
fn give_up_silent(snapshot: &mut Snapshot, now: Timestamp) {
    if snapshot.away.is_some() {
        return;
    }
    let heard_since = snapshot.heard_since;
    let limit = snapshot.tuning().limits.stop_grace.saturating_add(GIVE_UP_AFTER);
    let tuning = std::sync::Arc::clone(snapshot.tuning());
    for number in numbers(snapshot, |trial| passed(silent_since(trial, heard_since), limit, now)) {
        snapshot.update(number, |trial| tell::give_up(trial, now, &tuning));
    }
}

/// Submits the next attempt of trials that were lost, or ends them if the sweep ends: nothing of them runs.
fn relaunch_lost(snapshot: &mut Snapshot, stepped: &mut Stepped, now: Timestamp) {
    let tuning = std::sync::Arc::clone(snapshot.tuning());
    for number in std::mem::take(&mut snapshot.relaunch) {
        if snapshot.sweep.outcome.is_none() {
            submit(snapshot, stepped, number, now);
        } else {
            snapshot.update(number, |trial| {
                trial.stopping = Some(StopReason::SweepEnds);
                tell::give_up(trial, now, &tuning);
            });
        }
    }
}

fn submit(snapshot: &Snapshot, stepped: &mut Stepped, number: u32, now: Timestamp) {
    if let Some(trial) = snapshot.trial(number) {
        let action = Action::Submit {
            engine: snapshot.sweep.tuning.engine.clone(),
            attempt: snapshot.attempt_id(trial),
            params: trial.params.clone(),
        };
        stepped.act(snapshot, now, action);
    }
}

fn stop(snapshot: &mut Snapshot, stepped: &mut Stepped, number: u32, reason: StopReason, now: Timestamp) {
    snapshot.update(number, |trial| {
        trial.stopping = Some(reason);
        trial.stopping_since = Some(now);
    });
    if let Some(trial) = snapshot.trial(number) {
        let action = Action::Stop {
            engine: snapshot.sweep.tuning.engine.clone(),
            attempt: snapshot.attempt_id(trial),
            grace: snapshot.sweep.tuning.limits.stop_grace,
        };
        stepped.act(snapshot, now, action);
    }
}

fn numbers(snapshot: &Snapshot, wanted: impl Fn(&Trial) -> bool) -> Vec<u32> {
    snapshot.open_trials().filter(|trial| wanted(trial)).map(|trial| trial.number).collect()
}

/// Decides that the sweep ends, if anything says so; the most telling reason comes first.
fn decide_end(snapshot: &mut Snapshot, now: Timestamp) {
    if snapshot.sweep.outcome.is_some() || snapshot.sweep.state != SweepState::Running {
        return;
    }
    let limits = &snapshot.sweep.tuning.limits;
    let is_over = |deadline| snapshot.away.is_none() && passed(snapshot.sweep.started_at, deadline, now);
    let deadline_reached = limits.deadline.is_some_and(is_over).then_some(Outcome::DeadlineReached);
    if snapshot.tuning().trial.searches() {
        snapshot.sweep.outcome = end_of_search(snapshot).or(deadline_reached);
        return;
    }
    let counts = snapshot.counts();
    let objective = snapshot.sweep.tuning.objectives.primary();
    let best = snapshot.best().and_then(|trial| trial.metrics.get(&objective.metric));
    let goal_reached =
        matches!((best, objective.goal), (Some(best), Some(goal)) if objective.direction.reached(best, goal));
    snapshot.sweep.outcome = if goal_reached {
        Some(Outcome::GoalReached)
    } else if counts.failed >= limits.failed_trials {
        Some(Outcome::TooManyFailures { failed: counts.failed })
    } else if deadline_reached.is_some() {
        deadline_reached
    } else if counts.finished() >= limits.trials {
        Some(Outcome::Completed)
    } else if let Some(patience) = limits.patience
        && snapshot.best().is_some()
        && snapshot.tally().since_best >= patience
    {
        Some(Outcome::NoImprovement { trials: patience })
    } else {
        None
    };
}

/// How a sweep has ended whose workflow searches by itself: with it. What failed among the trials that it tells of is
/// its own affair.
fn end_of_search(snapshot: &Snapshot) -> Option<Outcome> {
    let carrier = snapshot.trial(0).filter(|carrier| carrier.state.is_finished())?;
    // Only before it has told its trials has it no parameters.
    let told_nothing = snapshot.trials().len() == 1 && carrier.params.0.is_empty();
    if told_nothing && carrier.state == TrialState::Failed {
        return Some(Outcome::TooManyFailures { failed: 1 });
    }
    Some(Outcome::Completed)
}

fn stop_overdue(snapshot: &mut Snapshot, stepped: &mut Stepped, now: Timestamp) {
    let limit = snapshot.tuning().limits.trial_timeout;
    for number in numbers(snapshot, |trial| trial.stopping.is_none() && passed(trial.started_at, limit, now)) {
        stop(snapshot, stepped, number, StopReason::TimedOut, now);
    }
}

fn prune(snapshot: &mut Snapshot, search: &Search<'_>, stepped: &mut Stepped, now: Timestamp) {
    let Some(pruner) = search.pruner.filter(|_| !snapshot.tuning().trial.searches()) else {
        return;
    };
    // One that goes on is judged again by what it adds.
    let judged = |trial: &Trial| {
        trial.state == TrialState::Running
            && trial.stopping.is_none()
            && trial.steps.last().is_some_and(|(step, _)| trial.resume_step.is_none_or(|before| *step > before))
            && pruner.should_prune(snapshot.history(), snapshot.history().place(trial.number))
    };
    let reason = if snapshot.tuning().pauses() { StopReason::Paused } else { StopReason::Pruned };
    for number in numbers(snapshot, judged) {
        stop(snapshot, stepped, number, reason, now);
    }
}

/// Once the end is decided: ends the open trials, then the sweep.
fn wind_up(snapshot: &mut Snapshot, stepped: &mut Stepped, now: Timestamp) {
    if snapshot.sweep.outcome.is_none() {
        return;
    }
    for number in numbers(snapshot, |trial| trial.stopping.is_none()) {
        stop(snapshot, stepped, number, StopReason::SweepEnds, now);
    }
    let paused: Vec<u32> = snapshot.paused_trials().map(|trial| trial.number).collect();
    for number in paused {
        snapshot.update(number, tell::dismiss);
    }
    if snapshot.open_count() == 0 {
        snapshot.sweep.state = SweepState::Finished;
        snapshot.sweep.ended_at = Some(now);
        if !snapshot.trials().is_empty() {
            let (engine, sweep) = (snapshot.sweep.tuning.engine.clone(), snapshot.sweep.id.clone());
            stepped.act(snapshot, now, Action::Release { engine, sweep });
        }
    } else {
        snapshot.sweep.state = SweepState::Stopping;
    }
}

/// Writes the sweep's messages when its state has moved, and its progress now and then; and what is due in their threads.
fn tell_people(snapshot: &mut Snapshot, search: &Search<'_>, grant: &Grant, stepped: &mut Stepped, now: Timestamp) {
    let report_is_due = stepped.sweep_changed
        || match snapshot.sweep.reported_at {
            None => true,
            Some(at) => snapshot.news && passed(Some(at), REPORT_INTERVAL, now),
        };
    if !report_is_due && snapshot.line_at.is_none_or(|at| at > now) {
        return;
    }
    let why = match grant {
        Grant::Wait(why) => Some(why.clone()),
        Grant::Away(away) => Some(format!("engine {}, which does not answer", away.engine)),
        Grant::Places(_) => None,
    };
    let mut report = summary::report(snapshot, why.as_deref(), now);
    if !snapshot.tuning().trial.searches() {
        report.choice = search.sampler.explain(snapshot.history());
    }
    let told = snapshot.sweep.told.clone();
    stepped.effects.extend(thread::lines(snapshot, &report, now));
    stepped.sweep_changed |= told != snapshot.sweep.told;
    if !report_is_due {
        return;
    }
    stepped.effects.extend(summary::notifications(&snapshot.sweep, &report, now));
    stepped.report = Some(report);
    stepped.sweep_changed = true;
    snapshot.sweep.reported_at = Some(now);
    snapshot.news = false;
}

#[cfg(test)]
mod tests;

//! A sweep with its trials in memory: a cache of the store, kept up to date by folding in signals.
//!
//! What the decisions need often (open trials, counts, the best) is kept along, so that a sweep of 10,000 trials costs
//! the same per trial as one of ten.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::earlier::EarlierTrial;
use crate::domain::ids::AttemptId;
use crate::domain::params::Params;
use crate::domain::report::{Away, Counts, Report};
use crate::domain::signal::{AttemptEnd, AttemptNews, SearchedTrial, Signal, SignalKind};
use crate::domain::sweep::{Outcome, Sweep, SweepState};
use crate::domain::tell::{self, Told};
use crate::domain::trial::{Trial, TrialState};
use crate::domain::tuning::{PrunerSettings, Tuning};
use crate::search::{History, Record, RecordState};

#[derive(Debug, Clone)]
pub struct Snapshot {
    pub(super) sweep: Sweep,
    /// That of the sweep, shared so that it can be read while trials are changed.
    tuning: Arc<Tuning>,
    trials: Vec<Trial>,
    history: History,
    /// Numbers of the trials that wait or run.
    open: BTreeSet<u32>,
    paused: BTreeSet<u32>,
    /// Trials whose next attempt is to be submitted.
    pub(super) relaunch: BTreeSet<u32>,
    /// Trials that differ from the store.
    dirty: BTreeSet<u32>,
    tally: Tally,
    /// Something worth telling has happened since the last report.
    pub(super) news: bool,
    /// When something falls due that is to be told in the thread of the sweep's message, as of the last step.
    pub(super) line_at: Option<Timestamp>,
    /// The engine does not answer: what has become of the trials is unknown.
    pub(super) away: Option<Away>,
    /// Silence counts only from here on: nobody was listening before.
    pub(super) heard_since: Option<Timestamp>,
}

/// Sums over the finished trials.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub counts: Counts,
    /// Numbers of the best complete trials, best first, at most [`Report::TOP`].
    pub top: Vec<u32>,
    /// Finished trials since the best one changed.
    pub since_best: u32,
    pub failures: BTreeMap<String, FailureGroup>,
    /// Of their last attempts.
    pub run_time: SignedDuration,
    /// Of all their attempts.
    pub trial_time: SignedDuration,
    pub full_steps: (u64, u32),
    pub pruned_steps: (u64, u32),
}

/// Failed trials with the same reason.
#[derive(Debug, Clone)]
pub(super) struct FailureGroup {
    pub count: u32,
    pub first: u32,
}

impl Snapshot {
    /// The image of a stored sweep. `trials` are numbered from 0 without gaps, in order.
    pub fn load(sweep: Sweep, trials: Vec<Trial>) -> Self {
        Self::load_with_earlier(sweep, &[], trials)
    }

    /// The same of one that starts from `earlier` trials of other sweeps. They are nothing but a part of the history that
    /// the search reads: no count, no best and no time is theirs.
    pub fn load_with_earlier(sweep: Sweep, earlier: &[EarlierTrial], trials: Vec<Trial>) -> Self {
        let directions = sweep.tuning.objectives.iter().map(|objective| objective.direction).collect();
        let earlier = earlier.iter().map(|earlier| record_of(&earlier.trial, &sweep.tuning)).collect();
        let history = History::with_earlier(sweep.tuning.space.clone(), directions, sweep.seed, earlier);
        let mut snapshot = Self {
            tuning: Arc::new(sweep.tuning.clone()),
            // Perhaps at once: the first step finds out.
            line_at: sweep.reported_at,
            sweep,
            trials: Vec::with_capacity(trials.len()),
            history,
            open: BTreeSet::new(),
            paused: BTreeSet::new(),
            relaunch: BTreeSet::new(),
            dirty: BTreeSet::new(),
            tally: Tally::default(),
            news: false,
            away: None,
            heard_since: None,
        };
        for trial in trials {
            snapshot.append(trial);
        }
        snapshot.tally_in_order_of_end();
        snapshot
    }

    /// Goes on from the newest report, at `now`, after a time in which nobody listened.
    pub fn resume(&mut self, report: Option<&Report>, now: Timestamp) {
        self.away = report.and_then(|report| report.away.clone());
        self.heard_since = Some(now);
    }

    /// Set while the engine does not answer, as of the last step.
    pub fn away(&self) -> Option<&Away> {
        self.away.as_ref()
    }

    pub fn tuning(&self) -> &Arc<Tuning> {
        &self.tuning
    }

    pub fn sweep(&self) -> &Sweep {
        &self.sweep
    }

    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    pub fn trial(&self, number: u32) -> Option<&Trial> {
        self.trials.get(number as usize)
    }

    /// Waiting and running trials, in the order of their numbers.
    pub fn open_trials(&self) -> impl Iterator<Item = &Trial> {
        self.open.iter().filter_map(|number| self.trials.get(*number as usize))
    }

    /// Trials that the pruner has paused, in the order of their numbers.
    pub fn paused_trials(&self) -> impl Iterator<Item = &Trial> {
        self.paused.iter().filter_map(|number| self.trials.get(*number as usize))
    }

    pub(super) fn attempt_id(&self, trial: &Trial) -> AttemptId {
        AttemptId { sweep: self.sweep.id.clone(), trial: trial.number, attempt: trial.attempt }
    }

    /// How many trials hold a place on the engine.
    pub fn open_count(&self) -> u32 {
        self.open.len() as u32
    }

    pub fn counts(&self) -> Counts {
        self.tally.counts
    }

    pub fn best(&self) -> Option<&Trial> {
        self.tally.top.first().and_then(|number| self.trial(*number))
    }

    pub(super) fn history(&self) -> &History {
        &self.history
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Takes the trials that differ from the store, in the order of their numbers.
    pub fn take_dirty(&mut self) -> Vec<Trial> {
        let dirty = std::mem::take(&mut self.dirty);
        dirty.iter().filter_map(|number| self.trial(*number).cloned()).collect()
    }

    /// Folds in one signal. Folding the same one in again changes nothing.
    pub fn fold(&mut self, signal: &Signal) {
        match &signal.kind {
            SignalKind::StopRequested { by } => {
                if self.sweep.outcome.is_none() && self.sweep.state != SweepState::Finished {
                    self.sweep.outcome = Some(Outcome::Stopped { by: by.clone() });
                    self.news = true;
                }
            }
            SignalKind::Attempt { attempt, news } => {
                let tuning = Arc::clone(&self.tuning);
                let number = attempt.trial;
                let mut told = Told::Nothing;
                self.update(number, |trial| told = tell::tell(trial, attempt.attempt, news, signal.at, &tuning));
                if told == Told::Relaunch {
                    self.relaunch.insert(number);
                }
                if told == Told::Changed
                    && let AttemptNews::Ended { end: AttemptEnd::Searched { trials } } = news
                {
                    self.append_searched(number, trials, signal.at);
                }
            }
        }
    }

    /// Adds what the workflow tried that searched by itself; its first trial is there already, as `carrier`.
    fn append_searched(&mut self, carrier: u32, trials: &[SearchedTrial], at: Timestamp) {
        let tuning = Arc::clone(&self.tuning);
        let Some(trial) = self.trials.last().filter(|last| last.number == carrier) else {
            return;
        };
        for trial in tell::searched(trial, trials, at, &tuning) {
            let number = trial.number;
            self.append(trial);
            self.dirty.insert(number);
            self.tally_finished(number);
        }
    }

    /// Adds the next trial.
    pub(super) fn propose(&mut self, params: Params, now: Timestamp) -> u32 {
        let number = self.trials.len() as u32;
        self.append(Trial::proposed(number, params, now));
        self.dirty.insert(number);
        self.news = true;
        number
    }

    /// Takes in the next trial, but for the tally of what has ended.
    fn append(&mut self, trial: Trial) {
        self.count(&trial, 1);
        let place = self.history.place(trial.number);
        self.history.record(place, record_of(&trial, &self.tuning));
        self.sort_in(trial.number, trial.state);
        self.trials.push(trial);
    }

    /// Changes one trial and everything that is kept along with it.
    pub(super) fn update(&mut self, number: u32, change: impl FnOnce(&mut Trial)) {
        let Some(before) = self.trials.get(number as usize) else {
            return;
        };
        let mut after = before.clone();
        change(&mut after);
        if after == *before {
            return;
        }
        let before = std::mem::replace(&mut self.trials[number as usize], after.clone());
        self.count(&before, -1);
        self.count(&after, 1);
        self.history.record(self.history.place(number), record_of(&after, &self.tuning));
        self.sort_in(number, after.state);
        if !after.state.is_open() {
            self.relaunch.remove(&number);
        }
        if after.state.is_finished() && !before.state.is_finished() {
            self.tally_finished(number);
        }
        self.dirty.insert(number);
        self.news |= before.state != after.state || before.progress != after.progress || before.held != after.held;
    }

    fn sort_in(&mut self, number: u32, state: TrialState) {
        for (set, belongs) in [(&mut self.open, state.is_open()), (&mut self.paused, state == TrialState::Paused)] {
            if belongs {
                set.insert(number);
            } else {
                set.remove(&number);
            }
        }
    }

    fn count(&mut self, trial: &Trial, by: i32) {
        let counts = &mut self.tally.counts;
        let count = match trial.state {
            TrialState::Waiting => &mut counts.waiting,
            TrialState::Running => &mut counts.running,
            TrialState::Paused => &mut counts.paused,
            TrialState::Complete => &mut counts.complete,
            TrialState::Pruned => &mut counts.pruned,
            TrialState::Failed => &mut counts.failed,
        };
        *count = count.saturating_add_signed(by);
    }

    /// Rebuilds what depends on the order in which trials ended.
    fn tally_in_order_of_end(&mut self) {
        let mut ended: Vec<(Option<Timestamp>, u32)> = self
            .trials
            .iter()
            .filter(|trial| trial.state.is_finished())
            .map(|trial| (trial.ended_at, trial.number))
            .collect();
        ended.sort_unstable();
        for (_, number) in ended {
            self.tally_finished(number);
        }
    }

    fn tally_finished(&mut self, number: u32) {
        let Some(trial) = self.trials.get(number as usize) else {
            return;
        };
        let tally = &mut self.tally;
        tally.since_best += 1;
        if let (Some(start), Some(end)) = (trial.started_at, trial.ended_at) {
            // Of two clocks, an engine's may be behind.
            tally.run_time += end.duration_since(start).max(SignedDuration::ZERO);
        }
        tally.trial_time += trial.run_time(trial.ended_at.unwrap_or(trial.proposed_at));
        let run = steps_run(trial, &self.tuning);
        match trial.state {
            TrialState::Complete => {
                if let Some(run) = run {
                    tally.full_steps = (tally.full_steps.0.saturating_add(run), tally.full_steps.1 + 1);
                }
                self.rank(number);
            }
            TrialState::Pruned => {
                if let Some(run) = run {
                    tally.pruned_steps = (tally.pruned_steps.0.saturating_add(run), tally.pruned_steps.1 + 1);
                }
            }
            TrialState::Failed => {
                let reason = trial.reason.clone().unwrap_or_default();
                let group = tally.failures.entry(reason).or_insert(FailureGroup { count: 0, first: number });
                group.count += 1;
                group.first = group.first.min(number);
            }
            TrialState::Waiting | TrialState::Running | TrialState::Paused => {}
        }
    }

    /// Puts a complete trial among the best; among equals the one with the lower number comes first.
    fn rank(&mut self, number: u32) {
        let objective = self.tuning.objectives.primary();
        let key = |number: u32| {
            let value = self.trials.get(number as usize).and_then(|trial| trial.metrics.get(&objective.metric));
            (objective.direction.loss(value.unwrap_or(f64::NAN)), number)
        };
        let own = key(number);
        // A trial that is only as good as the best, but of a lower number, comes first and improves nothing.
        let improves = self.tally.top.first().is_none_or(|best| own.0.total_cmp(&key(*best).0).is_lt());
        let place = self.tally.top.partition_point(|other| {
            let other = key(*other);
            other.0.total_cmp(&own.0).then(other.1.cmp(&own.1)).is_lt()
        });
        if place < Report::TOP {
            self.tally.top.insert(place, number);
            self.tally.top.truncate(Report::TOP);
        }
        if improves {
            self.tally.since_best = 0;
        }
    }
}

/// How many steps the trial has run, if it reported any: its last step, counted from 1 or from 0 as it began. Steps that
/// are folds or seeds may come in any order, and each counts.
fn steps_run(trial: &Trial, tuning: &Tuning) -> Option<u64> {
    let ((first, _), (last, _)) = (trial.steps.first()?, trial.steps.last()?);
    Some(match tuning.search.pruner {
        PrunerSettings::Wilcoxon { .. } => trial.steps.len() as u64,
        _ => last.saturating_add(u64::from(*first == 0)),
    })
}

fn record_of(trial: &Trial, tuning: &Tuning) -> Record {
    let state = match trial.state {
        TrialState::Waiting | TrialState::Running => RecordState::Pending,
        TrialState::Complete => RecordState::Complete,
        // To whoever learns or compares it is one that was stopped there.
        TrialState::Pruned | TrialState::Paused => RecordState::Pruned,
        TrialState::Failed => RecordState::Failed,
    };
    let values = match state {
        RecordState::Complete => {
            let value = |metric| trial.metrics.get(metric).unwrap_or(f64::NAN);
            tuning.objectives.iter().map(|objective| value(&objective.metric)).collect()
        }
        _ => Vec::new(),
    };
    Record { state, values, steps: trial.steps.clone(), ..Record::pending(trial.params.clone()) }
}

#[cfg(test)]
mod tests;

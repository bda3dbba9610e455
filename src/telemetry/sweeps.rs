//! The sweeps that are under way or have ended just now, each by itself, and the trials of theirs that have ended just now.
//!
//! These are the only metrics whose labels name sweeps and trials. What bounds them: a sweep is shown until some minutes
//! after its end, a trial for some minutes after its end, and of both no more than so many at a time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::domain::ids::{EngineName, SweepId, TuningName};
use crate::domain::metrics::Objective;
use crate::domain::report::Counts;
use crate::domain::sweep::SweepState;
use crate::domain::trial::TrialState;

mod series;

/// A sweep that has ended is shown for this long.
const AFTER_END: SignedDuration = SignedDuration::from_mins(10);
/// A trial that has ended is shown for this long: two scrapes see it at the least, where one comes a minute.
pub const TRIAL_SHOWN: SignedDuration = SignedDuration::from_secs(150);
/// Sweeps shown at a time.
const MOST_SWEEPS: usize = 200;
/// Trials shown at a time of one sweep, the newest ones.
const MOST_TRIALS_OF_ONE: usize = 500;
/// Trials shown at a time in all.
const MOST_TRIALS: usize = 5_000;

/// How a sweep stands.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepFigures {
    pub sweep: SweepId,
    pub tuning: TuningName,
    pub engine: EngineName,
    pub sampler: &'static str,
    pub state: SweepState,
    pub counts: Counts,
    /// Trials asked for.
    pub planned: u32,
    /// From 0 to 1.
    pub progress: f64,
    /// The first decides what the best is.
    pub objectives: Vec<Objective>,
    /// The best trial's values of the objectives, in their order; empty while there is none.
    pub best: Vec<f64>,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// An estimate.
    pub expected_end: Option<Timestamp>,
    /// When something last happened to it.
    pub last_news: Timestamp,
    /// For how long nothing may happen to it while all is well; none if there is no such limit.
    pub quiet_limit: Option<SignedDuration>,
}

/// A trial that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct EndedTrial {
    pub number: u32,
    pub state: TrialState,
    /// Its values of the objectives, in their order, if it is complete.
    pub values: Vec<f64>,
    pub took: SignedDuration,
}

#[derive(Debug, Default)]
pub(super) struct Sweeps {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    seen: BTreeMap<SweepId, Seen>,
    /// Trials that were not shown for their full time, because there were too many.
    cut_short: u64,
}

#[derive(Debug)]
struct Seen {
    figures: SweepFigures,
    /// When it was seen to be finished.
    finished: Option<Timestamp>,
    /// With the instant at which each was seen, the oldest first.
    ended: VecDeque<(Timestamp, EndedTrial)>,
}

impl Sweeps {
    /// The sweep has come on by `now`; `ended` are trials of it that have ended since the last time.
    pub fn note(&self, figures: SweepFigures, ended: Vec<EndedTrial>, now: Timestamp) {
        let state = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_finished = figures.state == SweepState::Finished;
        let fresh = || Seen { figures: figures.clone(), finished: None, ended: VecDeque::new() };
        let seen = state.seen.entry(figures.sweep.clone()).or_insert_with(fresh);
        seen.figures = figures;
        if is_finished {
            seen.finished.get_or_insert(now);
        }
        for trial in ended {
            if seen.ended.iter().any(|(_, known)| known.number == trial.number) {
                continue;
            }
            if seen.ended.len() == MOST_TRIALS_OF_ONE {
                seen.ended.pop_front();
                state.cut_short += 1;
            }
            seen.ended.push_back((now, trial));
        }
        // Also where nobody scrapes.
        state.forget(now);
    }

    /// Forgets what has been shown for long enough at `now`.
    pub fn forget(&self, now: Timestamp) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).forget(now);
    }
}

impl State {
    fn forget(&mut self, now: Timestamp) {
        let is_over = |since: Timestamp, shown: SignedDuration| now.duration_since(since) > shown;
        self.seen.retain(|_, seen| !seen.finished.is_some_and(|finished| is_over(finished, AFTER_END)));
        for seen in self.seen.values_mut() {
            while seen.ended.front().is_some_and(|(at, _)| is_over(*at, TRIAL_SHOWN)) {
                seen.ended.pop_front();
            }
        }
        self.cut();
    }

    /// Too many trials: those of the sweep that has the most give way, the oldest first.
    fn cut(&mut self) {
        let mut all: usize = self.seen.values().map(|seen| seen.ended.len()).sum();
        while all > MOST_TRIALS {
            let Some(most) = self.seen.values_mut().max_by_key(|seen| seen.ended.len()) else { return };
            let surplus = (all - MOST_TRIALS).min(most.ended.len().div_ceil(2));
            most.ended.drain(..surplus);
            self.cut_short += surplus as u64;
            all -= surplus;
        }
    }

    /// The sweeps that are shown: those that run, then those that have ended, then those that wait; of each the oldest.
    fn shown(&self) -> Vec<&Seen> {
        let rank = |seen: &Seen| match seen.figures.state {
            SweepState::Running | SweepState::Stopping => 0,
            SweepState::Finished => 1,
            SweepState::Queued => 2,
        };
        let mut shown: Vec<&Seen> = self.seen.values().collect();
        shown.sort_by_key(|seen| (rank(seen), seen.figures.created_at));
        shown.truncate(MOST_SWEEPS);
        shown
    }
}

#[cfg(test)]
mod tests;

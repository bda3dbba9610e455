//! A sweep in a world of a few lines: what the steps ask for is done at once, and news comes when a test says so.

use std::collections::BTreeSet;

use super::*;
use crate::domain::signal::SearchedTrial;
use crate::domain::tuning::{PrunerSettings, Rungs, SearchOutputs, TrialTemplate, WorkflowSource, WorkflowTrial};
use crate::search::RecordState;

/// Proposes x = number / 10, up to a number of points.
struct Ramp(u32);

impl Sampler for Ramp {
    fn ask(&self, _: &History, number: u32) -> Option<Params> {
        let name: ParamName = "x".parse().unwrap();
        (number < self.0).then(|| [(name, Value::Float(f64::from(number % 10) / 10.0))].into_iter().collect())
    }
}

/// Stops every trial that has reported a loss above 1. Of the paused ones it promotes the first, and not while as many
/// trials are complete as `holds_back_at`.
struct Strict {
    holds_back_at: Option<usize>,
}

impl Pruner for Strict {
    fn should_prune(&self, history: &History, number: u32) -> bool {
        history.steps(number).iter().any(|(_, value)| *value > 1.0)
    }

    fn promote(&self, history: &History, paused: &[u32]) -> Option<u32> {
        let complete = history.states().iter().filter(|state| **state == RecordState::Complete).count();
        paused.first().copied().filter(|_| self.holds_back_at != Some(complete))
    }
}

/// An engine and a store in a few lines: it takes the effects and says what became of them.
pub struct World {
    pub snapshot: Option<Snapshot>,
    pub now: Timestamp,
    pub points: u32,
    pub holds_back_at: Option<usize>,
    pub grant: Grant,
    pub running: BTreeSet<AttemptId>,
    pub stopped: Vec<AttemptId>,
    pub closings: u32,
    /// Lines in the thread.
    pub said: Vec<String>,
    pub released: u32,
    pub last: Option<Report>,
}

impl World {
    pub fn new(change: impl FnOnce(&mut Tuning)) -> Self {
        let mut tuning = tuning::fixture();
        change(&mut tuning);
        Self {
            snapshot: Some(Snapshot::load(sweep::fixture(tuning), Vec::new())),
            now: Timestamp::from_second(1_700_000_000).unwrap(),
            points: u32::MAX,
            holds_back_at: None,
            grant: Grant::Places(100),
            running: BTreeSet::new(),
            stopped: Vec::new(),
            closings: 0,
            said: Vec::new(),
            released: 0,
            last: None,
        }
    }

    /// A world whose trials can resume, so that they are paused.
    pub fn pausing(change: impl FnOnce(&mut Tuning)) -> Self {
        Self::new(|tuning| {
            tuning.resumable = true;
            tuning.search.pruner = PrunerSettings::Asha(Rungs { min_steps: 1, max_steps: None, eta: 2 });
            change(tuning);
        })
    }

    /// A world in which one workflow searches by itself.
    pub fn searching(change: impl FnOnce(&mut Tuning)) -> Self {
        Self::new(|tuning| {
            tuning.trial = TrialTemplate::Workflow(Box::new(WorkflowTrial {
                searches: Some(SearchOutputs {
                    best_parameters: "best".into(),
                    objective: "loss".into(),
                    trials: "trials".into(),
                }),
                ..WorkflowTrial::new(WorkflowSource::Template { name: "search".into() })
            }));
            change(tuning);
        })
    }

    pub fn step(&mut self) -> Stepped {
        let ramp = Ramp(self.points);
        let search = Search { sampler: &ramp, pruner: Some(&Strict { holds_back_at: self.holds_back_at }) };
        let (snapshot, stepped) = step(self.snapshot.take().unwrap(), &search, &self.grant, self.now);
        self.snapshot = Some(snapshot);
        for effect in &stepped.effects {
            match &effect.action {
                Action::Submit { attempt, .. } => {
                    assert!(self.running.insert(attempt.clone()), "{attempt} was submitted twice");
                }
                Action::Stop { attempt, .. } => self.stopped.push(attempt.clone()),
                Action::Release { sweep, .. } => {
                    assert_eq!(*sweep, self.sweep().id);
                    self.released += 1;
                }
                Action::Apply(_) | Action::CheckFile(_) => panic!("no step writes into a repository"),
                Action::Notify(notification) => {
                    self.closings += u32::from(matches!(notification.content, Content::Closing(_)));
                }
            }
        }
        self.said.extend(super::thread::lines(&stepped));
        self.last = stepped.report.clone().or(self.last.take());
        stepped
    }

    pub fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    pub fn tell(&mut self, trial: u32, news: AttemptNews) {
        let snapshot = self.snapshot.as_mut().unwrap();
        let attempt = snapshot.attempt_id(snapshot.trial(trial).unwrap());
        let signal = Signal { sweep: attempt.sweep.clone(), at: self.now, kind: SignalKind::Attempt { attempt, news } };
        snapshot.fold(&signal);
        self.step();
    }

    pub fn finish(&mut self, trial: u32, loss: f64) {
        let metrics: Metrics = [("loss".parse().unwrap(), loss)].into_iter().collect();
        self.tell(trial, AttemptNews::Ended { end: AttemptEnd::Succeeded { metrics } });
    }

    pub fn report(&mut self, trial: u32, step: u64, loss: f64) {
        let metrics: Metrics = [("loss".parse().unwrap(), loss)].into_iter().collect();
        self.tell(trial, AttemptNews::Reported { step, metrics });
    }

    /// The engine has ended it.
    pub fn end(&mut self, trial: u32) {
        self.tell(trial, AttemptNews::Ended { end: AttemptEnd::Stopped });
    }

    pub fn fail(&mut self, trial: u32, reason: &str) {
        self.tell(trial, AttemptNews::Ended { end: AttemptEnd::Failed { reason: reason.into(), log_tail: None } });
    }

    pub fn lose(&mut self, trial: u32) {
        let end = AttemptEnd::Lost { reason: "the node went away".into(), by_restart: false };
        self.tell(trial, AttemptNews::Ended { end });
    }

    /// The workflow ends well with these losses; where there is none, the trial failed.
    pub fn searched(&mut self, losses: &[Option<f64>]) {
        let name: ParamName = "x".parse().unwrap();
        let row = |(number, loss): (usize, &Option<f64>)| SearchedTrial {
            params: [(name.clone(), Value::Float(number as f64 / 100.0))].into_iter().collect(),
            metrics: loss.map(|loss| ("loss".parse().unwrap(), loss)).into_iter().collect(),
            state: if loss.is_some() { TrialState::Complete } else { TrialState::Failed },
        };
        let trials = losses.iter().enumerate().map(row).collect();
        self.tell(0, AttemptNews::Ended { end: AttemptEnd::Searched { trials } });
    }

    /// The engine goes away, as of this instant.
    pub fn go_away(&mut self) {
        let (engine, why) = (self.sweep().tuning.engine.clone(), "connection refused".into());
        self.grant = Grant::Away(Away { engine, since: self.now, why });
    }

    /// The report of the sweep as it is, and as it would be after a restart.
    pub fn reports(&self) -> [Report; 2] {
        let snapshot = self.snapshot();
        let mut again = Snapshot::load(snapshot.sweep().clone(), snapshot.trials().to_vec());
        again.away.clone_from(&snapshot.away);
        [snapshot, &again].map(|snapshot| summary::report(snapshot, None, self.now))
    }

    pub fn stop_by(&mut self, name: &str) {
        let by = StopRequest::Person { name: name.into() };
        let signal = Signal { sweep: self.sweep().id.clone(), at: self.now, kind: SignalKind::StopRequested { by } };
        self.snapshot.as_mut().unwrap().fold(&signal);
        self.step();
    }

    pub fn snapshot(&self) -> &Snapshot {
        self.snapshot.as_ref().unwrap()
    }

    pub fn sweep(&self) -> &Sweep {
        self.snapshot().sweep()
    }

    pub fn outcome(&self) -> (SweepState, Option<&str>) {
        (self.sweep().state, self.sweep().outcome.as_ref().map(Outcome::name))
    }
}

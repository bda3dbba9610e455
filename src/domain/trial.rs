//! One evaluation of one parameter set, and the only ways in which it may change.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::metrics::Metrics;
use super::params::Params;

/// The state of a trial. It only moves forward, within an attempt and from one attempt to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrialState {
    /// Parameters are chosen; the launch is written down.
    Waiting,
    /// The engine has started it.
    Running,
    /// Stopped by the pruner for now: it holds no place, and may go on as its next attempt.
    Paused,
    /// Finished with a value for every objective.
    Complete,
    /// Stopped early by the pruner; its reported steps count.
    Pruned,
    Failed,
}

impl TrialState {
    pub const ALL: [Self; 6] = [Self::Waiting, Self::Running, Self::Paused, Self::Complete, Self::Pruned, Self::Failed];

    /// Does an attempt of it run, or is it about to?
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }

    pub fn is_finished(self) -> bool {
        matches!(self, Self::Complete | Self::Pruned | Self::Failed)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Complete => "complete",
            Self::Pruned => "pruned",
            Self::Failed => "failed",
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::Waiting => 0,
            Self::Running => 1,
            Self::Paused => 2,
            Self::Complete | Self::Pruned | Self::Failed => 3,
        }
    }
}

/// Why tunebot itself is ending a trial that still runs. Written down before the engine is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    Pruned,
    /// Like `Pruned`, of a trial that can go on later.
    Paused,
    TimedOut,
    /// The sweep ends: stopped by a person, by a newer event, by its deadline or because its goal is reached.
    SweepEnds,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// From 0 within the sweep.
    pub number: u32,
    /// From 1; a new attempt follows when infrastructure lost the one before, or a paused trial is to go on.
    pub attempt: u32,
    pub state: TrialState,
    pub params: Params,
    pub metrics: Metrics,
    /// Values of the first objective by step, in the order of the steps.
    pub steps: Vec<(u64, f64)>,
    /// Work done and work in all, if the trial says.
    pub progress: Option<(u64, u64)>,
    pub proposed_at: Timestamp,
    /// Of the present attempt.
    pub started_at: Option<Timestamp>,
    /// The end of the last attempt, of a paused or finished trial.
    pub ended_at: Option<Timestamp>,
    pub stopping: Option<StopReason>,
    /// When the engine was told to end it.
    pub stopping_since: Option<Timestamp>,
    /// Attempts that infrastructure lost; a restart of tunebot itself does not count.
    pub lost_attempts: u32,
    /// How long earlier attempts ran, all together.
    #[serde(default)]
    pub earlier_time: SignedDuration,
    /// The last step that earlier attempts reported, if this one goes on from there.
    #[serde(default)]
    pub resume_step: Option<u64>,
    /// Of a running trial: what it waits for outside of it, if it does not come forward. Of a waiting one: why it is
    /// started again.
    #[serde(default)]
    pub held: Option<String>,
    /// Why it failed, for people.
    pub reason: Option<String>,
    /// The last lines of its log, kept for failed trials.
    pub log_tail: Option<String>,
}

impl Trial {
    pub fn proposed(number: u32, params: Params, now: Timestamp) -> Self {
        Self {
            number,
            attempt: 1,
            state: TrialState::Waiting,
            params,
            metrics: Metrics::default(),
            steps: Vec::new(),
            progress: None,
            proposed_at: now,
            started_at: None,
            ended_at: None,
            stopping: None,
            stopping_since: None,
            lost_attempts: 0,
            earlier_time: SignedDuration::ZERO,
            resume_step: None,
            held: None,
            reason: None,
            log_tail: None,
        }
    }

    /// How long it ran until `now`, in all its attempts.
    pub fn run_time(&self, now: Timestamp) -> SignedDuration {
        let end = if self.state.is_open() { Some(now) } else { self.ended_at };
        let attempt = self.started_at.zip(end).map(|(start, end)| end.duration_since(start).max(SignedDuration::ZERO));
        self.earlier_time.saturating_add(attempt.unwrap_or_default())
    }

    /// Where the trial stands on its way forward: attempts first, then states.
    pub fn advance(&self) -> (u32, u8) {
        (self.attempt, self.state.rank())
    }
}

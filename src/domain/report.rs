//! What there is to say about a sweep, as plain data. Renderers turn it into Slack blocks, Markdown or a terminal's text.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::estimate::Estimate;
use super::ids::{EngineName, ParamName, SweepId, TuningName};
use super::metrics::{Metrics, Objective};
use super::params::Params;
use super::sweep::{Baseline, Code, Outcome};
use super::tuning::Cost;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub sweep: SweepId,
    pub tuning: TuningName,
    pub phase: Phase,
    /// Who asked, as it is shown: `@mika`, `schedule nightly`.
    pub asked_by: String,
    pub code: Option<Code>,
    /// The overrides in words: "`lr` narrowed to 1e-4..1e-2".
    pub notes: Vec<String>,
    /// How it begins, if there is something to say: "starts from 120 trials of 3 earlier sweeps".
    #[serde(default)]
    pub beginning: Vec<String>,
    pub objective: Objective,
    /// "TPE", "random search".
    pub sampler: String,
    /// Which method the sampler has come to and why, where it chooses among several.
    #[serde(default)]
    pub choice: Option<String>,
    pub seed: u64,
    /// Trials that may run at a time.
    pub parallel: u32,
    /// Trials asked for.
    pub trials: u32,
    pub counts: Counts,
    /// The best complete trials, best first, at most [`Report::TOP`].
    pub top: Vec<Ranked>,
    pub baseline: Option<Baseline>,
    pub verdict: Option<Verdict>,
    /// The most frequent failure, if any trial failed.
    pub failure: Option<Failure>,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// An estimate from the trials that are done.
    pub time_left: Option<SignedDuration>,
    /// Share of the steps that pruned trials did not run, from 0 to 1; known once something was pruned.
    pub saved: Option<f64>,
    /// Names of the configured dashboards to link to.
    pub dashboards: Vec<String>,
    /// Where its trials run; unknown in reports of the first version.
    #[serde(default)]
    pub engine: Option<EngineName>,
    /// One workflow searches by itself for the whole sweep.
    #[serde(default)]
    pub searches: bool,
    /// How far what runs has come, if it says.
    #[serde(default)]
    pub progress: Option<Progress>,
    /// The most frequent of what running trials wait for, if any does.
    #[serde(default)]
    pub held: Option<Held>,
    /// Set while the sweep's engine does not answer.
    #[serde(default)]
    pub away: Option<Away>,
    /// What mattered, the largest first: of a finished sweep that is large enough to tell.
    #[serde(default)]
    pub importances: Vec<Importance>,
    /// How long its trials have run so far, all attempts of all trials together.
    #[serde(default)]
    pub trial_time: SignedDuration,
    /// What that costs, if the tuning says so.
    #[serde(default)]
    pub cost: Option<Cost>,
    /// What it would probably take, when it was asked for.
    #[serde(default)]
    pub estimate: Option<Estimate>,
    /// `/tune apply` can write its best parameters into a file of the repository.
    #[serde(default)]
    pub applies: bool,
}

impl Report {
    /// How many of the best trials a report names.
    pub const TOP: usize = 5;

    pub fn best(&self) -> Option<&Ranked> {
        self.top.first()
    }

    /// Is there something to apply, and somewhere to write it?
    pub fn may_be_applied(&self) -> bool {
        self.applies && self.is_final() && self.best().is_some()
    }

    /// The standard deviation of the difference between the best and the baseline, from those of the two that are known.
    pub fn spread(&self) -> Option<f64> {
        let (best, baseline) = (self.best()?, self.baseline.as_ref()?);
        let spreads = [best.metrics.spread(&self.objective.metric), baseline.spread];
        spreads.iter().flatten().map(|spread| spread * spread).reduce(|a, b| a + b).map(f64::sqrt)
    }

    pub fn is_final(&self) -> bool {
        matches!(self.phase, Phase::Finished { .. })
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Waits, and for what in words: "all 8 places of engine local are taken".
    Queued {
        why: String,
    },
    Running,
    Stopping {
        outcome: Outcome,
    },
    Finished {
        outcome: Outcome,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Progress {
    /// The running trials that say how far they are: the mean of their shares, from 0 to 1.
    Trials { share: f64 },
    /// The one workflow that searches by itself.
    Workflow { done: u64, total: u64 },
}

/// What trials wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub reason: String,
    /// Trials that wait for this reason.
    pub count: u32,
    /// The first of them.
    pub trial: u32,
    /// They do not run: they are started again because of it.
    pub again: bool,
    /// How long a trial may take, the time that it waits included.
    pub limit: SignedDuration,
}

/// An engine that does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    pub engine: EngineName,
    pub since: Timestamp,
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    pub waiting: u32,
    pub running: u32,
    #[serde(default)]
    pub paused: u32,
    pub complete: u32,
    pub pruned: u32,
    pub failed: u32,
}

impl Counts {
    pub fn finished(&self) -> u32 {
        self.complete + self.pruned + self.failed
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    pub trial: u32,
    /// Value of the first objective.
    pub value: f64,
    pub metrics: Metrics,
    pub params: Params,
}

/// How much of what tells the best trials from the others is due to one parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    pub parameter: ParamName,
    /// From 0 to 1; those of all parameters sum to 1.
    pub share: f64,
}

/// The answer to the tuning's requirement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    pub conclusion: Conclusion,
    /// "better by 0.6 %".
    pub headline: String,
    /// "needs: not worse than -0.2 % against main".
    pub requirement: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    Success,
    Failure,
    /// There is nothing to compare with.
    Neutral,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What the failed trials have in common, or the most frequent reason.
    pub reason: String,
    /// Failed trials with this reason.
    pub count: u32,
    /// The first of them.
    pub trial: u32,
    pub log_tail: Option<String>,
}

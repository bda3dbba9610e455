//! Signals: what happened to a sweep since it was last looked at, written down until it is folded in.
//!
//! Every input to a running sweep is a signal: an engine's news of an attempt, a trial's report, a person's stop.
//! Folding one in twice changes nothing the second time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{AttemptId, SweepId};
use super::metrics::Metrics;
use super::params::Params;
use super::trial::TrialState;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    pub sweep: SweepId,
    pub at: Timestamp,
    pub kind: SignalKind,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SignalKind {
    /// News of one attempt of one trial.
    Attempt { attempt: AttemptId, news: AttemptNews },
    /// Somebody or something wants the sweep to end.
    StopRequested { by: StopRequest },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum StopRequest {
    /// The name as it is shown: `@mika`.
    Person { name: String },
    /// A newer event of the same branch or pull request asked for `sweep` instead.
    Superseded { sweep: SweepId },
    /// The pull request was closed.
    PullRequestClosed,
    /// The pull request became a draft, and its trigger wants none.
    PullRequestDrafted,
    /// The pull request lost the label that its trigger needs.
    LabelRemoved { label: String },
    /// The branch or tag was deleted.
    ReferenceDeleted,
}

impl StopRequest {
    /// Is it what became of the branch or pull request, and nobody's wish to do without the result?
    pub fn is_by_event(&self) -> bool {
        !matches!(self, Self::Person { .. })
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub enum AttemptNews {
    Started,
    Progress {
        done: u64,
        total: u64,
    },
    /// Metrics at a step, counted from 1.
    Reported {
        step: u64,
        metrics: Metrics,
    },
    /// It waits for something outside of it and does not come forward: a node, an image, a quota. `None`: no longer.
    Held {
        why: Option<String>,
    },
    /// The process or workflow has come to its end.
    Ended {
        end: AttemptEnd,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum AttemptEnd {
    /// It ended well by its own account. Whether its metrics will do is decided where it is folded in.
    Succeeded { metrics: Metrics },
    /// A workflow that searches by itself ended well and says what it tried; at least one trial.
    Searched { trials: Vec<SearchedTrial> },
    /// The trial itself failed: another attempt would fail the same way.
    Failed { reason: String, log_tail: Option<String> },
    /// It was ended because tunebot said so.
    Stopped,
    /// Infrastructure lost it: another attempt may well succeed.
    Lost {
        reason: String,
        /// It was lost because tunebot itself went away: not a fault of the place where it ran.
        by_restart: bool,
    },
}

/// A trial of a workflow that searches by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchedTrial {
    pub params: Params,
    /// Empty if the trial failed or was stopped early.
    pub metrics: Metrics,
    /// Complete, pruned or failed.
    pub state: TrialState,
}

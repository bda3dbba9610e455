//! Details: what is said in the thread of a sweep's message while the sweep runs, one line for each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{ParamName, SweepId};
use super::metrics::Objective;
use super::params::Value;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    pub sweep: SweepId,
    /// When the sweep was asked for: no line about it is older.
    pub created_at: Timestamp,
    pub news: News,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub enum News {
    NewBest(NewBest),
    Failed(Failed),
}

impl News {
    /// Unique within the sweep.
    pub fn name(&self) -> String {
        match self {
            Self::NewBest(best) => format!("best/{}", best.trial),
            Self::Failed(failed) => format!("failed/{}", failed.trial),
        }
    }

    /// News of one kind of which only the newest is worth telling: it replaces what has not been delivered yet.
    pub fn kind(&self) -> String {
        match self {
            Self::NewBest(_) => "best".to_owned(),
            Self::Failed(_) => self.name(),
        }
    }
}

/// A trial is better than all before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewBest {
    pub objective: Objective,
    pub trial: u32,
    pub value: f64,
    /// The best that people knew of.
    pub before: Best,
    /// Trials that had ended by then.
    pub finished: u32,
    /// Of these, the ones that were stopped early, and those that failed.
    pub pruned: u32,
    pub failed: u32,
    /// Its parameters that differ from those of the best before.
    pub changes: Vec<Change>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Best {
    pub trial: u32,
    pub value: f64,
}

/// A parameter that two trials have different values of; none where it is not active.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub name: ParamName,
    pub now: Option<Value>,
    pub before: Option<Value>,
}

/// A trial failed for a reason that no other failed for before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failed {
    pub trial: u32,
    /// The last step that it reported.
    pub step: Option<u64>,
    pub reason: String,
    pub log_tail: Option<String>,
    /// Trials that have failed for this reason by now.
    pub alike: u32,
}

/// What was told in the thread of a sweep's message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Told {
    /// The trial that was the best when people last heard of one, in the thread or by the end of the first round.
    pub best: Option<u32>,
    /// When a new best was last told.
    pub best_at: Option<Timestamp>,
    /// Trials whose failure was told: one for each reason.
    pub failed: Vec<u32>,
}

//! Previews: what a person has asked for and what it will probably take, waiting for a yes or a no.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::estimate::Estimate;
use super::ids::{EventId, SweepId};
use super::sweep::{Code, Destination};
use super::tuning::Tuning;

/// After this nobody remembers what it was about: the preview is void.
pub const GOOD_FOR: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// The event that asked for it; people confirm it by this number.
    pub event: EventId,
    /// What was asked for, as it can be typed after `/tune`.
    pub command: String,
    /// With all overrides applied, as it was shown: should the configuration change, nobody has said yes to that.
    pub tuning: Tuning,
    /// The overrides in words.
    pub notes: Vec<String>,
    pub code: Option<Code>,
    pub asked_by: String,
    pub asked_at: Timestamp,
    pub estimate: Option<Estimate>,
    /// Where it is shown.
    pub destination: Destination,
    pub state: PreviewState,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PreviewState {
    Asked,
    Started { sweep: SweepId, by: String },
    Cancelled { by: String },
}

impl PreviewState {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Started { .. } => "started",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}

impl Preview {
    pub fn is_void(&self, now: Timestamp) -> bool {
        now.duration_since(self.asked_at) > GOOD_FOR
    }

    /// What it will probably cost beyond what the tuning allows without a question.
    pub fn is_over_budget(&self) -> bool {
        let cost = self.tuning.cost.as_ref();
        let expected = cost.zip(self.estimate).map(|(cost, estimate)| cost.amount(estimate.trial_time));
        expected.zip(cost.and_then(|cost| cost.budget)).is_some_and(|(expected, budget)| expected > budget)
    }
}

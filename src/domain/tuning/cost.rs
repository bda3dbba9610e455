//! What trials cost, and what a start may cost before somebody is asked.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Money for an hour of one trial; more than 0.
    pub per_trial_hour: f64,
    /// As it is written before or behind an amount: `$`, `EUR`.
    pub currency: String,
    /// GPUs, or accelerators of another kind, that one trial holds; 0 if none.
    pub accelerators: u32,
    /// A start that will probably cost more has to be confirmed.
    pub budget: Option<f64>,
}

impl Cost {
    /// What trials cost that ran for `trial_time`, all together.
    pub fn amount(&self, trial_time: SignedDuration) -> f64 {
        self.per_trial_hour * trial_time.as_secs_f64() / 3600.0
    }
}

/// Is a person who asks for a sweep in Slack or on a pull request asked back before it starts?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confirm {
    Always,
    /// If it will probably cost more than the tuning's budget.
    #[default]
    OverBudget,
    Never,
}

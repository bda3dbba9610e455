//! What trials cost.

use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct CostEntry {
    /// Money for an hour of one trial.
    pub per_trial_hour: f64,
    /// As messages write it, before or behind an amount: `$`, `EUR`. Default: `$`.
    pub currency: Option<String>,
    /// GPUs that one trial holds: messages then speak of GPU hours. Default: 0.
    #[serde(default)]
    pub accelerators: u32,
    /// A start that will probably cost more has to be confirmed, as `confirm` says. Default: none.
    pub budget: Option<f64>,
}

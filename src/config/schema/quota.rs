//! What one person may ask for in a day.

use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct QuotaEntry {
    /// Sweeps that one person may start in a day of UTC; at least 1. Default: no limit.
    pub sweeps_per_day: Option<u32>,
    /// Trials that one person may ask for in a day of UTC, in all sweeps together; at least 1. Default: no limit.
    pub trials_per_day: Option<u32>,
}

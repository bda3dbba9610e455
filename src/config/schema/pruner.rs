//! How poor trials are stopped early.

use schemars::JsonSchema;
use serde::Deserialize;

use super::json::bare_names_too;
use super::text::Percent;

/// How poor trials are stopped early.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = bare_names_too)]
pub(in crate::config) enum PrunerEntry {
    /// Every trial runs to its end.
    None,
    /// A trial is stopped when its best value so far is worse than the median of the others at the same step.
    Median(MedianEntry),
    /// Like `median`, for another share of the others than one half.
    Percentile(PercentileEntry),
    /// Asynchronous successive halving: of the trials that come to a rung (`min_steps`, `eta` times as many, …) the best go
    /// on to the next. The usual choice for trials that report after each epoch.
    Asha(AshaEntry),
    /// Brackets of successive halving that begin later and later: for trials whose first steps may tell little.
    Hyperband(HyperbandEntry),
    /// For steps that are folds or repeated seeds: a trial is stopped when it is significantly worse than the best one on
    /// the steps that both have (signed-rank test).
    Wilcoxon(WilcoxonEntry),
    /// A trial is stopped when it has not become better for some steps.
    Patience(PatienceEntry),
    /// A trial is stopped when its value is out of bounds.
    Threshold(ThresholdEntry),
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct MedianEntry {
    /// Finished trials that have to be there before anything is stopped. Default: 5.
    pub startup_trials: Option<u32>,
    /// Steps of each trial that are never judged. Default: 0.
    pub warmup_steps: Option<u64>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct PercentileEntry {
    /// How many of the others are good enough: with `25%` a trial has to be as good as the best quarter. Default: `25%`.
    pub keep: Option<Percent>,
    /// Finished trials that have to be there before anything is stopped. Default: 5.
    pub startup_trials: Option<u32>,
    /// Steps of each trial that are never judged. Default: 0.
    pub warmup_steps: Option<u64>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct AshaEntry {
    /// The step of the first rung. Default: 1.
    pub min_steps: Option<u64>,
    /// The steps of a whole trial: there is no rung at or past it. Default: as many rungs as trials come to.
    pub max_steps: Option<u64>,
    /// Of this many trials that come to a rung one goes on, and the next rung is this many times as far. Default: 3.
    pub eta: Option<u32>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct HyperbandEntry {
    /// The step of the first rung of the first bracket. Default: 1.
    pub min_steps: Option<u64>,
    /// The steps of a whole trial. It has to be given.
    pub max_steps: Option<u64>,
    /// Of this many trials that come to a rung one goes on, and the next rung is this many times as far. Default: 3.
    pub eta: Option<u32>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct WilcoxonEntry {
    /// The error that is allowed for: the smaller, the later trials are stopped. Default: 0.1.
    pub p: Option<f64>,
    /// Steps in common with the best trial that have to be there before one is judged. Default: 2.
    pub startup_steps: Option<u32>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct PatienceEntry {
    /// A trial that has not become better over this many steps is stopped. Default: 10.
    pub steps: Option<u64>,
    /// What is better by less than this does not count. Default: 0.
    pub min_delta: Option<f64>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct ThresholdEntry {
    /// A trial below it is stopped. Either this or `upper` has to be given, or both.
    pub lower: Option<f64>,
    /// A trial above it is stopped.
    pub upper: Option<f64>,
    /// Steps of each trial that are never judged. Default: 0.
    pub warmup_steps: Option<u64>,
}

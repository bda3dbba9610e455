//! How poor trials are stopped early.

use serde::{Deserialize, Serialize};

/// The pruner of a sweep. All judge by what trials report of the first objective, step by step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum PrunerSettings {
    None,
    /// Stops a trial whose best value so far is worse than the median of the others at the same step.
    Median {
        /// Finished trials that must be there before anything is stopped.
        startup_trials: u32,
        /// Steps of each trial that are never judged.
        warmup_steps: u64,
    },
    /// Stops a trial whose best value so far is not among the best of the others at the same step.
    Percentile {
        /// How many of the others are good enough, in percent; 50 is the median.
        keep_percent: f64,
        startup_trials: u32,
        warmup_steps: u64,
    },
    /// Asynchronous successive halving: of the trials that come to a rung, the best go on to the next.
    Asha(Rungs),
    /// Brackets of successive halving that begin at different rungs, in case early values tell little.
    Hyperband {
        /// The first rung; at least 1.
        min_steps: u64,
        /// Steps of a whole trial; at least `min_steps`.
        max_steps: u64,
        /// Of this many trials one goes on; at least 2.
        eta: u32,
    },
    /// For steps that are folds or repeated seeds: stops a trial that is significantly worse than the best one on the
    /// steps that both have.
    Wilcoxon {
        /// The error that is allowed for, in 0..1.
        p: f64,
        /// Steps in common that must be there before a trial is judged.
        startup_steps: u32,
    },
    /// Stops a trial that has not become better for some steps.
    Patience {
        /// At least 1.
        steps: u64,
        /// What counts as better; at least 0.
        min_delta: f64,
    },
    /// Stops a trial whose value is out of bounds, or not a number.
    Threshold {
        lower: Option<f64>,
        upper: Option<f64>,
        warmup_steps: u64,
    },
}

/// The rungs of successive halving: at `min_steps`, `min_steps` · `eta`, `min_steps` · `eta`², …
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rungs {
    /// The first rung; at least 1.
    pub min_steps: u64,
    /// Steps of a whole trial: there is no rung at or past it. `None`: as many rungs as trials come to.
    pub max_steps: Option<u64>,
    /// Of this many trials that come to a rung one goes on; at least 2.
    pub eta: u32,
}

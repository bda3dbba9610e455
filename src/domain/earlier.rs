//! What a sweep takes over from earlier ones of its tuning, so that its search does not begin with nothing.

use serde::{Deserialize, Serialize};

use super::ids::SweepId;
use super::sweep::Sweep;
use super::trial::Trial;

/// A finished trial of an earlier sweep, as it was when the later one was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct EarlierTrial {
    pub sweep: SweepId,
    pub trial: Trial,
}

/// A finished sweep that another may start from, with its complete and pruned trials.
#[derive(Debug, Clone, PartialEq)]
pub struct EarlierSweep {
    pub sweep: Sweep,
    pub trials: Vec<Trial>,
}

/// What a sweep that was to start from earlier ones started from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StartsFrom {
    pub sweeps: u32,
    pub trials: u32,
    /// Trials of these and other sweeps that do not go with its space or its objectives.
    pub unfit: u32,
}

//! The search: which parameters to try next, which trials to stop early.
//!
//! Pure and synchronous. A sampler reads the recorded history and the sweep's seed, nothing else: the same history and
//! seed give the same parameters, so that a restart loses nothing and a sweep can be replayed.

use crate::domain::params::Params;

mod history;

pub use history::{History, Record, RecordState};

/// Proposes parameters.
///
/// Every implementation passes the conformance suite in `search/conformance.rs`.
pub trait Sampler: Send + Sync {
    /// The parameters of trial `number`, or `None` when the space has no point left (grid).
    ///
    /// Pure: `history` (which holds the space, the directions, the seed and all trials before, finished or pending)
    /// and `number` decide. Cost is stated by each implementation.
    fn ask(&self, history: &History, number: u32) -> Option<Params>;
}

/// Judges running trials.
pub trait Pruner: Send + Sync {
    /// Should the running trial `number` be stopped now, for the steps that it has reported?
    ///
    /// Pure, like [`Sampler::ask`].
    fn should_prune(&self, history: &History, number: u32) -> bool;
}

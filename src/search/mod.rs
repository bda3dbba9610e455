//! The search: which parameters to try next, which trials to stop early.
//!
//! Pure and synchronous. A sampler reads the recorded history and the sweep's seed, nothing else: the same history and
//! seed give the same parameters, so that a restart loses nothing and a sweep can be replayed.

use crate::domain::params::Params;
use crate::domain::tuning::{SamplerKind, Search};

mod auto;
mod axis;
mod cmaes;
mod column;
mod completion;
mod front;
mod gp;
mod grid;
mod history;
mod importance;
mod layout;
mod linear;
mod math;
mod normal;
mod nsga;
mod pareto;
mod permutation;
mod pruners;
mod random;
mod replay;
mod sobol;
mod stream;
mod tpe;
mod unseen;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod oracles;

pub use completion::complete;
pub use front::best;
pub use history::{History, Record, RecordState};
pub use importance::{Reference, Settings as ImportanceSettings, importances};
pub use pareto::hypervolume;
pub use pruners::pruner;

/// Proposes parameters.
///
/// Every implementation passes the conformance suite in `search/conformance.rs`. An implementation may keep what it has
/// computed (a fitted model, say) as long as the answers are the same to the bit without it.
pub trait Sampler: Send + Sync {
    /// The parameters of the sweep's own trial `number`, or `None` when the space has no point left (grid).
    ///
    /// Pure: `history` (which holds the space, the directions, the seed and all trials before, finished or pending)
    /// and `number` decide. It may begin with trials of earlier sweeps: `number` names a stream of random numbers or a point
    /// of a sequence, and a trial in the history only by [`History::place`]. Cost is stated by each implementation.
    fn ask(&self, history: &History, number: u32) -> Option<Params>;

    /// Which method proposes at present, and why, in words; `None` where it is always the same one.
    ///
    /// Pure, like [`Sampler::ask`].
    fn explain(&self, _history: &History) -> Option<String> {
        None
    }
}

/// Judges running trials.
pub trait Pruner: Send + Sync {
    /// Should the running trial at `place` of the history be stopped now, for the steps that it has reported?
    ///
    /// Pure, like [`Sampler::ask`].
    fn should_prune(&self, history: &History, place: u32) -> bool;

    /// Which of the trials at the places `paused` is to go on now, if one is? They were stopped by this pruner, and stand in
    /// the history as pruned. Most pruners stop for good.
    ///
    /// Pure, like [`Sampler::ask`].
    fn promote(&self, _history: &History, _paused: &[u32]) -> Option<u32> {
        None
    }
}

/// The sampler that a tuning asks for.
pub fn sampler(settings: &Search) -> Box<dyn Sampler> {
    let tpe = |model| {
        let (startup_trials, constant_liar) = (settings.startup_trials, settings.constant_liar);
        Box::new(tpe::Tpe { startup_trials, constant_liar, model })
    };
    match settings.sampler {
        SamplerKind::Auto => Box::new(auto::Auto::new(settings)),
        SamplerKind::Tpe => tpe(tpe::Model::Joint),
        SamplerKind::TpeIndependent => tpe(tpe::Model::Independent),
        SamplerKind::TpeGroup => tpe(tpe::Model::Group),
        SamplerKind::Gp => Box::new(gp::Gp::new(settings.startup_trials)),
        SamplerKind::Cmaes => Box::new(cmaes::Cmaes::new(settings.population)),
        SamplerKind::Nsga2 => Box::new(nsga::Nsga::new(settings.population, nsga::Spread::Crowding)),
        SamplerKind::Nsga3 => Box::new(nsga::Nsga::new(settings.population, nsga::Spread::References)),
        SamplerKind::Sobol => Box::new(sobol::Sobol),
        SamplerKind::Random => Box::new(random::Random),
        SamplerKind::Grid => Box::new(grid::Grid),
    }
}

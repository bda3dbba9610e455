//! The automatic sampler: which method proposes is decided by how well each has foretold the trials so far.

mod evidence;
mod judge;

use crate::domain::params::Params;
use crate::domain::tuning::{SamplerKind, Search};

use super::Sampler;
use super::cmaes::Cmaes;
use super::gp::Gp;
use super::history::History;
use super::random::Random;
use super::sobol::Sobol;
use super::tpe::{Model, Tpe};

use judge::{Judge, Verdict};

/// Trials with a result beyond which a Gaussian process costs more than it gains.
const GP_UNTIL: usize = 1000;
/// Trials with a result, in all and for each parameter, from which on CMA-ES has a share.
const CMAES_FROM: usize = 100;
const CMAES_FROM_EACH: usize = 15;
/// One in so many trials is CMA-ES's.
const CMAES_SHARE: u32 = 3;

/// A portfolio of TPE, a Gaussian process and, in spaces of numbers alone, CMA-ES.
///
/// The first `startup_trials` trials are those of the Sobol sequence. Then whichever model foretold the latest blocks of
/// trials better proposes, and while neither is clearly better they take turns ([`Judge`]): so a sweep is never much worse
/// than with the better of the two. In spaces of numbers alone one in three trials is CMA-ES's once there are enough, warmed
/// up by what the others found. Beyond `GP_UNTIL` trials TPE and CMA-ES go on. With several objectives there is one model of
/// each, and the two take turns.
///
/// Cost: that of the member that proposes; every eight trials also that of two models.
pub(super) struct Auto {
    startup_trials: usize,
    tpe: Tpe,
    gp: Gp,
    cmaes: Cmaes,
    judge: Judge,
}

impl Auto {
    pub fn new(settings: &Search) -> Self {
        Self {
            startup_trials: settings.startup_trials.max(2) as usize,
            tpe: Tpe {
                startup_trials: settings.startup_trials,
                constant_liar: settings.constant_liar,
                model: Model::Joint,
            },
            gp: Gp::new(settings.startup_trials),
            cmaes: Cmaes::new(settings.population),
            judge: Judge::default(),
        }
    }

    /// Who proposes trial `number`.
    fn member(&self, history: &History, number: u32) -> SamplerKind {
        let known = history.order().len();
        if known < self.startup_trials {
            return SamplerKind::Sobol;
        }
        if is_for_cmaes(history) && number % CMAES_SHARE == CMAES_SHARE - 1 {
            return SamplerKind::Cmaes;
        }
        match self.verdict(history) {
            Verdict::Tpe(_) => SamplerKind::Tpe,
            Verdict::Gp(_) => SamplerKind::Gp,
            Verdict::Doubt(_) if number.is_multiple_of(2) => SamplerKind::Gp,
            Verdict::Doubt(_) => SamplerKind::Tpe,
        }
    }

    fn verdict(&self, history: &History) -> Verdict {
        if history.order().len() > GP_UNTIL {
            return Verdict::Tpe(None);
        }
        self.judge.decide(history, self.startup_trials)
    }
}

/// Are all parameters numbers without conditions, and are there trials enough to learn a covariance from?
fn is_for_cmaes(history: &History) -> bool {
    let dimensions = history.layout().dimensions();
    let varied = dimensions.iter().filter(|dimension| !dimension.is_single());
    let numbers = varied.clone().all(|dimension| !dimension.is_categorical() && !dimension.is_conditional());
    let width = varied.count();
    numbers
        && width > 1
        && history.directions().len() == 1
        && history.order().len() >= CMAES_FROM.max(CMAES_FROM_EACH * width)
}

/// Was the point tried, though others were not?
fn is_repeated(history: &History, params: &Params) -> bool {
    let layout = history.layout();
    let (row, _) = layout.row(params);
    let more = if layout.is_discrete() { history.has_unseen_points() } else { !row.iter().all(|slot| slot.is_nan()) };
    more && history.has_seen(&row)
}

impl Sampler for Auto {
    fn ask(&self, history: &History, number: u32) -> Option<Params> {
        let proposed = match self.member(history, number) {
            SamplerKind::Gp => self.gp.ask(history, number),
            SamplerKind::Cmaes => self.cmaes.ask(history, number),
            SamplerKind::Sobol => Sobol.ask(history, number),
            _ => self.tpe.ask(history, number),
        };
        // A distribution that has become a point says nothing new.
        if proposed.as_ref().is_some_and(|params| is_repeated(history, params)) {
            return Random.ask(history, number);
        }
        proposed
    }

    fn explain(&self, history: &History) -> Option<String> {
        let known = history.order().len();
        if known < self.startup_trials {
            return Some(format!("an even spread for the first {} trials", self.startup_trials));
        }
        let verdict = if known > GP_UNTIL {
            format!("TPE, as there are more than {GP_UNTIL} trials")
        } else {
            self.verdict(history).to_string()
        };
        let share = if is_for_cmaes(history) { "; one trial in three is CMA-ES's" } else { "" };
        Some(verdict + share)
    }
}

#[cfg(test)]
mod tests;

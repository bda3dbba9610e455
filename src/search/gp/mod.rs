//! Gaussian process: models the losses of all trials together and tries what promises the greatest improvement.

mod descent;
mod encoding;
mod fit;
mod forecast;
mod improvement;
mod kernel;
mod likelihood;
mod memo;
mod observations;
mod process;
mod proposal;
mod utility;
mod warp;

use std::sync::{Mutex, PoisonError};

use crate::domain::params::Params;

use super::Sampler;
use super::history::History;
use super::layout::Row;
use super::random::draw_unseen;
use super::sobol::Sobol;
use super::stream::Stream;

pub(super) use forecast::foretell;

use encoding::Encoding;
use improvement::Strips;
use memo::{Memo, Modelled};
use observations::{Observations, first_losses, pending_features};
use process::Process;
use proposal::Proposal;
use utility::{Goal, Utility};

/// Pending trials that are taken into account.
const MOST_PENDING: usize = 128;
/// Constraints that are modelled one by one; of more, their sum.
const MOST_CONSTRAINTS: usize = 6;

/// Bayesian optimisation with a Gaussian process.
///
/// Until `startup_trials` trials (at least two) have a result, points are those of the Sobol sequence. Then the point with
/// the greatest logarithm of the expected improvement is tried (Ament et al. 2023, arXiv:2310.20708).
///
/// Improvement is over the least loss that the model believes in at any trial, not over the least that was measured, which
/// may be luck. Pending trials are taken to end as the model expects. Constraints have models of their own, and the
/// improvement is weighed by the chance that they are met. Of two objectives it is the volume that is expected to grow; of
/// more, each trial has random weights, and the worst weighed one counts (ParEGO; Knowles 2006).
///
/// Cost: O(n²) an ask with n trials, up to 1000 of them, times some thousand points that are looked at; O(n³) now and
/// then, when the model is fitted again.
pub(super) struct Gp {
    startup_trials: u32,
    memo: Mutex<Memo>,
}

impl Gp {
    pub fn new(startup_trials: u32) -> Self {
        Self { startup_trials, memo: Mutex::default() }
    }
}

impl Sampler for Gp {
    fn ask(&self, history: &History, number: u32) -> Option<Params> {
        let usable = (0..history.len() as u32).filter(|&number| history.losses(number).is_some()).count();
        let startup = self.startup_trials.max(2) as usize;
        if usable < 2 || history.order().len() < startup {
            return Sobol.ask(history, number);
        }
        let mut stream = Stream::of_trial(history.seed(), number);
        let mut memo = self.memo.lock().unwrap_or_else(PoisonError::into_inner);
        let row = promising(history, &mut memo, &mut stream).unwrap_or_else(|| draw_unseen(history, &mut stream));
        Some(history.layout().params(&row))
    }
}

fn promising(history: &History, memo: &mut Memo, stream: &mut Stream) -> Option<Row> {
    let encoding = Encoding::new(history.layout());
    if encoding.len() == 0 {
        return None;
    }
    let mut pending = pending_features(history, &encoding);
    pending.truncate(MOST_PENDING * encoding.len());
    let objectives = objectives(history, &encoding, stream);
    let constraints = constraints(history, &encoding);
    let straight = objectives.len() > 1;
    let modelled: Vec<Modelled<'_>> = memo.model(&encoding, &objectives, &constraints, &pending, straight);
    let known = objectives.first().map_or(0, Observations::len);
    let (objective_models, constraint_models) = modelled.split_at(objectives.len());
    let limited = constraint_models.iter().map(|modelled| (modelled.process(), modelled.warp.apply(0.0))).collect();
    let goal = goal(history, &objectives, objective_models);
    let processes: Vec<Process<'_>> = match goal {
        Goal::Meet => Vec::new(),
        _ => objective_models.iter().map(Modelled::process).collect(),
    };
    Proposal::new(history, &encoding, Utility::new(goal, processes, limited), known).find(history.order(), stream)
}

/// What each model of an objective is to see. More than two objectives become one, by random weights.
fn objectives(history: &History, encoding: &Encoding, stream: &mut Stream) -> Vec<Observations> {
    let count = history.directions().len();
    if count <= 1 {
        return vec![Observations::new(history, encoding, first_losses(history).into_iter())];
    }
    let losses: Vec<(u32, Vec<f64>)> =
        (0..history.len() as u32).filter_map(|number| Some((number, history.losses(number)?))).collect();
    if count == 2 {
        let of = |objective: usize| losses.iter().map(move |(number, losses)| (*number, losses[objective]));
        return (0..count).map(|objective| Observations::new(history, encoding, of(objective))).collect();
    }
    let worst = weighed(&losses, count, stream);
    vec![Observations::new(history, encoding, worst.into_iter())]
}

/// The greatest weighed loss of each trial and a little of the sum, each objective on its own range (Knowles 2006, §III).
fn weighed(losses: &[(u32, Vec<f64>)], count: usize, stream: &mut Stream) -> Vec<(u32, f64)> {
    let weights: Vec<f64> = (0..count).map(|_| -super::math::ln(1.0 - stream.unit())).collect();
    let sum: f64 = weights.iter().sum();
    let ranges: Vec<(f64, f64)> = (0..count)
        .map(|objective| {
            let values = losses.iter().map(|(_, losses)| losses[objective]).filter(|loss| loss.is_finite());
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
        })
        .collect();
    let scalar = |losses: &[f64]| {
        let parts = losses.iter().zip(&ranges).zip(&weights).map(|((loss, &(low, high)), weight)| {
            let span = high / 2.0 - low / 2.0;
            let share = if span > 0.0 { (loss.clamp(low, high) / 2.0 - low / 2.0) / span } else { 0.0 };
            weight / sum * share
        });
        let (worst, all) = parts.fold((0.0_f64, 0.0), |(worst, all), part| (worst.max(part), all + part));
        worst + 0.05 * all
    };
    losses.iter().map(|(number, losses)| (*number, scalar(losses))).collect()
}

/// The values of each constraint, if there are some.
fn constraints(history: &History, encoding: &Encoding) -> Vec<Observations> {
    let numbers = || (0..history.len() as u32).filter(|&number| history.losses(number).is_some());
    let count = numbers().map(|number| history.constraints(number).len()).max().unwrap_or(0);
    if count > MOST_CONSTRAINTS {
        let violations = numbers().map(|number| (number, history.violation(number)));
        return vec![Observations::new(history, encoding, violations)];
    }
    let of = |index: usize| {
        numbers().map(move |number| (number, history.constraints(number).get(index).copied().unwrap_or(f64::NAN)))
    };
    let all = (0..count).map(|index| Observations::new(history, encoding, of(index)));
    all.filter(|observations| observations.len() > 0).collect()
}

/// Improvement over what meets the constraints; while nothing does, to meet them.
fn goal(history: &History, objectives: &[Observations], models: &[Modelled<'_>]) -> Goal {
    let feasible = |index: &usize| {
        let number = objectives.first().and_then(|observations| observations.numbers.get(*index));
        number.is_some_and(|&number| history.violation(number) <= 0.0)
    };
    let known = objectives.first().map_or(0, Observations::len);
    let met: Vec<usize> = (0..known).filter(feasible).collect();
    if met.is_empty() {
        return Goal::Meet;
    }
    let believed: Vec<Vec<f64>> = models.iter().map(Modelled::believed).collect();
    match &believed[..] {
        [first, second] => Goal::Extend(Strips::new(&met.iter().map(|&k| [first[k], second[k]]).collect::<Vec<_>>())),
        _ => {
            let pending = |losses: &Vec<f64>| losses[known.min(losses.len())..].to_vec();
            let losses = believed.first().map(|losses| (met.iter().map(|&k| losses[k]), pending(losses)));
            let best = losses.map(|(met, pending)| met.chain(pending).fold(f64::INFINITY, f64::min));
            Goal::Improve { best: best.unwrap_or(0.0) }
        }
    }
}

#[cfg(test)]
mod tests;

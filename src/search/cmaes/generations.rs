//! The course of the search, replayed from the trials: generation after generation, restart after restart.
//!
//! Trials belong to generations by their number. A generation is learnt from once all of its trials are known, or half of
//! them, or once a whole generation more has been asked for: trials that are late or never end do not hold it up, and
//! whatever is told later is learnt from in the next replay.

use std::ops::Range;

use crate::search::history::RecordState;
use crate::search::math::powf;
use crate::search::stream::Stream;

use super::covariance::Covariance;
use super::distribution::Distribution;
use super::model::Model;
use super::problem::{Problem, Role};
use super::sample::Turn;
use super::strategy::default_population;
use super::warm_start::suggested;

/// The first deviation, in parts of each range.
const SIGMA: f64 = 0.15;
/// A distribution narrower than this part of the ranges has converged.
const NARROW: f64 = 1e-7;
/// Values that differ by less than this part of themselves are equal.
const EQUAL: f64 = 1e-12;
/// The longest axis over the shortest beyond which the distribution is not numerically sound.
const ELONGATED: f64 = 1e7;
/// Restarts with a doubled population, beyond which it stays as it is.
const MOST_DOUBLINGS: u32 = 9;

/// What the trials before `begin` have led to.
#[derive(Debug, Clone)]
pub(super) struct Course {
    pub model: Model,
    /// The number of the first trial of the present generation.
    pub begin: u32,
    population: usize,
    first_population: usize,
    /// The best and the worst loss of the latest generations, the newest last.
    losses: Vec<(f64, f64)>,
    /// Restarts with a doubled population so far.
    doublings: u32,
    /// Is the present population one of them, or the first?
    large: bool,
    /// Trials spent with large populations and with small ones.
    spent_large: u64,
    spent_small: u64,
}

impl Course {
    /// Before any generation; `population` is the size of the first, at least 2.
    pub fn new(problem: &Problem<'_>, population: Option<u32>, number: u32) -> Self {
        let varied = problem.roles.iter().filter(|role| **role != Role::Fixed).count();
        let population = population.map_or_else(|| default_population(varied), |size| size as usize).max(2);
        let centre =
            Distribution::new(vec![0.5; problem.coordinates], SIGMA, Covariance::identity(problem.coordinates));
        let earlier = problem.history.earlier();
        let mut model = suggested(problem, earlier).unwrap_or_else(|| Model::new(problem, centre));
        let leading = leading(problem, &model, number);
        let leading = if leading as usize >= population { leading } else { 0 };
        if leading > 0 {
            model = suggested(problem, earlier + leading).unwrap_or(model);
        }
        Self {
            model,
            begin: leading,
            population,
            first_population: population,
            losses: Vec::new(),
            doublings: 0,
            large: true,
            spent_large: 0,
            spent_small: 0,
        }
    }

    pub fn turn(&self, problem: &Problem<'_>, number: u32) -> Turn {
        Turn { seed: problem.history.seed(), begin: self.begin, number }
    }

    /// Learns from one generation more before trial `number` is drawn; `false` if that is not to be.
    ///
    /// What it does depends on `number` only in that more is learnt for a greater one.
    pub fn advance(&mut self, problem: &Problem<'_>, number: u32) -> bool {
        let end = self.begin.saturating_add(self.population as u32);
        if end > number {
            return false;
        }
        let ranked = ranked(problem, self.begin..end);
        let late = end.saturating_add(self.population as u32) <= number;
        if !late && 2 * ranked.len() < self.population && has_pending(problem, self.begin..end) {
            return false;
        }
        if ranked.len() >= 2 {
            self.model.learn(problem, self.begin, &ranked, self.population);
            self.note_losses(problem, &ranked);
        }
        if self.large {
            self.spent_large += self.population as u64;
        } else {
            self.spent_small += self.population as u64;
        }
        self.begin = end;
        if self.has_ended() {
            self.restart(problem);
        }
        true
    }

    #[cfg(test)]
    pub fn restarts(&self) -> u32 {
        self.doublings
    }

    fn note_losses(&mut self, problem: &Problem<'_>, ranked: &[u32]) {
        let history = problem.history;
        let loss =
            |number: &u32| Some(history.first_direction().loss(*history.values(history.place(*number))?.first()?));
        let losses: Vec<f64> = ranked.iter().filter_map(loss).collect();
        if let (Some(best), Some(worst)) = (losses.first(), losses.last()) {
            self.losses.push((*best, *worst));
        }
        if self.losses.len() > self.patience() {
            self.losses.remove(0);
        }
    }

    /// Generations without any difference after which there is none to be found.
    fn patience(&self) -> usize {
        10 + (30 * self.model.distribution.mean.len()).div_ceil(self.population)
    }

    /// Can it not get any further from here? (Hansen, arXiv:1604.00772, appendix B.3)
    fn has_ended(&self) -> bool {
        let distribution = &self.model.distribution;
        if distribution.mean.is_empty() {
            return false;
        }
        let (longest, shortest) = distribution.covariance.axes();
        let extent = distribution.sigma * longest;
        let (low, high) = self
            .losses
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (best, worst)| (low.min(*best), high.max(*worst)));
        let flat = self.losses.len() >= self.patience() && high - low <= EQUAL * high.abs();
        let sound = extent.is_finite() && longest <= ELONGATED * shortest;
        flat || !sound || extent < NARROW
    }

    /// Begins anew somewhere else, by turns with twice the population and with a small one, whichever had fewer trials so
    /// far (BIPOP; Hansen, "Benchmarking a BI-Population CMA-ES on the BBOB-2009 Function Testbed", GECCO 2009).
    fn restart(&mut self, problem: &Problem<'_>) {
        let mut stream = Stream::of_trial(problem.history.seed(), self.begin);
        let mean: Vec<f64> = (0..problem.coordinates).map(|_| stream.unit()).collect();
        self.large = self.doublings == 0 || self.spent_large <= self.spent_small;
        let mut sigma = SIGMA;
        if self.large {
            self.doublings = (self.doublings + 1).min(MOST_DOUBLINGS);
            self.population = self.first_population << self.doublings;
        } else {
            let (size, width) = (stream.unit(), stream.unit());
            let ratio = f64::from(1_u32 << self.doublings) / 2.0;
            self.population = (self.first_population as f64 * powf(ratio, size * size)) as usize;
            sigma *= powf(10.0, -2.0 * width);
        }
        self.losses.clear();
        self.model = Model::new(problem, Distribution::new(mean, sigma, Covariance::identity(problem.coordinates)));
    }
}

/// The number of finished trials, from the first on, that are not what the model draws for them: they came from outside.
fn leading(problem: &Problem<'_>, model: &Model, number: u32) -> u32 {
    let seed = problem.history.seed();
    let foreign = |number: &u32| {
        let state = problem.history.states().get(problem.history.place(*number) as usize);
        let finished = state.is_some_and(|state| *state != RecordState::Pending);
        finished && !model.has_drawn(problem, Turn { seed, begin: 0, number: *number })
    };
    (0..number).take_while(foreign).count() as u32
}

/// The trials of `numbers` that have a standing, best first.
fn ranked(problem: &Problem<'_>, numbers: Range<u32>) -> Vec<u32> {
    let earlier = problem.history.earlier();
    let own = problem.history.order().iter().filter_map(|place| place.checked_sub(earlier));
    own.filter(|number| numbers.contains(number)).collect()
}

fn has_pending(problem: &Problem<'_>, mut numbers: Range<u32>) -> bool {
    let states = problem.history.states();
    numbers.any(|number| states.get(problem.history.place(number) as usize) == Some(&RecordState::Pending))
}

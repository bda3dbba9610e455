//! CMA-ES: a normal distribution over the numeric parameters that moves, widens and turns towards the better points.
//!
//! `generations` replays the course of the search from the trials, `model` is what points are drawn from, `distribution`
//! the algorithm itself; `margin` keeps integers moving, `categories` has the chances of choices, `warm_start` the first
//! distribution where earlier trials are known, `sample` the orthogonal vectors of a generation.

mod categories;
mod covariance;
mod distribution;
mod eigen;
mod generations;
mod margin;
mod model;
mod problem;
mod sample;
mod strategy;
mod warm_start;

use crate::domain::params::Params;

use super::Sampler;
use super::history::History;
use super::replay::Memo;
use super::unseen::propose_unseen;

use generations::Course;
use problem::Problem;

/// CMA-ES (Hansen, arXiv:1604.00772) with margin, restarts and a warm start.
///
/// Trials belong to generations by their number, `population` to each of the first. The first generation is drawn widely
/// around the middle of the space, so no random trials come before it; where there are earlier trials, around the best of
/// them. Trials that were not drawn from the present distribution (given from outside, asked while others were pending) are
/// learnt from as well, with their step shortened. Failed trials and those with a NaN are left out; pruned ones and those that
/// break a constraint rank behind the others. Of several objectives the first counts. Categories have chances of their own
/// that follow the same ranking; parameters that are inactive in a trial learn nothing from it. Beyond 100 numeric parameters
/// the covariance is a diagonal.
///
/// Cost: O(n_trials · n_params) an ask with a small constant, and O(n³) once a generation, for n ≤ 100 numeric parameters.
pub(super) struct Cmaes {
    population: Option<u32>,
    memo: Memo<Course>,
}

impl Cmaes {
    /// `population`: points of a generation, at least 2; `None`: 3 + ⌊2 ln n⌋ for n parameters.
    pub fn new(population: Option<u32>) -> Self {
        Self { population, memo: Memo::default() }
    }
}

impl Sampler for Cmaes {
    fn ask(&self, history: &History, number: u32) -> Option<Params> {
        let problem = Problem::new(history);
        let start = || {
            let course = Course::new(&problem, self.population, number);
            (course.begin, course)
        };
        let course =
            self.memo.reach(history, number, start, |course| course.advance(&problem, number).then_some(course.begin));
        let turn = course.turn(&problem, number);
        let mut first = true;
        let row = propose_unseen(history, &mut turn.stream(), |stream| {
            let draw = if std::mem::take(&mut first) {
                course.model.draw(&problem, turn, stream)
            } else {
                course.model.draw_again(&problem, stream)
            };
            course.model.row(&problem, &draw)
        });
        Some(history.layout().params(&row))
    }
}

#[cfg(test)]
mod tests;

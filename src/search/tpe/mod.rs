//! Tree-structured Parzen estimator: tries points that are likely among the good trials and unlikely among the rest.

mod estimator;
mod screen;
mod split;
mod term;
mod widths;

use crate::domain::params::Params;

use super::Sampler;
use super::column::Column;
use super::history::History;
use super::layout::{Layout, Row};
use super::random::draw_unseen;
use super::stream::Stream;

use estimator::{Candidate, Estimator, Sum};
use split::{Good, bad_weights, good};
use widths::neighbour_widths;

/// Points drawn from the good trials' density, of which the best is tried.
const CANDIDATES: usize = 24;
/// How often a point is looked for that no trial has tried, where the parameters are not chosen together.
const TRIES: usize = 4;

/// TPE (Bergstra et al. 2011; Falkner et al. 2018; Watanabe 2023, arXiv:2304.11127).
///
/// Which trials are good and how they weigh is told in `split`, how far their kernels reach in `widths`, how densities are
/// made of them in `estimator`. Trials that are not good are bad; so are pending ones if `constant_liar`, which keeps
/// parallel trials apart. Failed trials and those with a NaN are left out, but their points are not tried again in a
/// discrete space. Until `startup_trials` trials (at least one) have a result, points are random.
///
/// Cost: O(n_trials · n_params) an ask, but most trials are passed over by three of their parameters.
pub(super) struct Tpe {
    pub startup_trials: u32,
    pub constant_liar: bool,
    pub model: Model,
}

/// Which parameters are modelled together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    /// All, whatever conditions they have.
    Joint,
    /// Each by itself.
    Independent,
    /// Those that are active in the same points.
    Group,
}

impl Model {
    fn groups(self, layout: &Layout) -> Vec<Vec<usize>> {
        match self {
            Self::Joint => vec![(0..layout.dimensions().len()).collect()],
            Self::Independent => (0..layout.dimensions().len()).map(|index| vec![index]).collect(),
            Self::Group => layout.groups(),
        }
    }
}

impl Sampler for Tpe {
    fn ask(&self, history: &History, number: u32) -> Option<Params> {
        let mut stream = Stream::of_trial(history.seed(), number);
        let row = if history.order().len() < self.startup_trials.max(1) as usize {
            draw_unseen(history, &mut stream)
        } else {
            self.promising(history, &mut stream).unwrap_or_else(|| draw_unseen(history, &mut stream))
        };
        Some(history.layout().params(&row))
    }
}

impl Tpe {
    /// The point with the greatest ratio of densities, of those that were drawn; `None` if the space is discrete and all of
    /// them have been tried, though others have not.
    fn promising(&self, history: &History, stream: &mut Stream) -> Option<Row> {
        let good = good(history, history.order());
        let bad = bad_weights(history, &good, self.constant_liar);
        let groups = self.model.groups(history.layout());
        let only_unseen = history.has_unseen_points();
        for _ in 0..if groups.len() > 1 && only_unseen { TRIES } else { 1 } {
            let mut row = Some(vec![f64::NAN; history.layout().dimensions().len()]);
            for (place, group) in groups.iter().enumerate() {
                let last = place + 1 == groups.len();
                row = row.and_then(|row| fill(history, group, &good, &bad, &row, only_unseen && last, stream));
            }
            if row.is_some() {
                return row;
            }
        }
        None
    }
}

/// `known`, with what is most promising for the parameters `group`; `None` if all that was drawn has been tried and
/// `only_unseen`.
fn fill(
    history: &History,
    group: &[usize],
    good: &Good,
    bad: &[f64],
    known: &[f64],
    only_unseen: bool,
    stream: &mut Stream,
) -> Option<Row> {
    let layout = history.layout();
    let (columns, sigmas) = narrow_columns(history, group, &good.places);
    let good = Estimator::new(layout, group, columns.iter(), Some(&sigmas), &good.weights);
    let bad = Estimator::new(layout, group, group.iter().map(|&index| &history.columns()[index]), None, bad);
    let rows = (0..CANDIDATES).map(|_| good.draw(known, stream)).filter(|row| !(only_unseen && history.has_seen(row)));
    let candidates: Vec<(f64, Candidate)> = rows
        .map(|row| Candidate::new(layout, group, row))
        .map(|candidate| (good.log_density(&candidate), candidate))
        .collect();
    let best = best_ratio(&candidates, &bad)?;
    candidates.into_iter().nth(best).map(|(_, candidate)| candidate.row)
}

/// The parameters `group` of the trials at `places`, with how far their kernels reach.
fn narrow_columns(history: &History, group: &[usize], places: &[u32]) -> (Vec<Column>, Vec<Vec<f64>>) {
    let one = |&index: &usize| {
        let mut column = history.columns()[index].gather(places);
        let sigmas = neighbour_widths(&column);
        column.spread_each(&sigmas);
        (column, sigmas)
    };
    group.iter().map(one).unzip()
}

/// The index of the candidate with the greatest ratio of its density among the good, given as logarithm, to that among
/// the bad.
///
/// A density only grows while it is summed, so a candidate is out once its ratio has fallen below the best known. The
/// most promising after a few kernels are summed first, which puts the others out early.
fn best_ratio(candidates: &[(f64, Candidate)], bad: &Estimator<'_>) -> Option<usize> {
    let mut sums: Vec<(usize, f64, Sum<'_>)> = candidates
        .iter()
        .enumerate()
        .map(|(index, (log_good, candidate))| (index, *log_good, bad.begin(candidate)))
        .collect();
    for (_, _, sum) in &mut sums {
        bad.advance(sum);
    }
    let score = |log_good: f64, sum: &Sum<'_>| log_good - sum.log_density;
    sums.sort_by(|a, b| score(b.1, &b.2).total_cmp(&score(a.1, &a.2)));
    let mut best: Option<(usize, f64)> = None;
    for (index, log_good, mut sum) in sums {
        let least = best.map_or(f64::NEG_INFINITY, |(_, known)| known);
        while score(log_good, &sum) > least && bad.advance(&mut sum) {}
        if best.is_none() || score(log_good, &sum) > least {
            best = Some((index, score(log_good, &sum)));
        }
    }
    best.map(|(index, _)| index)
}

#[cfg(test)]
mod tests;

//! Tree-structured Parzen estimator: tries points that are likely among the good trials and unlikely among the rest.

mod estimator;
mod term;

use crate::domain::params::Params;

use super::Sampler;
use super::column::Column;
use super::history::{History, RecordState};
use super::layout::Row;
use super::random::draw_unseen;
use super::stream::Stream;

use estimator::{Candidate, Estimator, Sum};

/// Points drawn from the good trials' density, of which the best is tried.
const CANDIDATES: usize = 24;
/// The good are the best tenth, but not more than this.
const MOST_GOOD: usize = 25;

/// TPE with joint estimators (Bergstra et al. 2011; Falkner et al. 2018; Watanabe 2023, arXiv:2304.11127).
///
/// The complete and pruned trials are ordered: complete ones by loss, then pruned ones by how far they came and their
/// last value. The best tenth are good. The rest are bad, and so are pending trials, which keeps parallel trials
/// apart. Failed trials and those with a NaN are left out, but their points are not tried again in a discrete space.
/// Until `startup_trials` trials (at least one) have a result, points are random. Of several objectives the first counts.
///
/// Cost: O(n_trials · n_params) an ask, with one exponential for each trial and candidate.
pub(super) struct Tpe {
    pub startup_trials: u32,
}

impl Sampler for Tpe {
    fn ask(&self, history: &History, number: u32) -> Option<Params> {
        let mut stream = Stream::of_trial(history.seed(), number);
        let row = if history.order().len() < self.startup_trials.max(1) as usize {
            draw_unseen(history, &mut stream)
        } else {
            promising(history, &mut stream).unwrap_or_else(|| draw_unseen(history, &mut stream))
        };
        Some(history.layout().params(&row))
    }
}

/// The candidate with the greatest ratio of densities; `None` if the space is discrete and all candidates have been tried,
/// though others have not.
fn promising(history: &History, stream: &mut Stream) -> Option<Row> {
    let layout = history.layout();
    let (good, bad) = split(history);
    let good_columns: Vec<Column> = history.columns().iter().map(|column| column.gather(layout, good)).collect();
    let good = Estimator::new(layout, &good_columns, &vec![true; good.len()]);
    let bad = Estimator::new(layout, history.columns(), &bad);
    let only_unseen = history.has_unseen_points();
    let rows = (0..CANDIDATES).map(|_| good.draw(stream)).filter(|row| !(only_unseen && history.has_seen(row)));
    let candidates: Vec<(f64, Candidate)> = rows
        .map(|row| Candidate::new(layout, row))
        .map(|candidate| (good.log_density(&candidate), candidate))
        .collect();
    let best = best_ratio(&candidates, &bad)?;
    candidates.into_iter().nth(best).map(|(_, candidate)| candidate.row)
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
        let _ = bad.advance(sum) && bad.advance(sum);
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

/// The numbers of the good trials, and for each trial whether it is bad.
fn split(history: &History) -> (&[u32], Vec<bool>) {
    let order = history.order();
    let good = &order[..order.len().div_ceil(10).min(MOST_GOOD)];
    let mut bad: Vec<bool> = history.states().iter().map(|state| *state == RecordState::Pending).collect();
    for &number in &order[good.len()..] {
        bad[number as usize] = true;
    }
    (good, bad)
}

#[cfg(test)]
mod tests;

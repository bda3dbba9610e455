//! The ratio of the two densities: the values with the greatest one, and what it is of a given point.

use std::borrow::Cow;

use crate::search::column::Column;
use crate::search::history::History;
use crate::search::layout::Row;
use crate::search::stream::Stream;

use super::estimator::{Candidate, Estimator, Sum, Weights};
use super::split::{Good, good};
use super::widths::neighbour_widths;

/// Points drawn from the good trials' density, of which the best is tried.
const CANDIDATES: usize = 24;

/// What is needed to choose the values of the parameters `group`.
pub(super) struct Proposal<'a> {
    pub history: &'a History,
    pub group: &'a [usize],
    /// Do only trials count that have a parameter of the group?
    pub own_only: bool,
    pub good: &'a Good,
    /// Weights by place.
    pub bad: &'a [f64],
    /// Is the last value chosen with this group, and must the point be one that has not been tried?
    pub only_unseen: bool,
}

impl Proposal<'_> {
    /// `known`, with the most promising values for the group of those that were drawn; `None` if all of them have been
    /// tried, and must not have been.
    pub fn fill(&self, known: Row, stream: &mut Stream) -> Option<Row> {
        let layout = self.history.layout();
        let refused = |row: &[f64]| self.only_unseen && self.history.has_seen(row);
        if !self.group.iter().any(|&index| layout.is_active(index, &known)) {
            return Some(known).filter(|row| !refused(row));
        }
        let (good, bad) = self.members();
        let (columns, sigmas) = narrow_columns(self.history, self.group, &good.places);
        let good = Estimator::new(layout, self.group, columns.iter(), Some(&sigmas), good.weigh());
        let shared = self.group.iter().map(|&index| &self.history.columns()[index]);
        let bad = Estimator::new(layout, self.group, shared, None, Weights { rows: &bad, prior: 1.0 });
        let candidates: Vec<(f64, Candidate)> = (0..CANDIDATES)
            .map(|_| good.draw(&known, stream))
            .filter(|row| !refused(row))
            .map(|row| Candidate::new(layout, self.group, row))
            .map(|candidate| (good.log_density(&candidate), candidate))
            .collect();
        let best = best_ratio(&candidates, &bad)?;
        candidates.into_iter().nth(best).map(|(_, candidate)| candidate.row)
    }

    /// The good trials and the weights of the bad ones, as far as they count.
    fn members(&self) -> (Cow<'_, Good>, Cow<'_, [f64]>) {
        let columns = self.group.iter().map(|&index| &self.history.columns()[index]);
        if !self.own_only || columns.clone().any(|column| column.missing == 0) {
            return (Cow::Borrowed(self.good), Cow::Borrowed(self.bad));
        }
        let counts = |place: usize| columns.clone().any(|column| !column.slots[place].is_nan());
        let bad = self.bad.iter().enumerate().map(|(place, &weight)| if counts(place) { weight } else { 0.0 });
        (Cow::Owned(self.good.filter(|place| counts(place as usize))), Cow::Owned(bad.collect()))
    }
}

/// By how much more likely, as the logarithm of a ratio of densities, each of `rows` (points of `n_params` slots) is among
/// the good than among the bad trials, for a joint TPE that knows the first `finished` trials of the history only: those
/// with the lowest places of [`History::order`]. 0 for all if there are none; otherwise finite.
///
/// Cost: O(finished · n_params) for the model and as much, at most, for each row.
pub(in crate::search) fn score(history: &History, finished: usize, rows: &[Row]) -> Vec<f64> {
    let mut first: Vec<u32> = history.order().to_vec();
    first.sort_unstable();
    first.truncate(finished);
    let order: Vec<u32> = history.order().iter().copied().filter(|place| first.binary_search(place).is_ok()).collect();
    let good = good(history, &order);
    first.retain(|place| !good.places.contains(place));
    let layout = history.layout();
    let group: Vec<usize> = (0..layout.dimensions().len()).collect();
    let (narrow, sigmas) = narrow_columns(history, &group, &good.places);
    let mut wide: Vec<Column> = history.columns().iter().map(|column| column.gather(&first)).collect();
    layout.dimensions().iter().zip(&mut wide).for_each(|(dimension, column)| {
        if !dimension.is_categorical() {
            column.spread();
        }
    });
    let ones = vec![1.0; first.len()];
    let bad = Estimator::new(layout, &group, wide.iter(), None, Weights { rows: &ones, prior: 1.0 });
    let good = Estimator::new(layout, &group, narrow.iter(), Some(&sigmas), good.weigh());
    rows.iter()
        .map(|row| Candidate::new(layout, &group, row.clone()))
        .map(|candidate| good.log_density(&candidate) - bad.log_density(&candidate))
        .collect()
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

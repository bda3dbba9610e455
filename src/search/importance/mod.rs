//! Which parameters mattered: PED-ANOVA, the share of each in what tells the best trials from the others.
//!
//! For every parameter two densities are estimated, one over the best trials and one over all that are looked at; the
//! Pearson divergence between them is what the parameter has to do with being good (Watanabe, Bansal and Hutter, "PED-ANOVA:
//! Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces", IJCAI 2023, arXiv:2304.10255, algorithm 1).
//! No model of the objective is fitted, so that 10,000 trials cost milliseconds.
//!
//! A conditional parameter is judged over the trials in which it is active ("Conditional PED-ANOVA", arXiv:2601.20800,
//! theorem 4.2): with α the share of the best trials that have it and β that of all, its divergence counts α²/β times.
//! One that the best trials have as often as the others weighs as much as a parameter that is always there and as far
//! from chance, times how often it is active; one that only poor trials have weighs little.
//!
//! With the same settings the numbers are those of Optuna 5 (`PedAnovaImportanceEvaluator` with one target). Beyond it,
//! trials that break a constraint stand behind all that do not.

mod density;

use std::cmp::Ordering;

use super::column::Column;
use super::history::{History, RecordState};
use super::layout::Dimension;
use crate::domain::report::Importance;
use density::{Density, Grid};

/// What the best trials are, and what they are held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Which objective says what is good, from 0.
    pub objective: usize,
    /// The best are this share of the trials, ties included: γ' of the paper.
    pub target: f64,
    /// What they are held against is this share of the trials: γ of the paper. 0 < `target` < `region` ≤ 1.
    pub region: f64,
    pub reference: Reference,
}

/// Which density of a parameter the one of the best trials is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// That of the trials of the region: a parameter whose values the sampler had narrowed counts for what was left.
    Trials,
    /// Every cell of the search space alike.
    Space,
}

impl Default for Settings {
    /// The best tenth against all trials, as in Optuna.
    fn default() -> Self {
        Self { objective: 0, target: 0.1, region: 1.0, reference: Reference::Trials }
    }
}

impl Settings {
    /// For a sweep with so many complete trials: the best tenth, but no less than five, below which chance decides
    /// (§4 of the paper, and Optuna's advice).
    pub fn steady(complete: u32) -> Self {
        let settings = Self::default();
        Self { target: settings.target.max(5.0 / f64::from(complete.max(1))), ..settings }
    }
}

/// At least this many trials must have a parameter for it to be judged.
const LEAST_TRIALS: usize = 2;

/// The parameters with more than one value and their shares, which sum to 1, the largest first; equals in the order of
/// the space. Empty where nothing tells the best trials from the others: there are less than two complete trials with a
/// finite value, or all values are equal. Failed, pruned and pending trials do not count.
///
/// Pure; the order of the trials makes no difference.
///
/// Cost: O(n log n) for n trials, and O(n + 50²) for each parameter.
pub fn importances(history: &History, settings: &Settings) -> Vec<Importance> {
    let weights = weights(history, settings);
    let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
    if !(sum.is_finite() && sum > 0.0) {
        return Vec::new();
    }
    let dimensions = history.layout().dimensions();
    let share = |(index, weight): (usize, f64)| Importance {
        parameter: dimensions[index].name.clone(),
        share: (weight / sum).clamp(0.0, 1.0),
    };
    let mut shares: Vec<Importance> = weights.into_iter().map(share).collect();
    shares.sort_by(|a, b| b.share.total_cmp(&a.share));
    shares
}

/// The trials that are looked at, by place.
struct Sample {
    region: Vec<u32>,
    /// For each trial of the region: is it among the best?
    best: Vec<bool>,
}

/// The parameters with more than one value, by their place in the space, and their variances: γ'²/γ² α²/β times the
/// divergence.
fn weights(history: &History, settings: &Settings) -> Vec<(usize, f64)> {
    let Some(sample) = sample(history, settings) else {
        return Vec::new();
    };
    let dimensions = history.layout().dimensions().iter().zip(history.columns()).enumerate();
    let several = dimensions.filter(|(_, (dimension, _))| !dimension.is_single());
    let best = sample.best.iter().filter(|best| **best).count() as f64;
    let quantile = best / sample.region.len() as f64;
    several
        .map(|(index, (dimension, column))| {
            let variance = conditional_divergence(dimension, column, &sample, settings.reference);
            (index, variance * (quantile * quantile))
        })
        .collect()
}

/// α²/β times the divergence between the best trials that have the parameter and all that have it.
fn conditional_divergence(dimension: &Dimension, column: &Column, sample: &Sample, reference: Reference) -> f64 {
    let grid = Grid::of(&dimension.axis);
    let (mut all, mut top) = (grid.empty(), grid.empty());
    for (&number, best) in sample.region.iter().zip(&sample.best) {
        let Some(slot) = column.slots.get(number as usize).copied().filter(|slot| !slot.is_nan()) else { continue };
        let cell = grid.cell(&dimension.axis, slot);
        all[cell] += 1;
        top[cell] += u64::from(*best);
    }
    let (active, active_top) = (all.iter().sum::<u64>() as f64, top.iter().sum::<u64>() as f64);
    if active < LEAST_TRIALS as f64 || active_top == 0.0 {
        return 0.0;
    }
    let best = sample.best.iter().filter(|best| **best).count() as f64;
    let (alpha, beta) = (active_top / best, active / sample.region.len() as f64);
    let density = Density::of(&grid, &top);
    let base = match reference {
        Reference::Trials => Density::of(&grid, &all),
        Reference::Space => Density::uniform(&grid),
    };
    alpha * alpha / beta * density.divergence(&base)
}

/// Cuts the trials at both quantiles. `None` if there are too few, or the settings make no sense.
fn sample(history: &History, settings: &Settings) -> Option<Sample> {
    let Settings { objective, target, region, .. } = *settings;
    if !(0.0 < target && target < region && region <= 1.0) {
        return None;
    }
    let direction = *history.directions().get(objective)?;
    // Trials of earlier sweeps are left out: their values may be of other code.
    let own = (0_u32..).zip(history.states()).skip(history.earlier() as usize);
    let complete = own.filter(|(_, state)| **state == RecordState::Complete);
    let standing = |(number, _)| {
        let value = *history.values(number)?.get(objective)?;
        value
            .is_finite()
            .then(|| (Standing { violation: history.violation(number), loss: direction.loss(value) }, number))
    };
    let trials: Vec<(Standing, u32)> = complete.filter_map(standing).collect();
    if trials.len() < LEAST_TRIALS {
        return None;
    }
    let mut order: Vec<Standing> = trials.iter().map(|(standing, _)| *standing).collect();
    order.sort_unstable_by(Standing::compare);
    let (last_of_region, last_of_best) = (last_within(&order, region), last_within(&order, target));
    let inside = trials.into_iter().filter(|(standing, _)| standing.compare(&last_of_region).is_le());
    let (best, region) = inside.map(|(standing, number)| (standing.compare(&last_of_best).is_le(), number)).unzip();
    Some(Sample { region, best })
}

/// The last of the first `quantile` of them; `order` is not empty.
fn last_within(order: &[Standing], quantile: f64) -> Standing {
    let count = (quantile * order.len() as f64).ceil() as usize;
    order[count.clamp(1, order.len()) - 1]
}

/// Smaller is better. Never NaN; −0 and 0 are told apart nowhere.
#[derive(Debug, Clone, Copy)]
struct Standing {
    violation: f64,
    loss: f64,
}

impl Standing {
    fn compare(&self, other: &Self) -> Ordering {
        let order = |a: f64, b: f64| a.partial_cmp(&b).unwrap_or(Ordering::Equal);
        order(self.violation, other.violation).then(order(self.loss, other.loss))
    }
}

#[cfg(test)]
mod tests;

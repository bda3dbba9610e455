//! The Wilcoxon pruner, for steps that are folds, data sets or repeated seeds: stops what is significantly worse than the
//! best trial on the same steps.

use super::running;
use crate::search::normal::Cdf;
use crate::search::{History, Pruner, RecordState};

/// Up to so many differences the distribution of the test is computed exactly.
const MOST_EXACT: usize = 50;

/// Stops a trial by a one-sided signed-rank test (Wilcoxon, Biometrics Bulletin 1(6), 1945) of its steps against those of
/// the best complete trial, paired by their numbers. As in Optuna, a trial whose mean is as good as the best one's is not
/// stopped.
///
/// At least `startup_steps` steps, and at least 2, must be in common. A step at which one of both is NaN is left out.
///
/// Cost: O(n_steps³) a call, for the exact distribution, for n_steps ≤ 50; O(n_steps · log n_steps) beyond.
pub(super) struct Wilcoxon {
    pub p: f64,
    pub startup_steps: u32,
}

impl Pruner for Wilcoxon {
    fn should_prune(&self, history: &History, place: u32) -> bool {
        let Some(steps) = running(history, place) else { return false };
        let best = history.order().first().copied();
        let Some(best) = best.filter(|best| history.states()[*best as usize] == RecordState::Complete) else {
            return false;
        };
        let differences = excess(steps, history.steps(best), |value| history.first_direction().loss(value));
        if differences.len() < self.startup_steps.max(2) as usize || differences.iter().sum::<f64>() <= 0.0 {
            return false;
        }
        p_greater(&differences) < self.p
    }
}

/// By how much the trial is worse than the best one, at each step that both have.
fn excess(trial: &[(u64, f64)], best: &[(u64, f64)], loss: impl Fn(f64) -> f64) -> Vec<f64> {
    let difference = |(step, value): &(u64, f64)| {
        let place = best.binary_search_by_key(step, |(known, _)| *known).ok()?;
        let difference = loss(*value) - loss(best[place].1);
        // Of two infinite values the difference is none.
        if *value == best[place].1 { Some(0.0) } else { Some(difference).filter(|difference| !difference.is_nan()) }
    };
    trial.iter().filter_map(difference).collect()
}

/// The probability that the sum of the positive ranks is as large as this or larger if each difference were as often
/// negative as positive (Pratt, JASA 54, 1959: differences of zero have ranks and no sign). Equal sizes share the mean
/// of their ranks. No difference is NaN.
fn p_greater(differences: &[f64]) -> f64 {
    let mut sizes: Vec<(f64, bool)> = differences.iter().map(|d| (d.abs(), *d > 0.0)).collect();
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Twice the ranks, which are whole.
    let (mut ranks, mut positive, mut begin) = (Vec::with_capacity(sizes.len()), 0, 0);
    for group in sizes.chunk_by(|a, b| a.0 == b.0) {
        let rank = 2 * begin + group.len() + 1;
        begin += group.len();
        if group[0].0 > 0.0 {
            positive += rank * group.iter().filter(|(_, above)| *above).count();
            ranks.extend(std::iter::repeat_n(rank, group.len()));
        }
    }
    if differences.len() <= MOST_EXACT { exact(&ranks, positive) } else { approximate(&ranks, positive) }
}

/// Of all signs, the share that gives at least `sum`.
fn exact(ranks: &[usize], sum: usize) -> f64 {
    let mut shares = vec![0.0; ranks.iter().sum::<usize>() + 1];
    shares[0] = 1.0;
    let mut most = 0;
    for &rank in ranks {
        most += rank;
        for place in (0..=most).rev() {
            let with = if place >= rank { shares[place - rank] } else { 0.0 };
            shares[place] = 0.5 * (shares[place] + with);
        }
    }
    shares[sum..].iter().rev().sum()
}

/// By the normal distribution of the same mean and variance, with a correction for continuity.
fn approximate(ranks: &[usize], sum: usize) -> f64 {
    let rank = |doubled: usize| doubled as f64 / 2.0;
    let mean = ranks.iter().map(|doubled| rank(*doubled)).sum::<f64>() / 2.0;
    let variance = ranks.iter().map(|doubled| rank(*doubled) * rank(*doubled)).sum::<f64>() / 4.0;
    Cdf::table().at(-(rank(sum) - mean - 0.5) / variance.sqrt())
}

#[cfg(test)]
mod tests;

//! The numbers of a kernel that a history asks for.
//!
//! They are fitted on the first m finished trials, for m of a grid that becomes wider, and always from the same starts,
//! so that what is fitted depends on these trials alone and stays the same while trials are added.

use super::descent::Descent;
use super::encoding::Encoding;
use super::kernel::Kernel;
use super::likelihood::{self, Likelihood};
use super::warp::{BENDS, Warp};

/// Trials that a fit reads.
const MOST: usize = 200;
/// The grid of m has steps of m / 12, but not of more than this.
const WIDEST_STEP: usize = 64;
/// Evaluations of the likelihood for each bend, and then from each start.
const GLANCE: usize = 12;
const ROUNDS: usize = 30;
/// What each further bend must gain in likelihood, by trial: a bend that is not needed makes the search greedy, because it
/// makes much of small differences among the best.
const BEND_DUES: f64 = 0.2;
/// Multiplications that one descent may cost.
const WORK: f64 = 2e8;

/// A fitted kernel, and the bend of the warp of losses that it is for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fit {
    pub kernel: Kernel,
    pub bend: f64,
}

/// The greatest number of the grid that is at most `count`.
pub(super) fn milestone(count: usize) -> usize {
    let mut m = count.min(1);
    loop {
        let next = m + (m / 12).clamp(1, WIDEST_STEP);
        if next > count {
            return m;
        }
        m = next;
    }
}

/// The likeliest kernel for trials at `features` (`n` × `n_features`) with `losses`, and, of `bends`, the likeliest bend.
///
/// Cost: some tens of times O(n³ + n² · n_features), with n up to `MOST`.
pub(super) fn fit(encoding: &Encoding, features: &[f64], losses: &[f64], bends: &[f64]) -> Fit {
    let chosen = sample(losses, MOST);
    let width = encoding.len();
    let features: Vec<f64> =
        chosen.iter().flat_map(|&index| features[index * width..(index + 1) * width].iter().copied()).collect();
    let losses: Vec<f64> = chosen.iter().map(|&index| losses[index]).collect();
    let near = likelihood::start(encoding, 1.0, 1e-2);
    let mut best = (f64::INFINITY, f64::INFINITY, near.clone());
    for (&bend, bends_before) in bends.iter().zip(0_u32..) {
        let (variables, value) = descend(encoding, &features, &warped(&losses, bend), near.clone(), GLANCE);
        let dues = BEND_DUES * f64::from(bends_before) * losses.len() as f64;
        let value = value - Warp::of(&losses, bend).log_slopes(&losses) + dues;
        if value < best.0 {
            best = (value, bend, variables);
        }
    }
    let (_, bend, near) = best;
    let targets = warped(&losses, bend);
    let far = likelihood::start(encoding, 3.0, 1e-4);
    let ends = [near, far].map(|start| descend(encoding, &features, &targets, start, ROUNDS));
    let [near, far] = ends;
    let variables = if far.1 < near.1 { far.0 } else { near.0 };
    Fit { kernel: likelihood::kernel(encoding, &variables), bend }
}

fn warped(losses: &[f64], bend: f64) -> Vec<f64> {
    let warp = Warp::of(losses, bend);
    losses.iter().map(|loss| warp.apply(*loss)).collect()
}

/// The likeliest variables that at most `rounds` evaluations lead to from `start`, and how unlikely they are.
fn descend(encoding: &Encoding, features: &[f64], targets: &[f64], start: Vec<f64>, rounds: usize) -> (Vec<f64>, f64) {
    let likelihood = Likelihood::new(encoding, features, targets);
    let n = targets.len() as f64;
    let work = n * n * (n + 10.0 * encoding.len() as f64);
    let rounds = ((WORK / work.max(1.0)) as usize).clamp(4, rounds);
    let mut descent = Descent::new(start, likelihood::bounds(encoding), 1e-3);
    for _ in 0..rounds {
        let (value, gradient) = likelihood.evaluate(descent.point());
        descent.tell(value, &gradient);
        if descent.is_done() {
            break;
        }
    }
    let (variables, value) = descent.best();
    (variables.to_vec(), value)
}

/// Up to `most` of the indices of `losses`, in order: a third of them the best, the others evenly among the rest.
pub(super) fn sample(losses: &[f64], most: usize) -> Vec<usize> {
    if losses.len() <= most {
        return (0..losses.len()).collect();
    }
    let mut by_loss: Vec<usize> = (0..losses.len()).collect();
    by_loss.sort_by(|&a, &b| losses[a].total_cmp(&losses[b]).then(a.cmp(&b)));
    let (best, rest) = by_loss.split_at(most / 3);
    let mut rest = rest.to_vec();
    rest.sort_unstable();
    let wanted = most - best.len();
    let mut chosen: Vec<usize> =
        (0..wanted).map(|k| rest[k * rest.len() / wanted]).chain(best.iter().copied()).collect();
    chosen.sort_unstable();
    chosen
}

/// All bends, or the straight line alone where losses of several objectives are weighed against each other.
pub(super) fn bends(straight: bool) -> &'static [f64] {
    if straight { &BENDS[..1] } else { &BENDS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_become_rarer_with_more_trials() {
        let counts = [0, 1, 2, 5, 23, 24, 25, 100, 500, 10_000];
        assert_eq!(counts.map(milestone), [0, 1, 2, 5, 23, 24, 24, 94, 479, 9986]);
        assert!((1..2000).all(|n| milestone(n) <= n && milestone(n + 1) >= milestone(n)));
    }

    #[test]
    fn a_sample_has_the_best_and_some_of_all_others() {
        let losses: Vec<f64> = (0..100).map(|k| f64::from(k * 37 % 100)).collect();
        let chosen = sample(&losses, 30);
        assert_eq!(chosen.len(), 30);
        assert!(chosen.is_sorted_by(|a, b| a < b) && chosen.iter().filter(|&&k| losses[k] < 10.0).count() == 10);
        assert_eq!(sample(&losses, 100), (0..100).collect::<Vec<_>>());
    }
}

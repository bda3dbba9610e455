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
    let mut best: Option<(f64, f64, Vec<f64>)> = None;
    for &bend in bends {
        let warp = Warp::of(&losses, bend);
        let targets: Vec<f64> = losses.iter().map(|loss| warp.apply(*loss)).collect();
        let likelihood = Likelihood::new(encoding, &features, &targets);
        for start in [likelihood::start(encoding, 1.0, 1e-2), likelihood::start(encoding, 3.0, 1e-4)] {
            let (variables, value) = descend(encoding, &likelihood, start, 30);
            let value = value - warp.log_slopes(&losses);
            if best.as_ref().is_none_or(|(known, ..)| value < *known) {
                best = Some((value, bend, variables));
            }
        }
    }
    let (bend, variables) = best.map_or_else(
        || (f64::INFINITY, likelihood::start(encoding, 1.0, 1e-2)),
        |(_, bend, variables)| (bend, variables),
    );
    Fit { kernel: likelihood::kernel(encoding, &variables), bend }
}

fn descend(encoding: &Encoding, likelihood: &Likelihood<'_>, start: Vec<f64>, rounds: usize) -> (Vec<f64>, f64) {
    let n = likelihood.len() as f64;
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

//! Which trials are good, and how much each of them counts; which are bad.
//!
//! The complete and pruned trials are ordered: first complete ones that meet their constraints, by loss; then pruned ones,
//! by how far they came and their last value; then those that break a constraint, by how much (as in Optuna; c-TPE,
//! Watanabe and Hutter 2022, arXiv:2211.14411, tells the constraints apart). The best tenth are good. They weigh by rank,
//! as the parents of CMA-ES do: ln(n + ½) − ln(rank), all together n. What no trial speaks for, the prior of their density,
//! weighs a quarter of a good trial: at the full weight of one, points far from all trials would be taken for better than
//! those beside the best, as nothing bad is known of them.
//!
//! With several objectives the complete trials that meet their constraints go by fronts, and of the front that does not fit
//! in whole, those are taken that dominate the most together (MOTPE; Ozaki et al. 2022, doi:10.1613/jair.1.13188, §4).

use crate::search::history::{History, RecordState};
use crate::search::math::ln;
use crate::search::pareto::{ranks, select_by_hypervolume};

use super::estimator::Weights;

/// The good are not more than this.
const MOST_GOOD: usize = 25;
/// Of the prior among the good, with one objective.
const PRIOR_WEIGHT: f64 = 0.25;

/// Places of the good trials, best first, with what each of them weighs.
#[derive(Debug, Clone)]
pub(super) struct Good {
    pub places: Vec<u32>,
    pub weights: Vec<f64>,
    /// What the prior weighs.
    pub prior: f64,
}

impl Good {
    pub fn weigh(&self) -> Weights<'_> {
        Weights { rows: &self.weights, prior: self.prior }
    }

    /// Those at the places that `keep` says, with weights that are one on average again.
    pub fn filter(&self, keep: impl Fn(u32) -> bool) -> Self {
        let both = self.places.iter().copied().zip(self.weights.iter().copied());
        let (places, mut weights): (Vec<u32>, Vec<f64>) = both.filter(|(place, _)| keep(*place)).unzip();
        let mean = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
        weights.iter_mut().for_each(|weight| *weight /= mean);
        Self { places, weights, prior: self.prior }
    }
}

/// The good ones of the trials `order`, which is part of [`History::order`].
///
/// Cost: O(1); with several objectives that of the fronts and of a hypervolume subset.
pub(super) fn good(history: &History, order: &[u32]) -> Good {
    let count = order.len().div_ceil(10).min(MOST_GOOD);
    if history.directions().len() < 2 {
        return Good { places: order[..count].to_vec(), weights: rank_weights(count), prior: PRIOR_WEIGHT };
    }
    let places = best_of_fronts(history, order, count);
    // Along a front there is more to find far from what is known.
    Good { weights: vec![1.0; places.len()], places, prior: 1.0 }
}

/// By place, for all trials of the history: 1 for those of `order` that are not good and, if `pending_too`, for those that
/// have not ended; 0 for all others.
pub(super) fn bad_weights(history: &History, good: &Good, pending_too: bool) -> Vec<f64> {
    let weight = |state: &RecordState| f64::from(u8::from(pending_too && *state == RecordState::Pending));
    let mut weights: Vec<f64> = history.states().iter().map(weight).collect();
    for &place in history.order() {
        weights[place as usize] = 1.0;
    }
    for &place in &good.places {
        weights[place as usize] = 0.0;
    }
    weights
}

fn rank_weights(count: usize) -> Vec<f64> {
    let weight = |rank: usize| ln(count as f64 + 0.5) - ln(rank as f64);
    let sum: f64 = (1..=count).map(weight).sum();
    (1..=count).map(|rank| weight(rank) * count as f64 / sum).collect()
}

fn best_of_fronts(history: &History, order: &[u32], count: usize) -> Vec<u32> {
    let judged = |&place: &u32| {
        let losses = history.losses(place).filter(|_| history.violation(place) <= 0.0)?;
        Some((place, losses))
    };
    let (places, mut losses): (Vec<u32>, Vec<Vec<f64>>) = order.iter().filter_map(judged).unzip();
    make_finite(&mut losses);
    let ranks = ranks(&losses);
    let mut chosen: Vec<usize> = Vec::with_capacity(count);
    for rank in 0.. {
        let front: Vec<usize> = (0..places.len()).filter(|&index| ranks[index] == rank).collect();
        let room = count - chosen.len();
        if front.is_empty() || room == 0 {
            break;
        }
        if front.len() <= room {
            chosen.extend(front);
        } else {
            let points: Vec<Vec<f64>> = front.iter().map(|&index| losses[index].clone()).collect();
            let most = select_by_hypervolume(&points, &reference(&points), room);
            chosen.extend(most.into_iter().map(|index| front[index]));
        }
    }
    let mut chosen: Vec<u32> = chosen.into_iter().map(|index| places[index]).collect();
    let others: Vec<u32> =
        order.iter().copied().filter(|place| !places.contains(place)).take(count - chosen.len()).collect();
    chosen.extend(others);
    chosen
}

/// What is not finite becomes the greatest or the least of what is.
fn make_finite(losses: &mut [Vec<f64>]) {
    for objective in 0..losses.first().map_or(0, Vec::len) {
        let finite = losses.iter().map(|losses| losses[objective]).filter(|loss| loss.is_finite());
        let (low, high) =
            finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), loss| (low.min(loss), high.max(loss)));
        let (low, high) = if low <= high { (low, high) } else { (0.0, 0.0) };
        for losses in losses.iter_mut() {
            losses[objective] = losses[objective].clamp(low, high);
        }
    }
}

/// A little worse than the worst of the points in every objective.
fn reference(points: &[Vec<f64>]) -> Vec<f64> {
    let worst = |objective: usize| points.iter().map(|point| point[objective]).fold(f64::NEG_INFINITY, f64::max);
    let beyond = |worst: f64| if worst == 0.0 { 1e-12 } else { (1.1 * worst).max(0.9 * worst) };
    (0..points.first().map_or(0, Vec::len)).map(|objective| beyond(worst(objective))).collect()
}

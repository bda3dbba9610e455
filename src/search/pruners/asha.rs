//! Asynchronous successive halving, with a share that follows from what the rungs have been found to foretell.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{informedness, outlook};
use super::ladder::Ladder;
use super::running;
use crate::domain::tuning::Rungs;
use crate::search::math::powf;
use crate::search::{History, Pruner};

/// Stops a trial that is not among the best of all that have come to the last rung that it has reached (Li et al., "A
/// System for Massively Parallel Hyperparameter Tuning", MLSys 2020, §3; trials that can resume
/// are paused and promoted as there, others are stopped for good, as in Ray Tune).
///
/// Beyond the paper:
/// - A trial goes on being judged by its rung until it comes to the next: others arrive and move the bar.
/// - The sampler learns, so that later trials are better than earlier ones, and far more than 1/`eta` of them would pass.
///   Where more have passed than should have, the bar is raised in proportion.
/// - Trials stand in the order of what their curves point at ([`outlook`]): a slow starter may overtake.
/// - How much a rung tells is estimated from trials that went on although they were not among its best
///   ([`informedness`]); about log `eta` of those that came are let on for that alone. The less rungs tell, the more trials
///   go on, and all of them where curves cross; where they tell much, fewer than 1/`eta`.
///
/// Cost: O((n_trials · log n_steps + n_passed²) · n_rungs) a call.
pub(super) struct Asha {
    pub rungs: Rungs,
}

/// At this informedness 1/`eta` of the trials go on.
const PLAIN: f64 = 0.85;

/// At this informedness, and below it, all trials go on: so few trials show no more than luck does.
const LUCK: f64 = 0.3;

/// The greatest power of 1/`eta` that goes on, however much a rung tells.
const STRICTEST: f64 = 1.3;

impl Pruner for Asha {
    fn should_prune(&self, history: &History, place: u32) -> bool {
        halve(history, place, &self.rungs)
    }

    fn promote(&self, history: &History, paused: &[u32]) -> Option<u32> {
        promotion(history, paused, &self.rungs).map(|(_, place)| place)
    }
}

/// The paused trial that goes on first, behind the rung that it has come to: of the highest rung that has one to let go on,
/// the one whose curve points lowest.
///
/// Cost: that of two calls of [`halve`] for each rung, and O(n_paused · log n_rungs).
pub(super) fn promotion(history: &History, paused: &[u32], rungs: &Rungs) -> Option<(u64, u32)> {
    let mut by_rung: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
    for &place in paused {
        let last = history.steps(place).last().map_or(0, |(step, _)| *step);
        if let Some(rung) = rungs.steps().take_while(|rung| *rung <= last).last() {
            by_rung.entry(rung).or_default().insert(place);
        }
    }
    let mut best = by_rung.iter().rev().filter_map(|(rung, places)| Some((*rung, best_of(history, places, rungs)?)));
    best.find(|(_, place)| !falls_behind(history, *place, rungs))
}

/// Of trials that have all come to the same rung, the one whose curve points lowest; among equals the first.
fn best_of(history: &History, places: &BTreeSet<u32>, rungs: &Rungs) -> Option<u32> {
    let ladder = Ladder::of(history, *places.first()?, rungs)?;
    let scores = outlook(&ladder, ladder.judged);
    let climbs = ladder.climbs.iter().zip(scores).filter(|(climb, _)| places.contains(&climb.place));
    let best = climbs.min_by(|(a, x), (b, y)| x.total_cmp(y).then(a.place.cmp(&b.place)));
    best.map(|(climb, _)| climb.place)
}

/// Is the running trial to be stopped for all those that came to its last rung?
pub(super) fn halve(history: &History, place: u32, rungs: &Rungs) -> bool {
    running(history, place).is_some() && falls_behind(history, place, rungs)
}

fn falls_behind(history: &History, place: u32, rungs: &Rungs) -> bool {
    let Some(ladder) = Ladder::of(history, place, rungs) else { return false };
    let scores = outlook(&ladder, ladder.judged);
    let Some((own, others)) = scores.split_last() else { return false };
    let better = others.iter().filter(|score| score.total_cmp(own) == Ordering::Less).count();
    let best_share = 1.0 / f64::from(rungs.eta.max(2));
    // 0 where this rung, or one after it, tells nothing.
    let strictness = ((informedness(&ladder, best_share) - LUCK) / (PLAIN - LUCK)).clamp(0.0, STRICTEST);
    if better < places(&ladder, powf(best_share, strictness)) {
        return false;
    }
    let witnesses = witnesses(&ladder, &scores, best_share);
    witnesses >= wanted_witnesses(scores.len(), rungs.eta)
}

/// How many of the best at the rung go on; at least one.
fn places(ladder: &Ladder, share: f64) -> usize {
    let wanted = ladder.climbs.len() as f64 * share;
    let passed = ladder.others().iter().filter(|climb| climb.passed).count() as f64;
    let raised = if passed > wanted { wanted * wanted / passed } else { wanted };
    (raised as usize).max(1)
}

/// How many others went on although they are not among the best.
fn witnesses(ladder: &Ladder, scores: &[f64], best_share: f64) -> usize {
    let best = best_count(scores.len(), best_share);
    let mut sorted = scores.to_vec();
    let (_, bar, _) = sorted.select_nth_unstable_by(best - 1, f64::total_cmp);
    let others = ladder.others().iter().zip(scores);
    others.filter(|(climb, score)| climb.passed && score.total_cmp(bar) == Ordering::Greater).count()
}

/// The logarithm of `came` to the base `eta`, rounded up.
fn wanted_witnesses(came: usize, eta: u32) -> usize {
    let powers = std::iter::successors(Some(1_usize), |power| power.checked_mul(eta.max(2) as usize));
    powers.take_while(|power| *power < came).count()
}

/// How many are the best of `count`; `count` ≥ 1.
pub(super) fn best_count(count: usize, best_share: f64) -> usize {
    ((count as f64 * best_share) as usize).clamp(1, count)
}

#[cfg(test)]
mod tests;

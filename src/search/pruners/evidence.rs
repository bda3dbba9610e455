//! What finished and further trials tell of a rung: what its values point at, and how much they foretell.

use super::asha::best_count;
use super::ladder::Ladder;

/// Before there is evidence a rung is believed to tell so much…
const BELIEF: f64 = 0.8;

/// …with the weight of one trial.
const BELIEF_WEIGHT: f64 = 1.0;

/// A change to the next rung is foretold only from so many trials on.
const FEWEST_CHANGES: usize = 5;

/// The weight of the belief that changes are not foretold, in trials.
const NO_CHANGE_WEIGHT: f64 = 2.0;

/// The loss that each trial's curve points at from `column`, by climb; NaN of those that did not come so far.
///
/// The change since the rung before says something of the changes to come. How much is learned, rung by rung, by least
/// squares over the trials that came further: a slow starter that still falls fast gets more credit than one that has
/// settled, and where values are noisy, a fall is partly luck and is held against the trial. At the first rung the value
/// itself is all there is.
pub(super) fn outlook(ladder: &Ladder, column: usize) -> Vec<f64> {
    let factor = if column == 0 { 0.0 } else { total_factor(ladder, column) };
    let outlook = |losses: &[f64]| {
        let change = if column == 0 { 0.0 } else { losses[column] - losses[column - 1] };
        if change.is_finite() { losses[column] + factor * change } else { losses[column] }
    };
    ladder.climbs.iter().map(|climb| outlook(ladder.losses(climb))).collect()
}

/// The changes from `column` to the end, in units of the change before it.
fn total_factor(ladder: &Ladder, column: usize) -> f64 {
    let (mut product, mut sum) = (1.0, 0.0);
    for column in column..ladder.judged + ladder.rungs_left() {
        product *= factor(ladder, column);
        sum += product;
    }
    sum
}

/// The slope of the change after `column` over the change before it.
fn factor(ladder: &Ladder, column: usize) -> f64 {
    let changes = ladder.climbs.iter().filter_map(|climb| {
        let losses = ladder.losses(climb);
        let after = ladder.next(climb, column)? - losses[column];
        let before = losses[column] - losses[column - 1];
        (before.is_finite() && after.is_finite()).then_some((before, after))
    });
    let (mut before, mut after): (Vec<f64>, Vec<f64>) = changes.unzip();
    if before.len() < FEWEST_CHANGES {
        return 0.0;
    }
    restrain(&mut before);
    restrain(&mut after);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_before, mean_after) = (mean(&before), mean(&after));
    let (mut together, mut alone) = (0.0, 0.0);
    for (before, after) in before.iter().zip(&after) {
        together += (before - mean_before) * (after - mean_after);
        alone += (before - mean_before) * (before - mean_before);
    }
    let slope = together / (alone * (1.0 + NO_CHANGE_WEIGHT / before.len() as f64));
    // Of a curve that falls by more at every rung nobody should believe that it goes on so.
    if slope.is_finite() { slope.clamp(-0.9, 1.5) } else { 0.0 }
}

/// Moves outliers to Tukey's fences: one diverged trial must not decide for all.
fn restrain(values: &mut [f64]) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (lower, upper) = (sorted[sorted.len() / 4], sorted[sorted.len() * 3 / 4]);
    let margin = 1.5 * (upper - lower);
    for value in values {
        *value = value.clamp(lower - margin, upper + margin);
    }
}

/// How much the order at the judged rung tells of the order at the end, in 0..=1: no more than the least that the order at
/// some rung from there on tells of the order at the next.
///
/// That is Somers' D between "among the best `best_share` here" and the outlook there, over the trials that went on. Those
/// that were not among the best and went on all the same are the evidence: each weighs one, by the share of the best that
/// are still better than it, less the share that it has overtaken. 1: none was overtaken. 0, or a negative value taken for
/// it: they did as well as the best. Nor is it more than what all trials that went on tell together
/// ([`weighted_concordance`]): the best themselves came to their end in another order where a rung is mere luck.
pub(super) fn informedness(ladder: &Ladder, best_share: f64) -> f64 {
    let (last, others) = (ladder.judged + ladder.rungs_left() - 1, ladder.others().len());
    let ends: Vec<f64> = ladder.others().iter().map(|climb| ladder.end(climb)).collect();
    let mut least = 1.0_f64;
    let mut here = outlook(ladder, ladder.judged);
    for column in ladder.judged..last {
        let next = outlook(ladder, column + 1);
        let end_or = |(next, end): (&f64, &f64)| if next.is_nan() { *end } else { *next };
        let there: Vec<f64> = next.iter().zip(&ends).map(end_or).collect();
        least = least.min(concordance(&here[..others], &there, best_share));
        here = next;
    }
    least = least.min(concordance(&here[..others], &ends, best_share));
    least.max(0.0)
}

/// Somers' D as [`informedness`] has it, drawn towards the belief where there are few trials. NaN is what is not known.
fn concordance(here: &[f64], there: &[f64], best_share: f64) -> f64 {
    let mut came: Vec<(f64, f64)> = here.iter().copied().zip(there.iter().copied()).collect();
    came.retain(|(here, _)| !here.is_nan());
    if came.is_empty() {
        return BELIEF;
    }
    came.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (best, rest) = came.split_at(best_count(came.len(), best_share));
    let known = |trials: &[(f64, f64)]| -> Vec<f64> {
        trials.iter().map(|(_, there)| *there).filter(|there| !there.is_nan()).collect()
    };
    let (mut best, rest) = (known(best), known(rest));
    best.sort_by(f64::total_cmp);
    let (mut sum, mut count) = (0.0, 0.0);
    for there in rest.iter().filter(|_| !best.is_empty()) {
        let better = best.partition_point(|other| other < there);
        let not_worse = best.partition_point(|other| other <= there);
        // Ties count half.
        sum += (better + not_worse) as f64 / best.len() as f64 - 1.0;
        count += 1.0;
    }
    believed(sum, count).min(weighted_concordance(&came))
}

/// Somers' D of (here, there) over all pairs of trials that are known, each pair weighted by its difference there, drawn
/// towards the belief as if all but one of the trials were evidence.
///
/// A sampler that learns ends up with trials that hardly differ, and whose order nothing foretells: they weigh little.
fn weighted_concordance(came: &[(f64, f64)]) -> f64 {
    let known = came.iter().filter(|(here, there)| here.is_finite() && there.is_finite());
    let (here, mut there): (Vec<f64>, Vec<f64>) = known.copied().unzip();
    if there.len() < 2 {
        return 1.0;
    }
    restrain(&mut there);
    let (mut sum, mut weight) = (0.0, 0.0);
    for second in 1..there.len() {
        for first in 0..second {
            let (change, difference) = (here[second] - here[first], there[second] - there[first]);
            weight += difference.abs();
            if change != 0.0 {
                sum += if change > 0.0 { difference } else { -difference };
            }
        }
    }
    if weight > 0.0 && weight.is_finite() {
        let count = there.len() as f64 - 1.0;
        believed(count * sum / weight, count)
    } else {
        1.0
    }
}

/// The mean of `count` trials that sum up to `sum`, and of the belief.
fn believed(sum: f64, count: f64) -> f64 {
    (BELIEF * BELIEF_WEIGHT + sum) / (BELIEF_WEIGHT + count)
}

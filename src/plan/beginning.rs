//! How a sweep begins: the points that it tries first, and the trials of earlier sweeps that it starts from.
//!
//! Trial 0 tries what production uses today, the next ones the configured first points. One that does not go with the
//! space, narrowed as it may be by what was asked for, is left out, and [`remarks`] says so to people.

use std::cmp::Ordering;

use crate::domain::earlier::{EarlierSweep, EarlierTrial, StartsFrom};
use crate::domain::params::{Params, SpaceError};
use crate::domain::sweep::Sweep;
use crate::domain::trial::{Trial, TrialState};
use crate::domain::tuning::{Tuning, WarmStart};

/// The part of the trial's point that is fixed; `None` once the sampler chooses.
pub(super) fn fixed_point(tuning: &Tuning, number: u32) -> Option<&Params> {
    // Without this, every trial of a long sweep would check all points.
    if number as usize > tuning.search.first.len() {
        return None;
    }
    let production = tuning.production.iter().filter(|params| tuning.space.check(params).is_ok());
    let first = tuning.search.first.iter().filter(|part| tuning.space.check_part(part).is_ok());
    production.chain(first).nth(number as usize)
}

/// What is to be said of the beginning, in phrases.
pub(super) fn remarks(sweep: &Sweep) -> Vec<String> {
    let tuning = &sweep.tuning;
    let mut remarks: Vec<String> = sweep.starts_from.iter().map(started_from).collect();
    if tuning.trial.searches() {
        return remarks;
    }
    let production = tuning.production.iter().filter_map(|params| tuning.space.check(params).err());
    remarks.extend(production.map(|errors| format!("production's parameters are not tried: {}", listed(&errors))));
    let first = (1..).zip(&tuning.search.first);
    let first = first.filter_map(|(index, part)| Some((index, tuning.space.check_part(part).err()?)));
    remarks.extend(first.map(|(index, errors)| format!("first point {index} is not tried: {}", listed(&errors))));
    remarks
}

/// "starts from 120 trials of 3 earlier sweeps".
pub(super) fn started_from(from: &StartsFrom) -> String {
    let trials = |count: u32| if count == 1 { "1 trial".to_owned() } else { format!("{count} trials") };
    let sweeps =
        if from.sweeps == 1 { "1 earlier sweep".to_owned() } else { format!("{} earlier sweeps", from.sweeps) };
    match (from.trials, from.unfit) {
        (0, 0) => "starts from nothing: no earlier sweep of it has ended well here".to_owned(),
        (0, 1) => "starts from nothing: the one trial of earlier sweeps does not fit".to_owned(),
        (0, unfit) => format!("starts from nothing: none of the {} of earlier sweeps fits", trials(unfit)),
        (used, 0) => format!("starts from {} of {sweeps}", trials(used)),
        (used, 1) => format!("starts from {} of {sweeps} (1 more does not fit)", trials(used)),
        (used, unfit) => format!("starts from {} of {sweeps} ({unfit} more do not fit)", trials(used)),
    }
}

fn listed(errors: &[SpaceError]) -> String {
    errors.iter().map(|error| format!("`{}` {}", error.parameter, error.problem)).collect::<Vec<_>>().join(", ")
}

/// Does a sweep of this tuning start from earlier ones, and from how much of them?
pub(super) fn wanted(tuning: &Tuning) -> Option<WarmStart> {
    let asked = tuning.search.warm_start.filter(|asked| asked.sweeps > 0 && asked.trials > 0);
    asked.filter(|_| tuning.search.sampler.learns() && !tuning.trial.searches())
}

/// The trials that a sweep of `tuning` starts from, the oldest sweep's first, by number; and what is to be said of them.
///
/// `found` has the newest first. A sweep counts if it had the same objectives, a trial if it is complete or pruned with
/// steps and its parameters are exactly those of the space. Each sweep gives an even share of `limit.trials`; what one does
/// not use goes to the older ones. A quarter of a share are the best trials, the others are spread evenly over the rest, so
/// that the search still sees what is good, and where it is bad.
///
/// Cost: O(n_trials · (n_params + log n_trials)) of all that was found.
pub(super) fn choose(tuning: &Tuning, limit: WarmStart, found: &[EarlierSweep]) -> (StartsFrom, Vec<EarlierTrial>) {
    let mut from = StartsFrom::default();
    let mut fitting: Vec<(&EarlierSweep, Vec<&Trial>)> = Vec::new();
    for earlier in found.iter().take(limit.sweeps as usize) {
        let same = same_objectives(&earlier.sweep.tuning, tuning);
        let (fit, unfit): (Vec<&Trial>, Vec<&Trial>) = earlier
            .trials
            .iter()
            .filter(|trial| tells_something(trial))
            .partition(|trial| same && tuning.space.check(&trial.params).is_ok());
        from.unfit = from.unfit.saturating_add(unfit.len() as u32);
        if !fit.is_empty() {
            fitting.push((earlier, fit));
        }
    }
    let (mut left, mut chosen) = (limit.trials as usize, Vec::new());
    let sweeps = fitting.len();
    for (index, (earlier, fit)) in fitting.into_iter().enumerate() {
        let taken = spread(tuning, fit, left.div_ceil(sweeps - index));
        left -= taken.len();
        from.sweeps += u32::from(!taken.is_empty());
        from.trials += taken.len() as u32;
        chosen.push((earlier.sweep.id.clone(), taken));
    }
    let oldest_first = chosen.into_iter().rev();
    let trials = oldest_first.flat_map(|(sweep, taken)| {
        taken.into_iter().map(move |trial| EarlierTrial { sweep: sweep.clone(), trial: trial.clone() })
    });
    (from, trials.collect())
}

fn same_objectives(earlier: &Tuning, tuning: &Tuning) -> bool {
    let named = |tuning: &Tuning| -> Vec<_> {
        tuning.objectives.iter().map(|objective| (objective.metric.clone(), objective.direction)).collect()
    };
    named(earlier) == named(tuning)
}

fn tells_something(trial: &Trial) -> bool {
    trial.state == TrialState::Complete || trial.state == TrialState::Pruned && !trial.steps.is_empty()
}

/// At most `most` of `trials`, by number.
fn spread<'t>(tuning: &Tuning, mut trials: Vec<&'t Trial>, most: usize) -> Vec<&'t Trial> {
    if trials.len() > most {
        trials.sort_by(|a, b| standing(tuning, a, b));
        let best = most.div_ceil(4);
        let (rest, wanted) = (trials.len() - best, most - best);
        let spread = (0..wanted).map(|index| best + index * rest / wanted.max(1));
        trials = (0..best).chain(spread).filter_map(|place| trials.get(place).copied()).collect();
        trials.sort_by_key(|trial| trial.number);
    }
    trials
}

/// Complete trials first, by the first objective, then pruned ones by how far they came.
fn standing(tuning: &Tuning, a: &Trial, b: &Trial) -> Ordering {
    let objective = tuning.objectives.primary();
    let key = |trial: &Trial| {
        let value = match trial.state {
            TrialState::Complete => trial.metrics.get(&objective.metric),
            _ => trial.steps.last().map(|(_, value)| *value),
        };
        let missing = if trial.state == TrialState::Complete {
            0
        } else {
            u64::MAX - trial.steps.last().map_or(0, |last| last.0)
        };
        (missing, objective.direction.loss(value.filter(|value| !value.is_nan()).unwrap_or(f64::INFINITY)))
    };
    let (a_key, b_key) = (key(a), key(b));
    a_key.0.cmp(&b_key.0).then(a_key.1.total_cmp(&b_key.1)).then(a.number.cmp(&b.number))
}

#[cfg(test)]
mod tests;

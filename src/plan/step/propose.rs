//! What a sweep starts when places are free: paused trials that may go on, then new ones.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Grant, Search, Stepped, submit, wanted};
use crate::domain::params::Params;
use crate::domain::sweep::Outcome;
use crate::domain::tell;
use crate::plan::beginning;
use crate::plan::snapshot::Snapshot;
use crate::search::complete;

/// Fills the free places: with paused trials that may go on now, then with new ones. When nothing of either is left and
/// nothing runs, the sweep has ended.
pub(super) fn propose(
    snapshot: &mut Snapshot,
    search: &Search<'_>,
    grant: &Grant,
    stepped: &mut Stepped,
    now: Timestamp,
) {
    let tuning = Arc::clone(snapshot.tuning());
    let is_whole = |snapshot: &Snapshot| {
        !tuning.trial.searches() && snapshot.trials().len() as u64 >= u64::from(tuning.limits.trials)
    };
    if snapshot.open_count() == 0 && is_whole(snapshot) && promotable(snapshot, search).is_none() {
        // That is so also where no place is free.
        snapshot.sweep.outcome = Some(Outcome::Completed);
        return;
    }
    let Grant::Places(places) = grant else {
        return;
    };
    for _ in 0..wanted(snapshot).min(*places) {
        if let Some(number) = promotable(snapshot, search) {
            snapshot.update(number, tell::promote);
            submit(snapshot, stepped, number, now);
            continue;
        }
        if is_whole(snapshot) {
            return;
        }
        let number = snapshot.trials().len() as u32;
        let Some(params) = choose(snapshot, search, number) else {
            if snapshot.open_count() == 0 {
                snapshot.sweep.outcome = Some(Outcome::Exhausted);
            }
            return;
        };
        let number = snapshot.propose(params, now);
        submit(snapshot, stepped, number, now);
    }
}

/// The paused trial that is to go on, if one is.
fn promotable(snapshot: &Snapshot, search: &Search<'_>) -> Option<u32> {
    let history = snapshot.history();
    let paused: Vec<u32> = snapshot
        .paused_trials()
        .filter(|trial| tell::may_resume(trial))
        .map(|trial| history.place(trial.number))
        .collect();
    if paused.is_empty() {
        return None;
    }
    let place = search.pruner?.promote(history, &paused)?;
    paused.contains(&place).then(|| place - history.earlier())
}

/// The first trials have points that are known beforehand, if these are within the space. A workflow that searches by
/// itself is given none: it gets the whole space.
fn choose(snapshot: &Snapshot, search: &Search<'_>, number: u32) -> Option<Params> {
    let tuning = snapshot.tuning();
    if tuning.trial.searches() {
        return Some(Params::default());
    }
    match beginning::fixed_point(tuning, number) {
        Some(part) => Some(complete(snapshot.history(), number, part)),
        None => search.sampler.ask(snapshot.history(), number),
    }
}

//! What is said in the thread of a running sweep's message: a new best, and failures that nobody has heard of.
//!
//! It must stay quiet. The sweep's message shows the best and counts the failed at any time, and its end says it all once
//! more, so a line is only for what somebody would want to be told while it runs. Early stops are merely counted.

use jiff::{SignedDuration, Timestamp};

use super::{after, passed};
use crate::domain::detail::{Best, Change, Detail, Failed, NewBest, News};
use crate::domain::effect::{Action, Content, Effect, Notification};
use crate::domain::params::Params;
use crate::domain::report::Report;
use crate::domain::sweep::{Destination, Sweep, SweepState};
use crate::domain::trial::Trial;
use crate::plan::snapshot::Snapshot;

/// Between two new bests, and before the first of them. At the beginning of a search one best follows on the other; who
/// looks at a phone wants the last of them.
const BEST_INTERVAL: SignedDuration = SignedDuration::from_mins(2);

/// A failure is told only after this: a sweep whose trials all die at once has ended by then, and its summary tells it.
const FAILURE_HOLD: SignedDuration = SignedDuration::from_secs(20);

/// With no more time left than this, a new best waits for the summary.
const LAST_MOMENTS: SignedDuration = SignedDuration::from_secs(60);

/// Reasons that are told in one thread. Where there are more, each failure has one of its own: they are all alike.
const MOST_FAILURES: usize = 5;

/// The lines that are due at `now`, one for each of the sweep's messages that has a thread. Notes what was told, and when
/// the next line falls due. `report` is that of the sweep as it stands.
pub(super) fn lines(snapshot: &mut Snapshot, report: &Report, now: Timestamp) -> Vec<Effect> {
    snapshot.line_at = None;
    let sweep = snapshot.sweep();
    let runs = sweep.state == SweepState::Running && sweep.outcome.is_none();
    if !runs || snapshot.tuning().trial.searches() || threads(sweep).next().is_none() {
        return Vec::new();
    }
    let mut news: Vec<News> = failures(snapshot, now).into_iter().map(News::Failed).collect();
    news.extend(new_best(snapshot, report, now).map(News::NewBest));
    let sweep = snapshot.sweep();
    news.into_iter().flat_map(|news| said(sweep, news, now)).collect()
}

fn threads(sweep: &Sweep) -> impl Iterator<Item = &Destination> {
    sweep.destinations.iter().filter(|destination| matches!(destination, Destination::Slack { .. }))
}

fn said(sweep: &Sweep, news: News, now: Timestamp) -> Vec<Effect> {
    let detail = Detail { sweep: sweep.id.clone(), created_at: sweep.created_at, news };
    let line = |destination: &Destination| {
        let slot = Notification::detail_slot(&Notification::sweep_slot(&sweep.id, destination), &detail);
        let content = Content::Detail(Box::new(detail.clone()));
        let action = Action::Notify(Notification { slot, destination: destination.clone(), content });
        Effect { sweep: Some(sweep.id.clone()), due_at: now, action }
    };
    threads(sweep).map(line).collect()
}

/// The first failure of each reason, if that is long enough ago.
fn failures(snapshot: &mut Snapshot, now: Timestamp) -> Vec<Failed> {
    let mut failed = Vec::new();
    let mut told = snapshot.sweep.told.failed.clone();
    for (reason, group) in &snapshot.tally().failures {
        if told.len() >= MOST_FAILURES {
            break;
        }
        let known = |number: &u32| snapshot.trial(*number).and_then(|trial| trial.reason.as_ref()) == Some(reason);
        let Some(trial) = snapshot.trial(group.first).filter(|_| !told.iter().any(known)) else { continue };
        if passed(trial.ended_at, FAILURE_HOLD, now) {
            told.push(trial.number);
            failed.push(Failed {
                trial: trial.number,
                step: trial.steps.last().map(|(step, _)| *step),
                reason: reason.clone(),
                log_tail: trial.log_tail.clone(),
                alike: group.count,
            });
        }
    }
    let waits = |trial: &Trial| trial.ended_at.and_then(|at| after(at, FAILURE_HOLD)).filter(|at| *at > now);
    if told.len() < MOST_FAILURES {
        let groups = snapshot.tally().failures.values();
        let next = groups.filter_map(|group| snapshot.trial(group.first).and_then(waits)).min();
        fall_due(snapshot, next);
    }
    snapshot.sweep.told.failed = told;
    failed
}

/// The best, if it is a new one that is due.
fn new_best(snapshot: &mut Snapshot, report: &Report, now: Timestamp) -> Option<NewBest> {
    let counts = snapshot.counts();
    let best = snapshot.best()?.number;
    // The first round shows what there is; from then on there is something to be better than.
    let first_round = counts.finished() <= snapshot.tuning().limits.parallel;
    let Some(before) = snapshot.sweep.told.best.filter(|_| !first_round) else {
        snapshot.sweep.told.best = Some(best);
        return None;
    };
    let objective = snapshot.tuning().objectives.primary().clone();
    let value = |trial: &Trial| trial.metrics.get(&objective.metric);
    let (best, before) = (snapshot.trial(best)?, snapshot.trial(before)?);
    let (now_value, then_value) = (value(best)?, value(before)?);
    if !objective.direction.better(now_value, then_value) {
        return None;
    }
    let since = snapshot.sweep.told.best_at.or(snapshot.sweep.started_at);
    if !passed(since, BEST_INTERVAL, now) {
        let due = since.and_then(|since| after(since, BEST_INTERVAL));
        fall_due(snapshot, due);
        return None;
    }
    if report.time_left.is_some_and(|left| left <= LAST_MOMENTS) {
        return None;
    }
    let new = NewBest {
        trial: best.number,
        value: now_value,
        before: Best { trial: before.number, value: then_value },
        finished: counts.finished(),
        pruned: counts.pruned,
        failed: counts.failed,
        changes: changes(&best.params, &before.params),
        objective,
    };
    snapshot.sweep.told.best = Some(new.trial);
    snapshot.sweep.told.best_at = Some(now);
    Some(new)
}

/// What tells two parameter sets apart, by name.
fn changes(now: &Params, before: &Params) -> Vec<Change> {
    let names: std::collections::BTreeSet<_> = now.0.keys().chain(before.0.keys()).collect();
    let differing = names.into_iter().filter(|name| now.get(name) != before.get(name));
    let change = |name: &crate::domain::ids::ParamName| Change {
        name: name.clone(),
        now: now.get(name).cloned(),
        before: before.get(name).cloned(),
    };
    differing.map(change).collect()
}

fn fall_due(snapshot: &mut Snapshot, at: Option<Timestamp>) {
    snapshot.line_at = snapshot.line_at.into_iter().chain(at).min();
}

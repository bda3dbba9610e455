//! What there is to say about a sweep: its report, and the messages that carry it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::snapshot::Snapshot;
use super::{beginning, command, importance};
use crate::domain::effect::{Action, Content, Effect, Notification};
use crate::domain::metrics::{Direction, Objective};
use crate::domain::report::{Conclusion, Failure, Held, Phase, Progress, Ranked, Report, Verdict};
use crate::domain::signal::StopRequest;
use crate::domain::sweep::{Against, Baseline, Destination, Outcome, Sweep, SweepState};
use crate::domain::trial::{Trial, TrialState};

/// The report of a sweep that has just been asked for.
pub fn first_report(sweep: &Sweep, now: Timestamp) -> Report {
    report(&Snapshot::load(sweep.clone(), Vec::new()), None, now)
}

/// The report of a sweep as it stands at `now`; `waits_for` says what a queued one waits for.
pub fn report(snapshot: &Snapshot, waits_for: Option<&str>, now: Timestamp) -> Report {
    let sweep = snapshot.sweep();
    let tuning = &sweep.tuning;
    let objective = tuning.objectives.primary().clone();
    let top = ranked(snapshot, &objective);
    let baseline = sweep.baseline.clone().or_else(|| production(snapshot, &objective));
    Report {
        sweep: sweep.id.clone(),
        tuning: tuning.name.clone(),
        phase: phase(sweep, waits_for),
        asked_by: sweep.origin.asker(),
        code: sweep.code.clone(),
        notes: command::describe(&sweep.overrides, tuning),
        beginning: beginning::remarks(sweep),
        sampler: tuning.searcher().to_owned(),
        choice: None,
        seed: sweep.seed,
        parallel: tuning.limits.parallel,
        trials: tuning.limits.trials,
        counts: snapshot.counts(),
        verdict: verdict(sweep, &objective, top.first()),
        objective,
        top,
        baseline,
        failure: most_frequent_failure(snapshot),
        created_at: sweep.created_at,
        started_at: sweep.started_at,
        ended_at: sweep.ended_at,
        time_left: time_left(snapshot, now),
        saved: saved(snapshot),
        dashboards: tuning.dashboards.clone(),
        engine: Some(tuning.engine.clone()),
        searches: tuning.trial.searches(),
        progress: progress(snapshot),
        held: held(snapshot),
        away: snapshot.away().filter(|_| sweep.state != SweepState::Finished).cloned(),
        importances: importance::of_finished(snapshot),
        trial_time: trial_time(snapshot, now),
        cost: tuning.cost.clone(),
        estimate: sweep.estimate,
        applies: tuning.apply.is_some(),
    }
}

/// Trials with a value that it takes for there to be something to see in a chart.
const CHARTED: u32 = 2;

/// The messages that carry `report`: the sweep's own at each of its destinations and, once it has ended, a closing line
/// for whoever is to be mentioned, and charts.
pub fn notifications(sweep: &Sweep, report: &Report, now: Timestamp) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut notify = |slot: String, destination: &Destination, content: Content| {
        let notification = Notification { slot, destination: destination.clone(), content };
        effects.push(Effect { sweep: Some(sweep.id.clone()), due_at: now, action: Action::Notify(notification) });
    };
    for destination in &sweep.destinations {
        let slot = Notification::sweep_slot(&sweep.id, destination);
        notify(slot.clone(), destination, Content::Sweep(Box::new(report.clone())));
        if report.is_final() && is_closed(sweep, destination) {
            notify(Notification::closing_slot(&slot), destination, Content::Closing(Box::new(report.clone())));
            // On GitHub they are in the comment itself.
            let in_thread = matches!(destination, Destination::Slack { .. });
            if in_thread && report.best().is_some() && report.counts.complete >= CHARTED {
                notify(Notification::charts_slot(&slot), destination, Content::Charts(Box::new(report.clone())));
            }
        }
    }
    effects
}

/// Does somebody wait for the end there who would not see it? On a pull request that is whoever gave the command, unless
/// it was they who ended the sweep.
fn is_closed(sweep: &Sweep, destination: &Destination) -> bool {
    match destination {
        Destination::Slack { .. } => true,
        Destination::GithubComment { mention: Some(login), .. } => {
            let stopped_by = match &sweep.outcome {
                Some(Outcome::Stopped { by: StopRequest::Person { name } }) => name.strip_prefix('@'),
                _ => None,
            };
            stopped_by != Some(login)
        }
        Destination::GithubComment { mention: None, .. } | Destination::GithubCheck { .. } => false,
    }
}

fn phase(sweep: &Sweep, waits_for: Option<&str>) -> Phase {
    match (sweep.state, &sweep.outcome) {
        (SweepState::Finished, Some(outcome)) => Phase::Finished { outcome: outcome.clone() },
        (SweepState::Stopping, Some(outcome)) => Phase::Stopping { outcome: outcome.clone() },
        (SweepState::Queued, _) => Phase::Queued { why: waits_for.unwrap_or("its turn").to_owned() },
        _ => Phase::Running,
    }
}

/// What production's parameters gave in this very sweep: a baseline where there is no earlier sweep.
fn production(snapshot: &Snapshot, objective: &Objective) -> Option<Baseline> {
    let production = snapshot.tuning().production.as_ref()?;
    let trial = snapshot.trial(0).filter(|trial| trial.state == TrialState::Complete && trial.params == *production)?;
    let value = trial.metrics.get(&objective.metric)?;
    let sweep = snapshot.sweep().id.clone();
    let spread = trial.metrics.spread(&objective.metric);
    Some(Baseline { against: Against::Production, sweep, value, spread, params: trial.params.clone() })
}

fn ranked(snapshot: &Snapshot, objective: &Objective) -> Vec<Ranked> {
    let rank = |trial: &Trial| Ranked {
        trial: trial.number,
        value: trial.metrics.get(&objective.metric).unwrap_or(f64::NAN),
        metrics: trial.metrics.clone(),
        params: trial.params.clone(),
    };
    snapshot.tally().top.iter().filter_map(|number| snapshot.trial(*number)).map(rank).collect()
}

/// Holds the best against the baseline, as the tuning requires. Given only once the sweep has ended by itself.
fn verdict(sweep: &Sweep, objective: &Objective, best: Option<&Ranked>) -> Option<Verdict> {
    // Production's own trial does not judge: the best is never worse than one of its trials.
    let baseline = sweep.baseline.as_ref();
    let requirement = sweep.tuning.requirement.as_ref()?;
    let outcome = sweep.outcome.as_ref().filter(|_| sweep.state == SweepState::Finished)?;
    let base = baseline.map_or("the base branch", |baseline| baseline.against.name());
    let allowed = requirement.not_worse_than_percent;
    let needs = if allowed == 0.0 {
        format!("needs: {} not worse than on {base}", objective.metric)
    } else {
        format!("needs: {} not worse than on {base} by more than {allowed} %", objective.metric)
    };
    let (conclusion, headline) = match (outcome, best, baseline) {
        (Outcome::TooManyFailures { .. }, _, _) if sweep.tuning.trial.searches() => {
            (Conclusion::Failure, "its workflow failed".to_owned())
        }
        (Outcome::TooManyFailures { failed }, _, _) => (Conclusion::Failure, format!("{failed} trials failed")),
        (Outcome::Stopped { .. }, _, _) => (Conclusion::Neutral, "stopped before the end".to_owned()),
        (_, None, _) => (Conclusion::Failure, "no trial gave a value".to_owned()),
        (_, Some(_), None) => (Conclusion::Neutral, format!("nothing to compare with on {base} yet")),
        (_, Some(best), Some(baseline)) => {
            let gain = gain_percent(objective.direction, best.value, baseline.value);
            let met = gain >= -allowed;
            (if met { Conclusion::Success } else { Conclusion::Failure }, headline(gain))
        }
    };
    Some(Verdict { conclusion, headline, requirement: needs })
}

/// How much better `value` is than `base`, in percent of the size of `base`; negative when it is worse.
fn gain_percent(direction: Direction, value: f64, base: f64) -> f64 {
    let gain = direction.loss(base) - direction.loss(value);
    if gain == 0.0 { 0.0 } else { 100.0 * gain / base.abs().max(f64::MIN_POSITIVE) }
}

/// More percent than this tell nobody anything.
const MOST_PERCENT: f64 = 10_000.0;

fn headline(gain: f64) -> String {
    if gain.abs() < 0.005 {
        "as good as before".to_owned()
    } else if gain.abs() > MOST_PERCENT {
        // Of a base value of nearly zero no percentage makes sense.
        if gain > 0.0 { "better" } else { "worse" }.to_owned()
    } else if gain > 0.0 {
        format!("better by {gain:.2} %")
    } else {
        format!("worse by {:.2} %", -gain)
    }
}

fn most_frequent_failure(snapshot: &Snapshot) -> Option<Failure> {
    let groups = snapshot.tally().failures.iter();
    let (reason, group) = groups.max_by_key(|(_, group)| (group.count, Reverse(group.first)))?;
    let log_tail = snapshot.trial(group.first).and_then(|trial| trial.log_tail.clone());
    Some(Failure { reason: reason.clone(), count: group.count, trial: group.first, log_tail })
}

/// What most of the trials that do not come forward wait for. Those that are told to end wait for nothing any longer.
fn held(snapshot: &Snapshot) -> Option<Held> {
    let mut groups: BTreeMap<(bool, &str), (u32, u32)> = BTreeMap::new();
    for trial in snapshot.open_trials().filter(|trial| trial.stopping.is_none()) {
        if let Some(reason) = &trial.held {
            let again = trial.state == TrialState::Waiting;
            groups.entry((again, reason)).or_insert((0, trial.number)).0 += 1;
        }
    }
    let most = groups.into_iter().max_by_key(|((again, _), (count, first))| (*count, !again, Reverse(*first)));
    let ((again, reason), (count, trial)) = most?;
    let limit = snapshot.tuning().limits.trial_timeout;
    Some(Held { reason: reason.to_owned(), count, trial, again, limit })
}

/// The share of the sweep that is done, from 0 to 1: by its finished trials, or by what the workflow says that searches by
/// itself.
pub fn share_done(snapshot: &Snapshot) -> f64 {
    let planned = snapshot.tuning().limits.trials.max(1);
    let share = match progress(snapshot) {
        _ if snapshot.sweep().state == SweepState::Finished => 1.0,
        Some(Progress::Workflow { done, total }) => done as f64 / total as f64,
        Some(Progress::Trials { .. }) | None => f64::from(snapshot.counts().finished()) / f64::from(planned),
    };
    share.clamp(0.0, 1.0)
}

fn progress(snapshot: &Snapshot) -> Option<Progress> {
    if snapshot.tuning().trial.searches() {
        let (done, total) = snapshot.open_trials().next()?.progress.filter(|(_, total)| *total > 0)?;
        return Some(Progress::Workflow { done: done.min(total), total });
    }
    let (mut sum, mut count) = (0.0, 0_u32);
    for share in snapshot.open_trials().filter_map(share) {
        sum += share;
        count += 1;
    }
    (count > 0).then(|| Progress::Trials { share: sum / f64::from(count) })
}

/// How far the trial is, from 0 to 1, if it says.
fn share(trial: &Trial) -> Option<f64> {
    let (done, total) = trial.progress.filter(|(_, total)| *total > 0)?;
    Some((done as f64 / total as f64).min(1.0))
}

/// The time that the sweep will still take, by its finished trials or, before there is one, by what the running ones
/// say of themselves. Of an engine that does not answer nothing is known.
pub fn time_left(snapshot: &Snapshot, now: Timestamp) -> Option<SignedDuration> {
    let sweep = snapshot.sweep();
    if sweep.state != SweepState::Running || snapshot.away().is_some() {
        return None;
    }
    let seconds = if sweep.tuning.trial.searches() {
        let carrier = snapshot.open_trials().next()?;
        told_length(carrier, now).map(|(elapsed, share)| elapsed / share - elapsed)?
    } else {
        trials_left(snapshot, now)?
    };
    let estimate = SignedDuration::try_from_secs_f64(seconds.max(0.0)).ok()?;
    let limits = &sweep.tuning.limits;
    let until_deadline = limits
        .deadline
        .zip(sweep.started_at)
        .map(|(deadline, start)| deadline.saturating_sub(now.duration_since(start)).max(SignedDuration::ZERO));
    Some(until_deadline.map_or(estimate, |most| estimate.min(most)))
}

/// A trial that is less far than this says nothing of how long it will take.
const LEAST_SHARE: f64 = 0.05;

/// The seconds that a running trial has taken and the share that it has done, if it is far enough to tell by.
fn told_length(trial: &Trial, now: Timestamp) -> Option<(f64, f64)> {
    let share = share(trial).filter(|share| *share >= LEAST_SHARE)?;
    Some((now.duration_since(trial.started_at?).as_secs_f64().max(0.0), share))
}

/// Seconds that the remaining trials will take if they are like the others.
fn trials_left(snapshot: &Snapshot, now: Timestamp) -> Option<f64> {
    let limits = &snapshot.tuning().limits;
    let finished = snapshot.counts().finished();
    let mean = mean_length(snapshot, now)?;
    let spent = |trial: &Trial| {
        let elapsed = now.duration_since(trial.started_at?).as_secs_f64().clamp(0.0, mean);
        Some(share(trial).map_or(elapsed, |share| share * mean))
    };
    let spent: f64 = snapshot.open_trials().filter_map(spent).sum();
    // Most of those that are paused stay so.
    let left = limits.trials.saturating_sub(finished + snapshot.counts().paused);
    let work = mean * f64::from(left) - spent;
    // The last trials have places to themselves: two of them do not end faster on eight places.
    Some(work / f64::from(limits.parallel.min(left).max(1)))
}

/// How long all trials have run so far. Kept along for those that have finished.
fn trial_time(snapshot: &Snapshot, now: Timestamp) -> SignedDuration {
    let unfinished = snapshot.open_trials().chain(snapshot.paused_trials());
    unfinished.map(|trial| trial.run_time(now)).fold(snapshot.tally().trial_time, SignedDuration::saturating_add)
}

fn mean_length(snapshot: &Snapshot, now: Timestamp) -> Option<f64> {
    let ended = snapshot.counts().finished() + snapshot.counts().paused;
    if ended > 0 {
        let length = |trial: &Trial| Some(trial.ended_at?.duration_since(trial.started_at?).max(SignedDuration::ZERO));
        let paused: SignedDuration = snapshot.paused_trials().filter_map(length).sum();
        return Some((snapshot.tally().run_time + paused).as_secs_f64() / f64::from(ended));
    }
    let told = snapshot.open_trials().filter_map(|trial| told_length(trial, now));
    let (elapsed, shares) = told.fold((0.0, 0.0), |(all, shares), (elapsed, share)| (all + elapsed, shares + share));
    (shares > 0.0).then(|| elapsed / shares)
}

/// The share of the steps that the pruned trials did not run, out of what all finished ones would have run in full.
fn saved(snapshot: &Snapshot) -> Option<f64> {
    let (full_steps, full) = snapshot.tally().full_steps;
    let (pruned_steps, pruned) = snapshot.tally().pruned_steps;
    if full == 0 || pruned == 0 {
        return None;
    }
    let length = full_steps as f64 / f64::from(full);
    let whole = length * f64::from(full + pruned);
    Some(((length * f64::from(pruned) - pruned_steps as f64) / whole).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_is_positive_in_either_direction() {
        assert!((gain_percent(Direction::Maximize, 0.94, 0.92) - 2.174).abs() < 1e-3);
        assert!((gain_percent(Direction::Minimize, 0.5, 0.4) + 25.0).abs() < 1e-9);
        assert_eq!(gain_percent(Direction::Minimize, 0.0, 0.0), 0.0);
    }

    #[test]
    fn against_nothing_no_percentage_is_given() {
        assert_eq!(headline(gain_percent(Direction::Maximize, 0.4, 0.0)), "better");
        assert_eq!(headline(gain_percent(Direction::Minimize, 0.4, 0.0)), "worse");
    }
}

use self::world::World;
use super::*;
use crate::domain::effect::Content;
use crate::domain::ids::{AttemptId, ParamName};
use crate::domain::metrics::Metrics;
use crate::domain::params::{Params, Value};
use crate::domain::report::Phase;
use crate::domain::signal::{AttemptEnd, AttemptNews, Signal, SignalKind, StopRequest};
use crate::domain::sweep::{self, Sweep};
use crate::domain::tuning::{self, Tuning};
use crate::search::History;

mod away;
mod beginning;
mod pausing;
mod properties;
mod searching;
mod thread;
mod world;

#[test]
fn a_sweep_runs_its_trials_a_few_at_a_time_and_ends() {
    let mut world = World::new(|tuning| tuning.limits.trials = 4);
    world.step();
    assert_eq!(world.running.len(), 2, "two at a time");
    for trial in 0..4 {
        world.pass(10);
        world.finish(trial, 1.0 - f64::from(trial) / 10.0);
    }
    assert_eq!(world.outcome(), (SweepState::Finished, Some("completed")));
    assert_eq!((world.snapshot().trials().len(), world.closings, world.released), (4, 1, 1));
    let best = world.last.as_ref().unwrap().best().unwrap();
    assert_eq!((best.trial, best.value), (3, 0.7));
}

#[test]
fn a_sweep_that_must_wait_says_what_for() {
    let mut world = World::new(|_| ());
    world.grant = Grant::Wait("an older sweep of this pull request".into());
    world.step();
    assert!(matches!(&world.last.as_ref().unwrap().phase, Phase::Queued { why } if why.contains("older sweep")));
    assert!(world.running.is_empty());
    world.grant = Grant::Places(1);
    world.step();
    assert_eq!((world.sweep().state, world.running.len()), (SweepState::Running, 1));
}

#[test]
fn what_production_uses_is_the_first_trial() {
    let production: Params = [("x".parse().unwrap(), Value::Float(0.77))].into_iter().collect();
    let mut world = World::new(|tuning| tuning.production = Some(production.clone()));
    world.step();
    assert_eq!(world.snapshot().trial(0).unwrap().params, production);
}

#[test]
fn without_an_earlier_sweep_the_best_is_held_against_production() {
    let production: Params = [("x".parse().unwrap(), Value::Float(0.77))].into_iter().collect();
    let mut world = World::new(|tuning| tuning.production = Some(production.clone()));
    world.step();
    world.finish(0, 0.5);
    world.finish(1, 0.4);
    let report = summary::report(world.snapshot(), None, world.now);
    let baseline = report.baseline.unwrap();
    assert_eq!((baseline.against, baseline.value, baseline.params), (sweep::Against::Production, 0.5, production));
}

#[test]
fn failed_trials_end_the_sweep_at_their_limit_and_not_before() {
    let mut world = World::new(|tuning| tuning.limits.failed_trials = 2);
    world.step();
    let failed = || AttemptNews::Ended { end: AttemptEnd::Failed { reason: "exit code 1".into(), log_tail: None } };
    world.tell(0, failed());
    assert_eq!(world.sweep().state, SweepState::Running);
    world.tell(1, failed());
    assert_eq!(world.outcome(), (SweepState::Stopping, Some("too_many_failures")));
    world.tell(2, AttemptNews::Ended { end: AttemptEnd::Stopped });
    assert_eq!(world.sweep().state, SweepState::Finished);
    let failure = world.last.unwrap().failure.unwrap();
    assert_eq!((failure.reason.as_str(), failure.count, failure.trial), ("exit code 1", 2, 0));
}

#[test]
fn reaching_the_goal_ends_the_sweep() {
    let mut world = World::new(|tuning| {
        let mut objectives: Vec<_> = tuning.objectives.clone().into();
        objectives[0].goal = Some(0.2);
        tuning.objectives = objectives.try_into().unwrap();
    });
    world.step();
    world.finish(0, 0.3);
    assert_eq!(world.sweep().outcome, None);
    world.finish(1, 0.2);
    assert_eq!(world.outcome(), (SweepState::Stopping, Some("goal_reached")));
}

#[test]
fn patience_counts_finished_trials_since_the_best() {
    let mut world = World::new(|tuning| tuning.limits.patience = Some(2));
    world.step();
    world.finish(0, 0.5);
    world.finish(1, 0.4);
    world.finish(2, 0.6);
    assert_eq!(world.sweep().outcome, None);
    world.finish(3, 0.4);
    assert_eq!(world.sweep().outcome, Some(Outcome::NoImprovement { trials: 2 }));
}

#[test]
fn an_exhausted_grid_ends_the_sweep_once_its_last_trial_is_done() {
    let mut world = World::new(|_| ());
    world.points = 3;
    world.step();
    world.finish(0, 0.5);
    world.finish(1, 0.5);
    assert_eq!(world.sweep().state, SweepState::Running);
    world.finish(2, 0.5);
    assert_eq!(world.outcome(), (SweepState::Finished, Some("exhausted")));
}

#[test]
fn a_trial_over_its_limit_is_stopped_and_fails() {
    let mut world = World::new(|tuning| tuning.limits.parallel = 1);
    world.step();
    world.tell(0, AttemptNews::Started);
    assert_eq!(
        next_wake(world.snapshot()),
        world.now.checked_add(SignedDuration::from_secs(3)).ok(),
        "a report is due"
    );
    world.pass(3601);
    world.step();
    assert_eq!(world.stopped.len(), 1);
    world.tell(0, AttemptNews::Ended { end: AttemptEnd::Stopped });
    let trial = world.snapshot().trial(0).unwrap();
    assert_eq!(
        (trial.state, trial.reason.as_deref()),
        (TrialState::Failed, Some("it ran longer than its limit of 1h"))
    );
}

#[test]
fn the_deadline_ends_the_sweep_with_what_it_has() {
    let mut world = World::new(|tuning| tuning.limits.deadline = Some(SignedDuration::from_mins(5)));
    world.step();
    world.finish(0, 0.5);
    world.pass(301);
    world.step();
    assert_eq!(world.outcome(), (SweepState::Stopping, Some("deadline_reached")));
}

#[test]
fn a_poor_trial_is_pruned_by_what_it_reports() {
    let mut world = World::new(|_| ());
    world.step();
    let metrics: Metrics = [("loss".parse().unwrap(), 9.0)].into_iter().collect();
    world.tell(0, AttemptNews::Reported { step: 1, metrics });
    assert_eq!(world.snapshot().trial(0).unwrap().stopping, Some(StopReason::Pruned));
    world.tell(0, AttemptNews::Ended { end: AttemptEnd::Stopped });
    assert_eq!(world.snapshot().counts().pruned, 1);
}

#[test]
fn a_stop_ends_a_queued_sweep_at_once_and_a_running_one_with_its_trials() {
    let mut queued = World::new(|_| ());
    queued.grant = Grant::Wait("a place".into());
    queued.step();
    queued.stop_by("@mika");
    assert_eq!((queued.outcome(), queued.closings), ((SweepState::Finished, Some("stopped")), 1));
    assert_eq!(queued.released, 0, "it never had anything on its engine");

    let mut running = World::new(|_| ());
    running.step();
    running.stop_by("@mika");
    assert_eq!((running.outcome(), running.stopped.len()), ((SweepState::Stopping, Some("stopped")), 2));
}

#[test]
fn a_lost_trial_is_submitted_again_under_its_next_attempt() {
    let mut world = World::new(|_| ());
    world.step();
    let lost = AttemptNews::Ended { end: AttemptEnd::Lost { reason: "the node went away".into(), by_restart: false } };
    world.tell(0, lost);
    let attempts: Vec<_> = world.running.iter().map(|attempt| (attempt.trial, attempt.attempt)).collect();
    assert_eq!(attempts, [(0, 1), (0, 2), (1, 1)]);
}

#[test]
fn a_lost_trial_of_a_sweep_that_ends_is_not_submitted_again() {
    let mut world = World::new(|tuning| tuning.limits.parallel = 1);
    world.step();
    let snapshot = world.snapshot.as_mut().unwrap();
    let attempt = snapshot.attempt_id(snapshot.trial(0).unwrap());
    let sweep = attempt.sweep.clone();
    let end = AttemptEnd::Lost { reason: "a restart".into(), by_restart: true };
    let lost = SignalKind::Attempt { attempt, news: AttemptNews::Ended { end } };
    let stop = SignalKind::StopRequested { by: StopRequest::PullRequestClosed };
    for kind in [lost, stop] {
        snapshot.fold(&Signal { sweep: sweep.clone(), at: world.now, kind });
    }
    world.step();
    assert_eq!((world.sweep().state, world.running.len()), (SweepState::Finished, 1));
}

#[test]
fn a_trial_that_never_answers_its_stop_does_not_hold_up_the_sweep() {
    let mut world = World::new(|_| ());
    world.step();
    world.stop_by("@mika");
    world.pass(71);
    world.step();
    assert_eq!(world.sweep().state, SweepState::Finished);
}

#[test]
fn progress_is_told_at_most_every_few_seconds() {
    let mut world = World::new(|tuning| tuning.limits.trials = 100);
    world.step();
    let reports: u32 = (0..20)
        .map(|trial| {
            world.pass(1);
            let before = world.sweep().reported_at;
            world.finish(trial, 0.5);
            u32::from(world.sweep().reported_at != before)
        })
        .sum();
    assert!((5..=7).contains(&reports), "{reports} reports in 20 s");
}

#[test]
fn a_reloaded_snapshot_goes_on_where_it_was() {
    let mut world = World::new(|tuning| tuning.limits.patience = Some(50));
    world.step();
    for trial in 0..5 {
        world.pass(1);
        world.finish(trial, 0.5 - f64::from(trial % 3) / 10.0);
    }
    let snapshot = world.snapshot();
    let again = Snapshot::load(snapshot.sweep().clone(), snapshot.trials().to_vec());
    assert_eq!(summary::report(&again, None, world.now), summary::report(snapshot, None, world.now));
    assert_eq!(again.tally().since_best, snapshot.tally().since_best);
}

#[test]
fn a_large_sweep_says_at_its_end_what_mattered_and_a_small_one_does_not() {
    for (trials, said) in [(29, false), (30, true)] {
        let mut world = World::new(|tuning| {
            (tuning.limits.trials, tuning.limits.parallel) = (trials, trials);
        });
        world.step();
        for trial in 0..trials {
            assert_eq!(world.last.as_ref().unwrap().importances, []);
            world.finish(trial, f64::from(trial));
        }
        let importances = &world.last.as_ref().unwrap().importances;
        assert_eq!(
            importances.iter().map(|one| (one.parameter.as_str(), one.share)).next(),
            said.then_some(("x", 1.0))
        );
    }
}

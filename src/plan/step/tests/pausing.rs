//! Trials that are paused, and go on or do not.

use super::*;

fn state(world: &World, trial: u32) -> (TrialState, u32) {
    let trial = world.snapshot().trial(trial).unwrap();
    (trial.state, trial.attempt)
}

/// One trial at a time, of which the first is paused at step 3.
fn one_paused(change: impl FnOnce(&mut Tuning)) -> World {
    let mut world = World::pausing(|tuning| {
        tuning.limits.parallel = 1;
        change(tuning);
    });
    world.holds_back_at = Some(0);
    world.step();
    world.report(0, 1, 0.9);
    world.report(0, 3, 9.0);
    world.end(0);
    world
}

#[test]
fn a_poor_trial_that_can_resume_is_paused_and_frees_its_place() {
    let world = one_paused(|_| ());
    let trial = world.snapshot().trial(0).unwrap();
    assert_eq!((trial.state, trial.steps.len(), trial.stopping), (TrialState::Paused, 2, None));
    let counts = world.snapshot().counts();
    assert_eq!((counts.paused, counts.pruned, counts.finished()), (1, 0, 0));
    assert_eq!(state(&world, 1), (TrialState::Waiting, 1), "the next one has its place");
}

#[test]
fn a_promoted_trial_goes_on_before_a_new_one_begins() {
    let mut world = one_paused(|_| ());
    world.finish(1, 0.5);
    let trial = world.snapshot().trial(0).unwrap();
    assert_eq!((trial.state, trial.attempt, trial.resume_step), (TrialState::Waiting, 2, Some(3)));
    assert_eq!((trial.steps.len(), trial.lost_attempts, trial.ended_at), (2, 0, None));
    assert_eq!((world.snapshot().trials().len(), world.running.len()), (2, 3));
    world.finish(0, 0.2);
    assert_eq!(state(&world, 0), (TrialState::Complete, 2));
    assert_eq!(world.snapshot().best().unwrap().number, 0);
}

#[test]
fn a_promoted_trial_is_judged_again_by_what_it_adds() {
    let mut world = one_paused(|_| ());
    world.finish(1, 0.5);
    world.holds_back_at = Some(1);
    world.report(0, 3, 9.0);
    assert_eq!(world.snapshot().trial(0).unwrap().stopping, None, "it was paused for that already");
    world.report(0, 4, 9.0);
    assert_eq!(world.snapshot().trial(0).unwrap().stopping, Some(StopReason::Paused));
    world.end(0);
    assert_eq!(state(&world, 0), (TrialState::Paused, 2));
}

#[test]
fn news_of_the_attempt_before_are_ignored() {
    let mut world = one_paused(|_| ());
    let late = |world: &mut World| {
        let attempt: AttemptId = format!("{}-0-1", world.sweep().id).parse().unwrap();
        let kind = SignalKind::Attempt { attempt, news: AttemptNews::Ended { end: AttemptEnd::Stopped } };
        let signal = Signal { sweep: world.sweep().id.clone(), at: world.now, kind };
        world.snapshot.as_mut().unwrap().fold(&signal);
        world.step();
    };
    late(&mut world);
    assert_eq!(state(&world, 0), (TrialState::Paused, 1));
    world.finish(1, 0.5);
    late(&mut world);
    assert_eq!(state(&world, 0), (TrialState::Waiting, 2));
}

#[test]
fn without_a_promotion_the_paused_ones_are_stopped_early_at_the_end() {
    let mut world = one_paused(|tuning| tuning.limits.trials = 2);
    world.holds_back_at = Some(1);
    world.finish(1, 0.5);
    assert_eq!(state(&world, 0), (TrialState::Pruned, 1));
    assert_eq!((world.outcome(), world.released), ((SweepState::Finished, Some("completed")), 1));
    let counts = world.last.as_ref().unwrap().counts;
    assert_eq!((counts.paused, counts.pruned, counts.complete), (0, 1, 1));
}

#[test]
fn the_sweep_completes_though_no_place_is_free() {
    let mut world = one_paused(|tuning| tuning.limits.trials = 2);
    (world.holds_back_at, world.grant) = (Some(1), Grant::Places(0));
    world.finish(1, 0.5);
    assert_eq!(world.outcome(), (SweepState::Finished, Some("completed")));
}

#[test]
fn a_paused_trial_that_is_to_go_on_waits_for_a_place() {
    let mut world = one_paused(|tuning| tuning.limits.trials = 2);
    world.grant = Grant::Places(0);
    world.finish(1, 0.5);
    assert_eq!((state(&world, 0), wanted(world.snapshot())), ((TrialState::Paused, 1), 1));
    world.grant = Grant::Places(1);
    world.step();
    assert_eq!(state(&world, 0), (TrialState::Waiting, 2));
}

#[test]
fn whatever_ends_the_sweep_ends_the_paused_ones_at_once() {
    let mut world = one_paused(|_| ());
    world.stop_by("@mika");
    assert_eq!((world.sweep().state, state(&world, 0)), (SweepState::Stopping, (TrialState::Pruned, 1)));
    // One that was told to pause is not paused any more.
    let mut world = one_paused(|_| ());
    world.report(1, 1, 9.0);
    world.stop_by("@mika");
    world.end(1);
    assert_eq!((world.sweep().state, state(&world, 1)), (SweepState::Finished, (TrialState::Pruned, 1)));
}

#[test]
fn an_exhausted_grid_ends_once_nothing_is_promoted() {
    let mut world = one_paused(|_| ());
    world.points = 2;
    world.holds_back_at = Some(1);
    world.finish(1, 0.5);
    assert_eq!(
        (world.outcome(), state(&world, 0)),
        ((SweepState::Finished, Some("exhausted")), (TrialState::Pruned, 1))
    );
}

#[test]
fn a_trial_that_never_answers_its_pause_does_not_run_twice() {
    let mut world = World::pausing(|tuning| tuning.limits.parallel = 1);
    world.step();
    world.report(0, 1, 9.0);
    world.pass(71);
    world.step();
    assert_eq!(state(&world, 0), (TrialState::Pruned, 1));
}

#[test]
fn a_sweep_ends_also_under_a_pruner_that_promotes_whatever_it_has_paused() {
    let mut world = World::pausing(|tuning| tuning.limits.trials = 3);
    world.step();
    for round in 0..1000 {
        let open: Vec<u32> = world.snapshot().open_trials().map(|trial| trial.number).collect();
        for trial in open {
            world.report(trial, round + 1, 9.0);
            world.end(trial);
        }
    }
    assert_eq!(world.outcome(), (SweepState::Finished, Some("completed")));
    assert_eq!(world.snapshot().counts().pruned, 3);
}

#[test]
fn without_successive_halving_nothing_is_paused() {
    let mut world = World::pausing(|tuning| tuning.search.pruner = tuning::PrunerSettings::None);
    world.step();
    world.report(0, 1, 9.0);
    world.end(0);
    assert_eq!(state(&world, 0), (TrialState::Pruned, 1));
}

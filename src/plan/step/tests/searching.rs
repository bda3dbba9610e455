//! Sweeps whose workflow searches by itself.

use super::world::World;
use super::*;

fn numbers_of(world: &World) -> Vec<u32> {
    world.snapshot().trials().iter().map(|trial| trial.number).collect()
}

#[test]
fn a_workflow_that_searches_by_itself_is_one_trial_until_it_tells_of_the_others() {
    let mut world = World::searching(|tuning| {
        tuning.production = Some([("x".parse().unwrap(), Value::Float(0.77))].into_iter().collect());
    });
    world.step();
    world.tell(0, AttemptNews::Progress { done: 3, total: 10 });
    assert_eq!((world.snapshot().trials().len(), world.running.len()), (1, 1));
    assert_eq!(world.snapshot().trial(0).unwrap().params, Params::default(), "it gets the whole space");
    let metrics: Metrics = [("loss".parse().unwrap(), 9.0)].into_iter().collect();
    world.tell(0, AttemptNews::Reported { step: 1, metrics });
    assert!(world.stopped.is_empty(), "nobody prunes it");

    world.pass(100);
    world.searched(&[Some(0.5), None, Some(0.2), Some(0.4)]);
    assert_eq!((world.outcome(), world.released), ((SweepState::Finished, Some("completed")), 1));
    assert_eq!(numbers_of(&world), [0, 1, 2, 3]);
    let report = world.last.as_ref().unwrap();
    assert_eq!((report.counts.complete, report.counts.failed), (3, 1));
    assert_eq!(report.top.iter().map(|ranked| ranked.trial).collect::<Vec<_>>(), [2, 3, 0]);
    assert_eq!((report.sampler.as_str(), report.searches), ("its workflow searches by itself", true));
    assert_eq!(world.snapshot().history().len(), 4);
    let [now, reloaded] = world.reports();
    assert_eq!(now, reloaded);
    assert_eq!(world.snapshot.as_mut().unwrap().take_dirty().len(), 4);
}

#[test]
fn the_end_of_a_search_told_twice_adds_nothing() {
    let mut world = World::searching(|_| ());
    world.step();
    world.searched(&[Some(0.5), Some(0.2)]);
    let before = world.snapshot().trials().to_vec();
    world.searched(&[Some(0.5), Some(0.2)]);
    assert_eq!(world.snapshot().trials(), before);
}

#[test]
fn trials_that_failed_inside_a_search_do_not_make_it_fail() {
    let mut world = World::searching(|tuning| tuning.limits.failed_trials = 1);
    world.step();
    world.searched(&[None, None, Some(0.3)]);
    assert_eq!(world.outcome(), (SweepState::Finished, Some("completed")));
    let mut all_failed = World::searching(|_| ());
    all_failed.step();
    all_failed.searched(&[None]);
    assert_eq!(all_failed.outcome(), (SweepState::Finished, Some("completed")));
}

#[test]
fn a_workflow_that_fails_makes_its_sweep_fail_with_its_reason() {
    let mut world = World::searching(|tuning| tuning.limits.failed_trials = 5);
    world.step();
    world.fail(0, "main: exit code 3");
    assert_eq!(world.outcome(), (SweepState::Finished, Some("too_many_failures")));
    let [now, reloaded] = world.reports();
    assert_eq!(now.failure.as_ref().unwrap().reason, "main: exit code 3");
    assert_eq!(now, reloaded);
}

#[test]
fn a_lost_workflow_is_started_again_and_nothing_beside_it() {
    let mut world = World::searching(|_| ());
    world.step();
    world.lose(0);
    let attempts: Vec<_> = world.running.iter().map(|attempt| (attempt.trial, attempt.attempt)).collect();
    assert_eq!(attempts, [(0, 1), (0, 2)]);
    let held = world.reports()[0].held.clone().unwrap();
    assert_eq!((held.again, held.reason.as_str()), (true, "the node went away"));
    world.searched(&[Some(0.1)]);
    assert_eq!(world.outcome(), (SweepState::Finished, Some("completed")));
}

#[test]
fn a_search_is_held_to_the_limits_of_time() {
    let mut slow = World::searching(|_| ());
    slow.step();
    slow.tell(0, AttemptNews::Started);
    slow.pass(3601);
    slow.step();
    assert_eq!(slow.stopped.len(), 1);
    slow.tell(0, AttemptNews::Ended { end: AttemptEnd::Stopped });
    assert_eq!(slow.outcome(), (SweepState::Finished, Some("too_many_failures")));
    assert_eq!(slow.last.unwrap().failure.unwrap().reason, "it ran longer than its limit of 1h");

    let mut late = World::searching(|tuning| tuning.limits.deadline = Some(SignedDuration::from_mins(5)));
    late.step();
    late.pass(301);
    late.step();
    assert_eq!(late.outcome(), (SweepState::Stopping, Some("deadline_reached")));
    // What it has found until then counts.
    late.searched(&[Some(0.3), Some(0.1)]);
    assert_eq!((late.sweep().state, late.last.unwrap().best().unwrap().trial), (SweepState::Finished, 1));
}

//! What a sweep does while its engine does not answer.

use super::world::World;
use super::*;

fn one_at_a_time(tuning: &mut Tuning) {
    tuning.limits.parallel = 1;
}

#[test]
fn while_its_engine_is_away_a_sweep_begins_nothing_and_judges_nobody() {
    let mut world = World::new(|tuning| {
        one_at_a_time(tuning);
        tuning.limits.deadline = Some(SignedDuration::from_hours(2));
    });
    world.step();
    world.tell(0, AttemptNews::Started);
    world.go_away();
    world.step();
    world.pass(10);
    world.step();
    // An hour over its time limit and over the deadline, as far as anybody knows.
    world.pass(8000);
    assert_eq!(next_wake(world.snapshot()), None);
    world.step();
    assert_eq!((world.sweep().outcome.as_ref(), world.stopped.len()), (None, 0));
    // News that was seen before does count, and frees a place that nobody takes.
    world.finish(0, 0.5);
    assert_eq!((world.snapshot().counts().complete, world.snapshot().trials().len()), (1, 1));

    world.grant = Grant::Places(100);
    world.step();
    assert_eq!(world.outcome(), (SweepState::Finished, Some("deadline_reached")));
}

#[test]
fn a_trial_that_still_runs_when_its_engine_is_back_is_held_to_its_limit() {
    let mut world = World::new(one_at_a_time);
    world.step();
    world.tell(0, AttemptNews::Started);
    world.go_away();
    world.pass(4000);
    world.step();
    assert!(world.stopped.is_empty());
    world.grant = Grant::Places(100);
    world.step();
    assert_eq!(world.snapshot().trial(0).unwrap().stopping, Some(StopReason::TimedOut));
}

#[test]
fn a_stop_is_written_down_while_the_engine_is_away_and_its_patience_begins_when_it_is_back() {
    let mut world = World::new(|_| ());
    world.step();
    world.go_away();
    world.stop_by("@mika");
    assert_eq!((world.outcome(), world.stopped.len()), ((SweepState::Stopping, Some("stopped")), 2));
    world.pass(1000);
    world.step();
    assert_eq!(world.sweep().state, SweepState::Stopping, "the trials may run on there for all that is known");
    world.grant = Grant::Places(100);
    world.step();
    world.pass(60);
    world.step();
    assert_eq!(world.sweep().state, SweepState::Stopping, "the engine has just been told");
    world.pass(11);
    world.step();
    assert_eq!((world.sweep().state, world.released), (SweepState::Finished, 1));
}

#[test]
fn the_message_says_that_the_engine_is_away_and_takes_it_back() {
    let mut world = World::new(|_| ());
    world.step();
    world.pass(10);
    world.go_away();
    world.step();
    let away = world.last.as_ref().unwrap().away.clone().unwrap();
    assert_eq!((away.since, away.why.as_str()), (world.now, "connection refused"));
    world.pass(600);
    assert!(world.step().report.is_none(), "it is said once");
    world.grant = Grant::Places(100);
    world.step();
    assert_eq!(world.last.as_ref().unwrap().away, None);
}

#[test]
fn a_queued_sweep_says_that_it_waits_for_its_engine() {
    let mut world = World::new(|_| ());
    world.grant = Grant::Wait("a place".into());
    world.step();
    world.pass(10);
    world.go_away();
    world.step();
    let report = world.last.as_ref().unwrap();
    assert_eq!(report.phase, Phase::Queued { why: "engine local, which does not answer".into() });
    assert!(report.away.is_some());
    world.grant = Grant::Places(1);
    world.step();
    assert_eq!((world.sweep().state, world.last.unwrap().away), (SweepState::Running, None));
}

#[test]
fn a_trial_that_was_lost_is_written_down_for_its_engine_even_if_that_is_away() {
    let mut world = World::new(one_at_a_time);
    world.step();
    world.go_away();
    world.lose(0);
    assert!(world.running.iter().any(|attempt| attempt.attempt == 2), "{:?}", world.running);
}

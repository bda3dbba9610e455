//! What is told in the thread while a sweep runs.

use super::world::World;
use super::*;
use crate::domain::detail::News;
use crate::domain::sweep::Destination;

impl World {
    /// Lets time pass second by second, and returns what was told meanwhile.
    fn wait(&mut self, seconds: i64) -> Vec<String> {
        let before = self.said.len();
        for _ in 0..seconds {
            self.start_all();
            self.pass(1);
            self.step();
        }
        self.said[before..].to_vec()
    }

    /// A trial whose beginning is not told lasts no time.
    fn start_all(&mut self) {
        let is_new = |trial: &&Trial| trial.state == TrialState::Waiting;
        let new: Vec<u32> = self.snapshot().open_trials().filter(is_new).map(|trial| trial.number).collect();
        for trial in new {
            self.tell(trial, AttemptNews::Started);
        }
    }

    /// Trials end with these losses, one every four seconds: each is reported by itself.
    fn finish_all(&mut self, losses: &[f64]) -> Vec<String> {
        let before = self.said.len();
        for loss in losses {
            let trial = self.snapshot().open_trials().next().unwrap().number;
            self.finish(trial, *loss);
            self.wait(4);
        }
        self.said[before..].to_vec()
    }
}

pub fn lines(stepped: &Stepped) -> Vec<String> {
    let line = |effect: &Effect| match &effect.action {
        Action::Notify(notification) => match &notification.content {
            Content::Detail(detail) => Some(match &detail.news {
                News::NewBest(best) => {
                    let changes: Vec<&str> = best.changes.iter().map(|change| change.name.as_str()).collect();
                    let (now, then) = ((best.trial, best.value), (best.before.trial, best.before.value));
                    format!("after {}: {now:?}, was {then:?}, changed {changes:?}", best.finished)
                }
                News::Failed(failed) => format!(
                    "trial {} failed at {:?}: {} ({} so far)",
                    failed.trial, failed.step, failed.reason, failed.alike
                ),
            }),
            _ => None,
        },
        _ => None,
    };
    stepped.effects.iter().filter_map(line).collect()
}

fn long() -> World {
    let mut world = World::new(|tuning| {
        tuning.limits.trials = 100;
        tuning.limits.failed_trials = 50;
    });
    world.step();
    world.start_all();
    world
}

#[test]
fn a_new_best_is_told_with_what_changed() {
    let mut world = long();
    world.pass(200);
    assert_eq!(world.finish_all(&[0.9, 0.8]), Vec::<String>::new(), "the first round is nothing to tell");
    assert_eq!(world.finish_all(&[0.85, 0.5]), ["after 4: (3, 0.5), was (1, 0.8), changed [\"x\"]"]);
    assert_eq!(world.finish_all(&[0.6]), Vec::<String>::new());
}

#[test]
fn of_several_new_bests_within_minutes_the_last_is_told() {
    let mut world = long();
    assert_eq!(world.finish_all(&[0.9, 0.8, 0.7, 0.6, 0.5]), Vec::<String>::new(), "it has only begun");
    assert_eq!(world.wait(120), ["after 5: (4, 0.5), was (1, 0.8), changed [\"x\"]"]);
    assert_eq!(world.finish_all(&[0.4, 0.3]), Vec::<String>::new());
    let told_at = world.sweep().told.best_at.unwrap();
    assert_eq!(next_wake(world.snapshot()), Some(told_at + SignedDuration::from_mins(2)));
    assert_eq!(world.wait(120), ["after 7: (6, 0.3), was (4, 0.5), changed [\"x\"]"]);
    assert_eq!(world.wait(600), Vec::<String>::new());
}

#[test]
fn an_equal_value_is_no_new_best() {
    let mut world = long();
    world.pass(200);
    world.finish_all(&[0.9, 0.8]);
    assert_eq!(world.finish_all(&[0.8, 0.8]), Vec::<String>::new());
}

#[test]
fn shortly_before_the_end_the_summary_is_waited_for() {
    let mut world = World::new(|tuning| tuning.limits.trials = 6);
    world.step();
    world.start_all();
    world.pass(200);
    world.finish_all(&[0.9, 0.8]);
    // Two trials of a few minutes are left, on two places; then none.
    let told = world.finish_all(&[0.85, 0.84]);
    assert_eq!(told, Vec::<String>::new());
    world.pass(197);
    assert_eq!(world.finish_all(&[0.1, 0.9]), Vec::<String>::new());
    assert_eq!((world.outcome(), world.closings), ((SweepState::Finished, Some("completed")), 1));
}

#[test]
fn a_failure_is_told_once_for_each_reason_and_not_at_once() {
    let mut world = long();
    world.finish_all(&[0.9, 0.8]);
    world.report(2, 7, 0.6);
    world.fail(2, "CUDA out of memory");
    world.fail(3, "CUDA out of memory");
    assert_eq!(world.wait(19), Vec::<String>::new());
    assert_eq!(world.wait(2), ["trial 2 failed at Some(7): CUDA out of memory (2 so far)"]);
    world.fail(4, "CUDA out of memory");
    world.fail(5, "exit code 1");
    assert_eq!(world.wait(60), ["trial 5 failed at None: exit code 1 (1 so far)"]);
}

#[test]
fn failures_that_are_all_different_are_told_a_few_times() {
    let mut world = long();
    for trial in 0..20 {
        world.fail(trial, &format!("segmentation fault at {trial:#x}"));
        world.pass(1);
    }
    world.wait(60);
    assert_eq!(world.said.len(), 5);
    assert_eq!(world.sweep().told.failed.len(), 5);
}

#[test]
fn a_sweep_that_fails_at_once_leaves_it_to_its_summary() {
    let mut world = World::new(|tuning| tuning.limits.failed_trials = 2);
    world.step();
    world.fail(0, "exit code 1");
    world.pass(5);
    world.fail(1, "exit code 2");
    world.end(2);
    assert_eq!(world.outcome(), (SweepState::Finished, Some("too_many_failures")));
    assert_eq!(world.wait(60), Vec::<String>::new());
}

#[test]
fn a_restart_repeats_no_line_and_forgets_none() {
    let mut world = long();
    world.finish_all(&[0.9, 0.8, 0.7]);
    world.fail(3, "exit code 1");
    let reload = |world: &mut World| {
        let snapshot = world.snapshot.take().unwrap();
        world.snapshot = Some(Snapshot::load(snapshot.sweep().clone(), snapshot.trials().to_vec()));
        lines(&world.step())
    };
    assert_eq!(reload(&mut world), Vec::<String>::new());
    world.pass(200);
    let told = reload(&mut world);
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(reload(&mut world), Vec::<String>::new());
    assert_eq!(world.wait(300), Vec::<String>::new());
}

#[test]
fn only_slack_has_threads() {
    let mut world = long();
    let mut sweep = world.sweep().clone();
    let repository: crate::domain::ids::Repository = "acme/vision".parse().unwrap();
    sweep.destinations = vec![Destination::GithubComment { repository, pull_request: 3, mention: None }];
    world.snapshot = Some(Snapshot::load(sweep, world.snapshot().trials().to_vec()));
    world.finish_all(&[0.9, 0.8, 0.7]);
    assert_eq!(world.wait(300), Vec::<String>::new());
}

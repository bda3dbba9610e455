//! Whatever happens to a sweep, in whatever order, some things hold.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::world::World;
use super::*;

/// One thing that may happen to a sweep.
#[derive(Debug, Clone)]
enum Happening {
    Finish(u32, f64),
    Fail(u32),
    Lose(u32),
    End(u32),
    Report(u32, u64, f64),
    Pass(i64),
    Hold(u32, bool),
    Advance(u32, u64),
    Search(Vec<Option<f64>>),
    Away,
    Back,
    Stop,
    Reload,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        8 => (0u32..12, -2.0..2.0).prop_map(|(trial, loss)| Happening::Finish(trial, loss)),
        2 => (0u32..12).prop_map(Happening::Fail),
        2 => (0u32..12).prop_map(Happening::Lose),
        4 => (0u32..12).prop_map(Happening::End),
        3 => (0u32..12, 1u64..5, -2.0..2.0).prop_map(|(trial, step, value)| Happening::Report(trial, step, value)),
        2 => (0i64..4000).prop_map(Happening::Pass),
        2 => (0u32..12, any::<bool>()).prop_map(|(trial, held)| Happening::Hold(trial, held)),
        2 => (0u32..12, 0u64..12).prop_map(|(trial, done)| Happening::Advance(trial, done)),
        1 => Just(Happening::Away),
        2 => Just(Happening::Back),
        1 => Just(Happening::Stop),
        1 => Just(Happening::Reload),
    ]
}

/// What may happen to one workflow that searches by itself.
fn happening_to_a_search() -> impl Strategy<Value = Happening> {
    prop_oneof![
        1 => prop::collection::vec(prop::option::weighted(0.8, -2.0..2.0), 0..6).prop_map(Happening::Search),
        1 => (0u32..2).prop_map(Happening::Fail),
        1 => (0u32..2, -2.0..2.0).prop_map(|(trial, loss)| Happening::Finish(trial, loss)),
        8 => happening().prop_filter("it ends in its own way", |happening| {
            !matches!(happening, Happening::Finish(..) | Happening::Fail(_))
        }),
    ]
}

/// Are trials paused, and at how many complete ones is none promoted?
fn pauses() -> impl Strategy<Value = Option<Option<usize>>> {
    prop::option::of(prop::option::of(0usize..8))
}

impl World {
    fn that(pauses: Option<Option<usize>>, change: impl FnOnce(&mut Tuning)) -> Self {
        let Some(holds_back_at) = pauses else { return Self::new(change) };
        Self { holds_back_at, ..Self::pausing(change) }
    }

    fn meet(&mut self, happening: &Happening) {
        let known = |world: &Self, trial: u32| world.snapshot().trial(trial).is_some();
        match happening {
            Happening::Finish(trial, loss) if known(self, *trial) => self.finish(*trial, *loss),
            Happening::Fail(trial) if known(self, *trial) => self.fail(*trial, "exit code 1"),
            Happening::Lose(trial) if known(self, *trial) => self.lose(*trial),
            Happening::End(trial) if self.snapshot().trial(*trial).is_some_and(|trial| trial.stopping.is_some()) => {
                self.end(*trial);
            }
            Happening::Hold(trial, held) if known(self, *trial) => {
                self.tell(*trial, AttemptNews::Held { why: held.then(|| "no node".into()) });
            }
            Happening::Advance(trial, done) if known(self, *trial) => {
                self.tell(*trial, AttemptNews::Progress { done: *done, total: 10 });
            }
            Happening::Search(losses) if known(self, 0) => self.searched(losses),
            Happening::Away => self.go_away(),
            Happening::Back => self.grant = Grant::Places(100),
            Happening::Report(trial, step, value) if known(self, *trial) => {
                let metrics: Metrics = [("loss".parse().unwrap(), *value)].into_iter().collect();
                self.tell(*trial, AttemptNews::Reported { step: *step, metrics });
            }
            Happening::Pass(seconds) => self.pass(*seconds),
            Happening::Stop => self.stop_by("@mika"),
            Happening::Reload => {
                let snapshot = self.snapshot.take().unwrap();
                let mut again = Snapshot::load(snapshot.sweep().clone(), snapshot.trials().to_vec());
                again.resume(self.last.as_ref(), self.now);
                self.snapshot = Some(again);
            }
            _ => {}
        }
        self.step();
    }
}

proptest! {
    #[test]
    fn stepping_again_at_the_same_instant_does_nothing(
        happenings in prop::collection::vec(happening(), 0..60),
        pauses in pauses(),
    ) {
        let mut world = World::that(pauses, |tuning| tuning.limits.patience = Some(6));
        world.step();
        for happening in &happenings {
            world.meet(happening);
            world.snapshot.as_mut().unwrap().take_dirty();
            let again = world.step();
            prop_assert!(again.effects.is_empty() && !again.sweep_changed, "{:?}", again);
            prop_assert!(world.snapshot.as_mut().unwrap().take_dirty().is_empty());
        }
    }

    #[test]
    fn limits_hold_and_states_only_move_forward(
        happenings in prop::collection::vec(happening(), 0..80),
        pauses in pauses(),
    ) {
        let mut world = World::that(pauses, |tuning| tuning.limits.deadline = Some(SignedDuration::from_hours(3)));
        world.step();
        let mut before: BTreeMap<u32, (u32, u8)> = BTreeMap::new();
        let mut state = world.sweep().state;
        for happening in &happenings {
            world.meet(happening);
            let snapshot = world.snapshot();
            prop_assert!(snapshot.open_count() <= 2 && snapshot.trials().len() <= 10);
            prop_assert!(snapshot.sweep().state >= state);
            state = snapshot.sweep().state;
            for trial in snapshot.trials() {
                let known = before.insert(trial.number, trial.advance());
                prop_assert!(known.is_none_or(|known| known <= trial.advance()));
            }
            prop_assert_eq!(state == SweepState::Finished, snapshot.sweep().ended_at.is_some());
            prop_assert!(world.closings <= 1);
            if state == SweepState::Finished {
                prop_assert_eq!((snapshot.open_count(), world.closings), (0, 1));
            }
            if snapshot.sweep().outcome.is_some() {
                prop_assert_eq!(snapshot.counts().paused, 0);
            }
            let has_trials = !snapshot.trials().is_empty();
            prop_assert_eq!(world.released, u32::from(state == SweepState::Finished && has_trials));
            let [now, reloaded] = world.reports();
            prop_assert_eq!(now, reloaded);
        }
    }

    #[test]
    fn while_the_engine_is_away_nothing_begins_and_only_the_end_of_the_sweep_ends_trials(
        happenings in prop::collection::vec(happening(), 0..60),
        pauses in pauses(),
    ) {
        let mut world = World::that(pauses, |tuning| tuning.limits.deadline = Some(SignedDuration::from_hours(3)));
        world.step();
        for happening in &happenings {
            let (trials, stopped) = (world.snapshot().trials().len(), world.stopped.len());
            let was_late = world.sweep().outcome == Some(Outcome::DeadlineReached);
            world.meet(happening);
            if matches!(world.grant, Grant::Away(_)) {
                prop_assert_eq!(world.snapshot().trials().len(), trials);
                prop_assert!(world.stopped.len() == stopped || world.sweep().outcome.is_some());
                prop_assert_eq!(world.sweep().outcome == Some(Outcome::DeadlineReached), was_late);
            }
        }
    }

    #[test]
    fn a_search_of_its_own_has_one_workflow_at_a_time_and_ends_with_it(
        happenings in prop::collection::vec(happening_to_a_search(), 0..60),
    ) {
        let mut world = World::searching(|tuning| tuning.limits.patience = Some(1));
        world.step();
        for happening in &happenings {
            world.meet(happening);
            let snapshot = world.snapshot();
            prop_assert!(snapshot.open_count() <= 1);
            prop_assert!(world.running.iter().all(|attempt| attempt.trial == 0));
            prop_assert!(snapshot.trials().iter().zip(0..).all(|(trial, number)| trial.number == number));
            if snapshot.open_count() > 0 {
                prop_assert_eq!(snapshot.trials().len(), 1);
            } else if !snapshot.trials().is_empty() {
                prop_assert_eq!((snapshot.sweep().state, world.released), (SweepState::Finished, 1));
            }
            let [now, reloaded] = world.reports();
            prop_assert_eq!(now, reloaded);
            let again = world.step();
            prop_assert!(again.effects.is_empty() && !again.sweep_changed, "{:?}", again);
        }
    }

    #[test]
    fn every_sweep_ends_if_its_trials_do(
        happenings in prop::collection::vec(happening(), 0..40),
        pauses in pauses(),
        poor in prop::collection::vec(any::<bool>(), 40),
    ) {
        let mut world = World::that(pauses, |_| ());
        world.step();
        for happening in &happenings {
            world.meet(happening);
        }
        world.meet(&Happening::Back);
        for round in 0..200 {
            let open: Vec<u32> = world.snapshot().open_trials().map(|trial| trial.number).collect();
            for trial in open {
                if poor.get(round) == Some(&true) {
                    world.report(trial, round as u64 + 10, 1.5);
                    world.end(trial);
                } else {
                    world.finish(trial, 0.5);
                }
            }
        }
        prop_assert_eq!(world.sweep().state, SweepState::Finished);
    }
}

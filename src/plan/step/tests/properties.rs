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
    Report(u32, u64, f64),
    Pass(i64),
    Stop,
    Reload,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        8 => (0u32..12, -2.0..2.0).prop_map(|(trial, loss)| Happening::Finish(trial, loss)),
        2 => (0u32..12).prop_map(Happening::Fail),
        2 => (0u32..12).prop_map(Happening::Lose),
        3 => (0u32..12, 1u64..5, -2.0..2.0).prop_map(|(trial, step, value)| Happening::Report(trial, step, value)),
        2 => (0i64..4000).prop_map(Happening::Pass),
        1 => Just(Happening::Stop),
        1 => Just(Happening::Reload),
    ]
}

impl World {
    fn meet(&mut self, happening: &Happening) {
        let known = |world: &Self, trial: u32| world.snapshot().trial(trial).is_some();
        match happening {
            Happening::Finish(trial, loss) if known(self, *trial) => self.finish(*trial, *loss),
            Happening::Fail(trial) if known(self, *trial) => {
                let end = AttemptEnd::Failed { reason: "exit code 1".into(), log_tail: None };
                self.tell(*trial, AttemptNews::Ended { end });
            }
            Happening::Lose(trial) if known(self, *trial) => {
                let end = AttemptEnd::Lost { reason: "a node".into(), by_restart: false };
                self.tell(*trial, AttemptNews::Ended { end });
            }
            Happening::Report(trial, step, value) if known(self, *trial) => {
                let metrics: Metrics = [("loss".parse().unwrap(), *value)].into_iter().collect();
                self.tell(*trial, AttemptNews::Reported { step: *step, metrics });
            }
            Happening::Pass(seconds) => self.pass(*seconds),
            Happening::Stop => self.stop_by("@mika"),
            Happening::Reload => {
                let snapshot = self.snapshot.take().unwrap();
                self.snapshot = Some(Snapshot::load(snapshot.sweep().clone(), snapshot.trials().to_vec()));
            }
            _ => {}
        }
        self.step();
    }
}

proptest! {
    #[test]
    fn stepping_again_at_the_same_instant_does_nothing(happenings in prop::collection::vec(happening(), 0..60)) {
        let mut world = World::new(|tuning| tuning.limits.patience = Some(6));
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
    fn limits_hold_and_states_only_move_forward(happenings in prop::collection::vec(happening(), 0..80)) {
        let mut world = World::new(|tuning| tuning.limits.deadline = Some(SignedDuration::from_hours(3)));
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
        }
    }

    #[test]
    fn every_sweep_ends_if_its_trials_do(happenings in prop::collection::vec(happening(), 0..40)) {
        let mut world = World::new(|_| ());
        world.step();
        for happening in &happenings {
            world.meet(happening);
        }
        for _ in 0..200 {
            let open: Vec<u32> = world.snapshot().open_trials().map(|trial| trial.number).collect();
            for trial in open {
                world.finish(trial, 0.5);
            }
        }
        prop_assert_eq!(world.sweep().state, SweepState::Finished);
    }
}

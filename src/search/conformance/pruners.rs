//! What every pruner must do, whatever it judges by.

use crate::domain::metrics::Direction;
use crate::domain::params::Params;
use crate::domain::tuning::{PrunerSettings, Rungs};
use crate::search::{History, Pruner, Record, RecordState, pruner};

use super::spaces::mixed;

/// Every pruner there is, willing to judge from the first trial and step on.
fn eager() -> Vec<Box<dyn Pruner>> {
    comparing().into_iter().chain(alone()).collect()
}

/// Those that hold a trial against others.
fn comparing() -> Vec<Box<dyn Pruner>> {
    let settings = [
        PrunerSettings::Median { startup_trials: 1, warmup_steps: 0 },
        PrunerSettings::Percentile { keep_percent: 25.0, startup_trials: 1, warmup_steps: 0 },
        PrunerSettings::Asha(Rungs { min_steps: 1, max_steps: None, eta: 2 }),
        PrunerSettings::Hyperband { min_steps: 1, max_steps: 1_000_000, eta: 1000 },
        PrunerSettings::Wilcoxon { p: 0.3, startup_steps: 2 },
    ];
    settings.iter().filter_map(pruner).collect()
}

/// Those that look at the trial alone.
fn alone() -> Vec<Box<dyn Pruner>> {
    let settings = [
        PrunerSettings::Patience { steps: 1, min_delta: 2.0 },
        PrunerSettings::Threshold { lower: Some(-20.0), upper: Some(20.0), warmup_steps: 0 },
    ];
    settings.iter().filter_map(pruner).collect()
}

fn trial(state: RecordState, steps: &[(u64, f64)]) -> Record {
    let values = steps.last().filter(|_| state == RecordState::Complete).map(|(_, value)| *value);
    Record { state, values: values.into_iter().collect(), steps: steps.to_vec(), ..Record::pending(Params::default()) }
}

/// Complete trials that end at the values, by way of twice as much, and one that runs.
fn sweep(direction: Direction, sign: f64, ends: &[f64], running: &[(u64, f64)]) -> History {
    let mut history = History::new(mixed(), vec![direction], 0);
    for (number, end) in (0..).zip(ends) {
        let steps: Vec<(u64, f64)> = (0..10).map(|step| (step, sign * (end + (9 - step) as f64))).collect();
        history.record(number, trial(RecordState::Complete, &steps));
    }
    let steps: Vec<(u64, f64)> = running.iter().map(|(step, value)| (*step, sign * value)).collect();
    let number = u32::try_from(ends.len()).unwrap();
    history.record(number, trial(RecordState::Pending, &steps));
    history
}

fn last(history: &History) -> u32 {
    u32::try_from(history.len()).unwrap() - 1
}

#[test]
fn nothing_is_stopped_without_others_to_compare_with() {
    for pruner in comparing() {
        let history = sweep(Direction::Minimize, 1.0, &[], &[(0, 1e9), (1, 1e9)]);
        assert!(!pruner.should_prune(&history, 0));
        assert!(!pruner.should_prune(&history, 7), "an unknown trial");
    }
}

#[test]
fn a_trial_that_has_reported_nothing_goes_on() {
    for pruner in eager() {
        let history = sweep(Direction::Minimize, 1.0, &[1.0, 2.0, 3.0], &[]);
        assert!(!pruner.should_prune(&history, last(&history)));
    }
}

#[test]
fn a_hopeless_trial_is_stopped_and_the_best_one_is_not_in_both_directions() {
    for pruner in eager() {
        for (direction, sign) in [(Direction::Minimize, 1.0), (Direction::Maximize, -1.0)] {
            let ends: Vec<f64> = (1..=12).map(f64::from).collect();
            let hopeless = sweep(direction, sign, &ends, &[(0, 100.0), (1, 99.0), (2, 98.0)]);
            assert!(pruner.should_prune(&hopeless, last(&hopeless)));
            let best = sweep(direction, sign, &ends, &[(0, 8.0), (1, 5.0), (2, 2.0)]);
            assert!(!pruner.should_prune(&best, last(&best)));
        }
    }
}

#[test]
fn a_finished_trial_is_not_stopped() {
    for pruner in eager() {
        let mut history = sweep(Direction::Minimize, 1.0, &[1.0, 2.0, 3.0], &[(0, 100.0)]);
        for state in [RecordState::Complete, RecordState::Pruned, RecordState::Failed] {
            history.record(3, trial(state, &[(0, 100.0)]));
            assert!(!pruner.should_prune(&history, 3), "{state:?}");
        }
    }
}

#[test]
fn failed_trials_and_nan_do_not_count() {
    for pruner in eager() {
        let mut history = sweep(Direction::Minimize, 1.0, &[1.0, 2.0, 3.0], &[(0, 10.5)]);
        let judged = pruner.should_prune(&history, 3);
        history.record(4, trial(RecordState::Failed, &[(0, -1e9)]));
        history.record(5, trial(RecordState::Complete, &[(0, f64::NAN), (1, f64::NAN)]));
        history.record(6, trial(RecordState::Pending, &[]));
        assert_eq!(pruner.should_prune(&history, 3), judged);
    }
}

#[test]
fn a_judgement_survives_a_restart() {
    for pruner in eager() {
        let history = sweep(Direction::Minimize, 1.0, &[1.0, 5.0, 9.0], &[(0, 14.5), (1, 13.0)]);
        let mut rebuilt = History::new(mixed(), vec![Direction::Minimize], 0);
        for (number, record) in (0..).map_while(|number| Some((number, history.get(number)?))) {
            rebuilt.record(number, record);
        }
        assert_eq!(pruner.should_prune(&history, 3), pruner.should_prune(&rebuilt, 3));
    }
}

#[test]
fn in_which_order_trials_ended_makes_no_difference() {
    let ends: Vec<f64> = (0..12).map(|k| f64::from(k * 7 % 12)).collect();
    for pruner in eager() {
        let whole = sweep(Direction::Minimize, 1.0, &ends, &[(0, 14.0), (1, 12.0), (2, 11.0), (3, 9.5)]);
        let rebuilt = |order: &dyn Fn(u32) -> u32| {
            let mut history = History::new(mixed(), vec![Direction::Minimize], 0);
            for number in 0..13 {
                history.record(number, trial(RecordState::Pending, &[]));
            }
            for number in (0..13).map(order) {
                history.record(number, whole.get(number).unwrap());
            }
            (0..13).map(|number| pruner.should_prune(&history, number)).collect::<Vec<_>>()
        };
        let forwards = rebuilt(&|number| number);
        assert_eq!(forwards, rebuilt(&|number| 12 - number));
        assert_eq!(forwards, rebuilt(&|number| number * 5 % 13));
    }
}

#[test]
fn what_is_promoted_is_paused_and_would_not_be_stopped() {
    let mut promoted = 0;
    for pruner in eager() {
        for seed in 0..40_u32 {
            let mut history = History::new(mixed(), vec![Direction::Minimize], u64::from(seed));
            let mut paused = Vec::new();
            for number in 0..12_u32 {
                let dice = (seed * 31 + number * 17) % 23;
                let states = [RecordState::Pruned, RecordState::Complete, RecordState::Pruned, RecordState::Pending];
                let state = states[(dice % 4) as usize];
                let steps: Vec<_> = (1..=u64::from(dice % 5)).map(|step| (step, f64::from(dice * 7 % 11))).collect();
                history.record(number, trial(state, &steps));
                paused.extend((state == RecordState::Pruned && dice % 3 > 0).then_some(number));
            }
            let Some(place) = pruner.promote(&history, &paused) else { continue };
            promoted += 1;
            assert!(paused.contains(&place));
            paused.reverse();
            assert_eq!(pruner.promote(&history, &paused), Some(place), "their order makes no difference");
            let steps = history.steps(place).to_vec();
            history.record(place, trial(RecordState::Pending, &steps));
            assert!(!pruner.should_prune(&history, place));
        }
    }
    assert!(promoted > 20, "{promoted}");
}

#[test]
fn both_directions_are_judged_alike() {
    let ends: Vec<f64> = (0..12).map(|k| f64::from(k * 5 % 12)).collect();
    for pruner in comparing() {
        for best in [1.0, 4.0, 7.0, 10.0, 13.0] {
            let running = [(0, best + 9.0), (1, best + 8.0), (2, best + 7.0)];
            let judge = |direction, sign| pruner.should_prune(&sweep(direction, sign, &ends, &running), 12);
            assert_eq!(judge(Direction::Minimize, 1.0), judge(Direction::Maximize, -1.0));
        }
    }
}

#[test]
fn infinite_values_nan_and_single_steps_are_borne() {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, f64::MAX, f64::MIN];
    for pruner in eager() {
        let mut history = History::new(mixed(), vec![Direction::Maximize], 3);
        for number in 0..60_u32 {
            let length = u64::from(number % 7);
            let steps: Vec<_> =
                (0..length).map(|step| (step * 3, odd[(number as usize + step as usize) % 6])).collect();
            let states = [RecordState::Complete, RecordState::Pruned, RecordState::Pending, RecordState::Failed];
            history.record(number, trial(states[number as usize % 4], &steps));
        }
        for number in 0..60 {
            pruner.should_prune(&history, number);
        }
    }
}

mod median {
    use super::*;

    fn stops(startup_trials: u32, warmup_steps: u64, history: &History) -> bool {
        pruner(&PrunerSettings::Median { startup_trials, warmup_steps }).unwrap().should_prune(history, last(history))
    }

    fn at_step_two(direction: Direction, sign: f64, best: f64) -> History {
        // Others are at 8, 9, 10 and 11 at step 2: the median is 9.5.
        sweep(direction, sign, &[1.0, 2.0, 3.0, 4.0], &[(0, 50.0), (1, best), (2, 49.0)])
    }

    #[test]
    fn the_best_value_so_far_is_held_against_the_median_at_the_last_step() {
        for (direction, sign) in [(Direction::Minimize, 1.0), (Direction::Maximize, -1.0)] {
            assert!(stops(1, 0, &at_step_two(direction, sign, 9.6)));
            assert!(!stops(1, 0, &at_step_two(direction, sign, 9.5)), "as good as the median is good enough");
            assert!(!stops(1, 0, &at_step_two(direction, sign, 9.4)));
        }
    }

    #[test]
    fn the_first_trials_and_the_first_steps_are_never_judged() {
        let history = at_step_two(Direction::Minimize, 1.0, 40.0);
        assert!(stops(4, 2, &history));
        assert!(!stops(5, 0, &history), "four trials are complete");
        assert!(!stops(1, 3, &history), "the last step is step 2");
        assert!(stops(0, 0, &history));
    }

    #[test]
    fn a_step_that_nobody_else_reported_is_not_judged() {
        let history = sweep(Direction::Minimize, 1.0, &[1.0, 2.0], &[(0, 99.0), (500, 99.0)]);
        assert!(!stops(1, 0, &history));
    }

    #[test]
    fn a_trial_that_reports_only_nan_is_stopped_once_others_are_complete() {
        let history = sweep(Direction::Maximize, -1.0, &[1.0, 2.0], &[(0, f64::NAN), (1, f64::NAN)]);
        assert!(stops(1, 0, &history));
        assert!(!stops(3, 0, &history));
        let recovered = sweep(Direction::Minimize, 1.0, &[1.0, 2.0], &[(0, f64::NAN), (1, 1.0)]);
        assert!(!stops(1, 0, &recovered));
    }

    #[test]
    fn pruned_trials_do_not_lower_the_bar() {
        let mut history = at_step_two(Direction::Minimize, 1.0, 9.6);
        for number in 5..20 {
            history.record(number, trial(RecordState::Pruned, &[(0, 50.0), (1, 50.0), (2, 50.0)]));
        }
        let judge = pruner(&PrunerSettings::Median { startup_trials: 1, warmup_steps: 0 }).unwrap();
        assert!(judge.should_prune(&history, 4));
    }

    #[test]
    fn a_sweep_without_pruning_has_no_pruner() {
        assert!(pruner(&PrunerSettings::None).is_none());
    }
}

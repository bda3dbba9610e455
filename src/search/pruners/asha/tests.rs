use super::*;
use crate::domain::metrics::Direction;
use crate::domain::params::{Params, Space};
use crate::search::{Record, RecordState};

const RUNGS: Rungs = Rungs { min_steps: 1, max_steps: Some(27), eta: 3 };

/// The value of a trial at a step: the lower its number, the better, from the first step to the last.
fn steady(number: u32, step: u64) -> f64 {
    f64::from(number) + 10.0 / step as f64
}

/// Runs trials one after the other, each to its end or until it is stopped.
fn run(rungs: Rungs, numbers: impl IntoIterator<Item = u32>, value: impl Fn(u32, u64) -> f64) -> (History, Vec<usize>) {
    let mut history = History::new(Space::new(Vec::new()).unwrap(), vec![Direction::Minimize], 0);
    let pruner = Asha { rungs };
    let mut lengths = Vec::new();
    for (place, number) in (0..).zip(numbers) {
        let mut record = Record::pending(Params::default());
        for step in 1..=27 {
            record.steps.push((step, value(number, step)));
            history.record(place, record.clone());
            if pruner.should_prune(&history, place) {
                record.state = RecordState::Pruned;
                break;
            }
        }
        if record.state == RecordState::Pending {
            record.state = RecordState::Complete;
            record.values = vec![value(number, 27)];
        }
        lengths.push(record.steps.len());
        history.record(place, record);
    }
    (history, lengths)
}

/// Numbers without an order that matters.
fn shuffled(count: u32) -> impl Iterator<Item = u32> {
    (0..count).map(move |k| (k * 37 + 11) % count)
}

#[test]
fn the_first_trial_and_the_best_one_run_to_their_end() {
    let (_, lengths) = run(RUNGS, shuffled(60), steady);
    assert_eq!(lengths[0], 27);
    let best = shuffled(60).position(|number| number == 0).unwrap();
    assert_eq!((best > 0, lengths[best]), (true, 27));
}

#[test]
fn most_trials_end_at_a_rung_and_few_are_whole() {
    let (_, lengths) = run(RUNGS, shuffled(100), steady);
    let ended = |length| lengths.iter().filter(|other| **other == length).count();
    assert_eq!(ended(1) + ended(3) + ended(9) + ended(27), 100, "{lengths:?}");
    assert!(ended(1) >= 60, "{lengths:?}");
    assert!(ended(27) <= 10, "{lengths:?}");
    let spent: usize = lengths.iter().sum();
    assert!(spent < 100 * 27 / 5, "{spent} steps");
}

#[test]
fn trials_that_become_better_do_not_all_pass() {
    // They become better and better, as with a sampler that learns, but for luck.
    let value = |number: u32, step: u64| {
        100.0 / f64::from(number + 1).sqrt() + f64::from(number * 7 % 11) * 2.0 + 10.0 / step as f64
    };
    let (_, lengths) = run(RUNGS, 0..100, value);
    assert!(lengths.iter().filter(|length| **length == 27).count() < 30, "{lengths:?}");
}

#[test]
fn where_curves_cross_the_pruner_notices_and_holds_back() {
    let crossing = |number: u32, step: u64| if step <= 20 { 100.0 - f64::from(number) } else { f64::from(number) };
    let (_, lengths) = run(RUNGS, shuffled(60), crossing);
    let late = &lengths[20..];
    assert!(late.iter().filter(|length| **length == 27).count() >= 36, "{lengths:?}");
}

#[test]
fn where_early_values_are_luck_the_pruner_holds_back_too() {
    let lucky = |number: u32, step: u64| {
        if step <= 20 { f64::from((number * 7919 + 13) % 101) } else { f64::from(number) }
    };
    let (_, lengths) = run(RUNGS, shuffled(200), lucky);
    let (_, steady) = run(RUNGS, shuffled(200), steady);
    let whole = |lengths: &[usize]| lengths[100..].iter().filter(|length| **length == 27).count();
    assert!(whole(&lengths) > 50 && whole(&steady) < 10, "{lengths:?} {steady:?}");
}

#[test]
fn the_outlook_of_a_slow_starter_that_still_falls_is_better_than_its_value() {
    // Those of even numbers fall slowly from 5, the others fast from 6, and end lower. After nine steps the latter are
    // still behind, but it shows where they go.
    let value = |number: u32, step: u64| {
        let step = step as f64;
        f64::from(number) * 0.001 + if number.is_multiple_of(2) { 5.0 - 0.05 * step } else { 6.0 - 0.15 * step }
    };
    let never = Rungs { min_steps: 100, ..RUNGS };
    let (mut history, _) = run(never, 0..10, value);
    let steps = (1..=9).map(|step| (step, value(11, step))).collect();
    history.record(10, Record { steps, ..Record::pending(Params::default()) });
    let ladder = Ladder::of(&history, 10, &RUNGS).unwrap();
    let outlook = outlook(&ladder, ladder.judged);
    assert!(value(11, 9) > value(0, 9));
    assert!(outlook[10] < outlook[0], "{outlook:?}");
}

#[test]
fn a_trial_is_judged_by_its_last_rung_until_it_comes_to_the_next() {
    let (mut history, _) = run(RUNGS, shuffled(20), steady);
    let late = Record { steps: vec![(1, steady(40, 1)), (2, steady(40, 2))], ..Record::pending(Params::default()) };
    history.record(20, late);
    assert!(Asha { rungs: RUNGS }.should_prune(&history, 20));
}

#[test]
fn a_trial_has_reached_a_rung_with_the_first_report_at_or_past_it() {
    let rungs = Rungs { min_steps: 10, max_steps: None, eta: 3 };
    let mut history = History::new(Space::new(Vec::new()).unwrap(), vec![Direction::Minimize], 0);
    for place in 0..12 {
        let steps = vec![(4, f64::from(place)), (12, f64::from(place))];
        let state = RecordState::Pruned;
        history.record(place, Record { state, steps, ..Record::pending(Params::default()) });
    }
    let judge = |step: u64| {
        let mut history = history.clone();
        history.record(12, Record { steps: vec![(step, 50.0)], ..Record::pending(Params::default()) });
        // Past the first witnesses.
        history.record(13, Record { steps: vec![(40, 60.0)], ..Record::pending(Params::default()) });
        history.record(14, Record { steps: vec![(40, 61.0)], ..Record::pending(Params::default()) });
        history.record(15, Record { steps: vec![(40, 62.0)], ..Record::pending(Params::default()) });
        Asha { rungs }.should_prune(&history, 12)
    };
    assert!(!judge(9));
    assert!(judge(10));
}

#[test]
fn about_log_eta_trials_are_let_on_as_witnesses() {
    let counts = [1, 2, 3, 4, 9, 10, 27, 28].map(|came| wanted_witnesses(came, 3));
    assert_eq!(counts, [0, 1, 1, 2, 2, 3, 3, 4]);
}

/// Trials that have stopped at their first or second rung, at 1 and 3 steps, and what became of them.
fn stopped(trials: &[(RecordState, u64, f64)]) -> History {
    let mut history = History::new(Space::new(Vec::new()).unwrap(), vec![Direction::Minimize], 0);
    for (place, (state, steps, value)) in (0..).zip(trials) {
        let values = (*state == RecordState::Complete).then_some(*value).into_iter().collect();
        let steps = (1..=*steps).map(|step| (step, *value)).collect();
        history.record(place, Record { state: *state, values, steps, ..Record::pending(Params::default()) });
    }
    history
}

#[test]
fn the_best_paused_trial_is_promoted_once_it_is_among_the_best_of_its_rung() {
    use RecordState::{Complete, Failed, Pending, Pruned};
    let pruner = Asha { rungs: RUNGS };
    // Trial 1 went on although it is not among the best, so that no other does for that reason alone.
    let mut trials = vec![(Pending, 1, 0.0), (Complete, 27, 9.0), (Pruned, 1, 3.0), (Pruned, 1, 2.0), (Failed, 0, 0.0)];
    trials.push((Complete, 27, 8.0));
    assert_eq!(pruner.promote(&stopped(&trials), &[2, 3]), None);
    trials[0].0 = Failed;
    let history = stopped(&trials);
    assert_eq!(pruner.promote(&history, &[2, 3]), Some(3));
    assert_eq!(pruner.promote(&history, &[2]), None, "it is not the best of the rung");
    assert_eq!(pruner.promote(&history, &[]), None);
    assert_eq!(pruner.promote(&history, &[4, 99]), None, "they have come to no rung");
}

#[test]
fn of_several_rungs_the_highest_promotes_first() {
    use RecordState::{Complete, Pruned};
    let pruner = Asha { rungs: RUNGS };
    let history = stopped(&[(Pruned, 1, 1.0), (Pruned, 3, 2.0), (Complete, 27, 9.0), (Complete, 27, 8.0)]);
    assert_eq!(pruner.promote(&history, &[0, 1]), Some(1));
    assert_eq!(pruner.promote(&history, &[0]), Some(0));
}

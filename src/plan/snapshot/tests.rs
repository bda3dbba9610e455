use super::*;
use crate::domain::metrics::Metrics;
use crate::domain::params::Value;
use crate::domain::sweep;
use crate::domain::tuning;
use crate::plan::summary;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

/// A trial that gave `loss` after ten seconds, at `end`.
fn complete(number: u32, loss: f64, end: i64) -> Trial {
    let params: Params = [("x".parse().unwrap(), Value::Float(0.5))].into_iter().collect();
    let metrics: Metrics = [("loss".parse().unwrap(), loss)].into_iter().collect();
    Trial {
        state: TrialState::Complete,
        metrics,
        started_at: Some(at(end - 10)),
        ended_at: Some(at(end)),
        ..Trial::proposed(number, params, at(0))
    }
}

fn running(trials: Vec<Trial>, change: impl FnOnce(&mut Tuning)) -> Snapshot {
    let mut tuning = tuning::fixture();
    change(&mut tuning);
    let sweep = Sweep { state: SweepState::Running, started_at: Some(at(0)), ..sweep::fixture(tuning) };
    Snapshot::load(sweep, trials)
}

#[test]
fn a_trial_that_is_only_as_good_as_the_best_improves_nothing() {
    let snapshot = running(vec![complete(0, 0.4, 30), complete(1, 0.4, 10), complete(2, 0.6, 20)], |_| ());
    assert_eq!(snapshot.best().unwrap().number, 0, "of equals the lower number comes first");
    assert_eq!(snapshot.tally().since_best, 2);
}

#[test]
fn trials_that_report_the_largest_step_there_is_do_no_harm() {
    let trial = |number| Trial { steps: vec![(u64::MAX, 0.4)], ..complete(number, 0.4, 10) };
    let pruned = |number| Trial { state: TrialState::Pruned, ..trial(number) };
    let snapshot = running(vec![trial(0), trial(1), pruned(2), pruned(3)], |_| ());
    assert!(summary::report(&snapshot, None, at(30)).saved.is_some());
}

/// What a sweep has saved of which one trial ran 10 steps and three were stopped after one.
fn saved(steps: impl Fn(u64) -> Vec<(u64, f64)>, pruner: PrunerSettings) -> f64 {
    let stopped = |number| Trial { state: TrialState::Pruned, steps: steps(1), ..complete(number, 0.4, 10) };
    let whole = Trial { steps: steps(10), ..complete(0, 0.4, 10) };
    let trials = vec![whole, stopped(1), stopped(2), stopped(3)];
    let snapshot = running(trials, |tuning| tuning.search.pruner = pruner.clone());
    summary::report(&snapshot, None, at(30)).saved.unwrap()
}

#[test]
fn what_is_saved_is_the_share_of_the_steps_that_did_not_run() {
    let from = |first: u64| move |count: u64| (first..first + count).map(|step| (step, 0.4)).collect();
    let expected = 27.0 / 40.0;
    assert_eq!(saved(from(1), PrunerSettings::None), expected);
    assert_eq!(saved(from(0), PrunerSettings::None), expected, "steps that are counted from 0");
    let rare = |count: u64| (1..=count).map(|step| (step * 5, 0.4)).collect();
    assert_eq!(saved(rare, PrunerSettings::None), expected, "reports after every fifth step");
}

#[test]
fn folds_count_in_whichever_order_they_come() {
    let folds = |count: u64| (0..count).map(|fold| (if count == 1 { 7 } else { fold }, 0.4)).collect();
    assert_eq!(saved(folds, PrunerSettings::Wilcoxon { p: 0.1, startup_steps: 2 }), 27.0 / 40.0);
}

#[test]
fn the_last_trial_takes_its_time_however_many_places_there_are() {
    let snapshot = running((0..9).map(|number| complete(number, 0.4, 10)).collect(), |tuning| {
        tuning.limits.trials = 10;
        tuning.limits.parallel = 8;
    });
    let left = summary::report(&snapshot, None, at(30)).time_left;
    assert_eq!(left, Some(SignedDuration::from_secs(10)));
}

#[test]
fn no_more_time_is_left_than_until_the_deadline() {
    let snapshot = running(vec![complete(0, 0.4, 10)], |tuning| {
        tuning.limits.trials = 1000;
        tuning.limits.deadline = Some(SignedDuration::from_secs(90));
    });
    assert_eq!(summary::report(&snapshot, None, at(30)).time_left, Some(SignedDuration::from_secs(60)));
    assert_eq!(summary::report(&snapshot, None, at(300)).time_left, Some(SignedDuration::ZERO));
}

#[test]
fn a_trial_that_ended_before_it_began_because_two_clocks_differ_took_no_time() {
    let odd = Trial { started_at: Some(at(20)), ended_at: Some(at(10)), ..complete(0, 0.4, 10) };
    let snapshot = running(vec![odd, under_way(1, 9, None)], |tuning| tuning.limits.trials = 2);
    assert_eq!(summary::report(&snapshot, None, at(30)).time_left, Some(SignedDuration::ZERO));
}

/// A trial that has run for `seconds` at 30 s, and is `done` tenths through.
fn under_way(number: u32, seconds: i64, done: Option<u64>) -> Trial {
    Trial {
        state: TrialState::Running,
        started_at: Some(at(30 - seconds)),
        progress: done.map(|done| (done, 10)),
        ..Trial::proposed(number, Params::default(), at(0))
    }
}

#[test]
fn before_a_trial_has_ended_the_running_ones_say_how_long_it_takes() {
    let limits = |tuning: &mut Tuning| tuning.limits.trials = 2;
    let left = |trials| summary::report(&running(trials, limits), None, at(30)).time_left;
    // Twenty seconds for a half: forty for each, and two at a time.
    let both = left(vec![under_way(0, 20, Some(5)), under_way(1, 20, Some(5))]);
    assert_eq!(both, Some(SignedDuration::from_secs(20)));
    assert_eq!(left(vec![under_way(0, 20, None), under_way(1, 20, Some(0))]), None);
}

#[test]
fn a_trial_that_says_how_far_it_is_is_believed_more_than_the_clock() {
    let left = |done| {
        let trials = vec![complete(0, 0.4, 10), under_way(1, 9, done)];
        summary::report(&running(trials, |tuning| tuning.limits.trials = 2), None, at(30)).time_left
    };
    assert_eq!(left(None), Some(SignedDuration::from_secs(1)));
    assert_eq!(left(Some(5)), Some(SignedDuration::from_secs(5)));
}

#[test]
fn the_progress_is_the_mean_of_those_that_say_it() {
    use crate::domain::report::Progress;
    let progress = |trials| summary::report(&running(trials, |_| ()), None, at(30)).progress;
    let trials = vec![under_way(0, 9, Some(2)), under_way(1, 9, None), under_way(2, 9, Some(99))];
    assert_eq!(progress(trials), Some(Progress::Trials { share: 0.6 }));
    assert_eq!(progress(vec![under_way(0, 9, None), complete(1, 0.5, 20)]), None);
    let nothing_to_do = Trial { progress: Some((0, 0)), ..under_way(0, 9, None) };
    assert_eq!(progress(vec![nothing_to_do]), None);
}

#[test]
fn of_what_trials_wait_for_the_most_frequent_is_told() {
    let held = |number, why: &str| Trial { held: Some(why.to_owned()), ..under_way(number, 9, None) };
    let again = |number| Trial { state: TrialState::Waiting, ..held(number, "no image") };
    let ending =
        |number| Trial { stopping: Some(crate::domain::trial::StopReason::TimedOut), ..held(number, "no image") };
    let told = |trials| {
        summary::report(&running(trials, |_| ()), None, at(30)).held.map(|held| (held.reason, held.count, held.trial))
    };
    let trials = vec![again(0), ending(1), ending(2), held(3, "no node"), held(4, "no node"), held(5, "no image")];
    assert_eq!(told(trials), Some(("no node".to_owned(), 2, 3)));
    assert_eq!(told(vec![ending(0), under_way(1, 9, None)]), None);
}

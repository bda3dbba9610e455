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

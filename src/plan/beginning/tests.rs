use super::*;
use crate::domain::metrics::{Direction, Metrics};
use crate::domain::params::{Domain, Value};
use crate::domain::tuning::{SamplerKind, Search, fixture};

fn at(x: f64) -> Params {
    [("x".parse().unwrap(), Value::Float(x))].into_iter().collect()
}

fn tuning() -> Tuning {
    Tuning { search: Search::new(SamplerKind::Tpe), ..fixture() }
}

fn complete(number: u32, x: f64, loss: f64) -> Trial {
    let metrics: Metrics = [("loss".parse().unwrap(), loss)].into_iter().collect();
    Trial { state: TrialState::Complete, metrics, ..Trial::proposed(number, at(x), jiff::Timestamp::UNIX_EPOCH) }
}

fn pruned(number: u32, steps: &[(u64, f64)]) -> Trial {
    let proposed = Trial::proposed(number, at(0.5), jiff::Timestamp::UNIX_EPOCH);
    Trial { state: TrialState::Pruned, steps: steps.to_vec(), ..proposed }
}

fn earlier(id: &str, trials: Vec<Trial>) -> EarlierSweep {
    EarlierSweep { sweep: Sweep { id: id.parse().unwrap(), ..crate::domain::sweep::fixture(tuning()) }, trials }
}

fn numbers(chosen: &[EarlierTrial]) -> Vec<(String, u32)> {
    chosen.iter().map(|earlier| (earlier.sweep.to_string(), earlier.trial.number)).collect()
}

const LIMIT: WarmStart = WarmStart { sweeps: 3, trials: 200 };

#[test]
fn the_trials_of_the_last_sweeps_come_in_the_order_in_which_they_were_made() {
    let found = [
        earlier("resnet-newest", vec![complete(0, 0.1, 3.0), complete(1, 0.2, 2.0)]),
        earlier("resnet-oldest", vec![complete(0, 0.3, 1.0)]),
    ];
    let (from, chosen) = choose(&tuning(), LIMIT, &found);
    assert_eq!(
        numbers(&chosen),
        [("resnet-oldest".into(), 0), ("resnet-newest".into(), 0), ("resnet-newest".into(), 1)]
    );
    assert_eq!(started_from(&from), "starts from 3 trials of 2 earlier sweeps");
}

#[test]
fn trials_outside_the_narrowed_space_are_left_out_and_people_are_told() {
    let mut narrowed = tuning();
    let domain = Domain::Float { low: 0.0, high: 0.15, log: false, step: None };
    narrowed.space = narrowed.space.with_domain(&"x".parse().unwrap(), domain).unwrap();
    let found = [earlier("resnet-aaaaaa", vec![complete(0, 0.1, 3.0), complete(1, 0.2, 2.0)])];
    let (from, chosen) = choose(&narrowed, LIMIT, &found);
    assert_eq!(numbers(&chosen), [("resnet-aaaaaa".into(), 0)]);
    assert_eq!(started_from(&from), "starts from 1 trial of 1 earlier sweep (1 more does not fit)");
}

#[test]
fn a_sweep_with_other_objectives_says_nothing() {
    let mut other = earlier("resnet-aaaaaa", vec![complete(0, 0.1, 3.0)]);
    let loss = other.sweep.tuning.objectives.primary().clone();
    let turned = crate::domain::metrics::Objective { direction: Direction::Maximize, ..loss };
    other.sweep.tuning.objectives = crate::domain::metrics::Objectives::new(turned, Vec::new());
    let (from, chosen) = choose(&tuning(), LIMIT, &[other]);
    assert!(chosen.is_empty());
    assert_eq!(started_from(&from), "starts from nothing: the one trial of earlier sweeps does not fit");
    assert_eq!(
        started_from(&choose(&tuning(), LIMIT, &[]).0),
        "starts from nothing: no earlier sweep of it has ended well here"
    );
}

#[test]
fn of_many_trials_the_best_and_some_of_all_the_others_are_taken() {
    let trials = (0..100).map(|number| complete(number, 0.5, f64::from(number))).collect();
    let found = [earlier("resnet-aaaaaa", trials)];
    let (from, chosen) = choose(&tuning(), WarmStart { sweeps: 1, trials: 12 }, &found);
    let numbers: Vec<u32> = chosen.iter().map(|earlier| earlier.trial.number).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 13, 24, 35, 46, 56, 67, 78, 89]);
    assert_eq!(from.trials, 12);
}

#[test]
fn what_a_short_sweep_does_not_use_of_its_share_goes_to_the_older_ones() {
    let long = |id: &str| earlier(id, (0..50).map(|number| complete(number, 0.5, f64::from(number))).collect());
    let found = [earlier("resnet-newest", vec![complete(0, 0.1, 3.0)]), long("resnet-middle"), long("resnet-oldest")];
    let (from, chosen) = choose(&tuning(), WarmStart { sweeps: 3, trials: 30 }, &found);
    let of = |id: &str| chosen.iter().filter(|earlier| earlier.sweep.as_str() == id).count();
    assert_eq!((of("resnet-newest"), of("resnet-middle"), of("resnet-oldest")), (1, 15, 14));
    assert_eq!((from.sweeps, from.trials), (3, 30));
}

#[test]
fn pruned_trials_count_by_their_steps_and_failed_ones_not_at_all() {
    let failed = Trial { state: TrialState::Failed, ..pruned(3, &[(1, 0.1)]) };
    let found = [earlier("resnet-aaaaaa", vec![pruned(0, &[]), pruned(1, &[(1, 0.5)]), complete(2, 0.1, 1.0), failed])];
    let (from, chosen) = choose(&tuning(), LIMIT, &found);
    assert_eq!(chosen.iter().map(|earlier| earlier.trial.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(from.unfit, 0);
}

#[test]
fn only_samplers_that_learn_start_from_earlier_sweeps() {
    let mut tuning = tuning();
    assert_eq!(wanted(&tuning), None);
    tuning.search.warm_start = Some(LIMIT);
    assert_eq!(wanted(&tuning), Some(LIMIT));
    tuning.search.sampler = SamplerKind::Sobol;
    assert_eq!(wanted(&tuning), None);
}

#[test]
fn production_comes_first_then_the_given_points_then_the_sampler() {
    let mut tuning = tuning();
    tuning.production = Some(at(0.25));
    tuning.search.first = vec![at(0.5), at(7.0), at(0.75)];
    let tried: Vec<_> = (0..4).map(|number| fixed_point(&tuning, number).cloned()).collect();
    assert_eq!(tried, [Some(at(0.25)), Some(at(0.5)), Some(at(0.75)), None]);
    let sweep = crate::domain::sweep::fixture(tuning);
    assert_eq!(remarks(&sweep), ["first point 2 is not tried: `x` 7 is not in 0..1"]);
}

#[test]
fn people_are_told_why_production_is_not_tried() {
    let mut tuning = tuning();
    tuning.production = Some(at(2.0));
    assert_eq!(fixed_point(&tuning, 0), None);
    let sweep = crate::domain::sweep::fixture(tuning);
    assert_eq!(remarks(&sweep), ["production's parameters are not tried: `x` 2 is not in 0..1"]);
}

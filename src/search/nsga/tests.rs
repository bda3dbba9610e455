use serde::Deserialize;

use super::references::{directions, spread};
use super::*;
use crate::domain::metrics::Direction;
use crate::domain::params::{Space, Value};
use crate::search::conformance::spaces::{
    bits, checkered, choices, complete, empty, float, int, log_float, mixed, parameter, pending, run, space, when,
};
use crate::search::pareto::hypervolume;
use crate::search::{History, Record};

fn two(population: Option<u32>) -> Nsga {
    Nsga::new(population, Spread::Crowding)
}

fn box_of(dimensions: usize) -> Space {
    space((0..dimensions).map(|k| parameter(&format!("x{k:02}"), float(0.0, 1.0))).collect())
}

fn numbers(params: &Params) -> Vec<f64> {
    params.0.values().filter_map(Value::as_f64).collect()
}

fn several(space: &Space, objectives: usize, seed: u64) -> History {
    History::new(space.clone(), vec![Direction::Minimize; objectives], seed)
}

/// Zitzler, Deb and Thiele's first problem: the front is f₂ = 1 − √f₁ where all but the first are 0.
fn zdt1(x: &[f64]) -> Vec<f64> {
    let g = 1.0 + 9.0 * x[1..].iter().sum::<f64>() / (x.len() - 1) as f64;
    vec![x[0], g * (1.0 - (x[0] / g).sqrt())]
}

/// Deb, Thiele, Laumanns and Zitzler's second problem with three objectives: the front is an eighth of a sphere.
fn dtlz2(x: &[f64]) -> Vec<f64> {
    let quarter = std::f64::consts::FRAC_PI_2;
    let r = 1.0 + x[2..].iter().map(|x| (x - 0.5) * (x - 0.5)).sum::<f64>();
    let (a, b) = (x[0] * quarter, x[1] * quarter);
    vec![r * a.cos() * b.cos(), r * a.cos() * b.sin(), r * a.sin()]
}

fn losses(history: &History) -> Vec<Vec<f64>> {
    (0..history.len() as u32).filter_map(|place| history.losses(place)).collect()
}

fn record(params: Params, losses: impl Fn(&[f64]) -> Vec<f64>) -> Record {
    let values = losses(&numbers(&params));
    Record::complete(params, values)
}

#[test]
fn two_objectives_come_near_to_their_front() {
    let mut history = several(&box_of(6), 2, 1);
    run(&two(None), &mut history, 300, |_, params| record(params, zdt1));
    let volume = hypervolume(&losses(&history), &[1.1, 1.1]);
    // All of the front would have 1.1² − 1/3 = 0.877.
    assert!(volume > 0.7, "{volume}");
    let mut random = several(&box_of(6), 2, 1);
    run(&crate::search::random::Random, &mut random, 300, |_, params| record(params, zdt1));
    assert!(volume > 3.0 * hypervolume(&losses(&random), &[1.1, 1.1]));
}

#[test]
fn three_objectives_come_near_to_their_front_by_reference_directions() {
    let search = |sampler: &dyn Sampler| {
        let mut history = several(&box_of(6), 3, 1);
        run(sampler, &mut history, 400, |_, params| record(params, dtlz2));
        hypervolume(&losses(&history), &[1.2; 3])
    };
    let (random, three) = (search(&crate::search::random::Random), search(&Nsga::new(Some(28), Spread::References)));
    // All of the front would have 1.2³ − π/6 = 1.204.
    assert!(three > 1.05 && three > random + 0.1, "{three} and {random}");
}

#[test]
fn one_objective_is_searched_as_well() {
    let space = space(vec![
        parameter("rate", log_float(1e-5, 1.0)),
        parameter("layers", int(1, 8)),
        parameter("kind", choices(&["a", "b", "c"])),
        when("momentum", float(0.0, 1.0), "kind", &["c"]),
    ]);
    let loss = |params: &Params| {
        let number = |name: &str| params.get(&name.parse().unwrap()).and_then(Value::as_f64);
        let kind = number("momentum").map_or(1.0, |momentum| (momentum - 0.9) * (momentum - 0.9));
        (number("rate").unwrap().log10() + 3.0).powi(2) + (number("layers").unwrap() - 5.0).abs() + kind
    };
    for spread in [Spread::Crowding, Spread::References] {
        let mut history = empty(&space, 1);
        run(&Nsga::new(None, spread), &mut history, 250, |_, params| {
            let value = loss(&params);
            complete(params, value)
        });
        let best = history.values(history.order()[0]).unwrap()[0];
        assert!(best < 0.02, "{best}");
    }
}

#[test]
fn objectives_may_be_maximised() {
    let search = |directions: [Direction; 2], sign: f64| {
        let mut history = History::new(box_of(4), directions.to_vec(), 3);
        let losses = |x: &[f64]| zdt1(x).iter().map(|loss| sign * loss).collect();
        bits(&run(&two(None), &mut history, 90, |_, params| record(params, losses)))
    };
    assert_eq!(search([Direction::Minimize; 2], 1.0), search([Direction::Maximize; 2], -1.0));
}

#[test]
fn children_come_to_where_the_constraints_are_met() {
    let mut history = several(&box_of(4), 2, 1);
    let with_constraint = |params: Params| {
        let x = numbers(&params);
        // Only where the last is large; the objectives would have it small.
        Record { constraints: vec![0.7 - x[3], f64::NAN.min(0.3 - x[1])], ..record(params, zdt1) }
    };
    let asked = run(&two(None), &mut history, 200, |_, params| with_constraint(params));
    let met = asked[140..].iter().map(numbers).filter(|x| x[3] >= 0.7 && x[1] >= 0.3).count();
    assert!(met > 40, "{met} of 60");
}

#[test]
fn survivors_are_the_best_fronts_without_the_crowded_points_of_the_last() {
    let mut history = several(&box_of(1), 2, 1);
    let values = [[0.0, 4.0], [4.0, 0.0], [2.0, 2.0], [2.1, 1.9], [1.0, 3.0], [5.0, 5.0], [3.0, 3.0]];
    for (place, values) in (0..).zip(values) {
        history.record(place, Record::complete(Params::default(), values.to_vec()));
    }
    history.record(7, Record { constraints: vec![1.0], ..Record::complete(Params::default(), vec![-1.0, -1.0]) });
    history.record(8, Record { constraints: vec![0.5], ..Record::complete(Params::default(), vec![9.0, 9.0]) });
    history.record(9, Record::complete(Params::default(), vec![f64::NAN, 0.0]));
    let all: Vec<u32> = (0..10).collect();
    let places = |count| survivors(&history, &all, count, Spread::Crowding).iter().map(|m| m.place).collect::<Vec<_>>();
    assert_eq!(places(4), [0, 1, 3, 4]);
    assert_eq!(places(6), [0, 1, 2, 3, 4, 6]);
    // Broken constraints last, the least broken before the other; what has no result, never.
    assert_eq!(places(20), [0, 1, 2, 3, 4, 6, 5, 8, 7]);
}

#[test]
fn the_directions_are_evenly_spread() {
    assert_eq!(directions(2, 5).len(), 5);
    assert_eq!(directions(2, 3), [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]);
    assert_eq!(directions(3, 28).len(), 28);
    assert_eq!(directions(3, 27).len(), 21);
    assert_eq!(directions(5, 2).len(), 5);
    assert_eq!(directions(1, 10), [[1.0]]);
    for direction in directions(4, 60) {
        assert!((direction.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}

#[test]
fn each_direction_keeps_the_point_that_is_nearest_to_it() {
    let front: Vec<Vec<f64>> =
        [[0.0, 10.0], [10.0, 0.0], [5.0, 5.0], [5.2, 4.8], [4.9, 5.1], [0.1, 9.9]].map(|point| point.to_vec()).into();
    assert_eq!(spread(&[], &front, 3, 3), [0, 2, 1]);
    // One of the directions has a point already.
    assert_eq!(spread(&front[2..3], &front[3..], 2, 3), [2, 0]);
    let odd = vec![vec![f64::INFINITY, 0.0], vec![f64::NEG_INFINITY, 1.0], vec![0.0, 0.0]];
    assert_eq!(spread(&[], &odd, 3, 4).len(), 3);
}

#[derive(Deserialize)]
struct Selection {
    objectives: usize,
    values: Vec<Vec<f64>>,
    /// By trial.
    ranks: Vec<u32>,
    /// Of the first front, in the order of the trials.
    crowding: Vec<Option<f64>>,
    directions: Vec<Vec<f64>>,
}

#[test]
fn fronts_crowding_and_directions_are_those_of_optuna() {
    let mut seen = 0;
    for line in include_str!("../../../tests/fixtures/nsga.jsonl").lines() {
        let case: Selection = serde_json::from_str(line).unwrap();
        assert_eq!(crate::search::pareto::ranks(&case.values), case.ranks);
        let front: Vec<Vec<f64>> =
            case.values.iter().zip(&case.ranks).filter(|(_, rank)| **rank == 0).map(|(v, _)| v.clone()).collect();
        for (got, want) in crate::search::pareto::crowding_distances(&front).iter().zip(&case.crowding) {
            let want = want.unwrap_or(f64::INFINITY);
            assert!(*got == want || (got - want).abs() < 1e-9, "{got}, not {want}");
        }
        let mut ours = directions(case.objectives, case.directions.len());
        let mut theirs = case.directions;
        ours.sort_by(|a, b| a.partial_cmp(b).unwrap());
        theirs.sort_by(|a, b| a.partial_cmp(b).unwrap());
        assert_eq!(ours.len(), theirs.len());
        for (a, b) in ours.iter().flatten().zip(theirs.iter().flatten()) {
            assert!((a - b).abs() < 1e-12);
        }
        seen += 1;
    }
    assert_eq!(seen, 12);
}

#[test]
fn a_child_inherits_what_is_active_in_either_parent() {
    let space = mixed();
    let history = empty(&space, 1);
    let layout = history.layout();
    for number in 0..200 {
        let mut stream = Stream::of_trial(8, number);
        let parents = [(); 2].map(|()| super::super::random::draw(layout, &mut stream));
        let row = child(&history, (&parents[0], &parents[1]), &mut stream);
        assert_eq!(space.check(&layout.params(&row)), Ok(()));
    }
}

#[test]
fn a_mutation_of_one_of_few_values_is_another_value() {
    let space = space(vec![parameter("layers", int(1, 2))]);
    let history = empty(&space, 1);
    let mut stream = Stream::of_trial(1, 1);
    // The only parameter is mutated always.
    for slot in [0.0, 1.0] {
        assert!((0..50).all(|_| child(&history, (&[slot], &[slot]), &mut stream) == [1.0 - slot]));
    }
}

#[test]
fn what_it_has_kept_makes_no_difference() {
    for rule in [Spread::Crowding, Spread::References] {
        let kept = Nsga::new(Some(7), rule);
        let mut history = several(&mixed(), 2, 5);
        let mut open: Vec<(u32, Params)> = Vec::new();
        for number in 0..100_u32 {
            let params = kept.ask(&history, number).unwrap();
            let fresh = Nsga::new(Some(7), rule).ask(&history, number).unwrap();
            assert_eq!(bits(std::slice::from_ref(&params)), bits(&[fresh]), "{number}");
            history.record(number, pending(params.clone()));
            open.push((number, params));
            while open.len() > (number as usize * 7) % 11 {
                let (told, params) = open.remove((number as usize * 5) % open.len());
                let mut record = checkered(told, params);
                record.values.extend(record.values.first().map(|value| 3.0 - value));
                history.record(told, record);
            }
        }
    }
}

#[test]
fn trials_of_earlier_sweeps_are_the_first_parents() {
    let near = |k: u32| {
        let mut stream = Stream::of_trial(99, k);
        let named = (0..3).map(|j| (format!("x{j:02}").parse().unwrap(), Value::Float(0.8 + 0.1 * stream.unit())));
        complete(named.collect(), f64::from(k))
    };
    let history = History::with_earlier(box_of(3), vec![Direction::Minimize], 2, (0..30).map(near).collect());
    let first = two(None).ask(&history, 0).unwrap();
    assert!(numbers(&first).iter().filter(|x| **x > 0.75).count() >= 2, "{first:?}");
}

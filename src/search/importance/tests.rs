use proptest::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;

use super::{Reference, Settings, importances, weights};
use crate::domain::metrics::Direction;
use crate::domain::params::{Params, Space, Value};
use crate::search::conformance::spaces::{any_space, checkered, choices, float, judge, parameter, space};
use crate::search::random::Random;
use crate::search::{History, Record, RecordState, Sampler};

/// What `tests/oracles/importances.py` writes.
#[derive(Deserialize)]
struct Case {
    name: String,
    directions: Vec<Direction>,
    space: Space,
    trials: Vec<Tried>,
    expected: Vec<Expected>,
}

#[derive(Deserialize)]
struct Tried {
    state: String,
    params: Params,
    values: Vec<Option<f64>>,
}

#[derive(Deserialize)]
struct Expected {
    target: f64,
    region: f64,
    trials: bool,
    objective: usize,
    importances: BTreeMap<String, f64>,
}

fn record(tried: &Tried) -> Record {
    let state = match tried.state.as_str() {
        "failed" => RecordState::Failed,
        "pruned" => RecordState::Pruned,
        _ => RecordState::Complete,
    };
    let values = tried.values.iter().map(|value| value.unwrap_or(f64::INFINITY)).collect();
    Record { state, ..Record::complete(tried.params.clone(), values) }
}

fn history(space: &Space, directions: &[Direction], records: impl IntoIterator<Item = Record>) -> History {
    let mut history = History::new(space.clone(), directions.to_vec(), 7);
    for (number, record) in (0..).zip(records) {
        history.record(number, record);
    }
    history
}

/// `count` points at random, each with the values that `value` gives.
fn drawn(space: &Space, count: u32, value: impl Fn(u32, &Params) -> f64) -> History {
    let mut history = History::new(space.clone(), vec![Direction::Minimize], 7);
    for number in 0..count {
        let params = Random.ask(&history, number).unwrap();
        let value = value(number, &params);
        history.record(number, Record::complete(params, vec![value]));
    }
    history
}

fn number(params: &Params, name: &str) -> f64 {
    params.get(&name.parse().unwrap()).and_then(Value::as_f64).unwrap()
}

#[test]
fn the_numbers_are_those_of_optuna() {
    for line in include_str!("../../../tests/fixtures/importances.jsonl").lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let history = history(&case.space, &case.directions, case.trials.iter().map(record));
        for expected in &case.expected {
            let reference = if expected.trials { Reference::Trials } else { Reference::Space };
            let Expected { target, region, objective, .. } = *expected;
            let ours = weights(&history, &Settings { objective, target, region, reference });
            assert!(!ours.is_empty());
            for (index, weight) in ours {
                let name = case.space.parameters()[index].name.as_str();
                let theirs = expected.importances.get(name).copied().unwrap_or(0.0);
                let allowed = 1e-11 + 1e-11 * theirs.abs();
                let which = format!("{}, {} trials, {target} of {region}", case.name, case.trials.len());
                assert!((weight - theirs).abs() < allowed, "{which}: {name} has {weight}, not {theirs}");
            }
        }
    }
}

#[test]
fn what_matters_stands_first_and_what_does_not_near_zero() {
    let names = ["a", "b", "c", "d"];
    let space = space(names.iter().map(|name| parameter(name, float(-1.0, 1.0))).collect());
    let value = |_, params: &Params| number(params, "c").powi(2) + 0.2 * number(params, "a").abs();
    let shares = importances(&drawn(&space, 400, value), &Settings::default());
    let order: Vec<&str> = shares.iter().map(|share| share.parameter.as_str()).collect();
    assert_eq!(order[..2], ["c", "a"]);
    assert!(shares[0].share > 0.6 && shares[2].share < 0.1 && shares[3].share < 0.1, "{shares:?}");
    assert!((shares.iter().map(|share| share.share).sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn a_category_that_decides_is_found() {
    let space = space(vec![
        parameter("kind", choices(&["a", "b", "c", "d"])),
        parameter("x", float(0.0, 1.0)),
        parameter("single", choices(&["only"])),
    ]);
    let value = |_, params: &Params| {
        let kind = params.get(&"kind".parse().unwrap()) == Some(&Value::Text("c".into()));
        number(params, "x") * 0.1 - f64::from(u8::from(kind))
    };
    let shares = importances(&drawn(&space, 200, value), &Settings { target: 0.25, ..Settings::default() });
    assert_eq!(shares.len(), 2, "a parameter with one value is not among them");
    assert!(shares[0].parameter.as_str() == "kind" && shares[0].share > 0.5, "{shares:?}");
}

#[test]
fn nothing_is_said_where_nothing_can_be() {
    let space = space(vec![parameter("x", float(0.0, 1.0)), parameter("y", float(0.0, 1.0))]);
    let nothing = |history: &History, settings: Settings| assert_eq!(importances(history, &settings), []);
    let value = |_, params: &Params| number(params, "x");
    nothing(&drawn(&space, 0, value), Settings::default());
    nothing(&drawn(&space, 1, value), Settings::default());
    nothing(&drawn(&space, 30, |_, _| 4.2), Settings::default());
    nothing(&drawn(&space, 30, |_, _| f64::NAN), Settings::default());
    nothing(&drawn(&space, 30, |_, _| f64::INFINITY), Settings::default());
    let enough = drawn(&space, 30, value);
    nothing(&enough, Settings { objective: 1, ..Settings::default() });
    for (target, region) in [(0.0, 1.0), (0.5, 0.5), (0.5, 1.5), (f64::NAN, 1.0), (0.1, f64::NAN)] {
        nothing(&enough, Settings { target, region, ..Settings::default() });
    }
}

#[test]
fn trials_that_break_a_constraint_are_not_among_the_best() {
    let space = space(vec![parameter("x", float(0.0, 1.0)), parameter("y", float(0.0, 1.0))]);
    let best_by_x = drawn(&space, 200, |_, params| number(params, "x"));
    let mut constrained = best_by_x.clone();
    for index in 0..200 {
        let mut record = best_by_x.get(index).unwrap();
        record.constraints = vec![0.3 - number(&record.params, "x"), number(&record.params, "y") - 0.2];
        constrained.record(index, record);
    }
    let first = |history: &History| importances(history, &Settings::default())[0].parameter.to_string();
    assert_eq!((first(&best_by_x), first(&constrained)), ("x".to_owned(), "y".to_owned()));
}

#[test]
fn the_shares_sum_to_one_and_do_not_depend_on_the_order_of_the_trials() {
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(space in any_space(), count in 0_u32..40, target in 0.01..0.9_f64)| {
        let empty = History::new(space.clone(), vec![Direction::Maximize], 3);
        let records: Vec<Record> =
            (0..count).filter_map(|number| Some(checkered(number, Random.ask(&empty, number)?))).collect();
        let there = history(&space, &[Direction::Maximize], records.iter().cloned());
        let back = history(&space, &[Direction::Maximize], records.iter().rev().cloned());
        for reference in [Reference::Trials, Reference::Space] {
            let settings = Settings { target, reference, ..Settings::default() };
            let shares = importances(&there, &settings);
            prop_assert_eq!(&shares, &importances(&back, &settings));
            let sum: f64 = shares.iter().map(|share| share.share).sum();
            prop_assert!(shares.is_empty() || (sum - 1.0).abs() < 1e-9, "{}", sum);
            prop_assert!(shares.iter().all(|share| (0.0..=1.0).contains(&share.share)));
        }
    });
}

#[test]
fn the_widest_ranges_are_borne() {
    let wide = |low, high| crate::domain::params::Domain::Int { low, high, log: false, step: 1 };
    let space = space(vec![
        parameter("float", float(f64::MIN, f64::MAX)),
        parameter("int", wide(i64::MIN, i64::MAX)),
        parameter("log", crate::domain::params::Domain::Int { low: 1, high: i64::MAX, log: true, step: 1 }),
    ]);
    let shares = importances(&drawn(&space, 60, |_, params| number(params, "int")), &Settings::default());
    assert!(shares[0].parameter.as_str() == "int" && shares[0].share > 0.5, "{shares:?}");
    let judged = drawn(&space, 60, |_, params| judge(params));
    assert_eq!(importances(&judged, &Settings::default()).len(), 3);
}

//! What every sampler must do, on every space.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::spaces::{
    DISCRETE_POINTS, any_space, bits, checkered, choices, complete, discrete, empty, float, int, judge, log_float,
    mixed, parameter, pending, run, space, thousand,
};
use crate::domain::params::{Domain, Params, Space, Value};
use crate::domain::tuning::{SamplerKind, Search};
use crate::search::{History, Sampler, sampler};

fn sampler_of(kind: SamplerKind) -> Box<dyn Sampler> {
    sampler(&Search { startup_trials: 4, ..Search::new(kind) })
}

fn by_value(_: u32, params: Params) -> crate::search::Record {
    let value = judge(&params);
    complete(params, value)
}

/// The same cases on every run.
fn cases(count: u32) -> TestRunner {
    let config = Config { cases: count, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn stays_in_the_space(kind: SamplerKind) {
    let check = |(space, seed): (Space, u64)| {
        let mut history = empty(&space, seed);
        for params in run(&*sampler_of(kind), &mut history, 16, by_value) {
            prop_assert_eq!(space.check(&params), Ok(()));
        }
        Ok(())
    };
    cases(96).run(&(any_space(), any::<u64>()), check).unwrap();
}

fn stays_in_the_widest_ranges(kind: SamplerKind) {
    let space = space(vec![
        parameter("int", int(i64::MIN, i64::MAX)),
        parameter("log", Domain::Int { low: 1, high: i64::MAX, log: true, step: 1 }),
        parameter("step", Domain::Int { low: i64::MIN, high: i64::MAX, log: false, step: i64::MAX }),
        parameter("float", float(f64::MIN, f64::MAX)),
        parameter("tiny", log_float(f64::MIN_POSITIVE, f64::MAX)),
        parameter("fine", Domain::Float { low: 0.0, high: 1.0, log: false, step: Some(1e-9) }),
    ]);
    for params in run(&*sampler_of(kind), &mut empty(&space, 5), 40, by_value) {
        assert_eq!(space.check(&params), Ok(()));
    }
}

fn gives_exactly_the_active_parameters(kind: SamplerKind) {
    let space = mixed();
    let asked = run(&*sampler_of(kind), &mut empty(&space, 1), 60, by_value);
    assert_eq!(asked.len(), 60);
    let mut branches = BTreeSet::new();
    for params in &asked {
        assert_eq!(space.check(params), Ok(()));
        let optimizer = params.get(&"optimizer".parse().unwrap()).unwrap().to_string();
        assert_eq!(params.get(&"momentum".parse().unwrap()).is_some(), optimizer != "adam");
        branches.insert(optimizer);
    }
    assert_eq!(branches.len(), 3, "a branch was never tried");
}

fn knows_what_to_do_in_a_space_of_one_point(kind: SamplerKind) {
    let space = space(vec![parameter("a", float(2.0, 2.0)), parameter("b", choices(&["x"]))]);
    let sampler = sampler_of(kind);
    let mut history = empty(&space, 1);
    let asked = run(&*sampler, &mut history, 8, by_value);
    assert_eq!(asked.len(), if kind == SamplerKind::Grid { 1 } else { 8 });
    let only: Params = [("a", Value::Float(2.0)), ("b", Value::Text("x".into()))]
        .into_iter()
        .map(|(name, value)| (name.parse().unwrap(), value))
        .collect();
    assert!(asked.iter().all(|params| *params == only));
}

fn begins_without_history(kind: SamplerKind) {
    let history = empty(&mixed(), 9);
    let first = sampler_of(kind).ask(&history, 0).unwrap();
    assert_eq!(mixed().check(&first), Ok(()));
    let nothing = empty(&space(Vec::new()), 9);
    assert_eq!(sampler_of(kind).ask(&nothing, 0), Some(Params::default()));
}

fn bears_failed_pruned_pending_and_nan_trials(kind: SamplerKind) {
    for space in [mixed(), discrete()] {
        let asked = run(&*sampler_of(kind), &mut empty(&space, 2), 36, checkered);
        assert_eq!(asked.len(), 36);
        for params in &asked {
            assert_eq!(space.check(params), Ok(()));
        }
    }
}

fn bears_trials_that_are_not_of_the_space(kind: SamplerKind) {
    let space = mixed();
    let mut history = empty(&space, 2);
    let outside: Params = [("rate", Value::Float(50.0)), ("optimizer", Value::Text("lion".into())), ("x", Value::Null)]
        .into_iter()
        .map(|(name, value)| (name.parse().unwrap(), value))
        .collect();
    for number in 0..6 {
        history.record(number, complete(outside.clone(), -5.0 - f64::from(number)));
    }
    let asked = run(&*sampler_of(kind), &mut history, 20, by_value);
    assert_eq!(asked.len(), 20);
    for params in &asked {
        assert_eq!(space.check(params), Ok(()));
    }
}

fn keeps_pending_trials_apart(kind: SamplerKind) {
    let mut history = empty(&mixed(), 3);
    run(&*sampler_of(kind), &mut history, 20, by_value);
    let asked = run(&*sampler_of(kind), &mut history, 50, |_, params| pending(params));
    assert_eq!(bits(&asked).into_iter().collect::<BTreeSet<_>>().len(), 50);
}

fn gives_the_same_again(kind: SamplerKind) {
    let sweep = |seed| bits(&run(&*sampler_of(kind), &mut empty(&mixed(), seed), 40, checkered));
    assert_eq!(sweep(11), sweep(11));
    assert_ne!(sweep(11), sweep(12));
}

fn asking_changes_nothing(kind: SamplerKind) {
    let mut history = empty(&mixed(), 4);
    run(&*sampler_of(kind), &mut history, 25, by_value);
    let ask = || bits(&[sampler_of(kind).ask(&history, 25).unwrap()]);
    assert_eq!(ask(), ask());
}

fn the_order_of_results_makes_no_difference(kind: SamplerKind) {
    let sampler = sampler_of(kind);
    let mut asked = empty(&mixed(), 6);
    run(&*sampler, &mut asked, 12, by_value);
    let parallel = run(&*sampler, &mut asked, 12, |_, params| pending(params));
    let next = |order: &[usize]| {
        let mut history = asked.clone();
        for &index in order {
            let number = 12 + u32::try_from(index).unwrap();
            history.record(number, by_value(number, parallel[index].clone()));
        }
        bits(&run(&*sampler, &mut history, 5, by_value))
    };
    let forwards: Vec<usize> = (0..12).collect();
    let backwards: Vec<usize> = (0..12).rev().collect();
    let mingled: Vec<usize> = (0..12).map(|k| k * 5 % 12).collect();
    assert_eq!(next(&forwards), next(&backwards));
    assert_eq!(next(&forwards), next(&mingled));
}

fn goes_on_after_a_restart_as_if_there_had_been_none(kind: SamplerKind) {
    for space in [mixed(), discrete()] {
        let sampler = sampler_of(kind);
        let mut history = empty(&space, 8);
        run(&*sampler, &mut history, 30, checkered);
        let mut rebuilt = empty(&space, 8);
        for (number, record) in (0..).map_while(|number| Some((number, history.get(number)?))) {
            rebuilt.record(number, record);
        }
        let go_on = |history: &mut History| bits(&run(&*sampler, history, 8, by_value));
        assert_eq!(go_on(&mut history), go_on(&mut rebuilt));
    }
}

fn tries_every_point_of_a_discrete_space_before_any_twice(kind: SamplerKind) {
    let sampler = sampler_of(kind);
    let mut history = empty(&discrete(), 10);
    let asked = run(&*sampler, &mut history, u32::try_from(DISCRETE_POINTS).unwrap(), checkered);
    assert_eq!(bits(&asked).into_iter().collect::<BTreeSet<_>>().len(), DISCRETE_POINTS);
    let more = sampler.ask(&history, u32::try_from(DISCRETE_POINTS).unwrap());
    assert_eq!(more.is_none(), kind == SamplerKind::Grid);
}

fn does_not_repeat_what_was_given_from_outside(kind: SamplerKind) {
    let sampler = sampler_of(kind);
    let mut history = empty(&discrete(), 10);
    let given = run(&*sampler_of(SamplerKind::Random), &mut history, 5, by_value);
    let asked = run(&*sampler, &mut history, u32::try_from(DISCRETE_POINTS - 5).unwrap(), by_value);
    assert_eq!(bits(&[given, asked].concat()).into_iter().collect::<BTreeSet<_>>().len(), DISCRETE_POINTS);
}

fn copes_with_a_thousand_parameters(kind: SamplerKind) {
    let space = thousand();
    let asked = run(&*sampler_of(kind), &mut empty(&space, 12), 12, by_value);
    assert_eq!(asked.len(), 12);
    for params in &asked {
        assert_eq!(space.check(params), Ok(()));
    }
    assert_eq!(bits(&asked).into_iter().collect::<BTreeSet<_>>().len(), 12);
}

fn starts_from_earlier_trials(kind: SamplerKind) {
    for space in [mixed(), discrete()] {
        let mut earlier = empty(&space, 20);
        run(&*sampler_of(SamplerKind::Random), &mut earlier, 30, checkered);
        let records: Vec<_> = (0..).map_while(|place| earlier.get(place)).collect();
        let begin = || History::with_earlier(space.clone(), earlier.directions().to_vec(), 21, records.clone());
        let asked = run(&*sampler_of(kind), &mut begin(), 12, by_value);
        assert_eq!(bits(&asked), bits(&run(&*sampler_of(kind), &mut begin(), 12, by_value)));
        assert_eq!(bits(&asked).into_iter().collect::<BTreeSet<_>>().len(), 12, "a point came twice");
        for params in &asked {
            assert_eq!(space.check(params), Ok(()));
        }
    }
}

macro_rules! conformance {
    ($($kind:ident => $module:ident),+; $rules:tt) => {
        $(mod $module {
            conformance!(@rules $kind $rules);
        })+
    };
    (@rules $kind:ident [$($rule:ident),+ $(,)?]) => {
        $(#[test]
        fn $rule() {
            super::$rule(crate::domain::tuning::SamplerKind::$kind);
        })+
    };
}

conformance! {
    Auto => auto, Tpe => tpe, TpeIndependent => tpe_independent, TpeGroup => tpe_group, Gp => gp, Cmaes => cmaes, Nsga2 => nsga2,
    Nsga3 => nsga3, Sobol => sobol, Random => random, Grid => grid;
    [
        stays_in_the_space,
        stays_in_the_widest_ranges,
        gives_exactly_the_active_parameters,
        knows_what_to_do_in_a_space_of_one_point,
        begins_without_history,
        bears_failed_pruned_pending_and_nan_trials,
        bears_trials_that_are_not_of_the_space,
        keeps_pending_trials_apart,
        gives_the_same_again,
        asking_changes_nothing,
        the_order_of_results_makes_no_difference,
        goes_on_after_a_restart_as_if_there_had_been_none,
        tries_every_point_of_a_discrete_space_before_any_twice,
        does_not_repeat_what_was_given_from_outside,
        copes_with_a_thousand_parameters,
        starts_from_earlier_trials,
    ]
}

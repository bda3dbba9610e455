use std::collections::BTreeSet;

use super::*;
use crate::domain::metrics::Direction;
use crate::domain::params::{Space, Value};
use crate::domain::tuning::{SamplerKind, Search};
use crate::search::conformance::spaces::{bits, complete, empty, float, int, parameter, pending, run, space};
use crate::search::{Record, sampler};

fn square() -> Space {
    space(vec![parameter("x", float(0.0, 1.0)), parameter("y", float(0.0, 1.0))])
}

fn number(params: &Params, name: &str) -> f64 {
    params.get(&name.parse().unwrap()).and_then(Value::as_f64).unwrap()
}

fn bowl(params: &Params) -> f64 {
    (number(params, "x") - 0.8).powi(2) + (number(params, "y") - 0.2).powi(2)
}

fn branin(params: &Params) -> f64 {
    let (x, y) = (15.0 * number(params, "x") - 5.0, 15.0 * number(params, "y"));
    (y - 0.129_184_5 * x * x + 1.591_549_4 * x - 6.0).powi(2) + 9.602_112 * x.cos() + 10.0 - 0.397_887_4
}

/// The median over some sweeps of the least of 30 values.
fn least(kind: SamplerKind, function: fn(&Params) -> f64) -> f64 {
    let mut least: Vec<f64> = (0..5)
        .map(|seed| {
            let sampler = sampler(&Search { startup_trials: 6, ..Search::new(kind) });
            let by_value = |_, params: Params| complete(params.clone(), function(&params));
            let asked = run(&*sampler, &mut empty(&square(), seed), 30, by_value);
            asked.iter().map(function).fold(f64::INFINITY, f64::min)
        })
        .collect();
    least.sort_by(f64::total_cmp);
    least[2]
}

#[test]
fn smooth_functions_are_solved_far_better_than_by_tpe_and_at_random() {
    for (function, solved) in [(bowl as fn(&Params) -> f64, 1e-6), (branin, 0.02)] {
        let found = least(SamplerKind::Gp, function);
        assert!(found < solved, "{found}");
        assert!(
            10.0 * found < least(SamplerKind::Tpe, function) && 10.0 * found < least(SamplerKind::Random, function)
        );
    }
}

#[test]
fn maximising_is_minimising_with_the_sign_turned() {
    let sweep = |direction, sign: f64| {
        let mut history = History::new(square(), vec![direction], 3);
        bits(&run(&Gp::new(5), &mut history, 12, |_, params| complete(params.clone(), sign * bowl(&params))))
    };
    assert_eq!(sweep(Direction::Minimize, 1.0), sweep(Direction::Maximize, -1.0));
}

#[test]
fn trials_that_run_at_once_look_at_different_places() {
    let mut history = empty(&square(), 1);
    run(&Gp::new(6), &mut history, 12, |_, params| complete(params.clone(), branin(&params)));
    let asked = run(&Gp::new(6), &mut history, 5, |_, params| pending(params));
    for (index, one) in asked.iter().enumerate() {
        for other in &asked[..index] {
            let apart = (number(one, "x") - number(other, "x")).hypot(number(one, "y") - number(other, "y"));
            assert!(apart > 1e-4, "{one:?} {other:?}");
        }
    }
}

#[test]
fn constraints_are_learnt() {
    let record = |params: Params| Record {
        constraints: vec![number(&params, "x") - 0.5],
        ..complete(params.clone(), -number(&params, "x") - 0.3 * number(&params, "y"))
    };
    let mut history = empty(&square(), 2);
    let asked = run(&Gp::new(6), &mut history, 30, |_, params| record(params));
    let best = asked
        .iter()
        .filter(|params| number(params, "x") <= 0.5)
        .map(|params| number(params, "x") + 0.3 * number(params, "y"));
    assert!(best.fold(0.0, f64::max) > 0.75);
}

#[test]
fn while_nothing_meets_the_constraints_what_meets_them_is_looked_for() {
    let mut history = empty(&square(), 2);
    let asked = run(&Gp::new(6), &mut history, 20, |_, params| Record {
        constraints: vec![bowl(&params) - 0.001],
        ..complete(params, 1.0)
    });
    assert!(asked.iter().any(|params| bowl(params) <= 0.001));
}

/// Two or three objectives whose best compromises are where every parameter but the first is 0.
fn compromise(params: &Params, count: usize) -> Vec<f64> {
    let (x, y) = (number(params, "x"), number(params, "y"));
    vec![x + y, (1.0 - x) + y, (x - 0.5).abs() + 2.0 * y][..count].to_vec()
}

#[test]
fn several_objectives_are_brought_to_their_front_and_along_it() {
    for count in [2, 3] {
        let mut history = History::new(square(), vec![Direction::Minimize; count], 4);
        let asked = run(&Gp::new(6), &mut history, 24, |_, params| {
            Record::complete(params.clone(), compromise(&params, count))
        });
        let front: BTreeSet<u32> = asked
            .iter()
            .filter(|params| number(params, "y") < 0.05)
            .map(|params| (number(params, "x") * 5.0) as u32)
            .collect();
        assert!(front.len() >= 3, "{count} objectives: {front:?}");
    }
}

#[test]
fn one_trial_constant_losses_and_enormous_ones_are_borne() {
    let space = space(vec![parameter("x", float(-1e300, 1e300)), parameter("k", int(0, 1_000_000))]);
    let losses: [fn(u32) -> f64; 4] = [
        |_| 1.0,
        |k| if k % 2 == 0 { f64::MAX } else { f64::MIN },
        |k| if k % 3 == 0 { f64::INFINITY } else { f64::from(k) },
        |k| f64::from(k) * 1e-320,
    ];
    for loss in losses {
        let asked = run(&Gp::new(1), &mut empty(&space, 1), 10, |number, params| complete(params, loss(number)));
        assert!(asked.iter().all(|params| space.check(params) == Ok(())));
        assert_eq!(bits(&asked).into_iter().collect::<BTreeSet<_>>().len(), 10);
    }
}

#[test]
fn what_a_sampler_remembers_makes_no_difference() {
    let one = Gp::new(4);
    let mut history = empty(&square(), 7);
    for number in 0..16 {
        let params = one.ask(&history, number).unwrap();
        assert_eq!(Gp::new(4).ask(&history, number).as_ref(), Some(&params));
        // Another sweep in between.
        one.ask(&empty(&square(), 8), 0);
        history.record(number, if number % 5 == 3 { pending(params) } else { complete(params.clone(), bowl(&params)) });
    }
}

#[test]
fn later_trials_are_foretold_and_make_no_difference() {
    let mut history = empty(&square(), 5);
    run(&*sampler(&Search::new(SamplerKind::Random)), &mut history, 40, |_, params| {
        complete(params.clone(), bowl(&params))
    });
    let rows: Vec<_> = (30..40).map(|index| history.row(index)).collect();
    let forecast = foretell(&history, 30, &rows).unwrap();
    let by = |key: &dyn Fn(usize) -> f64| {
        let mut order: Vec<usize> = (0..10).collect();
        order.sort_by(|&a, &b| key(a).total_cmp(&key(b)));
        order
    };
    let came = by(&|index| history.losses(30 + index as u32).unwrap()[0]);
    assert_eq!(by(&|index| forecast[index].0), came);
    assert!(forecast.iter().all(|(_, variance)| *variance > 0.0));
    let mut shorter = empty(&square(), 5);
    (0..30).for_each(|number| shorter.record(number, history.get(number).unwrap()));
    assert_eq!(foretell(&shorter, 30, &rows).unwrap(), forecast);
    assert!(foretell(&history, 1, &rows).is_none());
}

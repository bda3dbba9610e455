use std::sync::Arc;

use serde::Deserialize;

use super::covariance::Covariance;
use super::distribution::Distribution;
use super::generations::Course;
use super::model::Model;
use super::problem::Problem;
use super::sample::{Turn, orthogonal};
use super::strategy::Strategy;
use super::*;
use crate::domain::metrics::Direction;
use crate::domain::params::{Domain, Space, Value};
use crate::search::conformance::spaces::{
    bits, checkered, choices, complete, empty, float, int, judge, mixed, parameter, pending, run, space, thousand, when,
};
use crate::search::stream::Stream;
use crate::search::{History, Record};

/// A line of what the package `cmaes` says; see tests/oracles/generations.py.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Case {
    Update {
        mean: Vec<f64>,
        sigma: f64,
        generations: Vec<Vec<Vec<f64>>>,
        after: Vec<State>,
    },
    Margin {
        mean: Vec<f64>,
        sigma: f64,
        levels: Vec<i64>,
        generations: Vec<Vec<Vec<f64>>>,
        after: Vec<State>,
    },
    #[serde(rename = "warm start")]
    WarmStart {
        points: Vec<Vec<f64>>,
        after: State,
    },
}

#[derive(Deserialize)]
struct State {
    mean: Vec<f64>,
    sigma: f64,
    covariance: Vec<Vec<f64>>,
    #[serde(default)]
    path_sigma: Vec<f64>,
    #[serde(default)]
    path_c: Vec<f64>,
    #[serde(default)]
    scales: Vec<f64>,
}

fn cases() -> Vec<Case> {
    let lines = include_str!("../../../tests/fixtures/generations.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn assert_near(got: &[f64], want: &[f64], what: &str) {
    assert_eq!(got.len(), want.len());
    for (a, b) in got.iter().zip(want) {
        assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{what}: {got:?}, not {want:?}");
    }
}

fn assert_below(loss: f64, bound: f64) {
    assert!(loss < bound, "{loss} is not below {bound}");
}

fn matrix(covariance: &Covariance) -> Vec<f64> {
    match covariance {
        Covariance::Full { matrix, .. } => matrix.concat(),
        Covariance::Diagonal(variances) => variances.clone(),
    }
}

fn box_of(dimensions: usize, low: f64, high: f64) -> Space {
    space((0..dimensions).map(|k| parameter(&format!("x{k:02}"), float(low, high))).collect())
}

fn numbers(params: &Params) -> Vec<f64> {
    params.0.values().filter_map(Value::as_f64).collect()
}

/// The least of `loss` after so many trials.
fn least(space: &Space, trials: u32, seed: u64, loss: impl Fn(&[f64]) -> f64) -> f64 {
    let mut history = empty(space, seed);
    run(&Cmaes::new(None), &mut history, trials, |_, params| {
        let loss = loss(&numbers(&params));
        complete(params, loss)
    });
    history.values(history.order()[0]).unwrap()[0]
}

fn course(history: &History, number: u32) -> Course {
    let problem = Problem::new(history);
    let mut course = Course::new(&problem, None, number);
    while course.advance(&problem, number) {}
    course
}

#[test]
fn generations_are_learnt_from_as_the_package_cmaes_does() {
    let mut seen = 0;
    for case in cases() {
        let Case::Update { mean, sigma, generations, after } = case else { continue };
        let n = mean.len();
        let mut distribution = Distribution::new(mean, sigma, Covariance::identity(n));
        for (points, want) in generations.iter().zip(after) {
            distribution.learn(points, &Strategy::new(n, points.len(), false));
            assert_near(&distribution.mean, &want.mean, "mean");
            assert_near(&[distribution.sigma], &[want.sigma], "sigma");
            assert_near(&distribution.path_sigma, &want.path_sigma, "path of the step size");
            assert_near(&distribution.path_c, &want.path_c, "path of the covariance");
            assert_near(&matrix(&distribution.covariance), &want.covariance.concat(), "covariance");
            seen += 1;
        }
    }
    assert_eq!(seen, 32);
}

#[test]
fn the_margin_is_that_of_the_package_cmaes() {
    let mut seen = 0;
    for case in cases() {
        let Case::Margin { mean, sigma, levels, generations, after } = case else { continue };
        let mut parameters = vec![parameter("x0", float(0.0, 1.0))];
        parameters.extend((1..).zip(&levels).map(|(k, levels)| parameter(&format!("x{k}"), int(1, *levels))));
        let history = empty(&space(parameters), 0);
        let problem = Problem::new(&history);
        let n = mean.len();
        let mut model = Model::new(&problem, Distribution::new(mean, sigma, Covariance::identity(n)));
        for (points, want) in generations.iter().zip(after) {
            model.distribution.learn(points, &Strategy::new(n, points.len(), false));
            model.keep_margin(&problem, 1.0 / (n * points.len()) as f64);
            assert_near(&model.distribution.mean, &want.mean, "mean");
            assert_near(model.scales(), &want.scales, "scales");
            seen += 1;
        }
    }
    assert_eq!(seen, 12);
}

#[test]
fn a_warm_start_is_that_of_the_package_cmaes() {
    for case in cases() {
        let Case::WarmStart { points, after } = case else { continue };
        let space = box_of(3, 0.0, 1.0);
        let record = |(k, point): (u32, &Vec<f64>)| {
            let named = (0..3).map(|j| (format!("x{j:02}").parse().unwrap(), Value::Float(point[j])));
            complete(named.collect(), f64::from(k))
        };
        let earlier: Vec<Record> = (0..).zip(&points).map(record).collect();
        let history = History::with_earlier(space, vec![Direction::Minimize], 0, earlier);
        let distribution = course(&history, 0).model.distribution;
        assert_near(&distribution.mean, &after.mean, "mean");
        assert_near(&[distribution.sigma], &[after.sigma], "sigma");
        assert_near(&matrix(&distribution.covariance), &after.covariance.concat(), "covariance");
    }
}

#[test]
fn it_converges_on_a_bowl() {
    let bowl = |x: &[f64]| x.iter().map(|x| (x - 0.8) * (x - 0.8)).sum();
    assert_below(least(&box_of(5, -5.0, 5.0), 700, 1, bowl), 1e-7);
}

#[test]
fn it_converges_on_a_long_narrow_bowl_that_is_turned() {
    let turned = |x: &[f64]| {
        let sum: f64 = x.iter().sum();
        let scale = |k: usize| 10_f64.powf(4.0 * k as f64 / 4.0);
        (0..5).map(|k| scale(k) * (x[k] - 0.4 * sum - 0.3).powi(2)).sum()
    };
    assert_below(least(&box_of(5, -5.0, 5.0), 1500, 2, turned), 1e-8);
}

#[test]
fn it_converges_in_a_bent_valley() {
    let valley = |x: &[f64]| (0..3).map(|k| 100.0 * (x[k + 1] - x[k] * x[k]).powi(2) + (1.0 - x[k]).powi(2)).sum();
    assert_below(least(&box_of(4, -5.0, 10.0), 2000, 3, valley), 1e-8);
}

#[test]
fn it_converges_at_the_edge_of_the_space() {
    let edge = |x: &[f64]| x.iter().enumerate().map(|(k, x)| (k + 1) as f64 * x).sum();
    assert_below(least(&box_of(4, 0.0, 1.0), 400, 4, edge), 1e-2);
}

#[test]
fn integers_do_not_stand_still_while_the_rest_converges() {
    let mut parameters = vec![parameter("a", float(-1.0, 1.0)), parameter("b", float(-1.0, 1.0))];
    parameters.extend((0..4).map(|k| parameter(&format!("i{k}"), int(-20, 20))));
    let loss = |x: &[f64]| {
        let integers: f64 = x[2..].iter().zip([-7.0, 3.0, 11.0, -2.0]).map(|(x, best)| (x - best) * (x - best)).sum();
        1e4 * (x[0] - 0.3).powi(2) + 1e4 * (x[1] + 0.2).powi(2) + integers
    };
    for seed in 0..5 {
        assert_below(least(&space(parameters.clone()), 800, seed, loss), 0.5);
    }
}

#[test]
fn categories_come_to_the_better_choice() {
    let mut parameters = vec![parameter("x", float(0.0, 1.0)), parameter("kind", choices(&["a", "b", "c", "d"]))];
    parameters.push(when("y", float(0.0, 1.0), "kind", &["c"]));
    let space = space(parameters);
    let loss = |params: &Params| {
        let kind = params.get(&"kind".parse().unwrap()).unwrap().to_string();
        let y = params.get(&"y".parse().unwrap()).and_then(Value::as_f64).map_or(0.3, |y| (y - 0.9) * (y - 0.9));
        y + if kind == "c" { 0.0 } else { 0.2 }
    };
    let asked = run(&Cmaes::new(None), &mut empty(&space, 3), 120, |_, params| {
        let value = loss(&params);
        complete(params, value)
    });
    let late = &asked[80..];
    assert!(late.iter().filter(|params| params.0.len() == 3).count() > 25);
    let y = |params: &Params| params.get(&"y".parse().unwrap()).and_then(Value::as_f64);
    assert!(late.iter().filter_map(y).sum::<f64>() / late.iter().filter_map(y).count() as f64 > 0.7);
}

#[test]
fn it_begins_anew_with_more_points_when_it_has_converged() {
    let space = box_of(2, 0.0, 1.0);
    // Two hollows, of which the wide one is not the deeper.
    let loss = |x: &[f64]| {
        let to = |a: f64, b: f64| (x[0] - a).powi(2) + (x[1] - b).powi(2);
        to(0.5, 0.5).min(8.0 * to(0.85, 0.2) - 0.1)
    };
    let search = |seed| {
        let mut history = empty(&space, seed);
        run(&Cmaes::new(None), &mut history, 1000, |_, params| {
            let value = loss(&numbers(&params));
            complete(params, value)
        });
        (course(&history, 1000).restarts(), history.values(history.order()[0]).unwrap()[0] < -0.0999)
    };
    let searches: Vec<(u32, bool)> = (0..6).map(search).collect();
    assert!(searches.iter().all(|(restarts, _)| *restarts > 0), "{searches:?}");
    assert!(searches.iter().filter(|(_, found)| *found).count() > 1, "{searches:?}");
}

#[test]
fn a_flat_landscape_ends_a_course_too() {
    let mut history = empty(&box_of(3, 0.0, 1.0), 1);
    run(&Cmaes::new(None), &mut history, 300, |_, params| complete(params, 7.0));
    assert!(course(&history, 300).restarts() > 0);
}

#[test]
fn what_it_has_kept_makes_no_difference() {
    for space in [mixed(), box_of(4, -1.0, 2.0)] {
        let kept = Cmaes::new(None);
        let mut history = empty(&space, 5);
        let mut open: Vec<(u32, Params)> = Vec::new();
        for number in 0..120_u32 {
            let params = kept.ask(&history, number).unwrap();
            assert_eq!(
                bits(std::slice::from_ref(&params)),
                bits(&[Cmaes::new(None).ask(&history, number).unwrap()]),
                "{number}"
            );
            history.record(number, pending(params.clone()));
            open.push((number, params));
            // Results come late, out of order, in bursts; some never.
            while open.len() > (number as usize * 7) % 11 {
                let (told, params) = open.remove((number as usize * 5) % open.len());
                history.record(told, checkered(told, params));
            }
        }
    }
}

#[test]
fn histories_that_differ_in_one_early_result_are_told_apart() {
    let kept = Cmaes::new(None);
    let mut history = empty(&box_of(3, 0.0, 1.0), 5);
    run(&kept, &mut history, 60, |_, params| {
        let value = judge(&params);
        complete(params, value)
    });
    let mut other = history.clone();
    other.record(2, complete(history.params(2), -9.0));
    for history in [&other, &history, &other] {
        assert_eq!(kept.ask(history, 60), Cmaes::new(None).ask(history, 60));
    }
    assert_ne!(kept.ask(&history, 60), kept.ask(&other, 60));
}

#[test]
fn trials_from_outside_are_learnt_from() {
    let space = box_of(3, 0.0, 1.0);
    let near = |k: u32| {
        let mut stream = Stream::of_trial(99, k);
        let named = (0..3).map(|j| (format!("x{j:02}").parse().unwrap(), Value::Float(0.85 + 0.1 * stream.unit())));
        named.collect::<Params>()
    };
    let mut history = empty(&space, 2);
    for number in 0..40 {
        history.record(number, complete(near(number), f64::from(number)));
    }
    let asked = run(&Cmaes::new(None), &mut history, 6, |_, params| complete(params, 0.0));
    let mean = asked.iter().flat_map(numbers).sum::<f64>() / 18.0;
    assert!(mean > 0.75, "{mean}");
}

#[test]
fn a_point_from_far_away_is_drawn_near() {
    let distribution = Distribution::new(vec![0.5; 4], 0.01, Covariance::identity(4));
    let near = vec![0.51, 0.49, 0.5, 0.5];
    assert_eq!(distribution.within_reach(near.clone()), near);
    let far = distribution.within_reach(vec![1.0, 0.5, 0.5, 0.5]);
    assert_near(&far, &[0.5 + 0.01 * (2.0 + 8.0 / 6.0), 0.5, 0.5, 0.5], "reach");
}

#[test]
fn the_vectors_of_a_group_are_orthogonal_and_as_long_as_before() {
    let vectors: Vec<Vec<f64>> = (10..18)
        .map(|number| Turn { seed: 3, begin: 10, number })
        .map(|turn| orthogonal(turn, 4, &mut turn.stream()))
        .collect();
    for (i, a) in vectors.iter().enumerate() {
        for (j, b) in vectors.iter().enumerate().filter(|(j, _)| *j != i && *j / 4 == i / 4) {
            assert!(covariance::dot(a, b).abs() < 1e-12, "{i} {j}");
        }
    }
    let own = sample::normals(4, &mut Stream::of_trial(3, 17));
    assert!((covariance::norm(&own) - covariance::norm(&vectors[7])).abs() < 1e-12);
}

#[test]
fn a_late_trial_does_not_hold_up_a_generation() {
    let space = box_of(3, 0.0, 1.0);
    let mut history = empty(&space, 2);
    run(&Cmaes::new(None), &mut history, 30, |_, params| pending(params));
    // Nothing is known: the first generation's distribution, whatever number is asked for.
    assert_eq!(course(&history, 4).model.distribution.mean, [0.5; 3]);
    for number in [0, 1, 2] {
        let value = judge(&history.params(number));
        history.record(number, complete(history.params(number), value));
    }
    assert_eq!(course(&history, 30).model.distribution.age, 1);
}

#[test]
fn a_thousand_parameters_have_a_diagonal() {
    let history = empty(&thousand(), 1);
    assert!(course(&history, 0).model.distribution.covariance.is_diagonal());
}

#[test]
fn a_diagonal_converges_too() {
    let space = box_of(120, -1.0, 1.0);
    let bowl = |x: &[f64]| x.iter().map(|x| (x - 0.2) * (x - 0.2)).sum();
    assert_below(least(&space, 1500, 1, bowl), 1.0);
}

#[test]
fn a_sampler_is_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &Arc<T>) {}
    shared(&Arc::new(Cmaes::new(Some(8))));
}

#[test]
fn a_population_of_one_is_two() {
    let space = space(vec![parameter("x", Domain::Float { low: 0.0, high: 1.0, log: false, step: None })]);
    let asked = run(&Cmaes::new(Some(1)), &mut empty(&space, 1), 30, |_, params| {
        let value = judge(&params);
        complete(params, value)
    });
    assert_eq!(asked.len(), 30);
}

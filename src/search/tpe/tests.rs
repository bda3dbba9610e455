use crate::domain::metrics::Direction;
use crate::domain::params::{Params, Space};
use crate::domain::tuning::{SamplerKind, Search};
use crate::search::conformance::spaces::{
    choices, complete, float, int, log_float, parameter, pending, run, space, when,
};
use crate::search::{History, Record, RecordState, sampler};

fn number(params: &Params, name: &str) -> Option<f64> {
    params.get(&name.parse().unwrap()).and_then(crate::domain::params::Value::as_f64)
}

/// The best loss of each of eight sweeps, ascending; `sign` turns the direction.
fn best_losses(kind: SamplerKind, space: &Space, trials: u32, sign: f64, loss: impl Fn(&Params) -> f64) -> Vec<f64> {
    let direction = if sign > 0.0 { Direction::Minimize } else { Direction::Maximize };
    let settings = Search::new(kind);
    let mut best: Vec<f64> = (0..8)
        .map(|seed| {
            let mut history = History::new(space.clone(), vec![direction], seed);
            let record = |_, params: Params| {
                let value = sign * loss(&params);
                complete(params, value)
            };
            let asked = run(&*sampler(&settings), &mut history, trials, record);
            asked.iter().map(&loss).fold(f64::INFINITY, f64::min)
        })
        .collect();
    best.sort_by(f64::total_cmp);
    best
}

/// Both directions; the median sweep must come `factor` times as close as random search.
fn beats_random(space: &Space, trials: u32, factor: f64, loss: impl Fn(&Params) -> f64) {
    for sign in [1.0, -1.0] {
        let random = best_losses(SamplerKind::Random, space, trials, sign, &loss);
        let tpe = best_losses(SamplerKind::Tpe, space, trials, sign, &loss);
        assert!(tpe[4] * factor < random[4], "sign {sign}: {tpe:?} against {random:?}");
    }
}

#[test]
fn a_quadratic_is_minimised_and_maximised_better_than_at_random() {
    let space = space(vec![parameter("x", float(-5.0, 5.0)), parameter("y", float(-5.0, 5.0))]);
    beats_random(&space, 80, 4.0, |params| {
        (number(params, "x").unwrap() - 1.7).powi(2) + (number(params, "y").unwrap() + 2.2).powi(2)
    });
}

#[test]
fn log_scales_integers_and_categories_are_searched_better_than_at_random() {
    let space = space(vec![
        parameter("rate", log_float(1e-6, 1.0)),
        parameter("layers", int(1, 40)),
        parameter("units", crate::domain::params::Domain::Int { low: 8, high: 4096, log: true, step: 1 }),
        parameter("kind", choices(&["a", "b", "c", "d"])),
    ]);
    beats_random(&space, 100, 1.6, |params| {
        let kind = params.get(&"kind".parse().unwrap()).unwrap().to_string();
        (number(params, "rate").unwrap().log10() + 3.2).powi(2)
            + (number(params, "layers").unwrap() - 23.0).powi(2) / 50.0
            + (number(params, "units").unwrap() / 300.0).log2().powi(2) / 2.0
            + if kind == "c" { 0.0 } else { 2.0 }
    });
}

#[test]
fn the_better_branch_and_its_parameters_are_found() {
    let space = space(vec![
        parameter("kind", choices(&["left", "right"])),
        when("l", float(0.0, 1.0), "kind", &["left"]),
        when("r", float(0.0, 1.0), "kind", &["right"]),
        parameter("both", float(0.0, 1.0)),
    ]);
    beats_random(&space, 80, 1.6, |params| {
        let branch = number(params, "l").map_or_else(|| 0.3 + number(params, "r").unwrap(), |l| (l - 0.8).abs());
        branch + (number(params, "both").unwrap() - 0.25).abs()
    });
}

fn tpe() -> Box<dyn crate::search::Sampler> {
    sampler(&Search::new(SamplerKind::Tpe))
}

fn line() -> Space {
    space(vec![parameter("x", float(0.0, 1.0))])
}

/// 30 trials along the line with `record`, which gets the value that is best at 0.2.
fn along_the_line(record: impl Fn(Params, f64) -> Record) -> History {
    let mut history = History::new(line(), vec![Direction::Minimize], 3);
    for k in 0..30_u32 {
        let x = f64::from(k) / 29.0;
        let params = [("x".parse().unwrap(), crate::domain::params::Value::Float(x))].into_iter().collect();
        history.record(k, record(params, (x - 0.2).abs()));
    }
    history
}

fn mean_of_asks(history: &History) -> f64 {
    let asks = (30..80).map(|k| number(&tpe().ask(history, k).unwrap(), "x").unwrap());
    asks.sum::<f64>() / 50.0
}

#[test]
fn the_first_trials_are_random_and_equal_those_of_random_search() {
    let random = sampler(&Search::new(SamplerKind::Random));
    let first = |sampler: &dyn crate::search::Sampler| {
        run(sampler, &mut History::new(line(), vec![Direction::Minimize], 3), 10, |_, params| complete(params, 1.0))
    };
    assert_eq!(first(&*tpe()), first(&*random));
}

#[test]
fn trials_gather_where_results_are_good() {
    assert!((mean_of_asks(&along_the_line(complete)) - 0.2).abs() < 0.1);
}

#[test]
fn pruned_trials_teach_by_how_far_they_came() {
    let history = along_the_line(|params, loss| Record {
        state: RecordState::Pruned,
        params,
        steps: (0..=(100.0 - 100.0 * loss) as u64).map(|step| (step, 1.0)).collect(),
        ..Record::pending(Params::default())
    });
    assert!((mean_of_asks(&history) - 0.2).abs() < 0.1);
}

#[test]
fn failed_trials_teach_nothing() {
    let failing = |params: Params, loss: f64| {
        let mut record = complete(params, if loss < 0.15 { -100.0 } else { loss });
        if loss < 0.15 {
            record.state = RecordState::Failed;
        }
        record
    };
    let mut without = along_the_line(failing);
    let with_values = mean_of_asks(&without);
    for number in 0..30 {
        let mut record = without.get(number).unwrap();
        if record.state == RecordState::Failed {
            record.values.clear();
            without.record(number, record);
        }
    }
    assert_eq!(mean_of_asks(&without).to_bits(), with_values.to_bits());
}

#[test]
fn pending_trials_push_others_away() {
    let near = |history: &History| {
        let asks = (100..200).map(|k| number(&tpe().ask(history, k).unwrap(), "x").unwrap());
        asks.filter(|x| (x - 0.2).abs() < 0.02).count()
    };
    let alone = along_the_line(complete);
    let mut crowded = alone.clone();
    for number in 30..60 {
        let params = [("x".parse().unwrap(), crate::domain::params::Value::Float(0.2))].into_iter().collect();
        crowded.record(number, pending(params));
    }
    assert!(near(&alone) > near(&crowded) * 2, "{} alone, {} in the crowd", near(&alone), near(&crowded));
}

/// Two objectives that are both least at x = 0.2 ..= 0.4, and worse the further away from there x and the greater y is.
fn trade_off(params: &Params) -> Vec<f64> {
    let (x, y) = (number(params, "x").unwrap(), number(params, "y").unwrap());
    vec![(x - 0.2).powi(2) + y, (x - 0.4).powi(2) + y]
}

fn square() -> Space {
    space(vec![parameter("x", float(0.0, 1.0)), parameter("y", float(0.0, 1.0))])
}

#[test]
fn trials_gather_along_the_front_of_several_objectives() {
    for kind in [SamplerKind::Tpe, SamplerKind::TpeIndependent, SamplerKind::TpeGroup] {
        let mut history = History::new(square(), vec![Direction::Minimize, Direction::Maximize], 1);
        let turned = |_, params: Params| {
            let losses = trade_off(&params);
            Record::complete(params, vec![losses[0], -losses[1]])
        };
        let asked = run(&*sampler(&Search::new(kind)), &mut history, 120, turned);
        let near = asked[60..]
            .iter()
            .filter(|params| (0.1..=0.5).contains(&number(params, "x").unwrap()) && number(params, "y").unwrap() < 0.1);
        let xs: Vec<f64> = near.map(|params| number(params, "x").unwrap()).collect();
        assert!(xs.len() > 20, "{kind:?}: {} of 60", xs.len());
        let (low, high) = (xs.iter().copied().fold(1.0, f64::min), xs.iter().copied().fold(0.0, f64::max));
        assert!(low < 0.25 && high > 0.35, "{kind:?}: only {low} to {high}");
    }
}

#[test]
fn the_region_where_constraints_are_met_is_found() {
    for objectives in [1, 2] {
        let mut history = History::new(square(), vec![Direction::Minimize; objectives], 1);
        // Losses are least where the constraint is broken most; it is met in a fiftieth of the square.
        let record = |_, params: Params| {
            let (x, y) = (number(&params, "x").unwrap(), number(&params, "y").unwrap());
            let constraints = vec![(x - 0.8).abs() - 0.1, 0.9 - y];
            let values = vec![(x - 0.75).abs() + y, x + y][..objectives].to_vec();
            Record { constraints, ..Record::complete(params, values) }
        };
        run(&*tpe(), &mut history, 100, record);
        let met = (60..100).filter(|&place| history.violation(place) <= 0.0).count();
        assert!(met > 8, "{met} of 40 with {objectives} objectives");
    }
}

#[test]
fn results_that_are_no_numbers_do_no_harm_to_several_objectives() {
    let mut history = History::new(square(), vec![Direction::Minimize; 2], 1);
    let record = |trial: u32, params: Params| {
        let mut losses = trade_off(&params);
        losses[trial as usize % 2] = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1.0, 0.5][trial as usize % 5];
        Record::complete(params, losses)
    };
    assert_eq!(run(&*tpe(), &mut history, 60, record).len(), 60);
}

#[test]
fn pending_trials_are_nothing_if_they_are_not_to_be_taken_for_poor_ones() {
    let indifferent = sampler(&Search { constant_liar: false, ..Search::new(SamplerKind::Tpe) });
    let mut history = along_the_line(complete);
    let alone = indifferent.ask(&history, 40);
    let params = tpe().ask(&history, 30).unwrap();
    history.record(30, pending(params));
    assert_eq!(indifferent.ask(&history, 40), alone);
}

#[test]
fn a_branch_is_searched_by_what_is_known_of_it_alone() {
    let space = space(vec![
        parameter("kind", choices(&["left", "right"])),
        when("l", float(0.0, 1.0), "kind", &["left"]),
        when("r", float(0.0, 1.0), "kind", &["right"]),
    ]);
    let loss = |params: &Params| {
        number(params, "l").map_or_else(|| 0.1 + (number(params, "r").unwrap() - 0.3).abs(), |l| (l - 0.8).abs())
    };
    for kind in [SamplerKind::TpeIndependent, SamplerKind::TpeGroup] {
        let tpe = best_losses(kind, &space, 60, 1.0, loss);
        let random = best_losses(SamplerKind::Random, &space, 60, 1.0, loss);
        assert!(tpe[4] * 2.0 < random[4], "{kind:?}: {tpe:?} against {random:?}");
    }
}

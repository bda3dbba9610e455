use super::*;
use crate::domain::params::Space;
use crate::search::conformance::spaces::{
    bits, choices, complete, empty, float, judge as any_loss, parameter, pending, run, space,
};
use crate::search::{Record, random::Random, stream::Stream};

use super::evidence::Foretold;
use super::judge::Evidence;

fn auto() -> Auto {
    Auto::new(&Search::new(SamplerKind::Auto))
}

fn plane() -> Space {
    space(vec![parameter("x", float(0.0, 1.0)), parameter("y", float(0.0, 1.0))])
}

/// `trials` random trials of `space`, with a loss by number and parameters.
fn tried(space: &Space, trials: u32, loss: impl Fn(u32, &Params) -> f64) -> History {
    let mut history = empty(space, 5);
    run(&Random, &mut history, trials, |number, params| {
        let loss = loss(number, &params);
        complete(params, loss)
    });
    history
}

/// A seed with which neither happens to foretell more.
const NOISE: u64 = 1;

/// Nothing of it can be foretold.
fn noise(number: u32, _: &Params) -> f64 {
    Stream::of_trial(NOISE, number).unit()
}

fn smooth(_: u32, params: &Params) -> f64 {
    let [x, y] = ["x", "y"].map(|name| params.get(&name.parse().unwrap()).unwrap().as_f64().unwrap());
    (x - 0.3).powi(2) + 2.0 * (y - 0.6).powi(2) - (x - 0.3) * (y - 0.6)
}

fn members(history: &History, trials: std::ops::Range<u32>) -> Vec<SamplerKind> {
    trials.map(|number| auto().member(history, number)).collect()
}

#[test]
fn the_first_trials_are_an_even_spread() {
    let first = |sampler: &dyn Sampler| run(sampler, &mut empty(&plane(), 3), 10, |_, params| complete(params, 1.0));
    assert_eq!(bits(&first(&auto())), bits(&first(&Sobol)));
    assert_eq!(auto().explain(&empty(&plane(), 3)).unwrap(), "an even spread for the first 10 trials");
}

#[test]
fn where_the_gaussian_process_foretells_more_it_proposes() {
    let history = tried(&plane(), 48, smooth);
    assert_eq!(members(&history, 48..52), [SamplerKind::Gp; 4]);
    let gp = Gp::new(10);
    assert_eq!(auto().ask(&history, 48), gp.ask(&history, 48));
    assert!(
        auto().explain(&history).unwrap().starts_with("Gaussian process, which foretold more of the last 32 trials")
    );
}

#[test]
fn where_nothing_can_be_foretold_they_take_turns() {
    use SamplerKind::{Gp, Tpe};
    let history = tried(&plane(), 48, noise);
    assert_eq!(members(&history, 48..52), [Gp, Tpe, Gp, Tpe]);
}

#[test]
fn a_long_sweep_of_numbers_is_shared_with_cmaes() {
    use SamplerKind::{Cmaes, Tpe};
    let history = tried(&plane(), GP_UNTIL as u32 + 1, noise);
    assert_eq!(members(&history, 1002..1008), [Tpe, Tpe, Cmaes, Tpe, Tpe, Cmaes]);
    assert_eq!(
        auto().explain(&history).unwrap(),
        "TPE, as there are more than 1000 trials; one trial in three is CMA-ES's"
    );
    let mixed = space(vec![parameter("x", float(0.0, 1.0)), parameter("kind", choices(&["a", "b"]))]);
    let history = tried(&mixed, GP_UNTIL as u32 + 1, noise);
    assert_eq!(members(&history, 1002..1006), [Tpe; 4]);
}

#[test]
fn what_was_kept_makes_no_difference() {
    let kept = auto();
    let mut history = tried(&plane(), 24, smooth);
    for number in 24..44 {
        let params = kept.ask(&history, number).unwrap();
        assert_eq!(auto().ask(&history, number).unwrap(), params);
        assert_eq!(auto().explain(&history), kept.explain(&history));
        let record =
            if number % 5 == 0 { pending(params) } else { Record::complete(params.clone(), vec![any_loss(&params)]) };
        history.record(number, record);
    }
}

#[test]
fn what_is_said_of_the_choice() {
    let foretold = |right| Foretold { right, pairs: 100.0 };
    let evidence = |tpe, gp| Evidence { trials: 40, tpe: foretold(tpe), gp: foretold(gp) };
    let said = [
        Verdict::Gp(evidence(60.0, 90.0)),
        Verdict::Tpe(Some(evidence(90.0, 52.0))),
        Verdict::Doubt(evidence(70.0, 71.0)),
        Verdict::Doubt(Evidence { trials: 8, ..Evidence::default() }),
        Verdict::Tpe(None),
    ];
    insta::assert_snapshot!(said.map(|verdict| verdict.to_string()).join("\n"), @"
    Gaussian process, which foretold more of the last 40 trials (rank correlation 0.80, TPE's 0.20)
    TPE, which foretold more of the last 40 trials (rank correlation 0.80, the Gaussian process's 0.04)
    Gaussian process and TPE in turn, as neither foretold more of the last 40 trials (rank correlation 0.42, TPE's 0.40)
    Gaussian process and TPE in turn, until it shows which foretells more
    TPE
    ");
}

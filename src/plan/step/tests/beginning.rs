//! Sweeps that start from earlier ones, and first points.

use super::world::World;
use super::*;
use crate::domain::earlier::EarlierTrial;
use crate::domain::tuning::{SamplerKind, Search as SearchSettings};
use crate::search;

fn at(x: f64) -> Params {
    [("x".parse().unwrap(), Value::Float(x))].into_iter().collect()
}

fn earlier() -> Vec<EarlierTrial> {
    let complete = |number: u32| {
        let x = f64::from(number) / 30.0;
        let metrics: Metrics = [("loss".parse().unwrap(), (x - 0.7).abs())].into_iter().collect();
        let trial = Trial::proposed(number, at(x), Timestamp::UNIX_EPOCH);
        Trial { state: TrialState::Complete, metrics, ..trial }
    };
    let sweep: crate::domain::ids::SweepId = "resnet-before".parse().unwrap();
    (0..30).map(|number| EarlierTrial { sweep: sweep.clone(), trial: complete(number) }).collect()
}

/// The parameters that TPE tries in a sweep whose every trial ends at once; restarted after each if `restarts`.
fn tried(earlier: &[EarlierTrial], restarts: bool) -> (Vec<Params>, Snapshot) {
    let tuning = Tuning { search: SearchSettings::new(SamplerKind::Tpe), ..tuning::fixture() };
    let sampler = search::sampler(&tuning.search);
    let search = Search { sampler: &*sampler, pruner: None };
    let now = Timestamp::UNIX_EPOCH;
    let mut snapshot = Snapshot::load_with_earlier(sweep::fixture(tuning), earlier, Vec::new());
    for _ in 0..30 {
        snapshot = step(snapshot, &search, &Grant::Places(1), now).0;
        let open: Vec<u32> = snapshot.open_trials().map(|trial| trial.number).collect();
        for number in open {
            snapshot.update(number, |trial| {
                let x = trial.params.get(&"x".parse().unwrap()).and_then(Value::as_f64).unwrap();
                trial.state = TrialState::Complete;
                trial.metrics = [("loss".parse().unwrap(), (x - 0.7).abs())].into_iter().collect();
            });
        }
        if restarts {
            snapshot = Snapshot::load_with_earlier(snapshot.sweep().clone(), earlier, snapshot.trials().to_vec());
        }
    }
    (snapshot.trials().iter().map(|trial| trial.params.clone()).collect(), snapshot)
}

#[test]
fn earlier_trials_teach_the_sampler_and_count_for_nothing_else() {
    let (warm, snapshot) = tried(&earlier(), false);
    let near = |params: &[Params]| {
        let x = |params: &Params| params.get(&"x".parse().unwrap()).and_then(Value::as_f64).unwrap();
        params.iter().filter(|params| (x(params) - 0.7).abs() < 0.15).count()
    };
    assert_eq!(warm.len(), 10, "it makes all its own trials");
    assert!(near(&warm) > near(&tried(&[], false).0), "it does not begin at random");
    let report = summary::report(&snapshot, None, Timestamp::UNIX_EPOCH);
    assert_eq!((report.counts.complete, snapshot.history().len()), (10, 40));
    assert!(report.top.iter().all(|ranked| ranked.trial < 10));
    assert_eq!(snapshot.sweep().outcome, Some(Outcome::Completed));
}

#[test]
fn a_warm_sweep_goes_on_after_restarts_as_if_there_had_been_none() {
    assert_eq!(tried(&earlier(), false).0, tried(&earlier(), true).0);
}

#[test]
fn first_points_are_tried_after_production_and_before_the_sampler() {
    let mut world = World::new(|tuning| {
        tuning.production = Some(at(0.77));
        tuning.search.first = vec![at(0.11), at(5.0), at(0.22)];
        tuning.limits.parallel = 5;
    });
    world.step();
    let tried: Vec<Params> = world.snapshot().trials().iter().map(|trial| trial.params.clone()).collect();
    assert_eq!(tried, [at(0.77), at(0.11), at(0.22), at(0.3), at(0.4)]);
    let report = world.last.as_ref().unwrap();
    assert_eq!(report.beginning, ["first point 2 is not tried: `x` 5 is not in 0..1"]);
}

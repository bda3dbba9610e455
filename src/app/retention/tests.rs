use jiff::SignedDuration;

use super::*;
use crate::domain::event::{Event, EventKey, EventKind, Source};
use crate::domain::ids::SweepId;
use crate::domain::params::Params;
use crate::domain::sweep::{self, Outcome, Sweep, SweepState};
use crate::domain::trial::{Trial, TrialState};
use crate::domain::tuning;
use crate::engine::local::LocalEngineOptions;
use crate::store::{EventResult, SweepCommit};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn day(number: i32) -> Timestamp {
    Timestamp::UNIX_EPOCH + DAY * number
}

fn sweep_named(id: &str) -> Sweep {
    Sweep { id: id.parse().unwrap(), ..sweep::fixture(tuning::fixture()) }
}

/// A store with the sweeps, each with one trial.
async fn store_with(sweeps: &[Sweep]) -> Store {
    let store = Store::in_memory().await.unwrap();
    let result = EventResult { sweeps: sweeps.to_vec(), ..EventResult::default() };
    let event = Event {
        key: EventKey { source: Source::Github, delivery: "a".into() },
        received_at: day(0),
        kind: EventKind::Ping { zen: "Keep it logically awesome.".into() },
    };
    let event = store.accept(&event).await.unwrap().id();
    store.finish_event(event, result).await.unwrap();
    store
}

async fn commit(store: &Store, sweep: Sweep) {
    let trial = Trial { state: TrialState::Complete, ..Trial::proposed(0, Params::default(), day(0)) };
    let (effects, folded) = (Vec::new(), Vec::new());
    let change = SweepCommit { sweep, expected_revision: 1, trials: vec![trial], effects, folded, report: None };
    store.commit_sweep(change).await.unwrap();
}

fn ended(sweep: &Sweep, at: Timestamp) -> Sweep {
    let (state, outcome) = (SweepState::Finished, Some(Outcome::Completed));
    Sweep { state, outcome, ended_at: Some(at), ..sweep.clone() }
}

#[tokio::test]
async fn the_folders_of_sweeps_whose_trials_are_forgotten_are_removed() {
    let (old, young, live) = (sweep_named("demo-aaaaaa"), sweep_named("demo-bbbbbb"), sweep_named("demo-cccccc"));
    let store = store_with(&[old.clone(), young.clone(), live.clone()]).await;
    commit(&store, ended(&old, day(1))).await;
    commit(&store, ended(&young, day(5))).await;
    commit(&store, live.clone()).await;

    let work_dir = tempfile::tempdir().unwrap();
    let stranger: SweepId = "demo-dddddd".parse().unwrap();
    for sweep in [&old.id, &young.id, &live.id, &stranger] {
        std::fs::create_dir_all(work_dir.path().join(sweep.as_str()).join("0-1")).unwrap();
    }
    let options = LocalEngineOptions {
        work_dir: work_dir.path().to_owned(),
        log_limit_bytes: 1000,
        keep_work: false,
        guard_program: "nothing is started".into(),
    };
    let engine = LocalEngine::new(options).unwrap();

    assert_eq!(prune(&store, &engine).await.unwrap(), 0, "nothing is forgotten yet");
    store.forget_old(day(6), DAY, DAY * 3).await.unwrap();
    assert_eq!(prune(&store, &engine).await.unwrap(), 1);
    let mut left = engine.sweeps().await.unwrap();
    left.sort();
    assert_eq!(left, [young.id, live.id, stranger]);
}

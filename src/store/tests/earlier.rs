use super::fixtures::*;
use super::sweeps::{commit, start};
use crate::domain::earlier::EarlierTrial;
use crate::domain::metrics::Metrics;
use crate::domain::sweep::{Code, Outcome, Sweep};
use crate::domain::trial::{Trial, TrialState};
use crate::store::{EarlierFilter, EventResult, Store, SweepCommit};

fn complete(number: u32, value: f64) -> Trial {
    let metrics: Metrics = [("val_acc".parse().unwrap(), value)].into_iter().collect();
    Trial { metrics, steps: vec![(1, value), (2, f64::NAN)], ..trial_in(number, 1, TrialState::Complete) }
}

async fn finish(store: &Store, sweep: &Sweep, outcome: Outcome, second: i64) {
    start(store, [sweep.clone()]).await;
    let trials = vec![complete(0, 0.5), trial_in(1, 1, TrialState::Failed), trial_in(2, 1, TrialState::Pruned)];
    let ended = finished(sweep, outcome, at(second));
    store.commit_sweep(SweepCommit { trials, ..commit(&ended, 1) }).await.unwrap();
}

fn on(suffix: &str, change: impl FnOnce(&mut Code)) -> Sweep {
    let mut sweep = sweep(suffix);
    change(sweep.code.as_mut().unwrap());
    sweep
}

fn filter() -> EarlierFilter {
    EarlierFilter {
        tuning: "resnet".parse().unwrap(),
        repository: Some("octo/vision".parse().unwrap()),
        branches: ["topic".into(), "main".into()],
        pull_request: None,
        limit: 10,
    }
}

async fn found(store: &Store, filter: EarlierFilter) -> Vec<String> {
    let sweeps = store.earlier_sweeps(filter).await.unwrap();
    sweeps.iter().map(|earlier| earlier.sweep.id.as_str().replace("resnet-", "")).collect()
}

#[tokio::test]
async fn a_sweep_may_start_from_the_last_ones_of_its_branches_and_its_pull_request() {
    let store = Store::in_memory().await.unwrap();
    let nowhere = |suffix| Sweep { code: None, ..sweep(suffix) };
    let sweeps = [
        (sweep("main01"), Outcome::Completed),
        (on("topic1", |code| code.reference = "topic".into()), Outcome::GoalReached),
        (on("other1", |code| code.reference = "other".into()), Outcome::Completed),
        (on("pull07", |code| (code.reference, code.pull_request) = ("topic".into(), Some(7))), Outcome::Completed),
        (on("pull08", |code| (code.reference, code.pull_request) = ("topic".into(), Some(8))), Outcome::Completed),
        (on("fork01", |code| code.repository = "octo/fork".parse().unwrap()), Outcome::Completed),
        (nowhere("nocode"), Outcome::Completed),
        (nowhere("import"), Outcome::Imported),
        (on("failed", |_| ()), Outcome::TooManyFailures { failed: 3 }),
    ];
    for (second, (sweep, outcome)) in (0..).zip(sweeps) {
        finish(&store, &sweep, outcome, second).await;
    }
    assert_eq!(found(&store, filter()).await, ["import", "topic1", "main01"]);
    let pull = EarlierFilter { pull_request: Some(7), ..filter() };
    assert_eq!(found(&store, pull.clone()).await, ["import", "pull07", "topic1", "main01"]);
    assert_eq!(found(&store, EarlierFilter { limit: 2, ..pull }).await, ["import", "pull07"]);
    let nowhere = EarlierFilter { repository: None, branches: Default::default(), ..filter() };
    assert_eq!(found(&store, nowhere).await, ["import", "nocode"]);
    let other = EarlierFilter { tuning: "wine".parse().unwrap(), ..filter() };
    assert_eq!(found(&store, other).await, Vec::<String>::new());
    let trials = &store.earlier_sweeps(filter()).await.unwrap()[2].trials;
    assert_eq!(trials.iter().map(|trial| trial.number).collect::<Vec<_>>(), [0, 2], "what failed says nothing");
}

#[tokio::test]
async fn what_a_sweep_starts_from_stays_as_it_was_until_its_own_trials_go() {
    let store = Store::in_memory().await.unwrap();
    let (old, new) = (sweep("aaaaaa"), sweep("bbbbbb"));
    finish(&store, &old, Outcome::Completed, 0).await;
    let taken = |number, value| EarlierTrial { sweep: old.id.clone(), trial: complete(number, value) };
    let earlier = vec![taken(4, 0.125), taken(0, 0.5)];
    let id = store.accept(&ping("new")).await.unwrap().id();
    let result = EventResult {
        sweeps: vec![new.clone()],
        earlier: vec![(new.id.clone(), earlier.clone())],
        ..EventResult::default()
    };
    store.finish_event(id, result).await.unwrap();
    store.forget_old(at(100), MINUTE, MINUTE).await.unwrap();
    assert!(store.load_trials(&old.id).await.unwrap().is_empty());

    let loaded = store.load_earlier(&new.id).await.unwrap();
    let told = |earlier: &[EarlierTrial]| {
        let told = |earlier: &EarlierTrial| {
            let trial = &earlier.trial;
            format!(
                "{} {} {:?} {:?} {:?} {:?}",
                earlier.sweep, trial.number, trial.state, trial.params, trial.metrics, trial.steps
            )
        };
        earlier.iter().map(told).collect::<Vec<_>>()
    };
    assert_eq!(told(&loaded), told(&earlier));
    assert!(store.load_earlier(&old.id).await.unwrap().is_empty());

    let ended = finished(&new, Outcome::Completed, at(200));
    store.commit_sweep(commit(&ended, 1)).await.unwrap();
    store.forget_old(at(400), MINUTE, MINUTE).await.unwrap();
    assert!(store.load_earlier(&new.id).await.unwrap().is_empty());
}

use super::fixtures::*;
use crate::domain::metrics::Metrics;
use crate::domain::sweep::{Outcome, Sweep, SweepState};
use crate::domain::trial::{StopReason, Trial, TrialState};
use crate::store::{EventResult, SignalId, Store, StoreError, SweepCommit};

pub async fn start(store: &Store, sweeps: impl Into<Vec<Sweep>>) {
    let sweeps = sweeps.into();
    let id = store.accept(&ping(sweeps[0].id.as_str())).await.unwrap().id();
    store.finish_event(id, EventResult { sweeps, ..EventResult::default() }).await.unwrap();
}

pub fn commit(sweep: &Sweep, expected_revision: i64) -> SweepCommit {
    SweepCommit {
        sweep: sweep.clone(),
        expected_revision,
        trials: vec![],
        effects: vec![],
        folded: vec![],
        report: None,
    }
}

#[tokio::test]
async fn a_commit_writes_everything_that_a_decision_changes() {
    let store = Store::in_memory().await.unwrap();
    let sweep = sweep("aaaaaa");
    start(&store, [sweep.clone()]).await;
    let signals = store.append_signals(vec![started(&sweep.id, 0), started(&sweep.id, 1)]).await.unwrap();
    let mut commits = store.wakes().committed.subscribe();
    let running = Sweep { state: SweepState::Running, started_at: Some(at(3)), ..sweep.clone() };
    let revision = store
        .commit_sweep(SweepCommit {
            trials: vec![trial(0), trial(1)],
            effects: vec![submission(&sweep.id, 0)],
            folded: vec![signals[0]],
            report: Some(report(&running, None)),
            ..commit(&running, 1)
        })
        .await
        .unwrap();
    assert_eq!(revision, 2);
    assert!(commits.has_changed().unwrap() && *commits.borrow_and_update() == 1);
    let stored = store.load_sweep(&sweep.id).await.unwrap().unwrap();
    assert_eq!((stored.sweep, stored.revision, stored.report), (running.clone(), 2, Some(report(&running, None))));
    assert_eq!(store.load_trials(&sweep.id).await.unwrap(), [trial(0), trial(1)]);
    assert_eq!(store.signals(&sweep.id).await.unwrap(), [(signals[1], started(&sweep.id, 1))]);
    assert_eq!(store.lanes().await.unwrap().len(), 1);
}

#[tokio::test]
async fn of_two_decisions_on_the_same_revision_one_is_made_again() {
    let store = Store::in_memory().await.unwrap();
    let sweep = sweep("aaaaaa");
    start(&store, [sweep.clone()]).await;
    let signal = store.append_signals(vec![started(&sweep.id, 0)]).await.unwrap()[0];
    assert_eq!(store.commit_sweep(commit(&sweep, 1)).await, Ok(2));
    let late = SweepCommit {
        trials: vec![trial(0)],
        effects: vec![submission(&sweep.id, 0)],
        folded: vec![signal],
        ..commit(&sweep, 1)
    };
    let error = store.commit_sweep(late).await.unwrap_err();
    insta::assert_snapshot!(error, @"sweep resnet-aaaaaa has changed since it was loaded: it is not at revision 1 any longer");
    assert!(store.load_trials(&sweep.id).await.unwrap().is_empty());
    assert!(store.lanes().await.unwrap().is_empty());
    assert!(!store.is_folded(signal).await.unwrap());
}

#[tokio::test]
async fn a_trial_survives_the_store_whole() {
    let store = Store::in_memory().await.unwrap();
    let sweep = sweep("aaaaaa");
    start(&store, [sweep.clone()]).await;
    let full = Trial {
        metrics: [("val_acc".parse().unwrap(), 0.1 + 0.2)].into_iter().collect(),
        steps: vec![(1, 0.5), (2, 0.1 + 0.2)],
        progress: Some((3, 10)),
        started_at: Some(at(2)),
        ended_at: Some(at(3)),
        stopping: Some(StopReason::TimedOut),
        lost_attempts: 1,
        held: Some("no node".into()),
        reason: Some("CUDA out of memory".into()),
        log_tail: Some("…\nRuntimeError: CUDA out of memory\n".into()),
        ..trial_in(0, 2, TrialState::Failed)
    };
    store.commit_sweep(SweepCommit { trials: vec![full.clone()], ..commit(&sweep, 1) }).await.unwrap();
    assert_eq!(store.trial(&sweep.id, 0).await.unwrap(), Some(full));
    assert_eq!(store.trial(&sweep.id, 1).await.unwrap(), None);
}

#[tokio::test]
async fn values_that_are_not_numbers_survive_as_such() {
    let store = Store::in_memory().await.unwrap();
    let sweep = sweep("aaaaaa");
    start(&store, [sweep.clone()]).await;
    let metrics: Metrics = [("loss".parse().unwrap(), f64::NAN)].into_iter().collect();
    let diverged = Trial { metrics, steps: vec![(1, 0.5), (2, f64::INFINITY)], ..trial_in(0, 1, TrialState::Failed) };
    store.commit_sweep(SweepCommit { trials: vec![diverged], ..commit(&sweep, 1) }).await.unwrap();
    let stored = store.trial(&sweep.id, 0).await.unwrap().unwrap();
    assert!(stored.metrics.get(&"loss".parse().unwrap()).unwrap().is_nan());
    assert!(stored.steps[0] == (1, 0.5) && stored.steps[1].1.is_nan());
}

#[tokio::test]
async fn a_trial_never_moves_backwards_and_its_end_is_final() {
    use TrialState::{Complete, Failed, Pruned, Running, Waiting};
    let store = Store::in_memory().await.unwrap();
    let sweep = sweep("aaaaaa");
    start(&store, [sweep.clone()]).await;
    let mut revision = 1;
    let steps = [
        ((1, Waiting), true),
        ((1, Running), true),
        ((1, Waiting), false),
        // Lost: the next attempt begins from the start.
        ((2, Waiting), true),
        ((1, Complete), false),
        ((2, Complete), true),
        ((2, Complete), true),
        ((2, Running), false),
        ((2, Failed), false),
        ((2, Pruned), false),
    ];
    for ((attempt, state), moves) in steps {
        let change = SweepCommit { trials: vec![trial_in(0, attempt, state)], ..commit(&sweep, revision) };
        match store.commit_sweep(change).await {
            Ok(next) => revision = next,
            Err(StoreError::Conflict { .. }) => assert!(!moves, "attempt {attempt} {state:?} must be taken"),
            Err(error) => panic!("{error}"),
        }
        let stored = store.trial(&sweep.id, 0).await.unwrap().unwrap();
        assert_eq!((stored.attempt, stored.state) == (attempt, state), moves, "attempt {attempt} {state:?}");
    }
    // A refused trial takes its commit with it.
    assert_eq!(store.load_sweep(&sweep.id).await.unwrap().unwrap().revision, revision);
}

#[tokio::test]
async fn a_report_stays_until_a_newer_one_comes() {
    let store = Store::in_memory().await.unwrap();
    let sweep = sweep("aaaaaa");
    start(&store, [sweep.clone()]).await;
    let with = |best, revision| SweepCommit { report: Some(report(&sweep, best)), ..commit(&sweep, revision) };
    store.commit_sweep(with(Some(0.5), 1)).await.unwrap();
    store.commit_sweep(commit(&sweep, 2)).await.unwrap();
    let stored = async || store.load_sweep(&sweep.id).await.unwrap().unwrap().report;
    assert_eq!(stored().await, Some(report(&sweep, Some(0.5))));
    store.commit_sweep(with(Some(0.75), 3)).await.unwrap();
    assert_eq!(stored().await, Some(report(&sweep, Some(0.75))));
}

#[tokio::test]
async fn signals_wait_in_order_until_they_are_folded() {
    let store = Store::in_memory().await.unwrap();
    let (older, newer) = (sweep("aaaaaa"), sweep("bbbbbb"));
    start(&store, [older.clone(), newer.clone()]).await;
    let ids =
        store.append_signals(vec![started(&newer.id, 0), started(&older.id, 0), started(&newer.id, 1)]).await.unwrap();
    assert_eq!(store.sweeps_with_signals().await.unwrap(), [newer.id.clone(), older.id.clone()]);
    let waiting = store.signals(&newer.id).await.unwrap();
    assert_eq!(waiting, [(ids[0], started(&newer.id, 0)), (ids[2], started(&newer.id, 1))]);
    let folded = vec![ids[0], ids[2]];
    store.commit_sweep(SweepCommit { folded, ..commit(&newer, 1) }).await.unwrap();
    assert!(store.is_folded(ids[0]).await.unwrap() && !store.is_folded(ids[1]).await.unwrap());
    assert_eq!(store.sweeps_with_signals().await.unwrap(), [older.id]);
}

#[tokio::test]
async fn a_signal_that_comes_too_late_does_not_wait_for_ever() {
    let store = Store::in_memory().await.unwrap();
    let live = sweep("aaaaaa");
    start(&store, [live.clone()]).await;
    let before = store.append_signals(vec![started(&live.id, 0)]).await.unwrap();
    store.commit_sweep(commit(&finished(&live, Outcome::Completed, at(9)), 1)).await.unwrap();
    let after = store.append_signals(vec![started(&live.id, 0)]).await.unwrap();
    assert!(store.is_folded(before[0]).await.unwrap() && store.is_folded(after[0]).await.unwrap());
    assert!(store.sweeps_with_signals().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_signal_that_concerns_no_sweep_counts_as_folded() {
    let store = Store::in_memory().await.unwrap();
    let ids = store.append_signals(vec![started(&sweep("zzzzzz").id, 0)]).await.unwrap();
    assert_eq!(ids, [SignalId(0)]);
    assert!(store.is_folded(ids[0]).await.unwrap());
    assert!(store.sweeps_with_signals().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_engine_is_asked_for_what_it_was_given_and_not_for_what_is_still_to_come() {
    let store = Store::in_memory().await.unwrap();
    let (live, over) = (sweep("aaaaaa"), sweep("bbbbbb"));
    start(&store, [live.clone(), over.clone()]).await;
    let engine = "local".parse().unwrap();
    let trials =
        vec![trial(0), trial(1), trial_in(2, 1, TrialState::Running), trial_in(3, 1, TrialState::Complete), trial(4)];
    let effects = vec![submission(&live.id, 0), submission(&live.id, 1), submission(&live.id, 4)];
    store.commit_sweep(SweepCommit { trials, effects, ..commit(&live, 1) }).await.unwrap();
    let ended = finished(&over, Outcome::Completed, at(9));
    let trials = vec![trial_in(0, 1, TrialState::Running)];
    store.commit_sweep(SweepCommit { trials, ..commit(&ended, 1) }).await.unwrap();
    let running = async || {
        let attempts = store.running_attempts(&engine).await.unwrap();
        attempts.iter().map(|attempt| attempt.trial).collect::<Vec<_>>()
    };
    assert_eq!(running().await, [2]);
    let lane = store.lanes().await.unwrap().remove(0);
    let leased = store.lease_effects(&lane, at(0), MINUTE, 9).await.unwrap();
    // Whether these were begun or not, they come to the engine again if this process dies now.
    assert_eq!(running().await, [2]);
    store.effect_done(leased[0].id, leased[0].version, None).await.unwrap();
    store.effect_retry(leased[1].id, at(5), "the engine is full", false).await.unwrap();
    store.effect_dead(leased[2].id, "no such program").await.unwrap();
    assert_eq!(running().await, [0, 2, 4]);
    assert!(store.running_attempts(&"argo".parse().unwrap()).await.unwrap().is_empty());
}

#[tokio::test]
async fn old_trials_are_forgotten_and_their_sweep_is_not() {
    let store = Store::in_memory().await.unwrap();
    let (old, young, live) = (sweep("aaaaaa"), sweep("bbbbbb"), sweep("cccccc"));
    start(&store, [old.clone(), young.clone(), live.clone()]).await;
    // More than one portion.
    let trials: Vec<_> = (0..1200).map(|number| trial_in(number, 1, TrialState::Complete)).collect();
    for (sweep, trials) in [
        (finished(&old, Outcome::Completed, at(0)), trials),
        (finished(&young, Outcome::Completed, at(50)), vec![trial(0)]),
        (live.clone(), vec![trial(0)]),
    ] {
        let change = SweepCommit { trials, report: Some(report(&sweep, Some(0.5))), ..commit(&sweep, 1) };
        store.commit_sweep(change).await.unwrap();
    }
    assert_eq!(store.forget_old(at(100), MINUTE, MINUTE).await.unwrap().trials, 1200);
    assert!(store.load_trials(&old.id).await.unwrap().is_empty());
    assert!(store.load_sweep(&old.id).await.unwrap().unwrap().report.is_some());
    for kept in [young, live] {
        assert_eq!(store.load_trials(&kept.id).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn signals_of_a_finished_sweep_are_not_kept() {
    let store = Store::in_memory().await.unwrap();
    let asked = sweep("aaaaaa");
    start(&store, [asked.clone()]).await;
    store.append_signals(vec![started(&asked.id, 0)]).await.unwrap();
    let commit = SweepCommit {
        sweep: finished(&asked, Outcome::Completed, at(9)),
        expected_revision: 1,
        trials: vec![],
        effects: vec![],
        folded: vec![],
        report: None,
    };
    store.commit_sweep(commit).await.unwrap();
    assert!(store.sweeps_with_signals().await.unwrap().is_empty(), "one that came before the end");
    let late = store.append_signals(vec![started(&asked.id, 1)]).await.unwrap();
    assert!(store.is_folded(late[0]).await.unwrap());
    assert!(store.sweeps_with_signals().await.unwrap().is_empty(), "one that came after it");
}

#[test]
fn a_report_of_the_first_version_can_still_be_read() {
    let report = report(&sweep("aaaaaa"), Some(0.5));
    let mut json = serde_json::to_value(&report).unwrap();
    for later in ["engine", "searches", "progress", "held", "away"] {
        assert!(json.as_object_mut().unwrap().remove(later).is_some(), "{later}");
    }
    assert_eq!(serde_json::from_value::<crate::domain::report::Report>(json).unwrap(), report);
}

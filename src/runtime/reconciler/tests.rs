use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::*;
use crate::config::{EngineSettings, LocalEngineSettings, Log, LogFormat, Server, StoreSettings};
use crate::domain::effect::{Effect, Lane};
use crate::domain::event::{Event, EventKey, EventKind, Source};
use crate::domain::sweep::{self, Sweep};
use crate::domain::tuning;
use crate::store::EventResult;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn later(seconds: i64) -> Timestamp {
    NOW + SignedDuration::from_secs(seconds)
}

/// One engine, `local`, with two places.
fn config() -> Arc<Config> {
    let day = SignedDuration::from_hours(24);
    let local = LocalEngineSettings { capacity: 2, work_dir: "unused".into(), log_limit_bytes: 1, keep_work: false };
    Arc::new(Config {
        server: Server {
            listen: ([127, 0, 0, 1], 0).into(),
            public_url: "http://127.0.0.1:8080".parse().unwrap(),
            drain: SignedDuration::from_secs(10),
            log: Log { format: LogFormat::Text, filter: "info".into() },
            api_tokens: Vec::new(),
        },
        store: StoreSettings { path: "unused.db".into(), keep_events: day, keep_trials: day },
        github: None,
        slack: None,
        grafana: None,
        engines: BTreeMap::from([("local".parse().unwrap(), EngineSettings::Local(local))]),
        rules: Arc::default(),
    })
}

fn reconciler(store: &Store) -> (Reconciler, watch::Sender<Arc<Config>>) {
    let (sender, receiver) = watch::channel(config());
    let metrics = Arc::new(Metrics::new(NOW, "test"));
    (Reconciler::new(store.clone(), receiver, Arc::default(), metrics), sender)
}

/// A sweep of two trials at a time, named `resnet-<suffix>`.
async fn ask_for(store: &Store, suffix: &str) -> SweepId {
    ask_for_in_group(store, suffix, None).await
}

/// One that waits until all older ones of its group have ended.
async fn ask_for_in_group(store: &Store, suffix: &str, group: Option<&str>) -> SweepId {
    let id: SweepId = format!("resnet-{suffix}").parse().unwrap();
    let key = EventKey { source: Source::Github, delivery: suffix.to_owned() };
    let event = Event { key, received_at: NOW, kind: EventKind::Ping { zen: String::new() } };
    let event = store.accept(&event).await.unwrap().id();
    let fixture = sweep::fixture(tuning::fixture());
    let (group, waits_for_group) = (group.map(str::to_owned), group.is_some());
    let sweep = Sweep { id: id.clone(), event, created_at: NOW, group, waits_for_group, ..fixture };
    store.finish_event(event, EventResult { sweeps: vec![sweep], ..EventResult::default() }).await.unwrap();
    id
}

async fn submitted(store: &Store) -> Vec<String> {
    let lane = Lane::Engine("local".parse().unwrap());
    let leased = store.lease_effects(&lane, later(60), SignedDuration::from_hours(1), 100).await.unwrap();
    leased.into_iter().map(|leased| leased.effect.action.key()).collect()
}

/// Somebody else's commit: the sweep in memory is out of date.
async fn change_behind_its_back(store: &Store, id: &SweepId) {
    let stored = store.load_sweep(id).await.unwrap().unwrap();
    let (trials, effects, folded): (_, Vec<Effect>, _) = (Vec::new(), Vec::new(), Vec::new());
    let commit =
        SweepCommit { sweep: stored.sweep, expected_revision: stored.revision, trials, effects, folded, report: None };
    store.commit_sweep(commit).await.unwrap();
}

#[tokio::test]
async fn a_sweep_that_could_not_be_written_keeps_its_places() {
    let store = Store::in_memory().await.unwrap();
    let (mut reconciler, _config) = reconciler(&store);
    let first = ask_for(&store, "aaaaaa").await;
    reconciler.turn(NOW).await.unwrap();
    assert_eq!(submitted(&store).await, ["submit/resnet-aaaaaa-0-1", "submit/resnet-aaaaaa-1-1"]);
    ask_for(&store, "bbbbbb").await;
    change_behind_its_back(&store, &first).await;
    // Only what is due is written: the first sweep has a stop to fold in.
    let by = crate::domain::signal::StopRequest::Person { name: "@mika".into() };
    let kind = SignalKind::StopRequested { by };
    store.append_signals(vec![Signal { sweep: first.clone(), at: later(1), kind }]).await.unwrap();
    reconciler.turn(later(1)).await.unwrap();
    assert!(submitted(&store).await.is_empty(), "both places are still taken");
    reconciler.turn(later(2)).await.unwrap();
    assert_eq!(submitted(&store).await, ["stop/resnet-aaaaaa-0-1", "stop/resnet-aaaaaa-1-1"]);
}

#[tokio::test]
async fn older_sweeps_have_the_first_choice_of_places() {
    let store = Store::in_memory().await.unwrap();
    let (mut reconciler, _config) = reconciler(&store);
    ask_for(&store, "aaaaaa").await;
    let second = ask_for(&store, "bbbbbb").await;
    reconciler.turn(NOW).await.unwrap();
    assert_eq!(submitted(&store).await.len(), 2);
    let report = store.load_sweep(&second).await.unwrap().unwrap().report.unwrap();
    let crate::domain::report::Phase::Queued { why } = report.phase else { panic!("{:?}", report.phase) };
    assert_eq!(why, "a place on engine local: all 2 are taken");
}

async fn tell_end(store: &Store, sweep: &SweepId, trial: u32) {
    let attempt = AttemptId { sweep: sweep.clone(), trial, attempt: 1 };
    let metrics = [("loss".parse().unwrap(), 1.0)].into_iter().collect();
    let news = AttemptNews::Ended { end: crate::domain::signal::AttemptEnd::Succeeded { metrics } };
    let kind = SignalKind::Attempt { attempt, news };
    store.append_signals(vec![Signal { sweep: sweep.clone(), at: later(1), kind }]).await.unwrap();
}

#[tokio::test]
async fn the_place_of_a_trial_that_has_ended_is_taken_at_once() {
    let store = Store::in_memory().await.unwrap();
    let (mut reconciler, _config) = reconciler(&store);
    let sweep = ask_for(&store, "aaaaaa").await;
    reconciler.turn(NOW).await.unwrap();
    assert_eq!(submitted(&store).await.len(), 2, "the engine is full");
    tell_end(&store, &sweep, 0).await;
    reconciler.turn(later(1)).await.unwrap();
    assert_eq!(submitted(&store).await, ["submit/resnet-aaaaaa-2-1"]);
}

#[tokio::test]
async fn the_next_sweep_of_a_group_is_due_as_soon_as_the_one_before_has_ended() {
    let store = Store::in_memory().await.unwrap();
    let (mut reconciler, _config) = reconciler(&store);
    let first = ask_for_in_group(&store, "aaaaaa", Some("main")).await;
    ask_for_in_group(&store, "bbbbbb", Some("main")).await;
    for trial in 0..10 {
        reconciler.turn(NOW).await.unwrap();
        tell_end(&store, &first, trial).await;
    }
    let due = reconciler.turn(later(1)).await.unwrap();
    assert!(submitted(&store).await.iter().all(|key| key.starts_with("submit/resnet-aaaaaa-")));
    assert_eq!(due, Some(later(1)));
    reconciler.turn(later(1)).await.unwrap();
    assert_eq!(submitted(&store).await, ["submit/resnet-bbbbbb-0-1", "submit/resnet-bbbbbb-1-1"]);
}

use jiff::SignedDuration;

use super::*;
use crate::domain::effect::{Effect, Lane};
use crate::domain::report::Phase;
use crate::domain::signal::AttemptEnd;
use crate::runtime::fixtures::{NOW, ask_for, ask_for_in_group, config, later};

fn reconciler(store: &Store) -> (Reconciler, watch::Sender<Arc<Config>>) {
    let (sender, receiver) = watch::channel(config());
    let metrics = Arc::new(Metrics::new(NOW, "test"));
    let availability = Availability::new(Arc::clone(&metrics));
    (Reconciler::new(store.clone(), receiver, Arc::default(), metrics, availability), sender)
}

async fn submitted(store: &Store) -> Vec<String> {
    let lane = Lane::Engine("local".parse().unwrap());
    let leased = store.lease_effects(&lane, later(10_000), SignedDuration::from_hours(1), 100).await.unwrap();
    let keys = leased.into_iter().map(|leased| leased.effect.action.key());
    keys.filter(|key| !key.starts_with("release/")).collect()
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
    let Phase::Queued { why } = report.phase else { panic!("{:?}", report.phase) };
    assert_eq!(why, "a place on engine local: all 2 are taken");
}

async fn tell_end(store: &Store, sweep: &SweepId, trial: u32) {
    let attempt = AttemptId { sweep: sweep.clone(), trial, attempt: 1 };
    let metrics = [("loss".parse().unwrap(), 1.0)].into_iter().collect();
    let news = AttemptNews::Ended { end: AttemptEnd::Succeeded { metrics } };
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

#[tokio::test]
async fn while_an_engine_is_away_its_sweeps_wait_and_say_so_and_then_go_on() {
    let store = Store::in_memory().await.unwrap();
    let (mut reconciler, _config) = reconciler(&store);
    let engine: EngineName = "local".parse().unwrap();
    let first = ask_for(&store, "aaaaaa").await;
    reconciler.turn(NOW).await.unwrap();
    assert_eq!(submitted(&store).await.len(), 2);
    tell_end(&store, &first, 0).await;
    reconciler.availability.away(&engine, later(2), "connection refused");
    reconciler.availability.away(&engine, later(4), "still refused");
    let second = ask_for(&store, "bbbbbb").await;
    reconciler.turn(later(5)).await.unwrap();
    assert!(submitted(&store).await.is_empty(), "a place is free, and nothing begins");
    let report = async |sweep: &SweepId| store.load_sweep(sweep).await.unwrap().unwrap().report.unwrap();
    let away = report(&first).await.away.unwrap();
    assert_eq!((away.since, away.why.as_str()), (later(2), "connection refused"), "what was said first stays");
    let Phase::Queued { why } = report(&second).await.phase else { panic!("it must wait") };
    assert_eq!(why, "engine local, which does not answer");

    // The limit of an hour has passed, and nobody knows whether the trial has.
    let due = reconciler.turn(later(4000)).await.unwrap();
    assert_eq!((submitted(&store).await.len(), due), (0, None), "nothing is due by the clock");
    tell_end(&store, &first, 1).await;
    reconciler.availability.back(&engine);
    reconciler.turn(later(4001)).await.unwrap();
    assert_eq!(submitted(&store).await, ["submit/resnet-aaaaaa-2-1", "submit/resnet-aaaaaa-3-1"]);
    assert_eq!(report(&first).await.away, None);
    reconciler.turn(later(4001)).await.unwrap();
    let Phase::Queued { why } = report(&second).await.phase else { panic!("it must wait") };
    assert_eq!(why, "a place on engine local: all 2 are taken");
}

#[tokio::test]
async fn after_a_restart_a_message_that_says_away_is_put_right() {
    let store = Store::in_memory().await.unwrap();
    let (mut before, _config) = reconciler(&store);
    let sweep = ask_for(&store, "aaaaaa").await;
    before.turn(NOW).await.unwrap();
    before.availability.away(&"local".parse().unwrap(), later(1), "connection refused");
    before.turn(later(10)).await.unwrap();
    let report = async || store.load_sweep(&sweep).await.unwrap().unwrap().report.unwrap();
    assert!(report().await.away.is_some());
    let (mut after, _config) = reconciler(&store);
    after.turn(later(20)).await.unwrap();
    assert_eq!(report().await.away, None);
}

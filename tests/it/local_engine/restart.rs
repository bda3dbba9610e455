//! What an engine knows of the trials of an earlier one, and what becomes of them when tunebot is killed.

use std::fs;

use tunebot::domain::signal::{AttemptEnd, AttemptNews};
use tunebot::engine::Engine;

use super::site::{self, Site, attempt, script, shown, wait_until_gone};
use crate::support::watched::wait_until;

#[tokio::test]
async fn the_end_is_told_again_until_it_is_forgotten() {
    let site = Site::new();
    let mut engine = site.start();
    engine.submit(&script("true")).await;
    let end = engine.end().await;
    engine.watch_again(vec![]).await;
    assert_eq!(engine.end().await, end);
    engine.engine.forget(&attempt()).await;
    // Known to the store still: the outcome in the folder answers.
    engine.watch_again(vec![attempt()]).await;
    assert_eq!(engine.end().await, end);
    assert!(!site.folder().join("work").exists());
    assert!(site.folder().join("stdout.log").exists());
}

#[tokio::test]
async fn the_end_that_came_while_nobody_watched_is_told_later() {
    let site = Site::new();
    let mut engine = site.start();
    engine.unwatch().await;
    engine.submit(&script(r#"echo '{"loss":1}'"#)).await;
    wait_until("the outcome is there", || site.folder().join("outcome.json").exists()).await;
    engine.watch_again(vec![attempt()]).await;
    assert_eq!(shown(engine.until_end().await.last()), "succeeded: loss=1");
}

#[test]
fn a_trial_that_tunebot_had_not_described_when_it_died_is_lost_by_that_and_by_no_fault_of_its_own() {
    let site = Site::new();
    fs::create_dir_all(site.folder()).unwrap();
    let guard = site::tunebot().arg("trial-guard").arg(site.folder()).output().unwrap();
    assert!(guard.status.success(), "{guard:?}");
    let outcome: serde_json::Value = serde_json::from_str(&site.read("outcome.json")).unwrap();
    assert_eq!((&outcome["end"]["end"], &outcome["end"]["by_restart"]), (&"lost".into(), &true.into()));
}

#[tokio::test]
async fn a_trial_that_fails_because_tunebot_stops_is_not_to_blame() {
    let site = Site::new();
    let mut engine = site.start();
    engine.submit(&script(r#"trap 'exit 7' TERM; echo '{"step":1,"loss":1}'; while :; do sleep 0.01; done"#)).await;
    engine.until_step().await;
    engine.engine.shutdown().await;
    assert!(matches!(engine.end().await, AttemptEnd::Lost { by_restart: true, .. }));
}

#[tokio::test]
async fn an_attempt_whose_folder_is_gone_is_lost() {
    let site = Site::new();
    let mut engine = site.start_knowing(vec![attempt()]);
    assert!(matches!(engine.end().await, AttemptEnd::Lost { by_restart: true, .. }));
}

#[tokio::test]
async fn the_trials_of_a_dropped_engine_are_killed_and_found_lost() {
    let site = Site::new();
    let mut engine = site.start();
    engine
        .submit(&script(&site.detaching(r#"trap '' TERM; echo '{"step":1,"loss":1}'; while :; do sleep 0.01; done"#)))
        .await;
    engine.until_step().await;
    engine.drop().await;
    let mut later = site.start_knowing(vec![attempt()]);
    assert!(matches!(later.end().await, AttemptEnd::Lost { by_restart: true, .. }));
    wait_until_gone(&site).await;
}

/// The variable that makes the next test the tunebot that others kill.
const VICTIM: &str = "LOCAL_ENGINE_TEST_WORK_DIR";

#[tokio::test]
async fn a_trial_is_known_to_run_once_it_has_started() {
    let site = std::env::var_os(VICTIM).map_or_else(Site::new, |work_dir| Site::at(work_dir.into()));
    let mut engine = site.start();
    engine
        .submit(&script(&site.detaching(r#"trap '' TERM; echo '{"step":1,"loss":1}'; while :; do sleep 0.01; done"#)))
        .await;
    engine.until_step().await;
    engine.watch_again(vec![]).await;
    assert_eq!(engine.next().await, AttemptNews::Started);
    if std::env::var_os(VICTIM).is_some() {
        fs::write(site.work_dir().join("ready"), "").unwrap();
        std::future::pending::<()>().await;
    }
    engine.engine.shutdown().await;
}

#[tokio::test]
async fn nothing_runs_on_when_tunebot_is_killed() {
    let site = Site::new();
    let mut victim =
        site.run_victim(VICTIM, "local_engine::restart::a_trial_is_known_to_run_once_it_has_started").await;
    victim.kill().unwrap();
    victim.wait().unwrap();
    let mut engine = site.start_knowing(vec![attempt()]);
    assert!(matches!(engine.end().await, AttemptEnd::Lost { by_restart: true, .. }));
    wait_until_gone(&site).await;
}

#[tokio::test]
async fn nothing_runs_on_when_tunebot_and_its_guard_are_killed() {
    let site = Site::new();
    let mut victim =
        site.run_victim(VICTIM, "local_engine::restart::a_trial_is_known_to_run_once_it_has_started").await;
    let guard = site.guard();
    site::freeze(guard);
    victim.kill().unwrap();
    victim.wait().unwrap();
    site::kill(guard);
    let mut engine = site.start_knowing(vec![attempt()]);
    assert!(matches!(engine.end().await, AttemptEnd::Lost { by_restart: true, .. }));
    wait_until_gone(&site).await;
}

#[tokio::test]
async fn the_folder_of_a_forgotten_sweep_is_removed() {
    let site = Site::new();
    let mut engine = site.start();
    engine.submit(&script("true")).await;
    engine.end().await;
    let sweep = attempt().sweep;
    assert_eq!(engine.engine.sweeps().await.unwrap(), std::slice::from_ref(&sweep));
    assert!(!engine.engine.prune(&sweep).await.unwrap(), "its end is not in the store yet");
    engine.engine.forget(&attempt()).await;
    assert!(engine.engine.prune(&sweep).await.unwrap());
    assert!(!site.folder().exists());
}

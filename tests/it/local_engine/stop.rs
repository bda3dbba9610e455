//! How a trial is ended, and that nothing of it is left.

use jiff::SignedDuration;
use tunebot::domain::signal::AttemptEnd;
use tunebot::engine::{Engine, EngineError};

use super::site::{self, Site, attempt, failure, launch, script, shown, wait_until_gone};
use crate::support::watched::wait_until;

#[tokio::test]
async fn a_trial_that_is_stopped_may_clean_up() {
    let site = Site::new();
    let mut engine = site.start();
    engine
        .submit(&script(
            r#"trap 'echo saved > checkpoint; exit 0' TERM; echo '{"step":1,"loss":1}'; while :; do sleep 0.01; done"#,
        ))
        .await;
    engine.until_step().await;
    engine.engine.stop(&attempt(), SignedDuration::from_secs(60)).await.unwrap();
    assert_eq!(engine.end().await, AttemptEnd::Stopped);
    assert_eq!(site.read("work/checkpoint"), "saved\n");
}

#[tokio::test]
async fn a_trial_that_will_not_stop_is_killed_with_all_that_it_started() {
    let site = Site::new();
    let mut engine = site.start();
    engine
        .submit(&script(&site.detaching(r#"trap '' TERM; echo '{"step":1,"loss":1}'; while :; do sleep 0.01; done"#)))
        .await;
    engine.until_step().await;
    wait_until("the detached processes run", || site.running().len() >= 4).await;
    engine.engine.stop(&attempt(), SignedDuration::from_millis(50)).await.unwrap();
    assert_eq!(engine.end().await, AttemptEnd::Stopped);
    wait_until_gone(&site).await;
}

#[tokio::test]
async fn a_trial_that_takes_too_long_fails_and_leaves_nothing() {
    let site = Site::new();
    let mut engine = site.start();
    let mut launch = script(&site.detaching("trap '' TERM; echo still at it >&2; while :; do sleep 0.01; done"));
    launch.timeout = SignedDuration::from_secs(1);
    launch.stop_grace = SignedDuration::from_millis(50);
    engine.submit(&launch).await;
    let (reason, tail) = failure(engine.end().await);
    assert_eq!(reason, "it had not ended after 1s and was stopped");
    assert_eq!(tail.as_deref(), Some("still at it"));
    wait_until_gone(&site).await;
}

#[tokio::test]
async fn what_a_trial_started_does_not_outlive_it() {
    let site = Site::new();
    let mut engine = site.start();
    engine.submit(&script(&site.detaching(r#"echo '{"loss":1}'"#))).await;
    assert_eq!(shown(engine.until_end().await.last()), "succeeded: loss=1");
    wait_until_gone(&site).await;
}

#[tokio::test]
async fn a_graceful_stop_ends_the_trials_and_starts_no_more() {
    let site = Site::new();
    let mut engine = site.start();
    engine.submit(&script(&site.detaching(r#"echo '{"step":1,"loss":1}'; while :; do sleep 0.01; done"#))).await;
    engine.until_step().await;
    engine.engine.shutdown().await;
    assert!(matches!(engine.end().await, AttemptEnd::Lost { by_restart: true, .. }));
    let refused = engine.engine.submit(&launch(&["true"])).await;
    assert!(matches!(refused, Err(EngineError::Transient { .. })), "{refused:?}");
    wait_until_gone(&site).await;
}

#[tokio::test]
async fn a_trial_dies_with_its_guard() {
    let site = Site::new();
    let mut engine = site.start();
    engine
        .submit(&script(&site.detaching(r#"trap '' TERM; echo '{"step":1,"loss":1}'; while :; do sleep 0.01; done"#)))
        .await;
    engine.until_step().await;
    site::kill(site.guard());
    assert!(matches!(engine.end().await, AttemptEnd::Lost { by_restart: false, .. }));
    wait_until_gone(&site).await;
}

#[tokio::test]
async fn a_guard_that_is_told_to_end_by_a_signal_ends_its_trial_in_order() {
    let site = Site::new();
    let mut engine = site.start();
    engine
        .submit(&script(
            r#"trap 'echo saved > checkpoint; exit 0' TERM; echo '{"step":1,"loss":1}'; while :; do sleep 0.01; done"#,
        ))
        .await;
    engine.until_step().await;
    site::terminate(site.guard());
    assert!(matches!(engine.end().await, AttemptEnd::Lost { by_restart: true, .. }));
    assert_eq!(site.read("work/checkpoint"), "saved\n");
}

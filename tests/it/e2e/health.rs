//! What operators and their tools see.

use std::collections::BTreeSet;

use super::scene::{MODELS, Scene, said};
use crate::support::Answer;
use crate::support::config::{Tuning, on_push};
use crate::support::fault::Fault;

#[tokio::test]
async fn metrics_tell_of_events_sweeps_trials_the_outbox_and_requests() {
    let scene = Scene::open(|config| {
        config.tuning("quadratic", Tuning::quadratic()).trigger("on-main", on_push(MODELS, "main", "quadratic"))
    })
    .await;
    scene.slack.inject("chat.postMessage", Fault::Status(500));
    let update = scene.models().push("main", &["src/train.py"]);
    scene.deliver(&update.delivery).await;
    scene.type_command("quadratic trials=2").await;
    scene.closed().await;
    scene.models().wait_for_check(&update.sha, |run| run.status == "completed").await;
    scene.outbox_is_empty().await;
    // A message is on its way.
    let gate = scene.slack.hold_before("chat.postMessage");
    scene.type_command("quadratic trials=1").await;
    gate.reached().await;
    // The end of the sweep, and the engine has let go of it.
    let still = |answer: &Answer| {
        let has_ended = answer.body.contains("tunebot_sweeps{state=\"finished\"} 3");
        let is_released = answer.body.contains("tunebot_outbox_depth{lane=\"engine/local\"} 0\n");
        (has_ended && is_released).then(|| answer.body.clone())
    };
    let metrics = scene.tunebot.wait_for("the end of the third sweep", "/metrics", still).await;
    let names: BTreeSet<&str> = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    insta::assert_snapshot!(names.into_iter().collect::<Vec<_>>().join("\n"), @"
    process_resident_memory_bytes gauge
    process_start_time_seconds gauge
    tunebot_ask_seconds histogram
    tunebot_build_info gauge
    tunebot_config_last_reload_successful gauge
    tunebot_config_reloads_total counter
    tunebot_deliveries_total counter
    tunebot_delivery_errors_total counter
    tunebot_effect_seconds histogram
    tunebot_effects_total counter
    tunebot_engine_available gauge
    tunebot_event_seconds histogram
    tunebot_events_total counter
    tunebot_github_calls_limit gauge
    tunebot_github_calls_remaining gauge
    tunebot_github_calls_reset_timestamp_seconds gauge
    tunebot_http_request_seconds histogram
    tunebot_missed_total counter
    tunebot_outbox_dead gauge
    tunebot_outbox_depth gauge
    tunebot_outbox_oldest_seconds gauge
    tunebot_slack_sockets gauge
    tunebot_slack_sockets_wanted gauge
    tunebot_store_bytes gauge
    tunebot_sweep_best_objective gauge
    tunebot_sweep_created_timestamp_seconds gauge
    tunebot_sweep_ended_timestamp_seconds gauge
    tunebot_sweep_info gauge
    tunebot_sweep_last_news_timestamp_seconds gauge
    tunebot_sweep_progress_ratio gauge
    tunebot_sweep_started_timestamp_seconds gauge
    tunebot_sweep_state gauge
    tunebot_sweep_trials gauge
    tunebot_sweep_trials_planned gauge
    tunebot_sweeps gauge
    tunebot_sweeps_hidden gauge
    tunebot_trial_duration_seconds gauge
    tunebot_trial_objective gauge
    tunebot_trials gauge
    tunebot_trials_cut_short_total counter
    ");
    let wanted =
        ["tunebot_events", "tunebot_sweeps", "tunebot_trials", "tunebot_outbox_depth", "tunebot_delivery_errors"];
    // What has not happened is there at 0.
    let is_told = |line: &&str| {
        wanted.iter().any(|name| line.starts_with(name)) && !line.ends_with(" 0") && !line.ends_with(" 0.0")
    };
    let shown: BTreeSet<&str> = metrics.lines().filter(is_told).collect();
    insta::assert_snapshot!(shown.into_iter().collect::<Vec<_>>().join("\n"), @r#"
    tunebot_delivery_errors_total{service="slack",kind="transient"} 1
    tunebot_events_total{source="github",outcome="started"} 1
    tunebot_events_total{source="slack",outcome="started"} 2
    tunebot_outbox_depth{lane="slack"} 2
    tunebot_sweeps{state="finished"} 3
    tunebot_trials{state="complete"} 9
    "#);
    gate.open();
}

#[tokio::test]
async fn it_is_alive_and_ready_until_it_is_told_to_stop_and_then_takes_nothing_more() {
    let mut scene = Scene::open(|config| config.tuning("quadratic", Tuning::quadratic())).await;
    let (alive, ready) = (scene.tunebot.get("/healthz").await, scene.tunebot.get("/readyz").await);
    insta::assert_snapshot!(format!("{}\n{}", said(&alive), said(&ready)), @r#"
    200 {"status":"ok"}
    200 {"checks":{"loops":"ok","store":"ok"},"status":"ok"}
    "#);
    // A message under way keeps it from ending at once.
    let gate = scene.slack.hold_before("chat.postMessage");
    scene.type_command("quadratic trials=1").await;
    gate.reached().await;
    scene.tunebot.terminate();
    scene.tunebot.wait_until_not_ready().await;
    gate.open();
    assert_eq!(scene.tunebot.wait_for_end().await.code(), Some(0));
}

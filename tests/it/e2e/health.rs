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
        let is_released = !answer.body.contains("tunebot_outbox_depth{lane=\"engine/local\"}");
        (has_ended && is_released).then(|| answer.body.clone())
    };
    let metrics = scene.tunebot.wait_for("the end of the third sweep", "/metrics", still).await;
    let names: BTreeSet<&str> = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    insta::assert_snapshot!(names.into_iter().collect::<Vec<_>>().join("\n"), @"
    process_resident_memory_bytes gauge
    process_start_time_seconds gauge
    tunebot_ask_seconds histogram
    tunebot_build_info gauge
    tunebot_deliveries_total counter
    tunebot_delivery_errors_total counter
    tunebot_engine_available gauge
    tunebot_events_total counter
    tunebot_http_request_seconds histogram
    tunebot_outbox_dead gauge
    tunebot_outbox_depth gauge
    tunebot_outbox_oldest_seconds gauge
    tunebot_slack_sockets gauge
    tunebot_sweeps gauge
    tunebot_trials gauge
    ");
    let wanted =
        ["tunebot_events", "tunebot_sweeps", "tunebot_trials", "tunebot_outbox_depth", "tunebot_delivery_errors"];
    let shown: BTreeSet<&str> =
        metrics.lines().filter(|line| wanted.iter().any(|name| line.starts_with(name))).collect();
    insta::assert_snapshot!(shown.into_iter().collect::<Vec<_>>().join("\n"), @r#"
    tunebot_delivery_errors_total{service="slack",kind="transient"} 1
    tunebot_events_total{source="github",outcome="started"} 1
    tunebot_events_total{source="slack",outcome="started"} 2
    tunebot_outbox_depth{lane="slack"} 2
    tunebot_sweeps{state="finished"} 3
    tunebot_sweeps{state="queued"} 0
    tunebot_sweeps{state="running"} 0
    tunebot_sweeps{state="stopping"} 0
    tunebot_trials{state="complete"} 9
    tunebot_trials{state="failed"} 0
    tunebot_trials{state="paused"} 0
    tunebot_trials{state="pruned"} 0
    tunebot_trials{state="running"} 0
    tunebot_trials{state="waiting"} 0
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

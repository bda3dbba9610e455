//! Parts of the cluster, and tunebot itself, are killed in the middle of a sweep: it comes to the same end.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cluster::{Cluster, has_parts, kill, phase, summary};
use crate::scene::Scene;
use crate::stage::{alone, closed, open, says, tuning};
use crate::support::slack::TUNING;

/// A sweep whose trials take a few seconds.
async fn slow_sweep(trials: u32) -> (Cluster, Scene) {
    let cluster = Cluster::open().await;
    let arguments = ["quadratic", "--live=3s", "x={{workflow.parameters.x}}"];
    let template = cluster.template("slow", &["x"], &arguments).await;
    let mut tuning = tuning(&template);
    tuning["limits"]["trials"] = trials.into();
    let scene = open(&cluster, &tuning).await;
    scene.type_command(&cluster.name).await;
    (cluster, scene)
}

async fn until_launched(cluster: &Cluster, count: usize) {
    let enough = |workflows: &[Value]| (workflows.len() >= count).then_some(());
    cluster.wait_for_workflows(&format!("{count} workflows"), enough).await;
}

/// One workflow for each trial, all of them first attempts, and the best of them in one message and one closing line.
async fn all_is_well(cluster: &Cluster, scene: &Scene, trials: usize) {
    let channel = closed(scene).await;
    let workflows = cluster.workflows().await;
    let names: BTreeSet<&str> = workflows.iter().filter_map(|workflow| workflow["metadata"]["name"].as_str()).collect();
    assert_eq!(names.len(), trials, "{}", summary(&workflows));
    assert!(names.iter().all(|name| name.ends_with("-1")), "{}", summary(&workflows));
    assert!(workflows.iter().all(|workflow| phase(workflow) == "Succeeded"), "{}", summary(&workflows));
    assert!(channel.contains(&format!("{trials} done")), "{channel}");
    let best = workflows.iter().map(loss).fold(f64::INFINITY, f64::min);
    let (_, said) = channel.rsplit_once("loss *").expect("a loss is named");
    let said: f64 = said.split('*').next().and_then(|number| number.parse().ok()).expect("a number");
    assert!((said - best).abs() < 1e-5, "the best is {best}: {channel}");
    // Pictures come without metadata.
    let messages = scene.slack.messages(TUNING);
    let marked = messages.iter().filter(|message| message.metadata("slot").is_some()).count();
    assert_eq!(marked, 2, "one message and its closing line: {channel}");
}

fn loss(workflow: &Value) -> f64 {
    let parameters = workflow["spec"]["arguments"]["parameters"].as_array().expect("parameters");
    let x =
        parameters.iter().find(|parameter| parameter["name"] == "x").and_then(|parameter| parameter["value"].as_str());
    (x.and_then(|x| x.parse::<f64>().ok()).expect("a number") - 0.5).powi(2)
}

#[tokio::test]
async fn tunebot_is_killed_ten_times() {
    let _alone = alone().await;
    let (cluster, mut scene) = slow_sweep(10).await;
    for launched in 1..=10 {
        until_launched(&cluster, launched).await;
        scene.tunebot.kill().await;
        scene.tunebot.start_again().await;
    }
    all_is_well(&cluster, &scene, 10).await;
}

#[tokio::test]
async fn the_api_server_is_away_for_a_while() {
    if !has_parts() {
        return;
    }
    let _alone = alone().await;
    let (cluster, scene) = slow_sweep(6).await;
    until_launched(&cluster, 3).await;
    let server = kill("apiserver");
    let channel = says(&scene, "does not answer").await;
    server.start();
    assert_eq!(channel.matches("does not answer").count(), 1, "{channel}");
    all_is_well(&cluster, &scene, 6).await;
    let channel = scene.slack.render(TUNING);
    assert!(!channel.contains("does not answer"), "{channel}");
}

#[tokio::test]
async fn the_workflow_controller_is_killed_and_started_again() {
    if !has_parts() {
        return;
    }
    let _alone = alone().await;
    let (cluster, scene) = slow_sweep(6).await;
    until_launched(&cluster, 3).await;
    let controller = kill("controller");
    // The node goes on without it; nobody sees that the trials have ended.
    cluster.wait_until_pods_are_gone().await;
    controller.start();
    all_is_well(&cluster, &scene, 6).await;
}

#[tokio::test]
async fn what_ended_while_tunebot_was_away_is_fetched() {
    let _alone = alone().await;
    let (cluster, mut scene) = slow_sweep(2).await;
    until_launched(&cluster, 2).await;
    scene.tunebot.kill().await;
    let ended = |workflows: &[Value]| workflows.iter().all(|workflow| phase(workflow) == "Succeeded").then_some(());
    cluster.wait_for_workflows("the end of all workflows", ended).await;
    scene.tunebot.start_again().await;
    all_is_well(&cluster, &scene, 2).await;
}

#[tokio::test]
async fn another_tunebots_workflow_of_the_same_name_is_left_alone() {
    let _alone = alone().await;
    let cluster = Cluster::open().await;
    let template =
        cluster.template("endless", &["x"], &["quadratic", "--forever", "x={{workflow.parameters.x}}"]).await;
    let mut tuning = tuning(&template);
    tuning["limits"] = json!({"trials": 1});
    let first = open(&cluster, &tuning).await;
    first.type_command(&cluster.name).await;
    until_launched(&cluster, 1).await;
    // The same command of the same second in another workspace asks for a sweep of the same name.
    let second = open(&cluster, &tuning).await;
    second.type_command(&cluster.name).await;
    let channel = closed(&second).await;
    assert!(channel.contains("belongs to somebody else"), "{channel}");
    let workflows = cluster.workflows().await;
    assert!(workflows.len() == 1 && workflows[0]["spec"]["shutdown"].is_null(), "{}", summary(&workflows));
    first
        .type_command(&format!("stop {}", workflows[0]["metadata"]["labels"]["tunebot/sweep"].as_str().unwrap()))
        .await;
    closed(&first).await;
}

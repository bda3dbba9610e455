//! What is wrong in the cluster ends in a message that says what to do.

use serde_json::{Value, json};

use crate::cluster::{Cluster, phase, rules, summary};
use crate::stage::{closed, open, says, shared, tuning};

#[tokio::test]
async fn a_template_that_lacks_a_parameter_is_refused_before_anything_is_launched() {
    let _beside = shared().await;
    let cluster = Cluster::open().await;
    let template = cluster.template("fixed", &[], &["quadratic", "x=0.3"]).await;
    let scene = open(&cluster, &tuning(&template)).await;
    scene.type_command(&cluster.name).await;
    let channel = closed(&scene).await;
    assert!(channel.contains("- name: x") && channel.contains("spec.arguments.parameters"), "{channel}");
    assert_eq!(cluster.workflows().await, Vec::<Value>::new());
    let check = scene.tunebot.run(&["check", "--cluster", &config(&scene)]).await;
    let said = String::from_utf8_lossy(&check.stderr).into_owned();
    assert!(!check.status.success() && said.contains("- name: x"), "{said}");
}

#[tokio::test]
async fn a_template_that_is_not_there_is_named() {
    let _beside = shared().await;
    let cluster = Cluster::open().await;
    let scene = open(&cluster, &tuning("nowhere")).await;
    scene.type_command(&cluster.name).await;
    let channel = closed(&scene).await;
    assert!(channel.contains("no WorkflowTemplate `nowhere`"), "{channel}");
}

#[tokio::test]
async fn rights_that_are_missing_are_named_with_the_rule_that_gives_them() {
    let _beside = shared().await;
    let mut fewer = rules();
    fewer[0]["verbs"] = json!(["get", "list", "watch", "patch"]);
    let cluster = Cluster::open_with(fewer).await;
    let template = cluster.template("quadratic", &["x"], &["quadratic", "x={{workflow.parameters.x}}"]).await;
    let scene = open(&cluster, &tuning(&template)).await;
    scene.type_command(&cluster.name).await;
    let channel = closed(&scene).await;
    assert!(channel.contains("may not create workflows") && channel.contains("verbs: [create]"), "{channel}");
    let check = scene.tunebot.run(&["check", "--cluster", &config(&scene)]).await;
    let said = String::from_utf8_lossy(&check.stderr).into_owned();
    assert!(said.contains("may not create workflows") && said.contains("verbs: [create]"), "{said}");
    assert_eq!(said.matches("may not").count(), 1, "{said}");
}

#[tokio::test]
async fn with_the_documented_rights_the_check_finds_nothing() {
    let _beside = shared().await;
    let cluster = Cluster::open().await;
    let template = cluster.template("quadratic", &["x"], &["quadratic", "x={{workflow.parameters.x}}"]).await;
    let scene = open(&cluster, &tuning(&template)).await;
    let check = scene.tunebot.run(&["check", "--cluster", &config(&scene)]).await;
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[tokio::test]
async fn a_trial_that_never_gets_a_node_says_so_and_ends_at_its_limit() {
    let _beside = shared().await;
    let cluster = Cluster::open().await;
    let template = cluster.template("quadratic", &["x"], &["quadratic", "x={{workflow.parameters.x}}"]).await;
    let mut tuning = tuning(&template);
    tuning["workflow"]["node_selector"] = json!({"tunebot.test/node": "nowhere"});
    tuning["limits"] = json!({"trials": 1, "parallel": 1, "trial_timeout": "20s", "stop_grace": "2s"});
    let scene = open(&cluster, &tuning).await;
    scene.type_command(&cluster.name).await;
    says(&scene, "nodes are available").await;
    let channel = closed(&scene).await;
    assert!(channel.contains("longer than its limit") && channel.contains("nodes are available"), "{channel}");
    cluster.wait_until_pods_are_gone().await;
}

#[tokio::test]
async fn a_workflow_that_somebody_deletes_runs_again_as_the_next_attempt() {
    let _beside = shared().await;
    let cluster = Cluster::open().await;
    let arguments = ["quadratic", "--live=6s", "x={{workflow.parameters.x}}"];
    let template = cluster.template("slow", &["x"], &arguments).await;
    let mut tuning = tuning(&template);
    tuning["limits"] = json!({"trials": 1, "parallel": 1, "retries": 1});
    let scene = open(&cluster, &tuning).await;
    scene.type_command(&cluster.name).await;
    let running = |workflows: &[Value]| {
        let name = workflows.iter().find(|workflow| phase(workflow) == "Running")?["metadata"]["name"].as_str()?;
        Some(name.to_owned())
    };
    let first = cluster.wait_for_workflows("a running workflow", running).await;
    cluster.delete_workflow(&first).await;
    let channel = closed(&scene).await;
    assert!(channel.contains("1 done"), "{channel}");
    let workflows = cluster.workflows().await;
    assert!(workflows.len() == 1 && workflows[0]["metadata"]["name"] != first.as_str(), "{}", summary(&workflows));
}

#[tokio::test]
async fn a_trial_whose_workflows_are_deleted_again_and_again_fails_and_says_why() {
    let _beside = shared().await;
    let cluster = Cluster::open().await;
    let arguments = ["quadratic", "--forever", "x={{workflow.parameters.x}}"];
    let template = cluster.template("endless", &["x"], &arguments).await;
    let mut tuning = tuning(&template);
    tuning["limits"] = json!({"trials": 1, "parallel": 1, "retries": 0});
    let scene = open(&cluster, &tuning).await;
    scene.type_command(&cluster.name).await;
    let there = |workflows: &[Value]| Some(workflows.first()?["metadata"]["name"].as_str()?.to_owned());
    let first = cluster.wait_for_workflows("a workflow", there).await;
    cluster.delete_workflow(&first).await;
    let channel = closed(&scene).await;
    assert!(channel.contains("deleted it before it ended"), "{channel}");
}

#[tokio::test]
async fn trials_that_fail_say_with_what() {
    let _beside = shared().await;
    let cluster = Cluster::open().await;
    let template = cluster.template("failing", &["x"], &["quadratic", "--exit=7", "x={{workflow.parameters.x}}"]).await;
    let mut tuning = tuning(&template);
    tuning["limits"]["failed_trials"] = 2.into();
    let scene = open(&cluster, &tuning).await;
    scene.type_command(&cluster.name).await;
    let channel = closed(&scene).await;
    assert!(channel.contains("exited with code 7"), "{channel}");
}

fn config(scene: &crate::scene::Scene) -> String {
    scene.tunebot.config().write().display().to_string()
}

//! Sweeps of real pods, from what people do to what they read.

use serde_json::{Value, json};

use crate::cluster::{Cluster, phase, summary};
use crate::scene::MODELS;
use crate::stage::{closed, open, open_with, says, shared, tuning, wait_for};
use crate::support::config::on_push;
use crate::support::github::world::CheckRun;

/// The least (x - 0.5)² of the workflows, from the arguments that they were given.
fn least(workflows: &[Value]) -> f64 {
    let loss = |workflow: &Value| (argument(workflow, "x").parse::<f64>().expect("a number") - 0.5).powi(2);
    workflows.iter().map(loss).fold(f64::INFINITY, f64::min)
}

fn argument(workflow: &Value, name: &str) -> String {
    let parameters = workflow["spec"]["arguments"]["parameters"].as_array().expect("parameters");
    let of_name = parameters.iter().find(|parameter| parameter["name"] == name).expect("the parameter");
    of_name["value"].as_str().expect("a text").to_owned()
}

/// The number that follows `loss *` in what was said last.
fn said_loss(channel: &str) -> f64 {
    let (_, after) = channel.rsplit_once("loss *").expect("a loss is named");
    after.split('*').next().and_then(|number| number.parse().ok()).expect("a number")
}

#[tokio::test]
async fn a_slash_command_runs_a_sweep_of_pods_and_is_answered_with_the_best_parameters() {
    let _beside = shared().await;
    let cluster = Cluster::open().await;
    let template = cluster.template("quadratic", &["x"], &["quadratic", "x={{workflow.parameters.x}}"]).await;
    let scene = open(&cluster, &tuning(&template)).await;
    let answer = scene.type_command(&cluster.name).await;
    assert!(answer.contains("4 trials"), "{answer}");
    let channel = closed(&scene).await;
    let workflows = cluster.workflows().await;
    assert_eq!(workflows.len(), 4, "{}", summary(&workflows));
    assert!((said_loss(&channel) - least(&workflows)).abs() < 1e-5, "{channel}");
    assert!(channel.contains("4 done"), "{channel}");
    for workflow in &workflows {
        assert_eq!(phase(workflow), "Succeeded", "{}", summary(&workflows));
        assert_eq!(workflow["spec"]["ttlStrategy"]["secondsAfterCompletion"], 604_800);
        assert_eq!(workflow["metadata"]["labels"]["tunebot/recorded"], "true");
    }
    assert_eq!(cluster.secrets().await, Vec::<Value>::new(), "they go with the sweep");
}

#[tokio::test]
async fn a_push_runs_a_sweep_of_pods_and_its_check_run_says_what_came_of_it() {
    let _beside = shared().await;
    let cluster = Cluster::open().await;
    let template = cluster.template("quadratic", &["x"], &["quadratic", "x={{workflow.parameters.x}}"]).await;
    let scene = open_with(&cluster, &tuning(&template), |config| {
        config.trigger("on-main", on_push(MODELS, "main", &cluster.name))
    })
    .await;
    let update = scene.models().push("main", &["src/train.py"]);
    scene.deliver(&update.delivery).await;
    let completed = |run: &CheckRun| run.status == "completed";
    wait_for(&scene, "the check run", |scene| scene.models().checks(&update.sha).into_iter().find(completed)).await;
    let check = scene.models().render_checks(&update.sha);
    let workflows = cluster.workflows().await;
    assert!(check.contains("4 done") && check.contains(&update.sha), "{check}");
    let code = format!("{MODELS}@{}", update.sha);
    assert!(workflows.iter().all(|workflow| workflow["metadata"]["annotations"]["tunebot/code"] == code.as_str()));
}

#[tokio::test]
async fn a_workflow_file_runs_as_it_stands_with_the_parameters_put_in() {
    let _beside = shared().await;
    let cluster = Cluster::open().await;
    let spec = cluster.spec(&["x"], &["quadratic", "x={{workflow.parameters.x}}"]);
    let manifest = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
        "metadata": {"generateName": "train-", "labels": {"team": "vision"}}, "spec": spec,
    });
    let mut tuning = tuning("unused");
    tuning["workflow"] = json!({"file": "workflows/train.json", "ttl": "1h"});
    let scene = open_with(&cluster, &tuning, |config| {
        let folder = config.root().join("config/workflows");
        std::fs::create_dir(&folder).expect("a folder");
        config.file("workflows/train.json", &manifest.to_string())
    })
    .await;
    scene.type_command(&cluster.name).await;
    let channel = closed(&scene).await;
    let workflows = cluster.workflows().await;
    assert!((said_loss(&channel) - least(&workflows)).abs() < 1e-5, "{channel}");
    for workflow in &workflows {
        assert_eq!(workflow["metadata"]["labels"]["team"], "vision");
        assert_eq!(workflow["spec"]["ttlStrategy"]["secondsAfterCompletion"], 3600);
    }
}

#[tokio::test]
async fn a_workflow_that_searches_by_itself_fills_the_sweep_with_its_trials() {
    let _beside = shared().await;
    let cluster = Cluster::open().await;
    let arguments = [
        "search",
        "--trials={{workflow.parameters.trials}}",
        "--seed={{workflow.parameters.seed}}",
        "x=0..1",
        "y=0..1",
    ];
    let mut spec = cluster.spec(&["trials", "seed"], &arguments);
    spec["templates"][0]["outputs"]["parameters"] = json!([
        {"name": "best-parameters", "valueFrom": {"path": "/tmp/best"}},
        {"name": "objective", "valueFrom": {"path": "/tmp/objective"}},
        {"name": "trials", "valueFrom": {"path": "/tmp/trials"}},
    ]);
    let template = format!("{}-search", cluster.name);
    cluster.create("argoproj.io", "WorkflowTemplate", json!({"metadata": {"name": template}, "spec": spec})).await;
    let range = json!({"type": "float", "low": 0.0, "high": 1.0});
    let tuning = json!({
        "space": {"x": range, "y": range},
        "objective": {"metric": "loss", "direction": "minimize"},
        "limits": {"trials": 12},
        "workflow": {"template": template, "searches": true},
    });
    let scene = open(&cluster, &tuning).await;
    let answer = scene.type_command(&cluster.name).await;
    assert!(answer.contains("searches by itself"), "{answer}");
    let channel = closed(&scene).await;
    let workflows = cluster.workflows().await;
    assert_eq!(workflows.len(), 1, "{}", summary(&workflows));
    let outputs =
        workflows[0]["status"]["nodes"][workflows[0]["metadata"]["name"].as_str().unwrap()]["outputs"].clone();
    let of_name = |name: &str| {
        let parameters = outputs["parameters"].as_array().expect("outputs");
        parameters.iter().find(|output| output["name"] == name).expect("the output")["value"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let best: Value = serde_json::from_str(&of_name("best-parameters")).unwrap();
    let objective: f64 = of_name("objective").parse().unwrap();
    assert!((said_loss(&channel) - objective).abs() < 1e-4 * objective.max(1e-3), "{channel}");
    assert!(channel.contains("12 done") || channel.contains("12 trials"), "{channel}");
    let x = best["x"].to_string();
    assert!(channel.contains(&x[..5]), "{x} is not in {channel}");
}

#[tokio::test]
async fn progress_of_running_workflows_is_in_the_message_and_a_stop_ends_their_pods() {
    let _beside = shared().await;
    let cluster = Cluster::open().await;
    let arguments = ["quadratic", "--steps=5", "--step-time=1s", "--forever", "x={{workflow.parameters.x}}"];
    let template = cluster.template("endless", &["x"], &arguments).await;
    let scene = open(&cluster, &tuning(&template)).await;
    let answer = scene.type_command(&cluster.name).await;
    // Argo counts a pod's own progress, 5/5 at last, as that of its workflow.
    says(&scene, "100 %").await;
    let sweep = answer.split('`').find(|word| word.starts_with(&cluster.name)).map(str::to_owned);
    let sweep = match sweep.filter(|word| word.len() > cluster.name.len()) {
        Some(sweep) => sweep,
        None => cluster.workflows().await[0]["metadata"]["labels"]["tunebot/sweep"].as_str().unwrap().to_owned(),
    };
    scene.type_command(&format!("stop {sweep}")).await;
    let channel = closed(&scene).await;
    assert!(channel.contains("stopped"), "{channel}");
    cluster.wait_until_pods_are_gone().await;
    let workflows = cluster.workflows().await;
    assert_eq!(workflows.len(), 2, "{}", summary(&workflows));
    assert!(workflows.iter().all(|workflow| phase(workflow) == "Failed"), "{}", summary(&workflows));
}

#[tokio::test]
async fn a_trial_that_takes_no_notice_of_its_stop_is_ended_all_the_same() {
    let _beside = shared().await;
    let cluster = Cluster::open().await;
    let arguments = ["quadratic", "--forever", "--ignore-term", "x={{workflow.parameters.x}}"];
    let template = cluster.template("deaf", &["x"], &arguments).await;
    let mut tuning = tuning(&template);
    tuning["limits"] = json!({"trials": 1, "trial_timeout": "5s", "stop_grace": "2s"});
    let scene = open(&cluster, &tuning).await;
    scene.type_command(&cluster.name).await;
    let channel = closed(&scene).await;
    assert!(channel.contains("longer than its limit"), "{channel}");
    // Some versions of Argo kill at once, others wait for the order to terminate: here it only counts that it ends.
    let ended = |workflows: &[Value]| {
        let has_ended = |workflow: &Value| workflow["spec"]["shutdown"].is_string() && phase(workflow) == "Failed";
        workflows.iter().all(has_ended).then_some(())
    };
    cluster.wait_for_workflows("the end of the workflow", ended).await;
    cluster.wait_until_pods_are_gone().await;
}

#[tokio::test]
async fn poor_trials_that_report_are_stopped_early() {
    let _beside = shared().await;
    let cluster = Cluster::open().await;
    let arguments = ["quadratic", "--report", "--steps=20", "--step-time=250ms", "x={{workflow.parameters.x}}"];
    let template = cluster.template("reporting", &["x"], &arguments).await;
    let mut tuning = tuning(&template);
    tuning["space"]["x"] = json!({"type": "float", "low": 0.0, "high": 10.0});
    tuning["search"]["pruner"] = json!({"median": {"startup_trials": 2, "warmup_steps": 2}});
    tuning["limits"]["trials"] = 6.into();
    let scene = open(&cluster, &tuning).await;
    scene.type_command(&cluster.name).await;
    let channel = closed(&scene).await;
    assert!(channel.contains("stopped early"), "{channel}");
    let workflows = cluster.workflows().await;
    let token_is_shown = workflows.iter().any(|workflow| workflow.to_string().contains("eyJ"));
    assert!(!token_is_shown, "the trial's token is a secret");
}

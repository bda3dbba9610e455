//! `charts/tunebot` as people install it, from our image.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cluster::{phase, summary, wait_for};
use crate::release::Release;
use crate::scene::MODELS;
use crate::stage::{shared, tuning};
use crate::support::config::on_push;
use crate::support::slack::TUNING;

/// What the account may do in the namespace of the workflows, and there alone.
const RIGHTS: [(&str, &str); 9] = [
    ("create", "argoproj.io/workflows"),
    ("get", "argoproj.io/workflows"),
    ("list", "argoproj.io/workflows"),
    ("watch", "argoproj.io/workflows"),
    ("patch", "argoproj.io/workflows"),
    ("get", "argoproj.io/workflowtemplates"),
    ("create", "/secrets"),
    ("patch", "/secrets"),
    ("deletecollection", "/secrets"),
];

/// What tempts: each verb on what trials are made of, and beside it.
const VERBS: [&str; 8] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
const RESOURCES: [&str; 7] = [
    "argoproj.io/workflows",
    "argoproj.io/workflowtemplates",
    "/secrets",
    "/pods",
    "/configmaps",
    "/serviceaccounts",
    "rbac.authorization.k8s.io/roles",
];

#[tokio::test]
async fn an_installation_passes_its_own_test_and_runs_a_sweep_with_the_rights_of_its_role_alone() {
    let _beside = shared().await;
    let Some(mut release) = Release::prepare().await else { return };
    let arguments = ["quadratic", "--steps=3", "--report", "x={{workflow.parameters.x}}"];
    let template = release.cluster.template("quadratic", &["x"], &arguments).await;
    release.tuning(&tuning(&template));
    let mut trigger = on_push(MODELS, "main", release.name());
    trigger["name"] = "on-main".into();
    release.set("/config/triggers", json!([trigger]));
    release.install();
    let said = release.test();
    assert_eq!(said.matches("\nok ").count(), 3, "the server, GitHub and Slack: {said}");
    let commit = release.push().await;
    let check = release.checked(&commit).await;
    let workflows = release.cluster.workflows().await;
    assert!(check.contains("4 done"), "{check}");
    assert!(workflows.iter().all(|workflow| phase(workflow) == "Succeeded"), "{}", summary(&workflows));
    let namespace = release.cluster.namespace.clone();
    for (verb, resource) in VERBS.iter().flat_map(|verb| RESOURCES.iter().map(move |resource| (*verb, *resource))) {
        let expected = RIGHTS.contains(&(verb, resource));
        assert_eq!(release.may(verb, resource, &namespace).await, expected, "{verb} {resource} where workflows run");
        assert!(!release.may(verb, resource, release.namespace()).await, "{verb} {resource} beside tunebot");
    }
}

#[tokio::test]
async fn a_sweep_goes_on_after_its_pod_was_killed_and_after_a_changed_configuration_replaced_it() {
    let _beside = shared().await;
    let Some(mut release) = Release::prepare().await else { return };
    let arguments = ["quadratic", "--live=4s", "x={{workflow.parameters.x}}"];
    let template = release.cluster.template("slow", &["x"], &arguments).await;
    let mut slow = tuning(&template);
    slow["limits"]["trials"] = 8.into();
    release.tuning(&slow);
    release.install();
    release.type_command(release.name()).await;
    until_launched(&release, 2).await;
    let first = release.pod().await;
    release.kill(&first);
    until_launched(&release, 4).await;
    let second = release.pod().await;
    assert_ne!(first, second);

    // Nothing of the running tunebot changes by a configuration that is wrong.
    release.set("/config/tunings/wrong", json!({"space": {"x": {"type": "flaot"}}}));
    let refusal = release.upgrade().expect_err("tunebot check refuses it");
    assert!(refusal.contains("flaot"), "{refusal}");
    assert_eq!(release.pod().await, second);

    slow["description"] = "Another line of the configuration.".into();
    release.set("/config/tunings", json!({}));
    release.tuning(&slow);
    release.upgrade().unwrap_or_else(|refusal| panic!("{refusal}{}", release.state()));
    assert_ne!(release.pod().await, second);

    let channel = release.closed().await;
    let workflows = release.cluster.workflows().await;
    let names: BTreeSet<&str> = workflows.iter().filter_map(|workflow| workflow["metadata"]["name"].as_str()).collect();
    assert_eq!(names.len(), 8, "{}", summary(&workflows));
    assert!(names.iter().all(|name| name.ends_with("-1")), "each ran once: {}", summary(&workflows));
    assert!(channel.contains("8 done"), "{channel}");
    let marked = release.slack.messages(TUNING).iter().filter(|message| message.metadata("slot").is_some()).count();
    assert_eq!(marked, 2, "one message and its closing line: {channel}");
}

async fn until_launched(release: &Release, count: usize) {
    let enough = async || {
        let workflows: Vec<Value> = release.cluster.workflows().await;
        (workflows.len() >= count).then_some(())
    };
    wait_for(&format!("{count} workflows"), enough, async || release.state()).await;
}

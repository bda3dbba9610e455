use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::metrics::Metrics;

const NAME: &str = "resnet-k3f9q2-17-1";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A workflow as the API server gives it.
fn object(spec: Value, status: Value) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "name": NAME, "namespace": "ml", "uid": "8d6f", "resourceVersion": "1234", "generation": 5,
            "creationTimestamp": "2026-11-24T02:00:00Z",
            "labels": { "tunebot/instance": "0123456789abcdef", "workflows.argoproj.io/phase": "Running" },
            "annotations": { "tunebot/attempt": NAME, "workflows.argoproj.io/pod-name-format": "v2" },
            "managedFields": [{ "manager": "workflow-controller", "fieldsV1": { "f:status": {} } }],
        },
        "spec": spec,
        "status": status,
    })
}

fn workflow(spec: Value, status: Value) -> Workflow {
    serde_json::from_value(object(spec, status)).unwrap()
}

fn seen(spec: Value, status: Value) -> Seen {
    read(&workflow(spec, status)).unwrap()
}

fn pod(phase: &str, message: &str) -> Value {
    json!({ "id": NAME, "name": NAME, "displayName": NAME, "type": "Pod", "phase": phase, "message": message })
}

fn held(status: Value) -> Option<String> {
    seen(json!({}), status).held
}

#[test]
fn a_workflow_that_nobody_has_looked_at_has_only_been_created() {
    let expected = Seen {
        attempt: NAME.parse().unwrap(),
        created_at: at("2026-11-24T02:00:00Z"),
        taken_up: false,
        progress: None,
        held: None,
        shutdown: None,
        terminate_at: None,
        end: None,
    };
    assert_eq!(seen(json!({ "entrypoint": "main" }), Value::Null), expected);
}

#[test]
fn a_running_workflow_says_how_far_it_is() {
    let progress = |text: &str| seen(json!({}), json!({ "phase": "Running", "progress": text })).progress;
    assert_eq!(progress("25/100"), Some((25, 100)));
    for text in
        ["", "0/0", "1", "5/4", "-1/4", "+1/4", "1/4/2", "a/b", "1/ 4", "99999999999999999999/99999999999999999999"]
    {
        assert_eq!(progress(text), None, "{text:?}");
    }
}

#[test]
fn a_pod_that_no_node_takes_holds_the_trial() {
    let message = "Unschedulable: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu. preemption: 0/1 nodes";
    let pending = json!({ "phase": "Running", "nodes": { NAME: pod("Pending", message) } });
    insta::assert_snapshot!(held(pending).unwrap(), @"no node takes its pod: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu");
    assert_eq!(held(json!({ "phase": "Running", "nodes": { NAME: pod("Pending", "PodInitializing") } })), None);
    assert_eq!(held(json!({ "phase": "Running", "nodes": { NAME: pod("Running", "") } })), None);
}

#[test]
fn several_waits_are_one_and_a_running_pod_is_none() {
    let pending = |id: &str, message: &str| json!({ "id": id, "name": id, "type": "Pod", "phase": "Pending", "message": message });
    let nodes = json!({
        "a": pending("a", "ImagePullBackOff: Back-off pulling image \"x\""),
        "b": pending("b", "Unschedulable: 0/1 nodes are available"),
        "c": pending("c", "Unschedulable: 0/1 nodes are available"),
    });
    insta::assert_snapshot!(held(json!({ "phase": "Running", "nodes": nodes })).unwrap(), @r#"its image cannot be pulled: Back-off pulling image "x" (and 1 more)"#);
    let mut nodes = nodes;
    nodes["d"] = pod("Running", "");
    assert_eq!(held(json!({ "phase": "Running", "nodes": nodes })), None);
}

#[test]
fn compressed_nodes_hold_a_trial_as_well() {
    let nodes = json!({ NAME: pod("Pending", "Unschedulable: 0/1 nodes are available") });
    let status = json!({ "phase": "Running", "compressedNodes": nodes::fold(&nodes) });
    assert_eq!(held(status).unwrap(), "no node takes its pod: 0/1 nodes are available");
}

#[test]
fn locks_limits_and_suspensions_hold_a_trial() {
    let suspended = seen(json!({ "suspend": true }), json!({ "phase": "Running" })).held;
    let pending = |message: &str| held(json!({ "phase": "Pending", "message": message }));
    let approval = json!({ "id": "x", "name": "x", "displayName": "approve", "type": "Suspend", "phase": "Running" });
    let waits = [
        suspended,
        pending("Waiting for ml/ConfigMap/limits/gpu lock. Lock status: 4/4"),
        pending("Workflow processing has been postponed because too many workflows are already running"),
        held(json!({ "phase": "Running", "nodes": { "x": approval } })),
    ];
    insta::assert_snapshot!(waits.map(|wait| wait.unwrap_or_default()).join("\n"), @"
    the workflow is suspended: `argo resume resnet-k3f9q2-17-1` lets it go on
    it waits for the lock ml/ConfigMap/limits/gpu
    the workflow controller runs as many workflows at a time as it may
    it waits at its step `approve`: `argo resume resnet-k3f9q2-17-1` lets it go on
    ");
    assert_eq!(held(json!({ "phase": "Pending" })), None);
}

#[test]
fn a_stop_that_was_asked_for_is_seen_with_its_end() {
    let mut object = object(json!({ "shutdown": "Stop" }), json!({ "phase": "Running" }));
    object["metadata"]["annotations"]["tunebot/terminate-at"] = "2026-11-24T02:03:00Z".into();
    let stopping = read(&serde_json::from_value(object).unwrap()).unwrap();
    assert_eq!(stopping.shutdown, Some(Shutdown::Stop));
    assert_eq!(stopping.terminate_at, Some(at("2026-11-24T02:03:00Z")));
    assert_eq!(seen(json!({ "shutdown": "Terminate" }), Value::Null).shutdown, Some(Shutdown::Terminate));
}

#[test]
fn a_workflow_that_ends_well_gives_its_metrics() {
    let root = json!({
        "id": NAME, "name": NAME, "type": "Pod", "phase": "Succeeded",
        "outputs": { "exitCode": "0", "parameters": [
            { "name": "loss", "value": "0.9", "valueFrom": { "path": "/tmp/loss" } },
            { "name": "accuracy", "value": "0.8\n" },
            { "name": "model", "value": "s3://bucket/model" },
            { "name": "metrics", "value": "{\"f1\": 0.7, \"accuracy\": 0.1, \"auc\": NaN, \"note\": \"x\"}" },
            { "name": "never" },
        ]},
    });
    let status = json!({
        "phase": "Succeeded", "progress": "1/1", "finishedAt": "2026-11-24T02:10:00Z",
        "outputs": { "parameters": [{ "name": "loss", "value": 0.25 }] },
    });
    let plain = {
        let mut status = status.clone();
        status["nodes"] = json!({ NAME: root });
        status
    };
    let folded = {
        let mut status = status;
        status["compressedNodes"] = nodes::fold(&json!({ NAME: root })).into();
        status
    };
    for status in [plain, folded] {
        let Some(Ended { at: ended_at, end: AttemptEnd::Succeeded { metrics } }) = seen(json!({}), status).end else {
            panic!("it did not succeed");
        };
        assert_eq!(ended_at, at("2026-11-24T02:10:00Z"));
        let shown: Vec<String> = metrics.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(shown.join(" "), "accuracy=0.8 auc=NaN f1=0.7 loss=0.25");
    }
}

#[test]
fn a_success_without_a_time_still_ends_no_earlier_than_it_began() {
    let end = seen(json!({}), json!({ "phase": "Succeeded" })).end.unwrap();
    assert_eq!(
        end,
        Ended { at: at("2026-11-24T02:00:00Z"), end: AttemptEnd::Succeeded { metrics: Metrics::default() } }
    );
}

#[test]
fn a_stop_that_came_too_late_takes_nothing_from_a_success() {
    let end = seen(json!({ "shutdown": "Stop" }), json!({ "phase": "Succeeded" })).end.unwrap();
    assert!(matches!(end.end, AttemptEnd::Succeeded { .. }));
}

fn searching(annotation: &str, status: Value) -> String {
    let mut object = object(json!({}), status);
    object["metadata"]["annotations"]["tunebot/search-outputs"] = annotation.into();
    match read(&serde_json::from_value(object).unwrap()).unwrap().end.unwrap().end {
        AttemptEnd::Searched { trials } => format!("{} trials", trials.len()),
        AttemptEnd::Failed { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_workflow_that_searches_by_itself_gives_what_it_tried() {
    let contract = r#"{"best_parameters":"best","metric":"loss","objective":"value","trials":"trials"}"#;
    let outputs = json!({ "parameters": [
        { "name": "best", "value": "{\"lr\": 0.01}" },
        { "name": "value", "value": "0.2" },
        { "name": "trials", "value": "[{\"params\": {\"lr\": 1}, \"value\": 0.5}]" },
    ]});
    let status = |rest: Value| json!({ "phase": "Succeeded", "outputs": outputs, "nodes": rest });
    assert_eq!(searching(contract, status(json!({}))), "2 trials");
    insta::assert_snapshot!(searching(contract, json!({ "phase": "Succeeded" })), @r#"the workflow ended well but has no output parameter `best`: it should hold a JSON object of the best parameters, like {"lr": 0.01}"#);
    insta::assert_snapshot!(searching(contract, json!({ "phase": "Succeeded", "offloadNodeStatusVersion": "fnv:1" })), @r#"the workflow ended well but has no output parameter `best`: it should hold a JSON object of the best parameters, like {"lr": 0.01} (its nodes are in a database of the workflow controller: only outputs with a `globalName` can be read)"#);
    insta::assert_snapshot!(searching("{}", status(json!({}))), @"the workflow's annotation tunebot/search-outputs is damaged: missing field `metric` at line 1 column 2");
}

#[test]
fn a_failure_is_no_matter_of_outputs() {
    let status = json!({ "phase": "Failed", "message": "child 'x' failed", "offloadNodeStatusVersion": "fnv:1" });
    let end = AttemptEnd::Failed { reason: "child 'x' failed".into(), log_tail: None };
    assert_eq!(seen(json!({}), status).end.unwrap().end, end);
}

#[test]
fn workflows_of_others_say_nothing_about_attempts() {
    let refusal = |change: fn(&mut Value)| {
        let mut object = object(json!({}), json!({}));
        change(&mut object["metadata"]);
        read(&serde_json::from_value(object).unwrap()).unwrap_err().to_string()
    };
    insta::assert_snapshot!(refusal(|metadata| metadata["annotations"] = Value::Null), @"the workflow resnet-k3f9q2-17-1 names no attempt in its annotation tunebot/attempt");
    insta::assert_snapshot!(refusal(|metadata| metadata["annotations"]["tunebot/attempt"] = "x".into()), @"the workflow resnet-k3f9q2-17-1 names no attempt in its annotation tunebot/attempt");
    insta::assert_snapshot!(refusal(|metadata| metadata["name"] = "resnet-k3f9q2-17-1-wz2xk".into()), @"the workflow resnet-k3f9q2-17-1-wz2xk is a copy of that of the attempt resnet-k3f9q2-17-1, made by somebody else");
    insta::assert_snapshot!(refusal(|metadata| metadata["creationTimestamp"] = Value::Null), @"the workflow resnet-k3f9q2-17-1 has no `metadata.creationTimestamp`");
}

#[test]
fn what_the_cluster_keeps_books_of_is_not_kept() {
    let workflow = workflow(json!({}), json!({}));
    assert_eq!(workflow.metadata.managed_fields, None);
    assert_eq!(workflow.metadata.annotations.unwrap().into_keys().collect::<Vec<_>>(), ["tunebot/attempt"]);
    assert_eq!(workflow.metadata.labels.unwrap().len(), 2);
    assert_eq!(workflow.metadata.resource_version.unwrap(), "1234");
}

#[test]
fn the_api_server_has_it_under_its_path() {
    use kube::Resource;
    assert_eq!(Workflow::url_path(&(), Some("ml")), "/apis/argoproj.io/v1alpha1/namespaces/ml/workflows");
}

/// Any JSON, not too deep.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "Succeeded|Failed|Error|Pending|Pod|1/2|main: Error \\(exit code 1\\)|.{0,10}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        let key = "phase|message|name|id|type|value|parameters|outputs|finishedAt|[a-z]{1,3}";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_workflow_that_somebody_has_bent_is_still_read(
        key in prop::sample::select(vec![
            "/spec", "/spec/shutdown", "/spec/suspend", "/spec/activeDeadlineSeconds", "/status", "/status/phase",
            "/status/progress", "/status/message", "/status/startedAt", "/status/finishedAt", "/status/outputs",
            "/status/outputs/parameters", "/status/outputs/parameters/0", "/status/nodes", "/status/nodes/a",
            "/status/nodes/a/outputs", "/status/nodes/a/message", "/status/compressedNodes", "/metadata/labels",
            "/metadata/managedFields", "/metadata/annotations/other", "/metadata/generation", "/metadata/uid",
        ]),
        value in anything(),
    ) {
        let mut object = object(
            json!({ "shutdown": "", "suspend": false, "activeDeadlineSeconds": 1 }),
            json!({
                "phase": "Running", "progress": "1/2", "message": "", "startedAt": null, "finishedAt": null,
                "outputs": { "parameters": [{ "name": "loss", "value": "1" }] }, "compressedNodes": "",
                "nodes": { "a": { "id": "a", "type": "Pod", "message": "x", "outputs": {} } },
            }),
        );
        object["metadata"]["annotations"]["other"] = "".into();
        *object.pointer_mut(key).unwrap() = value;
        let workflow: Workflow = serde_json::from_value(object.clone()).unwrap();
        prop_assert_eq!(read(&workflow).unwrap().attempt.to_string(), NAME);
        let from_text: Workflow = serde_json::from_str(&object.to_string()).unwrap();
        prop_assert_eq!(from_text, workflow);
    }
}

//! What Argo's controller writes into a running workflow: a workflow of four steps, two of which have ended.

use serde_json::{Map, Value, json};

const BEGUN: &str = "2026-11-24T03:00:00Z";

pub fn running(name: &str) -> Value {
    let steps = [
        ("prepare", "Succeeded", "1/1"),
        ("fetch", "Succeeded", "1/1"),
        ("train", "Running", "0/1"),
        ("score", "Pending", "0/1"),
    ];
    let mut nodes: Map<String, Value> =
        steps.iter().map(|(step, phase, progress)| pod(name, step, phase, progress)).collect();
    let children: Vec<&String> = nodes.keys().collect();
    let root = json!({
        "id": name, "name": name, "displayName": name, "type": "DAG", "templateName": "main",
        "templateScope": "local/benchmark", "phase": "Running", "startedAt": BEGUN, "finishedAt": null, "progress": "2/4",
        "children": children,
    });
    nodes.insert(name.to_owned(), root);
    json!({
        "phase": "Running", "startedAt": BEGUN, "finishedAt": null, "estimatedDuration": 640, "progress": "2/4",
        "conditions": [{"type": "PodRunning", "status": "True"}],
        "artifactRepositoryRef": {"configMap": "artifact-repositories", "key": "default", "namespace": "tunebot"},
        "artifactGCStatus": {"notSpecified": true},
        "resourcesDuration": {"cpu": 31, "memory": 214},
        "taskResultsCompletionStatus": {(format!("{name}-prepare")): true, (format!("{name}-fetch")): true},
        "nodes": nodes,
    })
}

fn pod(name: &str, step: &str, phase: &str, progress: &str) -> (String, Value) {
    let id = format!("{name}-{step}-2870418219");
    let ended = phase == "Succeeded";
    let node = json!({
        "id": id, "name": format!("{name}.{step}"), "displayName": step, "type": "Pod", "templateName": step,
        "templateScope": "local/benchmark", "phase": phase, "boundaryID": name, "startedAt": BEGUN,
        "finishedAt": ended.then_some("2026-11-24T03:04:12Z"), "estimatedDuration": 160, "progress": progress,
        "resourcesDuration": {"cpu": 12, "memory": 96}, "hostNodeName": "ip-10-0-113-27.eu-central-1.compute.internal",
        "inputs": {"parameters": [{"name": "learning_rate", "value": "0.000731"}, {"name": "dataset", "value": "s3://datasets/photos/v7"}]},
        "outputs": {
            "exitCode": ended.then_some("0"),
            "artifacts": [{"name": "main-logs", "s3": {"key": format!("{name}/{id}/main.log")}}],
        },
    });
    (id, node)
}

use serde_json::{Value, json};

use super::*;

const NAME: &str = "resnet-k3f9q2-17-1";

/// A node in the form that Argo gives it.
fn node(id: &str, kind: &str, phase: &str, message: &str) -> Value {
    json!({
        "id": id, "name": id, "displayName": id.strip_prefix("resnet-k3f9q2-17-1.").unwrap_or(id), "type": kind,
        "templateName": "train", "templateScope": "local/x", "phase": phase, "message": message, "progress": "1/1",
        "startedAt": "2026-11-24T02:00:00Z", "finishedAt": "2026-11-24T02:10:00Z", "hostNodeName": "node-1",
    })
}

fn workflow(phase: &str, message: &str, nodes: &[Value]) -> Workflow {
    let nodes: Value = nodes.iter().map(|node| (node["id"].as_str().unwrap().to_owned(), node.clone())).collect();
    serde_json::from_value(json!({
        "metadata": { "name": NAME },
        "spec": { "activeDeadlineSeconds": 3600 },
        "status": {
            "phase": phase, "message": message, "nodes": nodes,
            "startedAt": "2026-11-24T02:00:00Z", "finishedAt": "2026-11-24T02:10:00Z",
        },
    }))
    .unwrap()
}

fn end_of(workflow: &Workflow) -> String {
    match unsuccessful(workflow, &workflow.status.nodes, NAME) {
        AttemptEnd::Failed { reason, log_tail: None } => format!("failed: {reason}"),
        AttemptEnd::Lost { reason, by_restart: false } => format!("lost: {reason}"),
        AttemptEnd::Stopped => "stopped".into(),
        other => panic!("{other:?}"),
    }
}

/// A workflow of one pod, which ended with `message`.
fn one_pod(phase: &str, message: &str) -> Workflow {
    workflow(phase, message, &[node(NAME, "Pod", phase, message)])
}

#[test]
fn a_trial_that_fails_by_itself_has_failed() {
    let messages = [
        "main: Error (exit code 1)",
        "main: OOMKilled (exit code 137)",
        "Pod was active on the node longer than the specified deadline",
        "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ",
        "Container main exceeded its local ephemeral storage limit \"1Gi\". ",
        "",
    ];
    insta::assert_snapshot!(messages.map(|message| end_of(&one_pod("Failed", message))).join("\n"), @r#"
    failed: the program exited with code 1
    failed: the program used more memory than its limit and was killed (OOMKilled)
    failed: it ran longer than the deadline of its workflow or template
    failed: Pod ephemeral local storage usage exceeds the total limit of containers 1Gi.
    failed: Container main exceeded its local ephemeral storage limit "1Gi".
    failed: the workflow failed, and Argo does not say why
    "#);
}

#[test]
fn a_pod_that_the_cluster_took_away_is_lost_though_argo_says_failed() {
    let messages = [
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 64Mi. Container main was using 2Gi, request is 0, has larger consumption of memory. ",
        "Pod was rejected: The node had condition: [DiskPressure]. ",
        "Pod was rejected: Node didn't have enough resource: nvidia.com/gpu, requested: 1, used: 8, capacity: 8",
        "Pod was terminated in response to imminent node shutdown.",
        "Pod was rejected as the node is shutting down.",
        "Preempted in order to admit critical pod",
        "Node node-1 which was running pod resnet-k3f9q2-17-1 is unresponsive",
        "can't find failed message for pod resnet-k3f9q2-17-1 namespace ml",
        "main: ContainerStatusUnknown (exit code 137): The container could not be located when the pod was terminated",
        "main: Unknown (exit code 255)",
        "main: Error (exit code 143)",
        "pod failed: neither main nor wait container completed successfully",
    ];
    insta::assert_snapshot!(messages.map(|message| end_of(&one_pod("Failed", message))).join("\n"), @"
    lost: The node was low on resource: memory. Threshold quantity: 100Mi, available: 64Mi. Container main was using 2Gi, request is 0, has larger consumption of memory.
    lost: Pod was rejected: The node had condition: [DiskPressure].
    lost: Pod was rejected: Node didn't have enough resource: nvidia.com/gpu, requested: 1, used: 8, capacity: 8
    lost: Pod was terminated in response to imminent node shutdown.
    lost: Pod was rejected as the node is shutting down.
    lost: Preempted in order to admit critical pod
    lost: Node node-1 which was running pod resnet-k3f9q2-17-1 is unresponsive
    lost: can't find failed message for pod resnet-k3f9q2-17-1 namespace ml
    lost: the program vanished with its node: The container could not be located when the pod was terminated
    lost: the program vanished with its node
    lost: the program was ended by SIGTERM
    lost: pod failed: neither main nor wait container completed successfully
    ");
}

#[test]
fn an_error_of_argo_is_lost() {
    let messages = [
        "pod deleted",
        "Pod failed before main container starts due to ImagePullBackOff: Back-off pulling image \"x\"",
        "wait: Error (exit code 64): failed to put file: connection refused",
        "pods \"x\" is forbidden: exceeded quota: gpu, requested: requests.nvidia.com/gpu=1",
    ];
    insta::assert_snapshot!(messages.map(|message| end_of(&one_pod("Error", message))).join("\n"), @r#"
    lost: its pod was deleted
    lost: Pod failed before main container starts due to ImagePullBackOff: Back-off pulling image "x"
    lost: its container `wait` exited with code 64: failed to put file: connection refused
    lost: pods "x" is forbidden: exceeded quota: gpu, requested: requests.nvidia.com/gpu=1
    "#);
}

#[test]
fn an_error_that_every_attempt_would_meet_is_a_failure_that_says_what_to_do() {
    let messages = [
        "pods is forbidden: User \"system:serviceaccount:argo:argo\" cannot create resource \"pods\" in API group \"\" in the namespace \"ml\"",
        "wait: Error (exit code 64): workflowtaskresults.argoproj.io is forbidden: User \"system:serviceaccount:ml:default\" cannot create resource \"workflowtaskresults\"",
        "workflowtemplates.argoproj.io \"train-resnet\" not found",
        "workflows must use workflowTemplateRef to be executed when the controller is in reference mode",
        "fields [PodSpecPatch] are not permitted when using workflowTemplateRef with templateReferencing restriction",
    ];
    insta::assert_snapshot!(messages.map(|message| end_of(&one_pod("Error", message))).join("\n"), @r#"
    failed: pods is forbidden: User "system:serviceaccount:argo:argo" cannot create resource "pods" in API group "" in the namespace "ml"; give the service account of the workflow the rights that Argo's documentation names
    failed: its container `wait` exited with code 64: workflowtaskresults.argoproj.io is forbidden: User "system:serviceaccount:ml:default" cannot create resource "workflowtaskresults"; give the service account of the workflow the rights that Argo's documentation names
    failed: workflowtemplates.argoproj.io "train-resnet" not found; create that template, or correct the tuning
    failed: workflows must use workflowTemplateRef to be executed when the controller is in reference mode; its operators want templates by reference: name one in the tuning
    failed: fields [PodSpecPatch] are not permitted when using workflowTemplateRef with templateReferencing restriction; set them in the template, or have the operators of the workflow controller allow them
    "#);
    insta::assert_snapshot!(end_of(&workflow("Failed", "invalid spec: entrypoint is required", &[])), @"failed: Argo refuses the workflow: entrypoint is required");
}

#[test]
fn a_workflow_that_was_told_to_end_is_stopped_however_it_ended() {
    for phase in ["Failed", "Error"] {
        for message in ["Stopped with strategy 'Stop'", "main: Error (exit code 143)", "pod deleted"] {
            let mut workflow = one_pod(phase, message);
            workflow.spec.shutdown = "Stop".into();
            assert_eq!(end_of(&workflow), "stopped", "{phase}: {message}");
        }
    }
}

#[test]
fn a_container_that_is_ended_at_the_deadline_has_failed() {
    let mut late = one_pod("Failed", "main: Error (exit code 143)");
    late.spec.active_deadline_seconds = Some("600".into());
    insta::assert_snapshot!(end_of(&late), @"failed: the program was ended by SIGTERM");
    let two = [
        node(&format!("{NAME}.a"), "Pod", "Failed", "main: Error (exit code 143)"),
        node(&format!("{NAME}.b"), "Suspend", "Failed", "Step exceeded its deadline"),
    ];
    insta::assert_snapshot!(end_of(&workflow("Failed", "", &two)), @"failed: step `a`: the program was ended by SIGTERM");
}

#[test]
fn the_step_that_failed_says_why_and_not_those_around_it() {
    let nodes = [
        node(NAME, "DAG", "Failed", "child 'resnet-k3f9q2-17-1-1' failed"),
        node(&format!("{NAME}.train"), "Retry", "Failed", "No more retries left"),
        node(&format!("{NAME}.prepare"), "Pod", "Succeeded", ""),
        node(&format!("{NAME}.train(0)"), "Pod", "Error", "pod deleted"),
        {
            let mut last = node(&format!("{NAME}.train(1)"), "Pod", "Failed", "main: Error (exit code 3)");
            last["finishedAt"] = "2026-11-24T02:11:00Z".into();
            last
        },
        node(&format!("{NAME}.onExit"), "Pod", "Failed", "main: Error (exit code 9)"),
    ];
    let message = "child 'resnet-k3f9q2-17-1-1' failed";
    insta::assert_snapshot!(end_of(&workflow("Failed", message, &nodes)), @"failed: step `train(1)`: the program exited with code 3");
}

#[test]
fn an_exit_handler_says_why_when_all_else_went_well() {
    let nodes = [
        node(NAME, "Pod", "Succeeded", ""),
        node(&format!("{NAME}.onExit"), "Pod", "Failed", "main: Error (exit code 9)"),
    ];
    insta::assert_snapshot!(end_of(&workflow("Failed", "main: Error (exit code 9)", &nodes)), @"failed: step `onExit`: the program exited with code 9");
}

#[test]
fn without_nodes_the_workflow_says_why() {
    insta::assert_snapshot!(end_of(&workflow("Failed", "child 'x' failed", &[])), @"failed: child 'x' failed");
}

//! What goes before what.

use super::*;

#[test]
fn an_argument_takes_the_place_of_where_a_value_would_have_come_from() {
    let workflow = of_inline(json!({ "spec": { "arguments": { "parameters": [
        { "name": "lr", "valueFrom": { "configMapKeyRef": { "name": "x", "key": "y" } }, "enum": ["1"] },
    ]}}}));
    let parameters = workflow["spec"]["arguments"]["parameters"].as_array().unwrap();
    assert_eq!(parameters[0], json!({ "name": "lr", "value": "3e-5", "enum": ["1"] }));
    assert_eq!(parameters.len(), 3, "batch and optimizer are appended");
}

#[test]
fn what_a_cluster_wrote_into_a_manifest_does_not_come_back_to_it() {
    let workflow = of_inline(json!({
        "metadata": {
            "name": "old", "uid": "1", "resourceVersion": "7", "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": { "workflows.argoproj.io/completed": "true", "workflows.argoproj.io/phase": "Failed", "a": "b",
                        "tunebot/recorded": "true" },
        },
        "spec": {},
        "status": { "phase": "Failed" },
    }));
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    insta::assert_snapshot!(keys(&workflow), @"metadata spec");
    insta::assert_snapshot!(keys(&workflow["metadata"]), @"annotations labels name namespace");
    insta::assert_snapshot!(keys(&workflow["metadata"]["labels"]), @"a tunebot/instance tunebot/sweep tunebot/trial tunebot/tuning workflows.argoproj.io/creator");
}

#[test]
fn pods_carry_their_trial_beside_what_the_user_marks_them_with() {
    let labels = |manifest: Value| of_inline(manifest)["spec"]["podMetadata"].clone();
    insta::assert_snapshot!(labels(json!({ "spec": {} })), @r#"{"labels":{"tunebot/sweep":"resnet-k3f9q2","tunebot/trial":"17","tunebot/tuning":"resnet"}}"#);
    let theirs = json!({ "labels": { "team": "vision", "tunebot/trial": "mine" }, "annotations": { "a": "b" } });
    insta::assert_snapshot!(labels(json!({ "spec": { "podMetadata": theirs } })), @r#"{"annotations":{"a":"b"},"labels":{"team":"vision","tunebot/sweep":"resnet-k3f9q2","tunebot/trial":"mine","tunebot/tuning":"resnet"}}"#);
    let of_template = rendered(&template(), &TemplateFacts::default());
    assert_eq!(of_template["spec"]["podMetadata"]["labels"]["tunebot/sweep"], "resnet-k3f9q2");
}

#[test]
fn a_patch_of_the_user_is_left_alone() {
    let theirs = json!({ "spec": { "podSpecPatch": "{\"containers\":[]}" } });
    assert_eq!(of_inline(theirs)["spec"]["podSpecPatch"], "{\"containers\":[]}");
    let facts = facts(json!({ "podSpecPatch": "containers: []" }));
    assert_eq!(rendered(&template(), &facts)["spec"].get("podSpecPatch"), None);
}

#[test]
fn a_pod_without_a_main_container_is_not_given_one() {
    let set = json!({ "templates": [{ "name": "steps", "containerSet": { "containers": [{ "name": "a", "image": "x" }] } }] });
    assert_eq!(rendered(&template(), &facts(set))["spec"].get("podSpecPatch"), None);
}

#[test]
fn resources_that_would_be_lost_are_refused() {
    let trial = demanding(WorkflowSource::Template { name: "train".into() });
    let refusal = |spec: Value| render(&launch(), &trial, &PLACE, &facts(spec)).unwrap_err().to_string();
    insta::assert_snapshot!(refusal(json!({ "podSpecPatch": "x" })), @"the tuning asks for `requests` or `limits`, and its workflow has a `podSpecPatch` of its own: set the resources there, or remove them from the tuning");
    let set = json!({ "templates": [{ "name": "pair", "containerSet": { "containers": [{ "name": "a" }] } }] });
    insta::assert_snapshot!(refusal(set), @"the tuning asks for `requests` or `limits`, and the container set of its template `pair` has no container named `main`: set the resources there, or remove them from the tuning");
}

#[test]
fn values_of_parameters_are_no_placeholders_of_argo_or_kubernetes() {
    let mut launch = launch();
    launch.params =
        Params::from_iter([("tag".parse().unwrap(), ParamValue::Text("{{workflow.name}} $(HOME) $$".into()))]);
    let workflow = render(&launch, &template(), &PLACE, &TemplateFacts::default()).unwrap();
    assert!(!workflow["spec"]["podSpecPatch"].as_str().unwrap().contains("{{"));
    let env = &patch(&workflow)["containers"][0]["env"];
    let params = env.as_array().unwrap().iter().find(|one| one["name"] == "TUNEBOT_PARAMS").unwrap();
    assert_eq!(params["value"], r#"{"tag":"{{workflow.name}} $$(HOME) $$$$"}"#);
}

#[test]
fn the_shorter_deadline_holds() {
    let ours = 3600 + 10 + 1 + 60;
    for (theirs, shown) in [(None, Some(ours)), (Some(ours + 1), Some(ours)), (Some(600), None)] {
        let facts = TemplateFacts { active_deadline_seconds: theirs, ..TemplateFacts::default() };
        let spec = &rendered(&template(), &facts)["spec"];
        assert_eq!(spec.get("activeDeadlineSeconds").and_then(Value::as_i64), shown, "{theirs:?}");
    }
}

#[test]
fn a_limit_without_end_is_written_as_the_longest() {
    let mut launch = launch();
    launch.timeout = SignedDuration::MAX;
    let spec = &render(&launch, &template(), &PLACE, &TemplateFacts::default()).unwrap()["spec"];
    assert_eq!(spec["activeDeadlineSeconds"], i32::MAX);
}

#[test]
fn results_are_kept_seven_days_unless_somebody_says_otherwise() {
    let ttl = |trial: &WorkflowTrial, facts: &TemplateFacts| rendered(trial, facts)["spec"]["ttlStrategy"].clone();
    let theirs = facts(json!({ "ttlStrategy": { "secondsAfterSuccess": 10 } }));
    assert_eq!(ttl(&template(), &TemplateFacts::default()), json!({ "secondsAfterCompletion": 604_800 }));
    assert_eq!(ttl(&template(), &theirs), Value::Null);
    let hour = WorkflowTrial { ttl: Some(SignedDuration::from_hours(1)), ..template() };
    let all = json!({ "secondsAfterCompletion": 3600, "secondsAfterSuccess": 3600, "secondsAfterFailure": 3600 });
    assert_eq!(ttl(&hour, &theirs), all);
}

#[test]
fn pods_run_as_the_tuning_says_or_else_the_template_or_else_the_engine() {
    let account =
        |trial: &WorkflowTrial, facts: &TemplateFacts| rendered(trial, facts)["spec"]["serviceAccountName"].clone();
    let theirs = facts(json!({ "serviceAccountName": "theirs" }));
    let ours = WorkflowTrial { service_account: Some("ours".into()), ..template() };
    assert_eq!(account(&template(), &TemplateFacts::default()), "tunebot-trial");
    assert_eq!(account(&template(), &theirs), Value::Null);
    assert_eq!(account(&ours, &theirs), "ours");
}

#[test]
fn the_controller_of_the_engine_takes_it() {
    let place = Place { controller_instance: Some("gpu"), ..PLACE };
    let workflow = render(&launch(), &template(), &place, &TemplateFacts::default()).unwrap();
    assert_eq!(workflow["metadata"]["labels"]["workflows.argoproj.io/controller-instanceid"], "gpu");
}

#[test]
fn a_manifest_that_is_none_is_refused() {
    let refusal = |manifest: Value| {
        render(&launch(), &inline(manifest), &PLACE, &TemplateFacts::default()).unwrap_err().to_string()
    };
    insta::assert_snapshot!(refusal(json!([])), @"the Workflow in train.yaml cannot be used: it is not an object");
    insta::assert_snapshot!(refusal(json!({ "spec": 1 })), @"the Workflow in train.yaml cannot be used: `spec` is not an object");
    insta::assert_snapshot!(refusal(json!({ "metadata": { "labels": [] } })), @"the Workflow in train.yaml cannot be used: `metadata.labels` is not an object");
    insta::assert_snapshot!(refusal(json!({ "spec": { "podMetadata": { "labels": 1 } } })), @"the Workflow in train.yaml cannot be used: `spec.podMetadata.labels` is not an object");
    insta::assert_snapshot!(refusal(json!({ "spec": { "arguments": { "parameters": {} } } })), @"the Workflow in train.yaml cannot be used: `spec.arguments.parameters` is not a list");
}

#[test]
fn a_name_that_kubernetes_would_refuse_is_never_sent() {
    let mut launch = launch();
    launch.attempt = format!("{}-k3f9q2-4000000000-1000000", "a".repeat(40)).parse().unwrap();
    let refusal = render(&launch, &template(), &PLACE, &TemplateFacts::default()).unwrap_err();
    assert!(matches!(refusal, RenderError::NameTooLong { .. }), "{refusal}");
}

#[test]
fn attempts_of_fifty_trials_share_a_secret() {
    let name = |attempt: &str| secret_name("0123456789abcdef", &attempt.parse().unwrap());
    assert_eq!(name("resnet-k3f9q2-49-3"), "tunebot-0123456789abcdef-resnet-k3f9q2-0");
    assert_eq!(name("resnet-k3f9q2-50-1"), "tunebot-0123456789abcdef-resnet-k3f9q2-1");
}

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::domain::params::{Condition, Domain, Parameter, Space, Value as ParamValue};
use crate::domain::tuning::{SearchOutputs, WorkflowSource, WorkflowTrial};

fn text(value: &str) -> ParamValue {
    ParamValue::Text(value.into())
}

fn parameter(name: &str, domain: Domain) -> Parameter {
    Parameter { name: name.parse().unwrap(), domain, when: None }
}

fn space() -> Space {
    Space::new(vec![
        parameter("lr", Domain::Float { low: 1e-5, high: 0.1, log: true, step: None }),
        parameter("batch", Domain::Int { low: 16, high: 64, log: false, step: 16 }),
        parameter("optimizer", Domain::Categorical { choices: vec![text("adam"), text("sgd")] }),
        Parameter {
            when: Some(Condition { parameter: "optimizer".parse().unwrap(), one_of: vec![text("sgd")] }),
            ..parameter("momentum", Domain::Float { low: 0.0, high: 0.99, log: false, step: None })
        },
    ])
    .unwrap()
}

fn trial(arguments: &[(&str, &str)]) -> WorkflowTrial {
    WorkflowTrial {
        arguments: arguments.iter().map(|&(name, value)| (name.into(), value.into())).collect(),
        ..WorkflowTrial::new(WorkflowSource::Template { name: "train-resnet".into() })
    }
}

fn searching(arguments: &[(&str, &str)]) -> WorkflowTrial {
    let outputs = SearchOutputs { best_parameters: "best".into(), objective: "value".into(), trials: "trials".into() };
    WorkflowTrial { searches: Some(outputs), ..trial(arguments) }
}

fn declaring(parameters: Value) -> TemplateFacts {
    TemplateFacts::of_spec(&json!({ "arguments": { "parameters": parameters } }))
}

fn complete() -> Value {
    json!([{ "name": "lr" }, { "name": "batch" }, { "name": "optimizer" }, { "name": "momentum", "value": "0.9" }])
}

fn told(facts: &TemplateFacts, trial: &WorkflowTrial) -> String {
    complaints(facts, trial, &space()).join("\n\n")
}

#[test]
fn the_facts_of_a_spec_are_found() {
    let facts = TemplateFacts::of_spec(&json!({
        "arguments": { "parameters": [
            { "name": "a" },
            { "name": "b", "value": "" },
            { "name": "c", "valueFrom": { "configMapKeyRef": { "name": "x", "key": "y" } } },
            { "name": "d", "default": "1", "enum": ["1", 2] },
        ]},
        "podSpecPatch": "{}",
        "ttlStrategy": {},
        "serviceAccountName": "x",
        "tolerations": [{ "key": "gpu" }],
        "activeDeadlineSeconds": 60,
        "templates": [
            { "name": "good", "containerSet": { "containers": [{ "name": "main" }] } },
            { "name": "bad", "containerSet": { "containers": [{ "name": "a" }] } },
        ],
        "workflowTemplateRef": { "name": "base", "clusterScope": true },
    }));
    let declared = |has_value, one_of: Option<&[&str]>| Declared {
        has_value,
        one_of: one_of.map(|values| values.iter().map(|&value| value.into()).collect()),
    };
    let names = [("a", declared(false, None)), ("b", declared(true, None)), ("c", declared(true, None))];
    let expected = TemplateFacts {
        declared: names
            .into_iter()
            .chain([("d", declared(false, Some(&["1", "2"])))])
            .map(|(name, declared)| (name.to_owned(), declared))
            .collect(),
        has_pod_spec_patch: true,
        has_ttl: true,
        has_service_account: true,
        has_tolerations: true,
        active_deadline_seconds: Some(60),
        set_without_main: Some("bad".into()),
        reference: Some(TemplateReference { name: "base".into(), cluster: true }),
    };
    assert_eq!(facts, expected);
}

#[test]
fn a_spec_of_any_other_shape_has_no_facts() {
    for spec in [json!(null), json!([1]), json!({ "arguments": [], "podSpecPatch": null, "templates": "x" })] {
        assert_eq!(TemplateFacts::of_spec(&spec), TemplateFacts::default(), "{spec}");
    }
}

#[test]
fn a_workflow_that_refers_to_a_template_has_the_facts_of_both() {
    let own = TemplateFacts::of_spec(&json!({
        "arguments": { "parameters": [{ "name": "lr", "value": "1" }] },
        "workflowTemplateRef": { "name": "base" },
    }));
    let base = TemplateFacts::of_spec(&json!({
        "arguments": { "parameters": [{ "name": "lr" }, { "name": "batch" }] },
        "ttlStrategy": {},
        "activeDeadlineSeconds": 60,
    }));
    let both = own.over(base);
    assert!(both.declared["lr"].has_value && !both.declared["batch"].has_value);
    assert!(both.has_ttl && both.reference.is_none());
    assert_eq!(both.active_deadline_seconds, Some(60));
}

#[test]
fn a_template_that_declares_everything_has_no_complaints() {
    assert_eq!(told(&declaring(complete()), &trial(&[])), "");
}

#[test]
fn a_missing_parameter_is_named_with_the_line_that_adds_it() {
    let facts = declaring(json!([{ "name": "batch" }, { "name": "optimizer" }, { "name": "momentum", "value": "0" }]));
    insta::assert_snapshot!(told(&facts, &trial(&[])), @"WorkflowTemplate `train-resnet` does not declare the parameter `lr`, so every trial would run with the same value: add `- name: lr` under `spec.arguments.parameters`");
}

#[test]
fn many_missing_parameters_are_one_complaint() {
    let cluster = WorkflowTrial { source: WorkflowSource::ClusterTemplate { name: "train".into() }, ..trial(&[]) };
    insta::assert_snapshot!(told(&TemplateFacts::default(), &cluster), @r#"
    ClusterWorkflowTemplate `train` does not declare the parameters `batch`, `lr`, `optimizer` and `momentum`, so every trial would run with the same values: add under `spec.arguments.parameters`
    - name: batch
    - name: lr
    - name: optimizer
    - {name: momentum, value: "0"}
    "#);
}

#[test]
fn a_parameter_that_nobody_gives_is_named() {
    let mut parameters = complete();
    parameters.as_array_mut().unwrap().push(json!({ "name": "data", "default": "s3://x" }));
    insta::assert_snapshot!(told(&declaring(parameters.clone()), &trial(&[])), @"WorkflowTemplate `train-resnet` declares the parameter `data` without a value, and neither the search space nor `arguments` of the tuning gives one: give it a `value` there, or add it to `arguments`");
    assert_eq!(told(&declaring(parameters.clone()), &trial(&[("data", "s3://y")])), "");
    parameters.as_array_mut().unwrap().push(json!({ "name": "epochs" }));
    insta::assert_snapshot!(told(&declaring(parameters), &trial(&[])), @"WorkflowTemplate `train-resnet` declares the parameters `data` and `epochs` without a value, and neither the search space nor `arguments` of the tuning gives them: give them a `value` there, or add them to `arguments`");
}

#[test]
fn a_parameter_that_is_not_part_of_every_trial_needs_a_value_for_the_others() {
    let mut parameters = complete();
    parameters[3] = json!({ "name": "momentum", "default": "0.9" });
    insta::assert_snapshot!(told(&declaring(parameters.clone()), &trial(&[])), @r#"`momentum` is not part of every trial, and WorkflowTemplate `train-resnet` declares it without a value, so Argo would refuse the trials without it: write `- {name: momentum, value: "0"}` there (Argo passes over a `default`)"#);
    assert_eq!(told(&declaring(parameters), &trial(&[("momentum", "0")])), "");
}

#[test]
fn values_that_a_template_does_not_let_through_are_named() {
    let facts = declaring(json!([
        { "name": "lr", "enum": ["0.1"] },
        { "name": "batch", "enum": [16, 32, 48, 64] },
        { "name": "optimizer", "enum": ["adam", "rmsprop"] },
        { "name": "momentum", "value": "0.9" },
        { "name": "device", "value": "cpu", "enum": ["cpu", "gpu"] },
    ]));
    insta::assert_snapshot!(told(&facts, &trial(&[("device", "tpu")])), @"
    WorkflowTemplate `train-resnet` limits `device` to cpu | gpu, and `arguments` of the tuning says tpu: add it to the `enum` of the parameter, or leave it out

    WorkflowTemplate `train-resnet` limits `lr` to 0.1, and the search space has 1e-5: add it to the `enum` of the parameter, or leave it out

    WorkflowTemplate `train-resnet` limits `optimizer` to adam | rmsprop, and the search space has sgd: add it to the `enum` of the parameter, or leave it out
    ");
}

#[test]
fn a_name_that_is_no_argument_is_named() {
    let space = Space::new(vec![parameter("net.depth", Domain::Int { low: 1, high: 9, log: false, step: 1 })]).unwrap();
    let facts = declaring(json!([{ "name": "net.depth" }]));
    insta::assert_snapshot!(complaints(&facts, &trial(&[]), &space).join("\n"), @"`net.depth` cannot be an argument of a workflow: rename it, with letters, digits, `-` and `_` only");
}

#[test]
fn resources_beside_a_patch_of_the_template_are_named() {
    let facts = TemplateFacts { has_pod_spec_patch: true, ..declaring(complete()) };
    assert_eq!(told(&facts, &trial(&[])), "");
    let limits = BTreeMap::from([("nvidia.com/gpu".into(), "1".into())]);
    insta::assert_snapshot!(told(&facts, &WorkflowTrial { limits, ..trial(&[]) }), @"the tuning asks for `requests` or `limits`, and its workflow has a `podSpecPatch` of its own: set the resources there, or remove them from the tuning");
}

#[test]
fn tolerations_that_argo_cannot_merge_are_named() {
    let facts = TemplateFacts { has_tolerations: true, ..declaring(complete()) };
    let tolerating = |toleration: Value| WorkflowTrial { tolerations: vec![toleration], ..trial(&[]) };
    assert_eq!(told(&facts, &tolerating(json!({ "key": "gpu", "operator": "Exists" }))), "");
    insta::assert_snapshot!(told(&facts, &tolerating(json!({ "operator": "Exists" }))), @"the tuning has a toleration without a `key`, which Argo cannot merge with the tolerations of WorkflowTemplate `train-resnet`: give it a `key`, or write it there");
}

#[test]
fn a_workflow_that_searches_by_itself_need_not_declare_the_space() {
    assert_eq!(told(&TemplateFacts::default(), &searching(&[])), "");
    let facts = declaring(json!([{ "name": "trials" }, { "name": "space" }, { "name": "data" }, { "name": "lr" }]));
    insta::assert_snapshot!(told(&facts, &searching(&[])), @"WorkflowTemplate `train-resnet` declares the parameters `data` and `lr` without a value, and neither tunebot nor `arguments` of the tuning gives them: give them a `value` there, or add them to `arguments`");
    assert_eq!(told(&facts, &searching(&[("data", "x"), ("lr", "0.1")])), "");
}

mod examples;
mod forms;
mod rules;
mod schema;

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::*;
use crate::domain::metrics::{Direction, Objective};
use crate::domain::params::{Condition, Domain, Parameter, Params, Space, Value as ParamValue};
use crate::domain::tuning::{PodGc, TrialTemplate};
use crate::engine::SearchOrder;

const PLACE: Place<'static> = Place {
    namespace: "ml",
    owner: "0123456789abcdef",
    service_account: Some("tunebot-trial"),
    controller_instance: None,
};

fn template() -> WorkflowTrial {
    WorkflowTrial::new(WorkflowSource::Template { name: "train-resnet".into() })
}

fn inline(manifest: Value) -> WorkflowTrial {
    WorkflowTrial::new(WorkflowSource::Manifest { file: "train.yaml".into(), manifest })
}

/// One with every wish that a tuning can have.
fn demanding(source: WorkflowSource) -> WorkflowTrial {
    let texts = |pairs: &[(&str, &str)]| pairs.iter().map(|&(key, value)| (key.into(), value.into())).collect();
    WorkflowTrial {
        arguments: texts(&[("epochs", "10")]),
        service_account: Some("gpu-trial".into()),
        priority: Some(-5),
        pod_priority_class: Some("batch".into()),
        ttl: Some(SignedDuration::from_hours(1)),
        pod_gc: Some(PodGc::OnPodSuccess),
        node_selector: texts(&[("karpenter.sh/capacity-type", "spot")]),
        tolerations: vec![json!({ "key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule" })],
        requests: texts(&[("cpu", "4")]),
        limits: texts(&[("nvidia.com/gpu", "1"), ("memory", "16Gi")]),
        ..WorkflowTrial::new(source)
    }
}

fn parameter(name: &str, domain: Domain) -> Parameter {
    Parameter { name: name.parse().unwrap(), domain, when: None }
}

fn launch() -> Launch {
    let space = Space::new(vec![
        parameter("lr", Domain::Float { low: 1e-5, high: 0.1, log: true, step: None }),
        parameter("batch", Domain::Int { low: 32, high: 32, log: false, step: 1 }),
        Parameter {
            when: Some(Condition {
                parameter: "optimizer".parse().unwrap(),
                one_of: vec![ParamValue::Text("sgd".into())],
            }),
            ..parameter("momentum", Domain::Float { low: 0.5, high: 0.5, log: false, step: None })
        },
        parameter(
            "optimizer",
            Domain::Categorical { choices: vec![ParamValue::Text("adam".into()), ParamValue::Text("sgd".into())] },
        ),
    ]);
    Launch {
        attempt: "resnet-k3f9q2-17-1".parse().unwrap(),
        tuning: "resnet".parse().unwrap(),
        asked_by: "@mika".into(),
        params: Params::from_iter([
            ("lr".parse().unwrap(), ParamValue::Float(0.00003)),
            ("batch".parse().unwrap(), ParamValue::Int(32)),
            ("optimizer".parse().unwrap(), ParamValue::Text("adam".into())),
        ]),
        resume_step: None,
        template: TrialTemplate::Workflow(Box::new(template())),
        code: Some(Code {
            repository: "octo/resnet".parse().unwrap(),
            reference: "main".into(),
            sha: Some("a".repeat(40).parse().unwrap()),
            pull_request: None,
            fork: false,
            base_branch: "main".into(),
        }),
        timeout: SignedDuration::from_hours(1),
        stop_grace: SignedDuration::from_millis(10_500),
        report_url: "https://tune.example/api/v1/trials/resnet-k3f9q2-17-1/report".into(),
        token: SecretString::from("the-token"),
        search: SearchOrder {
            space: space.unwrap(),
            objective: Objective { metric: "loss".parse().unwrap(), direction: Direction::Minimize, goal: None },
            trials: 40,
            parallel: 4,
            seed: 7,
        },
    }
}

fn facts(spec: Value) -> TemplateFacts {
    TemplateFacts::of_spec(&spec)
}

fn rendered(trial: &WorkflowTrial, facts: &TemplateFacts) -> Value {
    let workflow = render(&launch(), trial, &PLACE, facts).unwrap();
    assert_eq!(schema::faults(&workflow), Vec::<String>::new());
    assert!(!workflow.to_string().contains("the-token"), "the token is in the open");
    workflow
}

fn of_inline(manifest: Value) -> Value {
    let facts = facts(manifest["spec"].clone());
    rendered(&inline(manifest), &facts)
}

/// The patch as Kubernetes will see it.
fn patch(workflow: &Value) -> Value {
    serde_json::from_str(workflow["spec"]["podSpecPatch"].as_str().unwrap()).unwrap()
}

//! What engines and workflows come to.

use jiff::SignedDuration;

use super::*;
use crate::domain::tuning::{PodGc, SearchOutputs, TrialTemplate, WorkflowSource, WorkflowTrial};

const OBJECTIVE: &str = "objective: {metric: m, direction: maximize}";

/// The only tuning's workflow, with `lines` in its section.
fn workflow(lines: &str) -> WorkflowTrial {
    let text = format!(
        "engines: {{cluster: argo}}\ntunings:\n  t:\n    space: {{x: {{type: bool}}}}\n    {OBJECTIVE}\n    workflow:\n{lines}"
    );
    workflow_of(&load_text(&text, Purpose::Run).unwrap_or_else(|problems| panic!("{problems}")).config)
}

fn workflow_of(config: &Config) -> WorkflowTrial {
    match &config.rules.tunings.values().next().unwrap().trial {
        TrialTemplate::Workflow(workflow) => WorkflowTrial::clone(workflow),
        other => panic!("{other:?}"),
    }
}

fn engine(entry: &str) -> ArgoEngineSettings {
    let text = format!("engines: {{cluster: {entry}}}\n{TUNING}");
    match load_text(&text, Purpose::Run).unwrap().config.engines.remove(&"cluster".parse().unwrap()) {
        Some(EngineSettings::Argo(argo)) => argo,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_argo_engine_needs_nothing_but_its_kind() {
    let plain = ArgoEngineSettings {
        capacity: 20,
        cluster: Cluster::Ambient,
        namespace: None,
        service_account: None,
        controller_instance: None,
        report_url: None,
        ui_url: None,
        writes_per_second: 50,
    };
    assert_eq!(engine("argo"), plain);
    let context = Cluster::Kubeconfig { path: None, context: Some("a:b/c@d".into()) };
    assert_eq!(engine("{argo: {context: 'a:b/c@d'}}"), ArgoEngineSettings { cluster: context, ..plain });
}

#[test]
fn an_argo_engine_has_what_is_said_of_it() {
    let full = engine(
        "{argo: {parallel: 3, kubeconfig: keys/kube, namespace: ml, service_account: team.trial,
         controller_instance: a_B, ui_url: 'https://argo.example.com/ui/', writes_per_second: 5,
         report_url: 'http://tunebot.ml.svc:8080/'}}",
    );
    assert_eq!((full.capacity, full.writes_per_second), (3, 5));
    assert_eq!(full.namespace.as_deref(), Some("ml"));
    assert_eq!(full.service_account.as_deref(), Some("team.trial"));
    assert_eq!(full.controller_instance.as_deref(), Some("a_B"));
    assert_eq!(full.report_url.unwrap().as_str(), "http://tunebot.ml.svc:8080/");
    assert_eq!(full.ui_url.unwrap().as_str(), "https://argo.example.com/ui");
    let Cluster::Kubeconfig { path: Some(path), context: None } = full.cluster else { panic!("{:?}", full.cluster) };
    assert!(path.is_absolute() && path.ends_with("keys/kube"));
}

#[test]
fn a_trial_gets_the_engine_of_its_kind() {
    let text = format!(
        "engines: {{cluster: argo, here: local}}
tunings:
  command:
    space: {{x: {{type: bool}}}}
    {OBJECTIVE}
    command: [run]
  flow:
    space: {{x: {{type: bool}}}}
    {OBJECTIVE}
    workflow: {{template: train}}
"
    );
    let engines = |text: &str| -> Vec<(String, String)> {
        let rules = load_text(text, Purpose::Run).unwrap().config.rules;
        rules.tunings.values().map(|tuning| (tuning.name.to_string(), tuning.engine.to_string())).collect()
    };
    let pairs = |command: &str| vec![("command".into(), command.into()), ("flow".into(), "cluster".to_owned())];
    assert_eq!(engines(&text), pairs("here"));
    // Without an engine for commands there is one named `local`.
    assert_eq!(engines(&text.replace(", here: local", "")), pairs("local"));
}

#[test]
fn a_local_engine_is_there_only_if_a_command_needs_it() {
    let text = format!(
        "engines: {{cluster: argo}}\ntunings:\n  t: {{space: {{x: {{type: bool}}}}, {OBJECTIVE}, workflow: {{template: a}}}}\n"
    );
    assert_eq!(load_text(&text, Purpose::Run).unwrap().config.engines.len(), 1);
}

#[test]
fn a_workflow_has_what_is_said_of_it() {
    let full = workflow(
        "      cluster_template: train.v2
      arguments: {epochs: 30, rate: 1.50, flag: yes, deep: true, path: 's3://a/b', big: 123456789012345678901}
      service_account: trial
      priority: -5
      pod_priority_class: batch.low
      ttl: 3d
      pod_gc: OnWorkflowSuccess
      node_selector: {karpenter.sh/nodepool: gpu, spot: true}
      tolerations:
        - {key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}
        - {operator: Exists}
        - {key: spot, value: true, effect: NoExecute, tolerationSeconds: 60}
      resources: {requests: {cpu: 500m, memory: 1e9}, limits: {nvidia.com/gpu: 1}}
",
    );
    assert_eq!(full.source, WorkflowSource::ClusterTemplate { name: "train.v2".into() });
    let arguments: Vec<(&str, &str)> = full.arguments.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let expected = [
        ("big", "123456789012345678901"),
        ("deep", "true"),
        ("epochs", "30"),
        ("flag", "yes"),
        ("path", "s3://a/b"),
        ("rate", "1.50"),
    ];
    assert_eq!(arguments, expected);
    assert_eq!((full.priority, full.ttl), (Some(-5), Some(SignedDuration::from_hours(72))));
    assert_eq!((full.pod_gc, full.searches), (Some(PodGc::OnWorkflowSuccess), None));
    assert_eq!(full.service_account.as_deref(), Some("trial"));
    assert_eq!(full.pod_priority_class.as_deref(), Some("batch.low"));
    assert_eq!(full.node_selector["spot"], "true");
    let tolerations = serde_json::json!([
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
        {"operator": "Exists"},
        {"key": "spot", "value": "true", "effect": "NoExecute", "tolerationSeconds": 60},
    ]);
    assert_eq!(serde_json::json!(full.tolerations), tolerations);
    assert_eq!((full.requests["cpu"].as_str(), full.requests["memory"].as_str()), ("500m", "1e9"));
    assert_eq!(full.limits["nvidia.com/gpu"], "1");
}

#[test]
fn a_workflow_searches_by_itself_if_it_says_so() {
    let outputs = |best: &str| SearchOutputs {
        best_parameters: best.into(),
        objective: "objective".into(),
        trials: "trials".into(),
    };
    let searches = |word: &str| workflow(&format!("      template: sweep\n      searches: {word}\n")).searches;
    assert_eq!(searches("true"), Some(outputs("best-parameters")));
    assert_eq!(searches("{best_parameters: best}"), Some(outputs("best")));
    assert_eq!(searches("false"), None);
    let text = format!(
        "engines: {{c: argo}}\ntunings: {{t: {{{OBJECTIVE}, workflow: {{template: sweep, searches: true}}, search: {{seed: 3}}}}}}\n"
    );
    let config = load_text(&text, Purpose::Run).unwrap().config;
    assert!(config.rules.tunings.values().next().unwrap().space.parameters().is_empty());
}

const MANIFEST: &str = "
apiVersion: argoproj.io/v1alpha1
kind: Workflow
spec:
  entrypoint: main
  workflowTemplateRef:
  arguments:
    parameters: [{name: x}, {name: mode, value: 0644}]
";

#[test]
fn a_manifest_is_read_from_the_folder_of_the_file_that_names_it() {
    let lines = "engines: {c: argo}\ntunings: {t: {space: {x: {type: bool}}, workflow: {file: ../flows/a.yml}, ";
    let loaded = load_files(
        &[("conf/tunebot.yaml", &format!("{lines}{OBJECTIVE}}}}}\n")), ("flows/a.yml", MANIFEST)],
        Purpose::Run,
    );
    let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(loaded.files.len(), 1, "the manifest is no configuration file");
    let WorkflowSource::Manifest { file, manifest } = workflow_of(&loaded.config).source else { panic!("no manifest") };
    assert_eq!(file, "../flows/a.yml");
    assert_eq!(manifest["spec"]["arguments"]["parameters"][1]["value"], 420);
}

#[test]
fn a_manifest_with_a_reference_to_a_template_need_not_declare_anything() {
    let manifest = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {workflowTemplateRef: {name: train}}\n";
    let text = format!(
        "engines: {{c: argo}}\ntunings: {{t: {{space: {{x: {{type: bool}}}}, workflow: {{file: a.yaml}}, {OBJECTIVE}}}}}\n"
    );
    assert!(load_files(&[("tunebot.yaml", &text), ("a.yaml", manifest)], Purpose::Run).is_ok());
}

#[test]
fn a_change_of_a_manifest_changes_the_fingerprint_also_while_there_are_faults() {
    let text = format!(
        "engines: {{c: argo}}\ntunings: {{t: {{space: {{x: {{type: bool}}}}, workflow: {{file: ../a.yaml}}, {OBJECTIVE}}}}}\n"
    );
    let folder = write(&[("conf/tunebot.yaml", &text)]);
    let load = || load(&[folder.path().join("conf")], &env, Purpose::Run);
    let manifest = folder.path().join("a.yaml");
    let faults = load().unwrap_err();
    assert_eq!(faults.fingerprint(), fingerprint(faults.watched()));
    std::fs::write(&manifest, MANIFEST).unwrap();
    assert_ne!(faults.fingerprint(), fingerprint(faults.watched()), "the file that was missing is there");
    let first = load().unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(first.fingerprint, fingerprint(&first.watched));
    std::fs::write(&manifest, MANIFEST.replace("main", "other")).unwrap();
    assert_ne!(first.fingerprint, fingerprint(&first.watched));
    let second = load().unwrap();
    assert_ne!(workflow_of(&first.config), workflow_of(&second.config));
    assert!(what_needs_restart(&first.config, &second.config).is_empty(), "a manifest changes without a restart");
}

#[test]
fn a_cluster_changes_with_a_restart_only() {
    let config = |engine: &str| {
        load_text(&format!("engines: {{local: local, c: {engine}}}\n{TUNING}"), Purpose::Run).unwrap().config
    };
    assert!(what_needs_restart(&config("argo"), &config("{argo: {parallel: 20}}")).is_empty());
    assert_eq!(what_needs_restart(&config("argo"), &config("{argo: {namespace: ml}}")), ["engines"]);
}

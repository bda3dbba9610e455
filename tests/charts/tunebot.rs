//! `charts/tunebot`: the bot alone.

mod access;
pub mod config;
mod documents;
mod kubernetes;
mod manifests;
mod notes;
mod pod;
mod refusals;
pub mod switches;

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Release, Rendered, folder};

/// The chart with nothing set. None, and a line that says so, where there is no Helm.
fn chart() -> Option<Release> {
    Release::of(folder("charts/tunebot"))
}

/// A text of values, in a file that lives as long as what is returned.
fn values(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("the file is written");
    file
}

/// The chart under these values.
fn with(text: &str) -> Option<Rendered> {
    let file = values(text);
    Some(chart()?.values(file.path()).render())
}

/// A team that has all: a GitHub App, Slack by HTTP, workflows in a namespace of their own, an ALB in front.
const TEAM: &str = "
publicUrl: https://tunebot.example.com
existingSecret: tunebot
argo: {namespace: trials, serviceAccount: trial, uiUrl: https://argo.example.com}
grafana: {url: https://grafana.example.com}
ingress:
  enabled: true
  className: alb
  annotations: {alb.ingress.kubernetes.io/target-type: ip}
config:
  github:
    app: {id: 123456, private_key: {file: secrets/github-app.pem}}
    webhook_secrets: [{file: secrets/github-webhook}]
  slack:
    bot_token: {file: secrets/slack-bot-token}
    signing_secrets: [{file: secrets/slack-signing-secret}]
  tunings:
    resnet:
      space: {lr: {type: float, low: 1e-5, high: 1e-1, log: true}}
      objective: {metric: val_loss, direction: minimize}
      workflow: {template: train-resnet}
      dashboards: [sweep]
  triggers:
    - name: resnet-on-main
      on: {push: {branches: [main]}}
      repositories: [example/models]
      tuning: resnet
";

/// What `kubectl get` would show of the pod's only container of ours.
fn server(rendered: &Rendered) -> &Value {
    let deployment = rendered.one("Deployment");
    let containers = deployment["spec"]["template"]["spec"]["containers"].as_array().expect("containers");
    containers.iter().find(|container| container["name"] == "tunebot").expect("the server's container")
}

/// Every pod of a rendering: of the Deployment, of Jobs, and by itself; each with the name of what makes it.
fn pods(rendered: &Rendered) -> Vec<(String, &Value)> {
    let made = |manifest| {
        let manifest: &Value = manifest;
        match manifest["kind"].as_str()? {
            "Deployment" | "Job" => Some(&manifest["spec"]["template"]["spec"]),
            "Pod" => Some(&manifest["spec"]),
            _ => None,
        }
    };
    let named = |manifest: &Value| format!("{} {}", manifest["kind"], manifest["metadata"]["name"]).replace('"', "");
    rendered.0.iter().filter_map(|manifest| Some((named(manifest), made(manifest)?))).collect()
}

/// The elements of a list; none where there is no list.
fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// A file of the chart.
fn file(name: &str) -> String {
    let path = folder("charts/tunebot").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// YAML as data.
fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Every switch of the chart, with what it takes to be on.
fn switches() -> Vec<(&'static str, Value)> {
    let webhooks_from = json!([{"ipBlock": {"cidr": "10.0.0.0/16"}}]);
    vec![
        ("argo", json!({"enabled": true})),
        ("rbac", json!({"create": true, "clusterWorkflowTemplates": true})),
        ("serviceAccount", json!({"create": true})),
        ("persistence", json!({"enabled": true})),
        ("expose", json!({"charts": true, "api": true, "trials": true, "elsewhere": true})),
        ("ingress", json!({"enabled": true, "host": "tunebot.example.com", "tls": [{"secretName": "tls"}]})),
        ("httpRoute", json!({"enabled": true, "parentRefs": [{"name": "public"}], "hostnames": ["t.example.com"]})),
        ("networkPolicy", json!({"enabled": true, "webhooksFrom": webhooks_from})),
        ("serviceMonitor", json!({"enabled": true, "labels": {"release": "prometheus"}})),
        ("prometheusRule", json!({"enabled": true})),
        ("dashboards", json!({"enabled": true, "annotations": {"grafana_folder": "Tuning"}})),
        ("podDisruptionBudget", json!({"enabled": true})),
        ("checkBeforeUpgrade", json!(true)),
        ("existingSecret", json!("tunebot")),
        ("publicUrl", json!("https://tunebot.example.com")),
        ("grafana", json!({"url": "https://grafana.example.com"})),
    ]
}

/// What each switch is when it is off.
fn off(name: &str) -> Value {
    match name {
        "rbac" => json!({"create": false, "clusterWorkflowTemplates": false}),
        "serviceAccount" => json!({"create": false, "name": "somebody"}),
        "expose" => json!({"charts": false, "api": false, "trials": false, "elsewhere": false}),
        "checkBeforeUpgrade" => json!(false),
        "existingSecret" | "publicUrl" => json!(""),
        "grafana" => json!({"url": ""}),
        _ => json!({"enabled": false}),
    }
}

/// The chart with these switches on, and all others off.
fn switched(is_on: impl Fn(usize) -> bool) -> Option<Release> {
    let set = |release: Release, (index, (name, on)): (usize, (&str, Value))| {
        release.set(name, if is_on(index) { on } else { off(name) })
    };
    Some(switches().into_iter().enumerate().fold(chart()?, set))
}

fn write(path: &Path, content: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
    std::fs::write(path, content).expect("the file is written");
}

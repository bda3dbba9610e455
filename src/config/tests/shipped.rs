//! The files in `config/` are read by the program that they are shipped with.

use std::collections::BTreeSet;

use super::*;
use crate::domain::params::Domain;
use crate::domain::tuning::{TrialTemplate, WorkflowSource};

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name)
}

/// A copy of `names` with the private key that they ask for beside them.
fn load_shipped(names: &[&str], purpose: Purpose) -> Loaded {
    let folder = write(&[("secrets/github-app.pem", "-----BEGIN RSA PRIVATE KEY-----\n…\n")]);
    for name in names {
        let copy = folder.path().join(Path::new(name).file_name().unwrap());
        std::fs::copy(shipped(name), copy).unwrap();
    }
    // Manifests lie beside the examples that name them.
    std::fs::create_dir(folder.path().join("workflows")).unwrap();
    for entry in std::fs::read_dir(shipped("examples/workflows")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.path().join("workflows").join(entry.file_name())).unwrap();
    }
    load(&[folder.path().to_owned()], &env, purpose).unwrap_or_else(|problems| panic!("{}", render(&problems)))
}

fn examples() -> Vec<String> {
    let entries = std::fs::read_dir(shipped("examples")).unwrap();
    let names = entries.map(|entry| format!("examples/{}", entry.unwrap().file_name().to_string_lossy()));
    names.filter(|name| name.ends_with(".yaml")).collect()
}

#[test]
fn the_documented_configuration_is_right() {
    let loaded = load_shipped(&["tunebot.yaml"], Purpose::Serve);
    let rules = &loaded.config.rules;
    assert_eq!((rules.tunings.len(), rules.triggers.len(), rules.schedules.len()), (2, 2, 1));
    assert_eq!(loaded.watched.len(), 2, "the folder and the private key");
    assert!(rules.triggers[0].ignore_authors.matches("dependabot[bot]"));
}

#[test]
fn the_documented_configuration_shows_every_field() {
    let text = std::fs::read_to_string(shipped("tunebot.yaml")).unwrap();
    let mut names = Vec::new();
    field_names(&json_schema(), &mut names);
    names.sort();
    names.dedup();
    let shown = |name: &str| {
        text.lines().any(|line| {
            let before = line.split(&format!("{name}:")).next().unwrap();
            before.len() < line.len() && !before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
        })
    };
    let missing: Vec<_> = names.iter().filter(|name| !shown(name)).collect();
    assert!(missing.is_empty(), "config/tunebot.yaml does not show {missing:?}");
}

fn field_names(schema: &serde_json::Value, names: &mut Vec<String>) {
    match schema {
        serde_json::Value::Object(map) => {
            if let Some(properties) = map.get("properties").and_then(|p| p.as_object()) {
                names.extend(properties.keys().cloned());
            }
            map.values().for_each(|value| field_names(value, names));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| field_names(item, names)),
        _ => {}
    }
}

#[test]
fn the_minimal_configuration_is_right_and_small() {
    let loaded = load_shipped(&["minimal.yaml"], Purpose::Serve);
    assert_eq!(loaded.config.rules.triggers.len(), 1);
    assert!(std::fs::read_to_string(shipped("minimal.yaml")).unwrap().lines().count() <= 25);
}

#[test]
fn every_example_is_right_by_itself() {
    let examples = examples();
    assert!(examples.len() >= 6);
    for example in &examples {
        let loaded = load_shipped(&[example], Purpose::Run);
        assert_eq!(loaded.config.rules.tunings.len(), 1, "{example}");
    }
}

#[test]
fn the_examples_go_together_with_the_minimal_configuration() {
    let examples = examples();
    let mut names: Vec<&str> = examples.iter().map(String::as_str).collect();
    names.push("minimal.yaml");
    let rules = load_shipped(&names, Purpose::Serve).config.rules;
    assert_eq!(rules.tunings.len(), names.len());
    let svm = &rules.tunings[&"svm".parse().unwrap()];
    let gamma = svm.space.get(&"gamma".parse().unwrap()).unwrap();
    assert!(matches!(gamma.domain, Domain::Float { log: true, .. }));
    assert_eq!(gamma.when.as_ref().unwrap().one_of.len(), 2);
}

#[test]
fn a_folder_of_examples_with_their_manifests_is_a_configuration() {
    let loaded = load(&[shipped("examples")], &env, Purpose::Run).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(loaded.config.rules.tunings.len(), loaded.files.len());
    assert!(loaded.files.iter().all(|file| !file.starts_with(shipped("examples/workflows"))));
    assert!(loaded.watched.iter().any(|file| file.ends_with("workflows/train.yaml")));
}

/// The template that an example names is the one beside it: it declares what the example sets, and no more.
#[test]
fn the_template_of_the_example_declares_what_the_example_sets() {
    let config = load_shipped(&["examples/workflow-template.yaml"], Purpose::Run).config;
    let tuning = config.rules.tunings.values().next().unwrap();
    let TrialTemplate::Workflow(workflow) = &tuning.trial else { panic!("not a workflow") };
    let content = std::fs::read(shipped("examples/workflows/train-template.yaml")).unwrap();
    let template = crate::config::manifest::read(Path::new("train-template.yaml"), content).unwrap();
    let template = crate::config::manifest::json(template[0].tree());
    let name = template["metadata"]["name"].as_str().unwrap().to_owned();
    assert_eq!(workflow.source, WorkflowSource::Template { name });
    let parameters = template["spec"]["arguments"]["parameters"].as_array().unwrap();
    let declared: BTreeSet<&str> = parameters.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
    let space = tuning.space.parameters().iter().map(|parameter| parameter.name.as_str());
    assert_eq!(declared, space.chain(workflow.arguments.keys().map(String::as_str)).collect());
    let conditional = tuning.space.parameters().iter().find(|parameter| parameter.when.is_some()).unwrap();
    let own = parameters.iter().find(|parameter| parameter["name"] == conditional.name.as_str()).unwrap();
    assert!(own["value"].is_string(), "an argument without a value is refused by Argo");
}

#[test]
fn the_github_manifest_asks_for_what_the_bot_needs() {
    let text = std::fs::read_to_string(shipped("github-app-manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(manifest["default_permissions"]["checks"], "write");
    assert_eq!(manifest["default_permissions"]["contents"], "write", "for `/tune apply`");
    let events = serde_json::json!(["push", "pull_request", "issue_comment", "check_run", "check_suite"]);
    assert_eq!(manifest["default_events"], events);
    assert!(manifest["hook_attributes"]["url"].as_str().unwrap().ends_with("/webhooks/github"));
}

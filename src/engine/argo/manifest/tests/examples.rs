//! Argo's own examples: each goes in, and comes out with nothing lost.

use std::path::{Path, PathBuf};

use super::*;

/// Paths that [`crate::engine::argo::manifest`] says it writes.
fn is_ours(path: &str) -> bool {
    const OURS: [&str; 17] = [
        ".metadata.name",
        ".metadata.generateName",
        ".metadata.namespace",
        ".metadata.labels.tunebot/",
        ".metadata.labels.workflows.argoproj.io/creator",
        ".metadata.annotations.tunebot/",
        ".spec.activeDeadlineSeconds",
        ".spec.arguments.parameters",
        ".spec.nodeSelector.karpenter.sh/capacity-type",
        ".spec.podGC.strategy",
        ".spec.podMetadata.labels.tunebot/",
        ".spec.podPriorityClassName",
        ".spec.podSpecPatch",
        ".spec.priority",
        ".spec.serviceAccountName",
        ".spec.tolerations",
        ".spec.ttlStrategy",
    ];
    OURS.iter().any(|ours| path.starts_with(ours))
}

fn leaves(value: &Value, path: String, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            object.iter().for_each(|(key, value)| leaves(value, format!("{path}.{key}"), found));
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(at, item)| leaves(item, format!("{path}[{at}]"), found));
        }
        leaf => drop(found.insert(path, leaf.clone())),
    }
}

fn leaves_of(value: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    leaves(value, String::new(), &mut found);
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn workflows() -> Vec<(String, Value)> {
    let Some(folder) = schema::shared() else {
        eprintln!("SKIPPED: no folder ../shared/argo beside the checkout; TUNEBOT_SHARED names another place");
        return Vec::new();
    };
    // One example has a key twice, of which kubectl takes the last.
    let options = serde_yaml::options! { duplicate_keys: serde_yaml::DuplicateKeyPolicy::LastWins };
    let mut found = Vec::new();
    for path in files(&folder.join("examples")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        for document in serde_yaml::from_multiple_with_options::<Value>(&text, options.clone())
            .unwrap_or_else(|error| panic!("{name}: {error}"))
        {
            if document["kind"] == "Workflow" {
                found.push((name.clone(), document));
            }
        }
    }
    assert!(found.len() > 150, "only {} examples", found.len());
    found
}

/// Parameters are told by their names: what is missing of the fields that the manifest gives them.
fn lost_parameters(before: &Value, after: &Value) -> Vec<String> {
    let list = |value: &Value| value["spec"]["arguments"]["parameters"].as_array().cloned().unwrap_or_default();
    let after = list(after);
    let is_kept = |before: &Value| {
        after.iter().any(|after| {
            let given = ["lr", "batch", "optimizer"].iter().any(|name| before["name"] == **name);
            let fields = before.as_object().unwrap().iter();
            let mut kept = fields.filter(|(key, _)| !given || !matches!(key.as_str(), "value" | "valueFrom"));
            kept.all(|(key, value)| after.get(key) == Some(value))
        })
    };
    list(before).iter().filter(|parameter| !is_kept(parameter)).map(ToString::to_string).collect()
}

#[test]
fn no_field_of_an_example_is_lost_or_changed() {
    for (file, manifest) in workflows() {
        let facts = TemplateFacts::of_spec(&manifest["spec"]);
        let mut trial = demanding(WorkflowSource::Manifest { file: file.clone(), manifest: manifest.clone() });
        if facts.no_patch_because().is_some() {
            trial.requests.clear();
            trial.limits.clear();
        }
        let workflow = render(&launch(), &trial, &PLACE, &facts).unwrap_or_else(|error| panic!("{file}: {error}"));
        let (before, after) = (leaves_of(&manifest), leaves_of(&workflow));
        for (path, value) in before.iter().filter(|(path, value)| !is_ours(path) && !is_replaced(value, path, &after)) {
            assert_eq!(after.get(path), Some(value), "{file}: {path}");
        }
        for path in after.keys().filter(|path| !is_ours(path)) {
            assert!(before.contains_key(path), "{file}: {path} was added");
        }
        assert_eq!(lost_parameters(&manifest, &workflow), Vec::<String>::new(), "{file}");
        let tolerations = |value: &Value| value["spec"]["tolerations"].as_array().cloned().unwrap_or_default();
        assert!(tolerations(&workflow).starts_with(&tolerations(&manifest)), "{file}");
        if facts.has_pod_spec_patch {
            assert_eq!(workflow["spec"]["podSpecPatch"], manifest["spec"]["podSpecPatch"], "{file}");
        }
    }
}

/// An empty object or list that something was put into is no leaf any longer.
fn is_replaced(value: &Value, path: &str, after: &BTreeMap<String, Value>) -> bool {
    let is_empty = *value == json!({}) || *value == json!([]) || value.is_null();
    is_empty && after.keys().any(|after| after.starts_with(path) && is_ours(after))
}

#[test]
fn an_example_that_argo_takes_is_one_that_it_takes_afterwards() {
    for (file, manifest) in workflows() {
        let facts = TemplateFacts::of_spec(&manifest["spec"]);
        let trial = inline(manifest.clone());
        let workflow = render(&launch(), &trial, &PLACE, &facts).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(schema::faults(&workflow), schema::faults(&manifest), "{file}");
    }
}

//! Every key of Argo's and the monitoring's values that the chart's files set is one that those charts know.
//!
//! Helm passes over unknown keys in silence. `upstream/NAME-VERSION.txt` lists the keys that are used, each as a path; one that
//! ends with `/*` is a map that the chart leaves to people, and what stands in it is no key of the chart. The lists are held
//! against the files of values always, and against the charts' own values where those are at hand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::stage::{ARGO, CHART, MONITORING, SETUPS, packages};
use crate::support::folder;

/// Maps that have entries of their own upstream, and take any.
const OPEN: [&str; 1] = ["/grafana/grafana.ini"];
/// Keys that the chart knows, but shows only in a comment.
const IN_COMMENTS: [&str; 2] = ["/grafana/ingress/ingressClassName", "/grafana/persistence/storageClassName"];
/// Charts within kube-prometheus-stack: what stands under their names is also theirs.
const WITHIN: [&str; 3] = ["grafana", "kube-state-metrics", "prometheus-node-exporter"];

#[test]
fn every_key_that_is_set_is_listed_and_every_listed_key_is_set() {
    for chart in [ARGO, MONITORING] {
        let listed = listed(chart);
        let mut used = BTreeSet::new();
        let files: BTreeSet<_> = SETUPS.iter().flat_map(|files| files.iter().copied()).chain(["values.yaml"]).collect();
        for file in files {
            for path in leaves(&yaml(&folder(CHART).join(file))[chart.0]) {
                // The file sets nothing there, or the condition of the dependency, which is the parent's.
                if path.is_empty() || path == "/enabled" {
                    continue;
                }
                let found = listed.iter().find(|line| covers(line, &path));
                used.insert(found.unwrap_or_else(|| panic!("{file}: {}{path} is not in the list", chart.0)).clone());
            }
        }
        let idle: Vec<_> = listed.difference(&used).collect();
        assert!(idle.is_empty(), "nothing sets these of {}: {idle:#?}", chart.0);
    }
}

#[test]
fn every_listed_key_is_one_of_the_chart() {
    for chart in [ARGO, MONITORING] {
        let Some(upstream) = upstream(chart) else { continue };
        let mut unknown = Vec::new();
        for line in listed(chart) {
            let (path, open) = line.strip_suffix("/*").map_or((line.as_str(), false), |path| (path, true));
            let Some(value) = upstream.pointer(path) else {
                let within = WITHIN.iter().any(|name| path.starts_with(&format!("/{name}/")));
                if within && packages().is_none() {
                    eprintln!(
                        "SKIPPED: {path} is of a chart within {}, whose values come only in the package",
                        chart.0
                    );
                } else if !IN_COMMENTS.contains(&path) {
                    unknown.push(format!("{line}: there is no such key"));
                }
                continue;
            };
            let empty = value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
            match open {
                true if !empty && !OPEN.contains(&path) => unknown.push(format!("{line}: that map is not open")),
                false if value.is_object() => unknown.push(format!("{line}: that is a map")),
                _ => {}
            }
        }
        assert!(unknown.is_empty(), "{} {}: {unknown:#?}", chart.0, chart.1);
    }
}

#[test]
fn keys_that_are_shown_in_comments_are_shown_there() {
    let Some(folder) = packages() else { return };
    let (name, version) = MONITORING;
    let package = folder.join(format!("{name}-{version}.tgz"));
    let text = packed_text(&package, &format!("{name}/charts/grafana/values.yaml"));
    for path in IN_COMMENTS {
        let key = path.rsplit('/').next().expect("a key");
        assert!(text.lines().any(|line| line.trim().starts_with(&format!("# {key}:"))), "{path}");
    }
}

/// Paths to everything that is no map, or is an empty one.
fn leaves(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) if !map.is_empty() => map
            .iter()
            .flat_map(|(key, below)| {
                leaves(below).into_iter().map(move |path| format!("/{}{path}", key.replace('/', "~1")))
            })
            .collect(),
        _ => vec![String::new()],
    }
}

fn covers(line: &str, path: &str) -> bool {
    match line.strip_suffix("/*") {
        Some(open) => path.strip_prefix(open).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        None => line == path,
    }
}

fn listed((name, version): (&str, &str)) -> BTreeSet<String> {
    let file = folder(&format!("tests/charts/platform/upstream/{name}-{version}.txt"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.lines().filter(|line| line.starts_with('/')).map(str::to_owned).collect()
}

/// The chart's own values, out of the packages, or as they lie beside the checkout.
fn upstream((name, version): (&str, &str)) -> Option<Value> {
    if let Some(folder) = packages() {
        let package = folder.join(format!("{name}-{version}.tgz"));
        let mut values = packed(&package, &format!("{name}/values.yaml"));
        let within = if name == MONITORING.0 { WITHIN.as_slice() } else { &[] };
        for chart in within {
            let mut theirs = packed(&package, &format!("{name}/charts/{chart}/values.yaml"));
            lay_over(&mut theirs, values[chart].take());
            values[*chart] = theirs;
        }
        return Some(values);
    }
    let beside = [
        format!("../shared/argo/chart-values-{version}.yaml"),
        format!("../shared/monitoring/{name}-values-{version}.yaml"),
    ];
    let found: Option<PathBuf> = beside.iter().map(|path| folder(path)).find(|path| path.is_file());
    if found.is_none() {
        eprintln!("SKIPPED: the values of {name} {version} are not at hand");
    }
    found.map(|path| yaml(&path))
}

fn packed(package: &Path, file: &str) -> Value {
    serde_yaml::from_str(&packed_text(package, file)).expect("YAML")
}

fn packed_text(package: &Path, file: &str) -> String {
    let output = Command::new("tar").arg("-xzOf").arg(package).arg(file).output().expect("tar");
    assert!(output.status.success(), "{file}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn lay_over(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                lay_over(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

fn yaml(file: &Path) -> Value {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

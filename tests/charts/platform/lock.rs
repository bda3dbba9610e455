//! What the chart depends on: exact versions, and a lock that Helm takes for the same list.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::stage::CHART;
use crate::support::folder;

#[test]
fn dependencies_have_exact_versions_and_can_be_left_out() {
    for dependency in dependencies(&read("Chart.yaml")) {
        let version = dependency["version"].as_str().expect("a version");
        assert!(
            version.split('.').count() == 3 && version.chars().all(|c| c.is_ascii_digit() || c == '.'),
            "{version}"
        );
        let condition = format!("{}.enabled", dependency["name"].as_str().expect("a name"));
        assert_eq!(dependency["condition"], json!(condition));
    }
}

#[test]
fn the_lock_names_the_same_charts() {
    let bare = |list: Vec<Value>| -> Vec<(Value, Value, Value)> {
        list.into_iter().map(|d| (d["name"].clone(), d["version"].clone(), d["repository"].clone())).collect()
    };
    assert_eq!(bare(dependencies(&read("Chart.lock"))), bare(dependencies(&read("Chart.yaml"))));
}

/// `helm dependency build` refuses a lock whose digest is not that of the two lists.
#[test]
fn the_digest_of_the_lock_is_the_one_that_helm_expects() {
    // Go writes the fields of a dependency in this order, and those that are empty not at all.
    let list = |list: Vec<Value>| {
        let one = |d: &Value| {
            let fields = ["name", "version", "repository", "condition"].iter().filter(|field| !d[**field].is_null());
            format!("{{{}}}", fields.map(|field| format!("\"{field}\":{}", d[*field])).collect::<Vec<_>>().join(","))
        };
        format!("[{}]", list.iter().map(one).collect::<Vec<_>>().join(","))
    };
    let lock = read("Chart.lock");
    let text = format!("[{},{}]", list(dependencies(&read("Chart.yaml"))), list(dependencies(&lock)));
    let digest: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(lock["digest"], json!(format!("sha256:{digest}")), "write this digest into Chart.lock");
}

#[test]
fn tunebot_is_the_one_beside_it() {
    let tunebot: Value = yaml(&folder("charts/tunebot/Chart.yaml"));
    let dependencies = dependencies(&read("Chart.yaml"));
    let named = dependencies.iter().find(|dependency| dependency["name"] == "tunebot").expect("tunebot");
    assert_eq!(named["version"], tunebot["version"]);
    assert_eq!(read("Chart.yaml")["appVersion"], tunebot["appVersion"]);
}

fn dependencies(chart: &Value) -> Vec<Value> {
    chart["dependencies"].as_array().expect("a list").clone()
}

fn read(file: &str) -> Value {
    yaml(&folder(CHART).join(file))
}

fn yaml(file: &std::path::Path) -> Value {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

//! values.yaml, the schema and the README speak of the same values.

use std::collections::BTreeMap;

use serde_json::Value;

use super::stage::CHART;
use crate::support::folder;

/// Charts below, each with values of its own.
const BELOW: [&str; 3] = ["argo-workflows", "kube-prometheus-stack", "tunebot"];

#[test]
fn values_yaml_has_every_value_of_the_schema_and_no_other() {
    let values: Value = serde_yaml::from_str(&read("values.yaml")).expect("YAML");
    for path in schema().keys() {
        assert!(at(&values, path).is_some(), "values.yaml lacks {path}");
    }
    // The other direction is what `additionalProperties: false` says, and Helm checks.
}

#[test]
fn the_readme_has_every_value_with_its_default() {
    let values: Value = serde_yaml::from_str(&read("values.yaml")).expect("YAML");
    let documented = documented();
    for path in schema().keys() {
        let said = documented.get(path).unwrap_or_else(|| panic!("the README lacks {path}"));
        let default = match at(&values, path).expect("a value") {
            Value::String(text) if text.is_empty() => String::new(),
            Value::String(text) => format!("`{text}`"),
            Value::Array(list) => {
                let items: Vec<_> = list.iter().map(|item| item.as_str().expect("a text")).collect();
                format!("`[{}]`", items.join(", "))
            }
            Value::Object(map) if !map.is_empty() => "see values.yaml".to_owned(),
            other => format!("`{other}`"),
        };
        assert_eq!(said, &default, "{path}");
    }
    let known = schema();
    let idle: Vec<_> = documented.keys().filter(|path| !known.contains_key(*path)).collect();
    assert!(idle.is_empty(), "there are no values {idle:?}");
}

#[test]
fn the_readme_names_the_versions_that_are_installed() {
    let chart: Value = serde_yaml::from_str(&read("Chart.yaml")).expect("YAML");
    for dependency in chart["dependencies"].as_array().expect("a list") {
        if dependency["repository"].as_str().expect("a text").starts_with("https://") {
            let (name, version) = (&dependency["name"], &dependency["version"]);
            let said = format!("| {} {} |", name.as_str().expect("a name"), version.as_str().expect("a version"));
            assert!(read("README.md").contains(&said), "{said}");
        }
    }
}

/// Whatever lies in options/ is spoken of.
#[test]
fn every_option_is_in_the_readme() {
    let readme = read("README.md");
    for entry in std::fs::read_dir(folder(CHART).join("options")).expect("a folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        assert!(readme.contains(&format!("`options/{name}`")), "{name}");
    }
}

/// The path of each value: what is below an object with properties of its own counts one by one.
fn schema() -> BTreeMap<String, Value> {
    fn walk(schema: &Value, path: &str, found: &mut BTreeMap<String, Value>) {
        for (name, property) in schema["properties"].as_object().expect("properties") {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            if BELOW.contains(&path.as_str()) {
                continue;
            }
            if property["properties"].is_object() {
                walk(property, &path, found);
            } else {
                found.insert(path, property.clone());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&serde_json::from_str(&read("values.schema.json")).expect("JSON"), "", &mut found);
    found
}

/// The rows of the README's tables: value, and default.
fn documented() -> BTreeMap<String, String> {
    let readme = read("README.md");
    let (_, tables) = readme.split_once("\n## Every value\n").expect("the tables of all values");
    let rows = tables.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.filter_map(|row| row.split_once("` | "));
    cells.map(|(name, rest)| (name.to_owned(), rest.split("| ").next().unwrap_or("").trim().to_owned())).collect()
}

fn at<'a>(values: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(values, |value, key| value.get(key))
}

fn read(file: &str) -> String {
    std::fs::read_to_string(folder(CHART).join(file)).expect("a file")
}

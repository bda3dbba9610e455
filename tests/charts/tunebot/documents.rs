//! values.yaml, the schema and the README speak of the same values.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{file, yaml};

/// What only charts that have this one as a dependency set.
const OF_PARENTS: [&str; 2] = ["enabled", "global"];

fn schema() -> Value {
    serde_json::from_str(&file("values.schema.json")).expect("the schema is JSON")
}

/// Is the object ours? What is below `config` is the program's.
fn is_ours(path: &str) -> bool {
    path != "config" && !path.starts_with("config.")
}

/// The path of each value, as the schema sees it: what is below an object with properties of its own counts one by one.
fn of_schema(schema: &Value, path: &str, found: &mut BTreeMap<String, Value>) {
    for (name, property) in schema["properties"].as_object().expect("properties") {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if property["properties"].is_object() && is_ours(&path) {
            of_schema(property, &path, found);
        } else if !OF_PARENTS.contains(&path.as_str()) {
            found.insert(path, property.clone());
        }
    }
}

fn schema_values() -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    of_schema(&schema(), "", &mut found);
    found
}

/// The value at a path like `image.tag`.
fn at<'a>(values: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(values, |value, key| value.get(key))
}

/// The rows of the README's tables: value, and default.
fn documented() -> BTreeMap<String, String> {
    let readme = file("README.md");
    let (_, tables) = readme.split_once("\n## Every value\n").expect("the tables of all values");
    let rows = tables.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.filter_map(|row| row.split_once("` | "));
    cells.map(|(name, rest)| (name.to_owned(), rest.split(" | ").next().unwrap_or("").to_owned())).collect()
}

#[test]
fn the_schema_has_every_value_and_every_value_is_in_the_schema() {
    let values = yaml(&file("values.yaml"));
    let known = schema_values();
    let missing: Vec<&String> = known.keys().filter(|path| at(&values, path).is_none()).collect();
    assert!(missing.is_empty(), "values.yaml lacks {missing:?}");
    let mut unknown = Vec::new();
    let mut open = vec![(String::new(), &values)];
    while let Some((path, value)) = open.pop() {
        let is_known = known.contains_key(&path);
        match value {
            Value::Object(fields) if !is_known => {
                open.extend(fields.iter().map(|(name, value)| {
                    (if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, value)
                }))
            }
            _ if !is_known => unknown.push(path),
            _ => {}
        }
    }
    assert!(unknown.is_empty(), "the schema lacks {unknown:?}");
}

#[test]
fn the_readme_has_every_value_with_its_default() {
    let values = yaml(&file("values.yaml"));
    let documented = documented();
    let expected: BTreeSet<String> = schema_values().into_keys().collect();
    assert_eq!(documented.keys().cloned().collect::<BTreeSet<_>>(), expected);
    for (path, shown) in documented {
        let default = match at(&values, &path) {
            Some(Value::String(text)) if text.is_empty() => String::new(),
            Some(Value::String(text)) => format!("`{text}`"),
            Some(Value::Object(fields)) if !fields.is_empty() => continue,
            Some(Value::Array(items)) if !items.is_empty() => continue,
            Some(other) => format!("`{other}`"),
            None => continue,
        };
        assert_eq!(shown, default, "{path}");
    }
}

#[test]
fn nothing_in_the_schema_is_without_a_description_and_our_own_objects_are_closed() {
    let schema = schema();
    let mut open = vec![(String::new(), &schema)];
    while let Some((path, node)) = open.pop() {
        if let Some(properties) = node["properties"].as_object() {
            assert!(node["additionalProperties"] == false || !is_ours(&path), "{path} is open");
            for (name, property) in properties {
                assert!(property["description"].is_string(), "{path}.{name} has no description");
                open.push((if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, property));
            }
        }
        for inner in [&node["items"], &node["additionalProperties"]].into_iter().filter(|inner| inner.is_object()) {
            open.push((format!("{path}.*"), inner));
        }
    }
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
}

/// Indentation and name of a line that begins a value.
fn key(line: &str) -> Option<(usize, &str)> {
    let (name, _) = line.trim_start().split_once(':')?;
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric());
    is_name.then(|| (line.len() - line.trim_start().len(), name))
}

#[test]
fn every_value_has_a_comment_above_it_or_is_named_in_its_parents() {
    let text = file("values.yaml");
    let known: BTreeSet<String> = schema_values().into_keys().collect();
    let mut parents: Vec<(usize, String, String)> = Vec::new();
    let mut comment = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with('#') {
            comment.push_str(line);
            continue;
        }
        if let Some((depth, name)) = key(line) {
            parents.retain(|(of, _, _)| *of < depth);
            let path = parents.last().map_or(name.to_owned(), |(_, parent, _)| format!("{parent}.{name}"));
            let said = parents.last().map_or("", |(_, _, said)| said.as_str());
            let is_clear = !comment.is_empty() || said.contains(name) || name == "enabled" && !said.is_empty();
            assert!(is_clear || !known.contains(&path), "{path} has no comment in values.yaml");
            parents.push((depth, path, std::mem::take(&mut comment)));
        }
        comment.clear();
    }
}

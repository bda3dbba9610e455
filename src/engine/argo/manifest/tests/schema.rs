//! The JSON Schema of Argo, as far as it goes, and beyond it: a field that the schema does not know is a fault too.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::{Map, Value};

/// The folder with material that is not part of the project, if there is one.
pub(super) fn shared() -> Option<PathBuf> {
    let beside = || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("TUNEBOT_SHARED").map_or_else(beside, PathBuf::from).join("argo");
    folder.is_dir().then_some(folder)
}

/// What is wrong with `workflow`; nothing where there is no schema to hold it against.
pub(super) fn faults(workflow: &Value) -> Vec<String> {
    static SCHEMA: OnceLock<Option<Value>> = OnceLock::new();
    let schema = SCHEMA.get_or_init(|| {
        let Some(folder) = shared() else {
            eprintln!("SKIPPED: no folder ../shared/argo beside the checkout; TUNEBOT_SHARED names another place");
            return None;
        };
        Some(serde_json::from_slice(&std::fs::read(folder.join("schema.json")).unwrap()).unwrap())
    });
    let mut faults = Vec::new();
    if let Some(schema) = schema {
        let definitions = schema["definitions"].as_object().unwrap();
        let check = Check { definitions, faults: &mut faults };
        check.run(&definitions["io.argoproj.workflow.v1alpha1.Workflow"], workflow);
    }
    faults
}

struct Check<'a> {
    definitions: &'a Map<String, Value>,
    faults: &'a mut Vec<String>,
}

impl Check<'_> {
    fn run(mut self, schema: &Value, value: &Value) {
        self.check(schema, value, "");
    }

    fn fault(&mut self, path: &str, what: String) {
        self.faults.push(format!("{path}: {what}"));
    }

    fn check(&mut self, schema: &Value, value: &Value, path: &str) {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.strip_prefix("#/definitions/").unwrap();
            // The schema calls these texts; Kubernetes takes numbers too.
            let takes_numbers = ["IntOrString", "Quantity", "AnyString"].iter().any(|end| name.ends_with(end));
            if !(takes_numbers && value.is_number()) {
                let target = &self.definitions.get(name).unwrap_or_else(|| panic!("no definition {name}")).clone();
                self.check(target, value, path);
            }
            return;
        }
        if let Some(kind) = schema["type"].as_str()
            && !is(kind, value)
        {
            return self.fault(path, format!("is no {kind}: {value}"));
        }
        if schema.get("const").is_some_and(|only| only != value) {
            self.fault(path, format!("is not {}: {value}", schema["const"]));
        }
        if schema["enum"].as_array().is_some_and(|one_of| !one_of.contains(value)) {
            self.fault(path, format!("is not one of {}: {value}", schema["enum"]));
        }
        match value {
            Value::Object(object) => self.check_object(schema, object, path),
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate().filter(|_| schema.get("items").is_some()) {
                    self.check(&schema["items"], item, &format!("{path}[{at}]"));
                }
            }
            _ => {}
        }
    }

    fn check_object(&mut self, schema: &Value, object: &Map<String, Value>, path: &str) {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !object.contains_key(name) {
                self.fault(path, format!("lacks {name}"));
            }
        }
        let known = schema["properties"].as_object();
        for (key, value) in object {
            let path = format!("{path}.{key}");
            match (known.and_then(|known| known.get(key)), schema.get("additionalProperties")) {
                (Some(schema), _) | (None, Some(schema @ Value::Object(_))) => self.check(schema, value, &path),
                (None, _) if known.is_some() => self.fault(&path, "is not known".into()),
                (None, _) => {}
            }
        }
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("unknown type {other}"),
    }
}

#[test]
fn the_check_finds_faults() {
    if shared().is_none() {
        return eprintln!("SKIPPED: no folder ../shared/argo beside the checkout; TUNEBOT_SHARED names another place");
    }
    let bad = serde_json::json!({
        "apiVersion": "argoproj.io/v1", "kind": "Workflow", "metadata": {},
        "spec": { "priority": "1", "entrypiont": "x", "arguments": { "parameters": [{ "value": "1" }] } },
    });
    insta::assert_snapshot!(faults(&bad).join("\n"), @r#"
    .apiVersion: is not "argoproj.io/v1alpha1": "argoproj.io/v1"
    .spec.arguments.parameters[0]: lacks name
    .spec.entrypiont: is not known
    .spec.priority: is no integer: "1"
    "#);
}

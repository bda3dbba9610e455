//! The rules for names, labels and annotations.

use serde_json::{Map, Value, json};

use super::resources::Resource;
use super::status::FieldFault;

const NAME_LIMIT: usize = 253;
const LABEL_LIMIT: usize = 63;
const ANNOTATIONS_LIMIT: usize = 256 * 1024;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
     must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
     must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
     validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const QUALIFIED: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
     alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
     '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// What is wrong with the name of an object.
pub fn fault_of_name(name: &str) -> Option<String> {
    if name.len() > NAME_LIMIT {
        return Some(format!("must be no more than {NAME_LIMIT} characters"));
    }
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(inside) && !label.starts_with('-') && !label.ends_with('-')
    };
    (!name.split('.').all(is_label)).then(|| SUBDOMAIN.to_owned())
}

pub fn fault_of_label_value(value: &str) -> Option<String> {
    if value.len() > LABEL_LIMIT {
        return Some(format!("must be no more than {LABEL_LIMIT} characters"));
    }
    (!value.is_empty() && !is_qualified(value)).then(|| LABEL_VALUE.to_owned())
}

/// What is wrong with the key of a label or an annotation.
pub fn fault_of_key(key: &str) -> Option<String> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    if name.contains('/') {
        return Some(format!(
            "a qualified name {QUALIFIED} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ));
    }
    if let Some(prefix) = prefix {
        if prefix.is_empty() {
            return Some("prefix part must be non-empty".to_owned());
        }
        if let Some(fault) = fault_of_name(prefix) {
            return Some(format!("prefix part {fault}"));
        }
    }
    if name.is_empty() {
        return Some("name part must be non-empty".to_owned());
    }
    if name.len() > LABEL_LIMIT {
        return Some(format!("name part must be no more than {LABEL_LIMIT} characters"));
    }
    (!is_qualified(name)).then(|| format!("name part {QUALIFIED}"))
}

fn is_qualified(name: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    name.chars().all(inside) && edge(name.chars().next()) && edge(name.chars().last())
}

/// All that is wrong with an object's metadata. Its name is there already.
pub fn faults_of_metadata(resource: &Resource, object: &Value) -> Vec<FieldFault> {
    let metadata = &object["metadata"];
    let mut faults = Vec::new();
    match metadata["name"].as_str() {
        None | Some("") => faults.push(FieldFault::required("metadata.name", "name or generateName is required")),
        Some(name) => {
            let fault = fault_of_name(name);
            faults.extend(fault.map(|why| FieldFault::invalid("metadata.name", &metadata["name"], &why)));
        }
    }
    if resource.is_namespaced && metadata["namespace"].as_str().is_none_or(str::is_empty) {
        faults.push(FieldFault::required("metadata.namespace", ""));
    }
    let none = Map::new();
    for (key, value) in metadata["labels"].as_object().unwrap_or(&none) {
        let of_key = fault_of_key(key);
        faults.extend(of_key.map(|why| FieldFault::invalid("metadata.labels", &json!(key), &why)));
        let of_value = fault_of_label_value(value.as_str().unwrap_or_default());
        faults.extend(of_value.map(|why| FieldFault::invalid("metadata.labels", value, &why)));
    }
    let annotations = metadata["annotations"].as_object().unwrap_or(&none);
    for key in annotations.keys() {
        let of_key = fault_of_key(&key.to_lowercase());
        faults.extend(of_key.map(|why| FieldFault::invalid("metadata.annotations", &json!(key), &why)));
    }
    let size: usize = annotations.iter().map(|(key, value)| key.len() + value.as_str().unwrap_or_default().len()).sum();
    if size > ANNOTATIONS_LIMIT {
        faults.push(FieldFault::too_long("metadata.annotations", ANNOTATIONS_LIMIT));
    }
    faults
}

/// Labels and annotations have text, and nothing else: so much is found when an object is read.
pub fn fault_of_shape(object: &Value) -> Option<String> {
    let type_name = |value: &Value| match value {
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::String(_) | Value::Null => "string",
    };
    if !object["metadata"].is_object() && !object["metadata"].is_null() {
        let found = type_name(&object["metadata"]);
        return Some(format!("json: cannot unmarshal {found} into Go struct field .metadata of type v1.ObjectMeta"));
    }
    for field in ["labels", "annotations"] {
        let all = &object["metadata"][field];
        let wrong = match all {
            Value::Null => None,
            Value::Object(values) => values.values().find(|value| !value.is_string() && !value.is_null()),
            other => Some(other),
        };
        if let Some(wrong) = wrong {
            let found = type_name(wrong);
            return Some(format!(
                "json: cannot unmarshal {found} into Go struct field ObjectMeta.{field} of type string"
            ));
        }
    }
    None
}

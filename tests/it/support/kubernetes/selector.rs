//! Selectors of labels and fields, as the query of a list or a watch has them.

use serde_json::Value;

use super::names;
use super::resources::Resource;
use super::status::Refusal;

/// What objects a request is about.
#[derive(Debug, Clone, Default)]
pub struct Selector {
    labels: Vec<Requirement>,
    /// (field, value, wanted or not)
    fields: Vec<(String, String, bool)>,
}

#[derive(Debug, Clone)]
struct Requirement {
    key: String,
    operator: Operator,
}

#[derive(Debug, Clone)]
enum Operator {
    Exists,
    DoesNotExist,
    In(Vec<String>),
    /// Also met by objects without the label.
    NotIn(Vec<String>),
}

impl Selector {
    /// # Errors
    /// 400: the text cannot be read, or names a field that cannot be selected by.
    pub fn parse(resource: &Resource, labels: &str, fields: &str) -> Result<Self, Refusal> {
        let labels = split(labels).into_iter().map(requirement).collect::<Result<_, _>>()?;
        let fields = split(fields).into_iter().map(|text| field(resource, text)).collect::<Result<_, _>>()?;
        Ok(Self { labels, fields })
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub fn matches(&self, object: &Value) -> bool {
        let label = |key: &str| object["metadata"]["labels"][key].as_str();
        let fields_match = self.fields.iter().all(|(field, value, wanted)| {
            let found = object["metadata"][field.trim_start_matches("metadata.")].as_str().unwrap_or_default();
            (found == value) == *wanted
        });
        fields_match
            && self.labels.iter().all(|requirement| {
                let found = label(&requirement.key);
                match &requirement.operator {
                    Operator::Exists => found.is_some(),
                    Operator::DoesNotExist => found.is_none(),
                    Operator::In(values) => found.is_some_and(|found| values.iter().any(|value| value == found)),
                    Operator::NotIn(values) => !found.is_some_and(|found| values.iter().any(|value| value == found)),
                }
            })
    }
}

/// Parts between commas that are not within parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let parts = text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    if text.trim().is_empty() { Vec::new() } else { parts.map(str::trim).collect() }
}

fn requirement(text: &str) -> Result<Requirement, Refusal> {
    let unreadable =
        || Refusal::bad_request(format!("unable to parse requirement: found '{text}', expected: identifier"));
    let set = |rest: &str| -> Option<Vec<String>> {
        let inner = rest.trim().strip_prefix('(')?.strip_suffix(')')?;
        Some(inner.split(',').map(|value| value.trim().to_owned()).collect())
    };
    let (key, operator) = if let Some(key) = text.strip_prefix('!') {
        (key, Operator::DoesNotExist)
    } else if let Some((key, value)) = text.split_once("!=") {
        (key, Operator::NotIn(vec![value.trim().to_owned()]))
    } else if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        (key, Operator::In(vec![value.trim().to_owned()]))
    } else if let Some((key, rest)) = text.split_once(" notin ") {
        (key, Operator::NotIn(set(rest).ok_or_else(unreadable)?))
    } else if let Some((key, rest)) = text.split_once(" in ") {
        (key, Operator::In(set(rest).ok_or_else(unreadable)?))
    } else {
        (text, Operator::Exists)
    };
    let key = key.trim().to_owned();
    if let Some(fault) = names::fault_of_key(&key) {
        return Err(Refusal::bad_request(format!(
            "unable to parse requirement: <nil>: Invalid value: {key:?}: {fault}"
        )));
    }
    if let Operator::In(values) | Operator::NotIn(values) = &operator {
        for value in values {
            if let Some(fault) = names::fault_of_label_value(value) {
                let message =
                    format!("unable to parse requirement: values[0][{key}]: Invalid value: {value:?}: {fault}");
                return Err(Refusal::bad_request(message));
            }
        }
    }
    Ok(Requirement { key, operator })
}

fn field(resource: &Resource, text: &str) -> Result<(String, String, bool), Refusal> {
    let (field, value, wanted) = if let Some((field, value)) = text.split_once("!=") {
        (field, value, false)
    } else if let Some((field, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        (field, value, true)
    } else {
        return Err(Refusal::bad_request(format!("invalid selector: '{text}'; can't understand '{text}'")));
    };
    let known = field == "metadata.name" || field == "metadata.namespace" && resource.is_namespaced;
    if known {
        Ok((field.to_owned(), value.to_owned(), wanted))
    } else if resource.is_custom() {
        Err(Refusal::bad_request(format!("field label not supported: {field}")))
    } else {
        Err(Refusal::bad_request(format!(
            "{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        )))
    }
}

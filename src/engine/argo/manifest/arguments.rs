//! `spec.arguments.parameters`: what a workflow is asked to try.
//!
//! A parameter of the manifest that gets a value keeps its other fields (`enum`, `description`, `globalName`), but not
//! `valueFrom`: Argo takes `value` before it, and a reader would take it for the source. One that gets none stays as it
//! is, so that a conditional parameter that is not active has the value of the manifest. What the manifest does not
//! have is appended.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::{RenderError, Unfit, list, object};
use crate::domain::params::{Domain, Space, Value};
use crate::domain::tuning::WorkflowTrial;
use crate::engine::Launch;
use crate::engine::argo::template::TemplateFacts;

/// What the workflow is told, by name.
pub(super) fn values(
    launch: &Launch,
    trial: &WorkflowTrial,
    facts: &TemplateFacts,
) -> Result<BTreeMap<String, String>, RenderError> {
    match trial.searches {
        Some(_) => values_of_search(launch, trial, facts),
        None => Ok(values_of_trial(launch, trial)),
    }
}

fn values_of_trial(launch: &Launch, trial: &WorkflowTrial) -> BTreeMap<String, String> {
    let mut values = trial.arguments.clone();
    values.extend(launch.params.0.iter().map(|(name, value)| (name.to_string(), value.to_string())));
    values
}

/// A workflow that searches by itself is told what it declares to want: the order, and parameters that are fixed.
/// What the tuning's `arguments` say goes before that: there a name may mean something else.
fn values_of_search(
    launch: &Launch,
    trial: &WorkflowTrial,
    facts: &TemplateFacts,
) -> Result<BTreeMap<String, String>, RenderError> {
    let order = &launch.search;
    let mut values = fixed(&order.space);
    values.extend([
        ("trials".to_owned(), order.trials.to_string()),
        ("parallel".to_owned(), order.parallel.to_string()),
        ("seed".to_owned(), order.seed.to_string()),
        ("space".to_owned(), serde_json::to_string(&order.space)?),
    ]);
    values.retain(|name, _| facts.declared.contains_key(name));
    values.extend(trial.arguments.clone());
    Ok(values)
}

/// The names of a search's arguments that come from the order itself.
pub(in crate::engine::argo) const OF_THE_ORDER: [&str; 4] = ["trials", "parallel", "seed", "space"];

/// The parameters that have one value only.
pub(in crate::engine::argo) fn fixed(space: &Space) -> BTreeMap<String, String> {
    let only_value = |domain: &Domain| match domain {
        Domain::Float { low, high, .. } if low == high => Some(Value::Float(*low)),
        Domain::Int { low, high, .. } if low == high => Some(Value::Int(*low)),
        Domain::Categorical { choices } if choices.len() == 1 => choices.first().cloned(),
        _ => None,
    };
    let parameters = space.parameters().iter().filter(|parameter| parameter.when.is_none());
    parameters
        .filter_map(|parameter| Some((parameter.name.to_string(), only_value(&parameter.domain)?.to_string())))
        .collect()
}

pub(super) fn merge(spec: &mut Map<String, Json>, mut values: BTreeMap<String, String>) -> Result<(), Unfit> {
    if values.is_empty() {
        return Ok(());
    }
    let arguments = object(spec, "arguments").ok_or(Unfit("`spec.arguments` is not an object"))?;
    let parameters = list(arguments, "parameters").ok_or(Unfit("`spec.arguments.parameters` is not a list"))?;
    for parameter in parameters.iter_mut().filter_map(Json::as_object_mut) {
        let value = parameter.get("name").and_then(Json::as_str).and_then(|name| values.remove(name));
        if let Some(value) = value {
            parameter.remove("valueFrom");
            parameter.insert("value".into(), value.into());
        }
    }
    parameters.extend(values.into_iter().map(|(name, value)| json!({ "name": name, "value": value })));
    Ok(())
}

//! What a workflow that ended well gives: metrics of one trial, or what a workflow that searches by itself found.
//!
//! Output parameters come from the workflow's global outputs (`globalName`) and from the outputs of its entrypoint; the
//! global ones go first. A parameter with a metric's name and a number is that metric; one named `metrics` holds a JSON
//! object of them. Parameters with other values are none of our business.

use std::collections::BTreeMap;

use serde_json::Value;

use super::manifest::SearchContract;
use super::nodes;
use super::object::{Nodes, Outputs, Status};
use crate::domain::ids::MetricName;
use crate::domain::metrics::Metrics;
use crate::engine::number;

mod search;

/// Output parameters with a value, by name.
pub(super) type Parameters<'a> = BTreeMap<&'a str, &'a str>;

/// All output parameters of `workflow`.
pub(super) fn parameters<'a>(status: &'a Status, nodes: &'a Nodes, workflow: &str) -> Parameters<'a> {
    fn present(outputs: &Outputs) -> impl Iterator<Item = (&str, &str)> {
        outputs.parameters.iter().filter_map(|one| Some((one.name.as_str(), one.value.as_deref()?)))
    }
    let root = nodes::root(nodes, workflow);
    root.into_iter().flat_map(|root| present(&root.outputs)).chain(present(&status.outputs)).collect()
}

/// The metrics of one trial; a parameter of its own goes before the same metric in `metrics`.
pub(super) fn metrics(parameters: &Parameters<'_>) -> Metrics {
    let together = parameters.get("metrics").and_then(|text| number::parse(text.as_bytes()).ok());
    let together = together.as_ref().and_then(Value::as_object).into_iter().flatten();
    let together = together.filter_map(|(name, value)| Some((name.parse().ok()?, number::of_json(value)?)));
    let single = parameters.iter().filter_map(|(name, text)| Some((name.parse().ok()?, number::of_text(text)?)));
    together.chain(single).collect::<BTreeMap<MetricName, f64>>().into_iter().collect()
}

/// What a workflow that searches by itself found.
///
/// # Errors
/// Which output parameter is missing or wrong, how, and how it should look.
pub(super) fn searched(
    contract: &SearchContract,
    parameters: &Parameters<'_>,
) -> Result<Vec<crate::domain::signal::SearchedTrial>, String> {
    search::trials(contract, parameters)
}

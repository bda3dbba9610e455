//! What a workflow that searches by itself says it found: the best parameters, their value, and a table of its trials.
//!
//! Each is one output parameter. The table is a JSON list of rows
//! - `"params"`: an object of the parameters;
//! - `"metrics"`: an object of numbers, or `"objective"` (or `"value"`): that of the first objective;
//! - `"state"`: `complete`, `pruned` or `failed`, in any case and also as `FAIL`. A row without one is complete if it has
//!   a value. Rows of trials that have not ended (`running`, `waiting`) are passed over.
//!
//! Without a table the best is the only trial; with one, the best is added if it is not there.

use serde_json::{Map, Value as Json};

use super::Parameters;
use crate::domain::ids::{MetricName, ParamName};
use crate::domain::metrics::Metrics;
use crate::domain::params::{Params, Value};
use crate::domain::signal::SearchedTrial;
use crate::domain::trial::TrialState;
use crate::engine::argo::manifest::SearchContract;
use crate::engine::number;

/// Rows of a table. The sweep keeps each of them.
const MAX_ROWS: usize = 10_000;

const FORM_OF_BEST: &str = r#"it should hold a JSON object of the best parameters, like {"lr": 0.01}"#;
const FORM_OF_TABLE: &str = r#"it should hold a JSON list, like [{"params": {"lr": 0.01}, "metrics": {"loss": 0.2}}]"#;

/// At least one trial.
///
/// # Errors
/// Which output parameter is missing or wrong, how, and how it should look.
pub(super) fn trials(contract: &SearchContract, parameters: &Parameters<'_>) -> Result<Vec<SearchedTrial>, String> {
    let given = |name: &str| parameters.get(name).copied().filter(|text| !text.trim().is_empty());
    let names = &contract.outputs;
    let mut trials = match given(&names.trials) {
        Some(text) => table(text, &contract.metric).map_err(|problem| wrong(&names.trials, &problem, FORM_OF_TABLE))?,
        None => Vec::new(),
    };
    let Some(text) = given(&names.best_parameters) else {
        return if trials.is_empty() { Err(missing(&names.best_parameters, FORM_OF_BEST)) } else { Ok(trials) };
    };
    let best = object(text).and_then(|object| params(&object));
    let best = best.map_err(|problem| wrong(&names.best_parameters, &problem, FORM_OF_BEST))?;
    if !trials.iter().any(|trial| trial.state == TrialState::Complete && same(&trial.params, &best)) {
        let form = format!("it should hold the value of {} with the best parameters, like 0.25", contract.metric);
        let text = given(&names.objective).ok_or_else(|| missing(&names.objective, &form))?;
        let value = number::of_text(text).filter(|value| value.is_finite());
        let value = value
            .ok_or_else(|| wrong(&names.objective, &format!("is {}, which is no number", excerpt(text)), &form))?;
        let metrics = Metrics::from_iter([(contract.metric.clone(), value)]);
        trials.push(SearchedTrial { params: best, metrics, state: TrialState::Complete });
    }
    Ok(trials)
}

fn missing(name: &str, form: &str) -> String {
    format!("the workflow ended well but has no output parameter `{name}`: {form}")
}

fn wrong(name: &str, problem: &str, form: &str) -> String {
    format!("the workflow's output parameter `{name}` {problem}: {form}")
}

fn excerpt(text: &str) -> String {
    let text = text.trim();
    let short: String = text.chars().take(40).collect();
    if short.len() < text.len() { format!("`{short}…`") } else { format!("`{short}`") }
}

fn parse(text: &str) -> Result<Json, String> {
    number::parse(text.as_bytes()).map_err(|error| format!("is not JSON ({error})"))
}

fn object(text: &str) -> Result<Map<String, Json>, String> {
    match parse(text)? {
        Json::Object(object) => Ok(object),
        _ => Err(format!("is {}, which is no JSON object", excerpt(text))),
    }
}

fn table(text: &str, metric: &MetricName) -> Result<Vec<SearchedTrial>, String> {
    let Json::Array(rows) = parse(text)? else {
        return Err(format!("is {}, which is no JSON list", excerpt(text)));
    };
    if rows.len() > MAX_ROWS {
        return Err(format!("has {} rows, more than the {MAX_ROWS} that a sweep may have", rows.len()));
    }
    let numbered = rows.iter().enumerate();
    numbered
        .filter_map(|(at, row)| {
            read_row(row, metric).map_err(|problem| format!("is wrong in row {}, which {problem}", at + 1)).transpose()
        })
        .collect()
}

/// `None`: the row is of a trial that has not ended.
///
/// # Errors
/// What is wrong, in words that follow "the row".
fn read_row(row: &Json, metric: &MetricName) -> Result<Option<SearchedTrial>, String> {
    let row = row.as_object().ok_or("is no object")?;
    let found = row.get("params").and_then(Json::as_object).ok_or("has no object `params`")?;
    let params = params(found).map_err(|problem| format!("in `params` {problem}"))?;
    let metrics = metrics(row, metric);
    let is_good = metrics.get(metric).is_some_and(f64::is_finite);
    let state = match row.get("state").filter(|state| !state.is_null()) {
        None => TrialState::Complete,
        Some(state) => match state.as_str().map(str::to_ascii_lowercase).as_deref() {
            Some("complete") => TrialState::Complete,
            Some("pruned") => TrialState::Pruned,
            Some("fail" | "failed") => TrialState::Failed,
            Some("running" | "waiting") => return Ok(None),
            _ => return Err(format!("has the `state` {state}, not `complete`, `pruned` or `failed`")),
        },
    };
    Ok(Some(match state {
        TrialState::Complete if is_good => SearchedTrial { params, metrics, state },
        TrialState::Complete => SearchedTrial { params, metrics: Metrics::default(), state: TrialState::Failed },
        state => SearchedTrial { params, metrics: Metrics::default(), state },
    }))
}

fn metrics(row: &Map<String, Json>, metric: &MetricName) -> Metrics {
    let value = row
        .get("objective")
        .or_else(|| row.get("value"))
        .and_then(number::of_json)
        .map(|value| (metric.clone(), value));
    let named = row.get("metrics").and_then(Json::as_object).into_iter().flatten();
    let named = named.filter_map(|(name, value)| Some((name.parse().ok()?, number::of_json(value)?)));
    value.into_iter().chain(named).collect()
}

/// # Errors
/// What is wrong, in words that follow the name of what holds the parameters.
fn params(object: &Map<String, Json>) -> Result<Params, String> {
    let one = |(name, value): (&String, &Json)| {
        let name: ParamName = name.parse().map_err(|error| format!("has a bad name ({error})"))?;
        let value = match value {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Value::Int(whole),
                None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::Text(text.clone()),
            Json::Array(_) | Json::Object(_) => {
                return Err(format!("has for `{name}` neither a number nor a text nor a boolean"));
            }
        };
        Ok((name, value))
    };
    object.iter().map(one).collect()
}

/// Do both hold the same values? `1` and `1.0` are the same.
fn same(a: &Params, b: &Params) -> bool {
    let alike = |a: &Value, b: &Value| match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    };
    a.0.len() == b.0.len() && a.0.iter().all(|(name, value)| b.get(name).is_some_and(|other| alike(value, other)))
}

#[cfg(test)]
mod tests;

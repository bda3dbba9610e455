//! JSON lines: everything that the store knows of a sweep's trials, one a line.
//!
//! The first line is the [`Header`]; without it, as somebody may write by hand, the lines are trials all the same. A line
//! of a trial has at least `params` and, if it is complete, `metrics`. A number that is not finite is `null`, as in the
//! store: JSON has no word for it. Fields that are not known are refused, so that a slip of the pen is not lost silently.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::metrics::{Direction, Objective};
use crate::domain::params::{Parameter, Params, Value};
use crate::domain::sweep::Code;
use crate::domain::trial::Trial;

use super::Exported;
use super::error::ExchangeError;
use super::study::{Cell, Entry, EntryState, Study};

/// The version of the format.
const VERSION: u32 = 1;

/// What the lines belong to.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    /// The version of the format.
    tunebot_trials: u32,
    sweep: String,
    tuning: String,
    objectives: Vec<Objective>,
    /// As searched: narrowed by what was asked for.
    space: Vec<Parameter>,
    sampler: String,
    seed: u64,
    #[serde(default)]
    code: Option<Code>,
    created_at: Timestamp,
}

/// A trial as it is written.
#[derive(Serialize)]
struct Written<'a> {
    number: u32,
    state: &'static str,
    params: &'a Params,
    metrics: &'a crate::domain::metrics::Metrics,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<(u64, Option<f64>)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// A trial as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    number: Option<u64>,
    #[serde(default = "complete")]
    state: String,
    params: BTreeMap<String, Value>,
    #[serde(default)]
    metrics: BTreeMap<String, Option<f64>>,
    #[serde(default)]
    constraints: Vec<f64>,
    #[serde(default)]
    steps: Vec<(u64, Option<f64>)>,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    reason: Option<String>,
}

fn complete() -> String {
    "complete".to_owned()
}

/// # Errors
/// [`ExchangeError::Unfit`] if a value cannot be said in JSON, which no stored sweep has.
pub fn write(exported: Exported<'_>) -> Result<String, ExchangeError> {
    let Exported { sweep, trials } = exported;
    let header = Header {
        tunebot_trials: VERSION,
        sweep: sweep.id.to_string(),
        tuning: sweep.tuning.name.to_string(),
        objectives: sweep.tuning.objectives.iter().cloned().collect(),
        space: sweep.tuning.space.parameters().to_vec(),
        sampler: sweep.tuning.search.sampler.name().to_owned(),
        seed: sweep.seed,
        code: sweep.code.clone(),
        created_at: sweep.created_at,
    };
    let mut text = line(&header)?;
    for trial in trials {
        text.push_str(&line(&written(trial))?);
    }
    Ok(text)
}

fn line(value: &impl Serialize) -> Result<String, ExchangeError> {
    let mut text = serde_json::to_string(value).map_err(|error| ExchangeError::Unfit(error.to_string()))?;
    // Writing to a String does not fail.
    let _ = writeln!(text);
    Ok(text)
}

fn written(trial: &Trial) -> Written<'_> {
    Written {
        number: trial.number,
        state: trial.state.name(),
        params: &trial.params,
        metrics: &trial.metrics,
        steps: trial.steps.iter().map(|(step, value)| (*step, value.is_finite().then_some(*value))).collect(),
        started_at: trial.started_at,
        ended_at: trial.ended_at,
        reason: trial.reason.as_deref(),
    }
}

/// # Errors
/// [`ExchangeError::Line`]: the first line that cannot be read, and why.
pub fn read(text: &str) -> Result<Study, ExchangeError> {
    let mut study = Study::default();
    for (index, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
        let fault = |problem: String| ExchangeError::Line { line: index + 1, problem };
        if study.entries.is_empty() && text.contains("\"tunebot_trials\"") {
            let header: Header = serde_json::from_str(text).map_err(|error| fault(error.to_string()))?;
            if header.tunebot_trials > VERSION {
                let problem = format!("the file has version {} of the format, which is newer", header.tunebot_trials);
                return Err(fault(format!("{problem}: import it with the tunebot that wrote it")));
            }
            study.name = header.sweep;
            study.metrics = header.objectives.iter().map(|objective| objective.metric.to_string()).collect();
            study.directions =
                header.objectives.iter().map(|objective| objective.direction).collect::<Vec<Direction>>();
            continue;
        }
        let number = study.entries.len() as u64;
        study.entries.push(entry(text, number).map_err(fault)?);
    }
    Ok(study)
}

fn entry(text: &str, next: u64) -> Result<Entry, String> {
    let read: Read = serde_json::from_str(text).map_err(|error| format!("it is not a trial: {error}"))?;
    let known = "complete, pruned, failed, running or waiting";
    let state =
        EntryState::read(&read.state).ok_or_else(|| format!("there is no state `{}`: write {known}", read.state))?;
    Ok(Entry {
        params: read.params.into_iter().map(|(name, value)| (name, Cell::Value(value))).collect(),
        metrics: read.metrics.into_iter().map(|(name, value)| (name, value.unwrap_or(f64::NAN))).collect(),
        constraints: read.constraints,
        steps: read.steps.into_iter().map(|(step, value)| (step, value.unwrap_or(f64::NAN))).collect(),
        started_at: read.started_at,
        ended_at: read.ended_at,
        reason: read.reason,
        ..Entry::new(read.number.unwrap_or(next), state)
    })
}

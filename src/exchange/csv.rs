//! Tables (CSV, RFC 4180): one row a trial, for spreadsheets and data frames.
//!
//! Columns: `number`, `state`, `metric_…` and `param_…` by name, `started_at`, `ended_at`, `reason`. What a trial does not
//! have is an empty cell. A table does not say what a trial reported by step, nor which texts of a parameter's choices
//! look like its numbers.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula and runs it. So a *text* that begins
//! with one of these, with a tab, a line's end or an apostrophe, or that is empty, is written with an apostrophe before
//! it, which is taken off again when it is read. Numbers are written as they are: the shortest decimal that reads back as
//! the same bits.
//!
//! Tables of Optuna's `study.trials_dataframe()` are read too: `value`, `values_0`, `values_name`, `params_…`,
//! `datetime_start` and `datetime_complete` (without a time zone: UTC), and columns that say nothing here are passed over.

mod cells;

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::domain::params::Value;
use crate::domain::trial::Trial;

use super::Exported;
use super::error::ExchangeError;
use super::study::{Cell, Entry, EntryState, Study};

use cells::{push_row, rows};

/// The table as one text with CRLF at the end of each row.
pub fn write(exported: Exported<'_>) -> String {
    let Exported { sweep, trials } = exported;
    let objectives: Vec<&str> = sweep.tuning.objectives.iter().map(|objective| objective.metric.as_str()).collect();
    let named = |trial: &Trial| trial.metrics.0.keys().map(|name| name.as_str().to_owned()).collect::<Vec<_>>();
    let others: BTreeSet<String> = trials.iter().flat_map(named).collect();
    let others = others.iter().map(String::as_str).filter(|name| !objectives.contains(name));
    let metrics: Vec<&str> = objectives.iter().copied().chain(others).collect();
    let params: Vec<&str> = sweep.tuning.space.parameters().iter().map(|parameter| parameter.name.as_str()).collect();
    let mut text = String::new();
    let header = ["number", "state"].map(str::to_owned).into_iter();
    let header = header.chain(metrics.iter().map(|name| format!("metric_{name}")));
    let header = header.chain(params.iter().map(|name| format!("param_{name}")));
    push_row(&mut text, header.chain(["started_at", "ended_at", "reason"].map(str::to_owned)));
    for trial in trials {
        push_row(&mut text, row(trial, &metrics, &params));
    }
    text
}

fn row(trial: &Trial, metrics: &[&str], params: &[&str]) -> Vec<String> {
    let metric = |name: &&str| {
        let value = trial.metrics.0.iter().find(|(known, _)| known.as_str() == *name);
        value.map(|(_, value)| number(*value)).unwrap_or_default()
    };
    let param = |name: &&str| {
        let value = trial.params.0.iter().find(|(known, _)| known.as_str() == *name);
        value.map(|(_, value)| cell(value)).unwrap_or_default()
    };
    let instant = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let first = [trial.number.to_string(), trial.state.name().to_owned()];
    let last =
        [instant(trial.started_at), instant(trial.ended_at), trial.reason.as_deref().map(guarded).unwrap_or_default()];
    first.into_iter().chain(metrics.iter().map(metric)).chain(params.iter().map(param)).chain(last).collect()
}

fn number(value: f64) -> String {
    if value.is_nan() { "nan".to_owned() } else { Value::Float(value).to_string() }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Text(text) => guarded(text),
        other => other.to_string(),
    }
}

/// The text with an apostrophe before it where a spreadsheet, or this reader, would take it for something else.
fn guarded(text: &str) -> String {
    let risky = text.is_empty() || text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'']);
    if risky { format!("'{text}") } else { text.to_owned() }
}

fn unguarded(text: &str) -> &str {
    text.strip_prefix('\'').unwrap_or(text)
}

/// What a column holds.
enum Column {
    Number,
    State,
    Metric(String),
    /// By the position of the objective.
    Value(usize),
    Param(String),
    Step(u64),
    Started,
    Ended,
    Reason,
    Other,
}

impl Column {
    fn of(name: &str) -> Self {
        let after = |prefix: &str| name.strip_prefix(prefix).map(str::to_owned);
        match name {
            "number" => Self::Number,
            "state" => Self::State,
            "value" => Self::Value(0),
            "started_at" | "datetime_start" => Self::Started,
            "ended_at" | "datetime_complete" => Self::Ended,
            "reason" => Self::Reason,
            _ => None
                .or_else(|| after("metric_").map(Self::Metric))
                .or_else(|| after("params_").or_else(|| after("param_")).map(Self::Param))
                .or_else(|| after("values_").map(|rest| rest.parse().map_or(Self::Metric(rest), Self::Value)))
                .or_else(|| after("intermediate_values_").and_then(|rest| rest.parse().ok()).map(Self::Step))
                .unwrap_or(Self::Other),
        }
    }
}

/// # Errors
/// [`ExchangeError::Line`]: the first cell that cannot be read, and why; or a header without parameters.
pub fn read(text: &str) -> Result<Study, ExchangeError> {
    let mut rows = rows(text.strip_prefix('\u{feff}').unwrap_or(text))?.into_iter();
    let header = rows.next().unwrap_or_default();
    let columns: Vec<Column> = header.cells.iter().map(|name| Column::of(unguarded(name.trim()))).collect();
    if !columns.iter().any(|column| matches!(column, Column::Param(_))) {
        let problem = "the first row names no parameter: write columns like number, state, metric_loss, param_lr";
        return Err(ExchangeError::Line { line: 1, problem: problem.to_owned() });
    }
    let mut study = Study::default();
    for row in rows {
        let fault = |problem| ExchangeError::Line { line: row.line, problem };
        if row.cells.len() != columns.len() {
            return Err(fault(format!("it has {} cells and the first row {}", row.cells.len(), columns.len())));
        }
        let next = study.entries.len() as u64;
        study.entries.push(entry(&columns, &row.cells, next).map_err(fault)?);
    }
    Ok(study)
}

fn entry(columns: &[Column], cells: &[String], next: u64) -> Result<Entry, String> {
    let mut entry = Entry::new(next, EntryState::Complete);
    let mut values = Vec::new();
    for (column, cell) in columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
        match column {
            Column::Number => {
                entry.number = cell.parse().map_err(|_| format!("number {cell} is not a whole number"))?
            }
            Column::State => {
                entry.state = EntryState::read(cell).ok_or_else(|| format!("there is no state `{cell}`"))?;
            }
            Column::Metric(name) => {
                entry.metrics.insert(name.clone(), float(cell)?);
            }
            Column::Value(position) => values.push((*position, float(cell)?)),
            Column::Param(name) => {
                entry.params.insert(name.clone(), Cell::Text(unguarded(cell).to_owned()));
            }
            Column::Step(step) => entry.steps.push((*step, float(cell)?)),
            Column::Started => entry.started_at = Some(instant(cell)?),
            Column::Ended => entry.ended_at = Some(instant(cell)?),
            Column::Reason => entry.reason = Some(unguarded(cell).to_owned()),
            Column::Other => {}
        }
    }
    values.sort_by_key(|(position, _)| *position);
    if values.iter().enumerate().all(|(index, (position, _))| index == *position) {
        entry.values = values.into_iter().map(|(_, value)| value).collect();
    }
    entry.steps.sort_by_key(|(step, _)| *step);
    Ok(entry)
}

fn float(cell: &str) -> Result<f64, String> {
    cell.trim().parse().map_err(|_| format!("{cell} is not a number"))
}

/// With a time zone, or without one in UTC.
fn instant(cell: &str) -> Result<Timestamp, String> {
    let zoned = cell.parse::<Timestamp>().ok();
    let read = zoned
        .or_else(|| cell.parse::<DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp()));
    read.ok_or_else(|| format!("{cell} is not an instant: write it like 2026-03-01T12:30:00Z"))
}

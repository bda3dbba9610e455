//! From what a file says to trials of a tuning.

use jiff::Timestamp;

use crate::domain::metrics::Metrics;
use crate::domain::params::{Domain, Parameter, Params, Value};
use crate::domain::trial::{Trial, TrialState};
use crate::domain::tuning::Tuning;

use super::error::ExchangeError;
use super::study::{Cell, Entry, EntryState, Study};

/// What a study is to a tuning.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// Numbered anew from 0, in the order of the file.
    pub trials: Vec<Trial>,
    pub refused: Vec<Refused>,
    /// What was not taken over, or taken in another way than it may have been meant, in sentences.
    pub remarks: Vec<String>,
}

/// A trial that does not go with the tuning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// As the file numbers it.
    pub number: u64,
    pub reason: String,
}

/// Checks every trial of `study` against `tuning`: finished, exactly the active parameters, each in its domain, and of
/// complete ones a finite value for every objective. `now` stands in for instants that the file does not tell.
///
/// Cost: O(n_trials · n_params).
///
/// # Errors
/// The objectives of the study are others than those of the tuning: then no trial says anything about it.
pub fn fit(study: &Study, tuning: &Tuning, now: Timestamp) -> Result<Fitted, ExchangeError> {
    let mut remarks = Vec::new();
    let positions = positions(study, tuning, &mut remarks)?;
    let (mut trials, mut refused) = (Vec::new(), Vec::new());
    for entry in &study.entries {
        match trial(entry, tuning, &positions, now) {
            Ok(trial) => trials.push(Trial { number: trials.len() as u32, ..trial }),
            Err(reason) => refused.push(Refused { number: entry.number, reason }),
        }
    }
    let constrained = study.entries.iter().filter(|entry| !entry.constraints.is_empty()).count();
    if constrained > 0 {
        let of = if constrained == 1 { "one trial".to_owned() } else { format!("{constrained} trials") };
        remarks.push(format!("the constraints of {of} are left out: only values are taken over"));
    }
    Ok(Fitted { trials, refused, remarks })
}

/// Where in [`Entry::values`] each objective of the tuning stands.
fn positions(study: &Study, tuning: &Tuning, remarks: &mut Vec<String>) -> Result<Vec<usize>, ExchangeError> {
    let objectives: Vec<_> = tuning.objectives.iter().collect();
    if !study.directions.is_empty() && study.directions.len() != objectives.len() {
        return Err(ExchangeError::Unfit(format!(
            "the number of its objectives is {}, that of the tuning {} is {}: import it into a tuning with as many",
            study.directions.len(),
            tuning.name,
            objectives.len()
        )));
    }
    let named = |metric: &str| study.metrics.iter().position(|name| name == metric);
    let by_name: Option<Vec<usize>> = objectives.iter().map(|objective| named(objective.metric.as_str())).collect();
    let by_order = (0..objectives.len()).collect();
    if by_name.is_none() && !study.metrics.is_empty() {
        let wanted: Vec<&str> = objectives.iter().map(|objective| objective.metric.as_str()).collect();
        remarks.push(format!("its {} is taken for {}, by order", study.metrics.join(", "), wanted.join(", ")));
    }
    let positions: Vec<usize> = by_name.unwrap_or(by_order);
    for (objective, &position) in objectives.iter().zip(&positions) {
        if let Some(direction) = study.directions.get(position).filter(|found| **found != objective.direction) {
            return Err(ExchangeError::Unfit(format!(
                "its objective {} goes the other way than {} of the tuning {} ({direction:?} instead of {:?}): its best \
                 trials would be taken for the worst",
                position + 1,
                objective.metric,
                tuning.name,
                objective.direction
            )));
        }
    }
    Ok(positions)
}

fn trial(entry: &Entry, tuning: &Tuning, positions: &[usize], now: Timestamp) -> Result<Trial, String> {
    let state = match entry.state {
        EntryState::Complete => TrialState::Complete,
        EntryState::Pruned => TrialState::Pruned,
        EntryState::Failed => TrialState::Failed,
        EntryState::Open => return Err("it has not ended".to_owned()),
    };
    let params = params(entry, tuning)?;
    let metrics = metrics(entry, tuning, positions, state)?;
    if let Some(pair) = entry.steps.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
        return Err(format!("step {} comes after step {}", pair[1].0, pair[0].0));
    }
    let ended_at = entry.ended_at.or(entry.started_at).unwrap_or(now);
    let proposed = Trial::proposed(0, params, entry.started_at.unwrap_or(ended_at));
    let unknown = || "the file does not say why".to_owned();
    Ok(Trial {
        state,
        metrics,
        steps: entry.steps.clone(),
        started_at: entry.started_at,
        ended_at: Some(ended_at),
        reason: (state == TrialState::Failed).then(|| entry.reason.clone().unwrap_or_else(unknown)),
        ..proposed
    })
}

fn params(entry: &Entry, tuning: &Tuning) -> Result<Params, String> {
    let mut params = Params::default();
    for (name, cell) in &entry.params {
        let parameter = tuning.space.parameters().iter().find(|parameter| parameter.name.as_str() == name);
        let parameter = parameter.ok_or_else(|| format!("{name} is not a parameter of the tuning"))?;
        params.0.insert(parameter.name.clone(), value(cell, parameter)?);
    }
    match tuning.space.check(&params) {
        Ok(()) => Ok(params),
        Err(errors) => Err(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    }
}

/// The value that `cell` stands for in the parameter's domain; whether it is in its range is for the space to say.
fn value(cell: &Cell, parameter: &Parameter) -> Result<Value, String> {
    let Parameter { name, domain, .. } = parameter;
    let number = match cell {
        Cell::Number(number) => Some(*number),
        Cell::Value(value) => value.as_f64(),
        Cell::Text(text) => text.trim().parse().ok(),
    };
    let shown = match cell {
        Cell::Number(number) => Value::Float(*number).to_string(),
        Cell::Value(value) => value.to_string(),
        Cell::Text(text) => text.clone(),
    };
    match domain {
        Domain::Float { low, high, step, .. } => match cell {
            Cell::Value(value @ (Value::Float(_) | Value::Int(_))) => Ok(value.clone()),
            // The last step may have come out a little beyond the end.
            _ if let (Some(number), Some(step)) = (number, step)
                && (number.clamp(*low, *high) - number).abs() < step * 1e-6 =>
            {
                Ok(Value::Float(number.clamp(*low, *high)))
            }
            _ => number.map(Value::Float).ok_or_else(|| format!("{name}: {shown} is not a number")),
        },
        Domain::Int { .. } => {
            let exact = match cell {
                Cell::Value(Value::Int(whole)) => Some(*whole),
                Cell::Text(text) => text.trim().parse().ok().or_else(|| number.and_then(whole)),
                _ => number.and_then(whole),
            };
            exact.map(Value::Int).ok_or_else(|| format!("{name}: {shown} is not a whole number"))
        }
        Domain::Categorical { choices } => {
            choice(cell, number, &shown, choices).map_err(|why| format!("{name}: {why}"))
        }
    }
}

fn whole(number: f64) -> Option<i64> {
    // 2^63 is the first that does not fit; it is exact as f64.
    let fits = number.fract() == 0.0 && (-(2_f64.powi(63))..2_f64.powi(63)).contains(&number);
    fits.then_some(number as i64)
}

fn choice(cell: &Cell, number: Option<f64>, shown: &str, choices: &[Value]) -> Result<Value, String> {
    if let Cell::Value(value) = cell
        && choices.contains(value)
    {
        return Ok(value.clone());
    }
    let fits = |choice: &&Value| match cell {
        Cell::Text(text) => {
            choice.to_string() == *text || text.eq_ignore_ascii_case(&choice.to_string()) && is_word(choice)
        }
        _ => number.is_some() && choice.as_f64() == number,
    };
    let mut found = choices.iter().filter(fits);
    match (found.next(), found.next()) {
        (Some(choice), None) => Ok(choice.clone()),
        (Some(_), Some(_)) => Err(format!("{shown} may be the text or the number: import it from JSON lines")),
        (None, _) => Err(format!("{shown} is not one of {}", Domain::Categorical { choices: choices.to_vec() })),
    }
}

/// `True` and `None`, as tables made by Python have them.
fn is_word(choice: &Value) -> bool {
    matches!(choice, Value::Bool(_) | Value::Null)
}

fn metrics(entry: &Entry, tuning: &Tuning, positions: &[usize], state: TrialState) -> Result<Metrics, String> {
    let mut metrics = Metrics::default();
    for (name, value) in &entry.metrics {
        let name = name.parse().map_err(|error| format!("{error}"))?;
        metrics.0.insert(name, *value);
    }
    for (objective, &position) in tuning.objectives.iter().zip(positions) {
        let value = entry.values.get(position).copied().or_else(|| metrics.get(&objective.metric));
        match (state, value) {
            (TrialState::Complete, None) => return Err(format!("it has no value of {}", objective.metric)),
            (TrialState::Complete, Some(value)) if !value.is_finite() => {
                return Err(format!("its {} is {value}, not a finite number", objective.metric));
            }
            // A pruned trial's value is that of its last step, which is there already.
            (TrialState::Complete, Some(value)) => {
                metrics.0.insert(objective.metric.clone(), value);
            }
            _ => {}
        }
    }
    Ok(metrics)
}

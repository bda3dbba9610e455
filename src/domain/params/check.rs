//! The faults of a search space: ranges that hold nothing, conditions that cannot be met, circles of conditions.

use super::{Condition, Domain, Parameter, Params, SpaceError, Value, fault};

pub(super) fn domain(domain: &Domain) -> Result<(), String> {
    match domain {
        Domain::Float { low, high, log, step } => floats(*low, *high, *log, *step),
        Domain::Int { low, high, log, step } => integers(*low, *high, *log, *step),
        Domain::Categorical { choices } => distinct(choices),
    }
}

fn floats(low: f64, high: f64, log: bool, step: Option<f64>) -> Result<(), String> {
    if !low.is_finite() || !high.is_finite() {
        Err("low and high must be finite numbers".into())
    } else if low > high {
        Err(format!("low {} is above high {}", Value::Float(low), Value::Float(high)))
    } else if log && low <= 0.0 {
        Err(format!("log needs low above 0, not {}", Value::Float(low)))
    } else if log && step.is_some() {
        Err("log and step exclude each other".into())
    } else if step.is_some_and(|step| !(step.is_finite() && step > 0.0)) {
        Err("step must be above 0".into())
    } else {
        Ok(())
    }
}

fn integers(low: i64, high: i64, log: bool, step: i64) -> Result<(), String> {
    if low > high {
        Err(format!("low {low} is above high {high}"))
    } else if log && low < 1 {
        Err(format!("log needs low of at least 1, not {low}"))
    } else if step < 1 {
        Err("step must be at least 1".into())
    } else if log && step != 1 {
        Err("log and step exclude each other".into())
    } else {
        Ok(())
    }
}

fn distinct(choices: &[Value]) -> Result<(), String> {
    let repeated = choices.iter().enumerate().find(|(i, choice)| choices[..*i].contains(choice));
    match repeated {
        _ if choices.is_empty() => Err("needs at least one choice".into()),
        Some((_, choice)) => Err(format!("the choice {choice} is there twice")),
        None => Ok(()),
    }
}

pub(super) fn condition(parameters: &[Parameter], condition: &Condition) -> Result<(), String> {
    let Some(parent) = parameters.iter().find(|parameter| parameter.name == condition.parameter) else {
        return Err(format!("its condition names {}, which is not a parameter", condition.parameter));
    };
    let Domain::Categorical { choices } = &parent.domain else {
        return Err(format!("its condition names {}, which is not categorical", condition.parameter));
    };
    if condition.one_of.is_empty() {
        return Err("its condition lists no values".into());
    }
    match condition.one_of.iter().find(|value| !choices.contains(value)) {
        Some(value) => {
            Err(format!("its condition asks {} for {value}, which is not one of {}", parent.name, parent.domain))
        }
        None => Ok(()),
    }
}

pub(super) fn in_order_of_dependence(parameters: Vec<Parameter>) -> Result<Vec<Parameter>, Vec<SpaceError>> {
    let mut waiting = parameters;
    let mut ordered: Vec<Parameter> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let ready = |parameter: &Parameter| {
            parameter.when.as_ref().is_none_or(|condition| ordered.iter().any(|done| done.name == condition.parameter))
        };
        let (now, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(ready);
        if now.is_empty() {
            let cyclic = |p: &Parameter| {
                fault(&p.name, "its condition depends, in a circle or by an unknown name, on itself".into())
            };
            return Err(later.iter().map(cyclic).collect());
        }
        ordered.extend(now);
        waiting = later;
    }
    Ok(ordered)
}

/// What is wrong with a value whose condition is not met by what stands beside it.
pub(super) fn unmet(condition: &Condition, params: &Params) -> String {
    let wanted: Vec<String> = condition.one_of.iter().map(ToString::to_string).collect();
    let needs = format!("is there only if {} is {}", condition.parameter, wanted.join(" or "));
    match params.get(&condition.parameter) {
        Some(value) => format!("{needs}, and it is {value}"),
        None => format!("{needs}: say so beside it"),
    }
}

//! The search space: parameters with their ranges, conditions between them, and values in them.

mod check;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::ParamName;

/// One value of one parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

impl Value {
    /// The value as a number, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }
}

/// The form that a trial's command and a message show: no quotes, the shortest text that reads back as the same number.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => {
                let magnitude = value.abs();
                if *value != 0.0 && !(1e-4..1e15).contains(&magnitude) {
                    write!(f, "{value:e}")
                } else {
                    write!(f, "{value}")
                }
            }
            Self::Text(value) => f.write_str(value),
        }
    }
}

/// A parameter set: exactly the active parameters of one trial, by name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Params(pub BTreeMap<ParamName, Value>);

impl Params {
    pub fn get(&self, name: &ParamName) -> Option<&Value> {
        self.0.get(name)
    }
}

impl FromIterator<(ParamName, Value)> for Params {
    fn from_iter<I: IntoIterator<Item = (ParamName, Value)>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

/// The values that a parameter may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Domain {
    /// `low..=high`; with `step`, the points `low + k·step` up to `high`. `log` and `step` exclude each other.
    Float { low: f64, high: f64, log: bool, step: Option<f64> },
    /// `low..=high`; `step` ≥ 1. `log` asks for `step` = 1 and `low` ≥ 1.
    Int { low: i64, high: i64, log: bool, step: i64 },
    /// At least one choice, no two alike, without an order. A boolean is the choices `false` and `true`.
    Categorical { choices: Vec<Value> },
}

/// A parameter is active only if the categorical `parameter` is active and has one of these values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    pub parameter: ParamName,
    pub one_of: Vec<Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    pub name: ParamName,
    #[serde(flatten)]
    pub domain: Domain,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
}

/// Why parameters do not make a search space, or values do not fit one.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{parameter}: {problem}")]
pub struct SpaceError {
    pub parameter: ParamName,
    pub problem: String,
}

/// A checked search space of `n_params` parameters, each after the one that its condition names.
///
/// The order is the order of dependence, then of names: the order in a file carries no meaning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Parameter>", into = "Vec<Parameter>")]
pub struct Space {
    parameters: Vec<Parameter>,
}

impl Space {
    /// # Errors
    /// Every fault of every parameter: empty or not finite ranges, `log` at or below zero, a step that is not positive,
    /// repeated names or choices, conditions on unknown or not categorical parameters or impossible values, and cycles.
    pub fn new(mut parameters: Vec<Parameter>) -> Result<Self, Vec<SpaceError>> {
        parameters.sort_by(|a, b| a.name.cmp(&b.name));
        let mut errors = Vec::new();
        for pair in parameters.windows(2) {
            if pair[0].name == pair[1].name {
                errors.push(fault(&pair[0].name, "is there twice".into()));
            }
        }
        for parameter in &parameters {
            if let Err(problem) = check::domain(&parameter.domain) {
                errors.push(fault(&parameter.name, problem));
            }
            if let Some(condition) = &parameter.when
                && let Err(problem) = check::condition(&parameters, condition)
            {
                errors.push(fault(&parameter.name, problem));
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        check::in_order_of_dependence(parameters).map(|parameters| Self { parameters })
    }

    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    pub fn get(&self, name: &ParamName) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == *name)
    }

    /// The position of the parameter in [`Space::parameters`].
    pub fn index_of(&self, name: &ParamName) -> Option<usize> {
        self.parameters.iter().position(|parameter| parameter.name == *name)
    }

    /// Is `parameter` active beside the values in `params`? These must hold the values of the parameters before it.
    pub fn is_active(&self, parameter: &Parameter, params: &Params) -> bool {
        match &parameter.when {
            None => true,
            Some(condition) => params.get(&condition.parameter).is_some_and(|value| condition.one_of.contains(value)),
        }
    }

    /// Checks that `params` holds exactly the active parameters, each with a value of its domain.
    ///
    /// # Errors
    /// Every parameter that is missing, superfluous or out of its range.
    pub fn check(&self, params: &Params) -> Result<(), Vec<SpaceError>> {
        let mut errors = Vec::new();
        for parameter in &self.parameters {
            match (params.get(&parameter.name), self.is_active(parameter, params)) {
                (Some(value), true) => {
                    if let Err(problem) = parameter.domain.check(value) {
                        errors.push(fault(&parameter.name, problem));
                    }
                }
                (None, true) => errors.push(fault(&parameter.name, "has no value".into())),
                (Some(_), false) => {
                    errors.push(fault(&parameter.name, "has a value though its condition is not met".into()))
                }
                (None, false) => {}
            }
        }
        for name in params.0.keys().filter(|name| self.get(name).is_none()) {
            errors.push(fault(name, "is not a parameter of this space".into()));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// Checks that `params` is a part of some parameter set: each value is one of its domain, and what a condition needs
    /// stands beside it.
    ///
    /// # Errors
    /// Every parameter that is superfluous or out of its range.
    pub fn check_part(&self, params: &Params) -> Result<(), Vec<SpaceError>> {
        let mut errors = Vec::new();
        for (name, value) in &params.0 {
            let problem = match self.get(name) {
                None => Some("is not a parameter of this space".to_owned()),
                Some(parameter) if !self.is_active(parameter, params) => {
                    parameter.when.as_ref().map(|condition| check::unmet(condition, params))
                }
                Some(parameter) => parameter.domain.check(value).err(),
            };
            errors.extend(problem.map(|problem| fault(name, problem)));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// The same space with the domain of `name` replaced.
    ///
    /// # Errors
    /// `name` is unknown, or the space would not be valid with `domain`.
    pub fn with_domain(&self, name: &ParamName, domain: Domain) -> Result<Self, Vec<SpaceError>> {
        let mut parameters = self.parameters.clone();
        match parameters.iter_mut().find(|parameter| parameter.name == *name) {
            None => return Err(vec![fault(name, "is not a parameter of this space".into())]),
            Some(parameter) => parameter.domain = domain,
        }
        // A condition may name a value that is not offered any longer: then the parameter is just never active.
        for parameter in &mut parameters {
            if let Some(condition) = &mut parameter.when
                && condition.parameter == *name
                && let Some(Domain::Categorical { choices }) = self.get(name).map(|p| &p.domain)
            {
                condition.one_of.retain(|value| choices.contains(value));
            }
        }
        let ordered = parameters;
        for parameter in &ordered {
            check::domain(&parameter.domain).map_err(|problem| vec![fault(&parameter.name, problem)])?;
        }
        Ok(Self { parameters: ordered })
    }
}

impl TryFrom<Vec<Parameter>> for Space {
    type Error = String;
    fn try_from(parameters: Vec<Parameter>) -> Result<Self, String> {
        // Stored spaces may hold conditions that an override has made impossible; they were checked when configured.
        check::in_order_of_dependence(parameters)
            .map(|parameters| Self { parameters })
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}

impl From<Space> for Vec<Parameter> {
    fn from(space: Space) -> Self {
        space.parameters
    }
}

impl Domain {
    /// The part of this domain that is `value` alone.
    #[must_use]
    pub fn only(&self, value: &Value) -> Self {
        match (self, value) {
            (Self::Float { .. }, Value::Float(_) | Value::Int(_)) => {
                let x = value.as_f64().unwrap_or(f64::NAN);
                Self::Float { low: x, high: x, log: false, step: None }
            }
            (Self::Int { .. }, Value::Int(x)) => Self::Int { low: *x, high: *x, log: false, step: 1 },
            _ => Self::Categorical { choices: vec![value.clone()] },
        }
    }

    /// Is `value` one of this domain's?
    ///
    /// # Errors
    /// What is wrong with it, in words that begin with the value.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let fits = match (self, value) {
            (Self::Float { low, high, step, .. }, Value::Float(_) | Value::Int(_)) => {
                let x = value.as_f64().unwrap_or(f64::NAN);
                let on_grid = step.is_none_or(|step| {
                    let k = (x - low) / step;
                    (k - k.round()).abs() < 1e-6 + k.abs() * 1e-15
                });
                (*low..=*high).contains(&x) && on_grid
            }
            (Self::Int { low, high, step, .. }, Value::Int(x)) => {
                (low..=high).contains(&x) && x.checked_sub(*low).is_none_or(|distance| distance % step == 0)
            }
            (Self::Categorical { choices }, value) => choices.contains(value),
            _ => false,
        };
        if fits { Ok(()) } else { Err(format!("{value} is not in {self}")) }
    }

    /// The number of values, if they can be counted.
    pub fn cardinality(&self) -> Option<u64> {
        match self {
            Self::Float { low, high, .. } if low == high => Some(1),
            Self::Float { step: None, .. } => None,
            Self::Float { low, high, step: Some(step), .. } => {
                Some((((high - low) / step + 1e-9).floor() as u64).saturating_add(1))
            }
            Self::Int { low, high, step, .. } => Some((high.abs_diff(*low) / step.unsigned_abs()).saturating_add(1)),
            Self::Categorical { choices } => Some(choices.len() as u64),
        }
    }
}

/// The range as people write it: `1e-5..1e-1 (log)`, `16..512 (step 16)`, `adam | sgd`.
impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float { low, high, log, step } => {
                write!(f, "{}..{}", Value::Float(*low), Value::Float(*high))?;
                match (log, step) {
                    (true, _) => f.write_str(" (log)"),
                    (false, Some(step)) => write!(f, " (step {})", Value::Float(*step)),
                    (false, None) => Ok(()),
                }
            }
            Self::Int { low, high, log, step } => {
                write!(f, "{low}..{high}")?;
                match (log, step) {
                    (true, _) => f.write_str(" (log)"),
                    (false, 1) => Ok(()),
                    (false, step) => write!(f, " (step {step})"),
                }
            }
            Self::Categorical { choices } => {
                let texts: Vec<String> = choices.iter().map(ToString::to_string).collect();
                f.write_str(&texts.join(" | "))
            }
        }
    }
}

fn fault(parameter: &ParamName, problem: String) -> SpaceError {
    SpaceError { parameter: parameter.clone(), problem }
}

#[cfg(test)]
mod tests;

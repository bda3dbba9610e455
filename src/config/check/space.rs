//! The search space of a tuning, and values in it.

use std::collections::BTreeMap;

use super::Checker;
use crate::config::nearest;
use crate::config::schema::{Number, ParameterEntry, ParameterKind, Scalar};
use crate::config::source::Place;
use crate::domain::ids::ParamName;
use crate::domain::params::{Condition, Domain, Parameter, Params, Space, SpaceError, Value};

/// Words of `/tune` that set a limit and so cannot name a parameter.
pub(super) const LIMIT_WORDS: [&str; 7] = ["trials", "parallel", "timeout", "deadline", "seed", "sampler", "ref"];

impl Checker<'_> {
    /// `None` if something in it is wrong.
    pub(super) fn space(
        &mut self,
        place: &Place<'_>,
        entries: &BTreeMap<ParamName, ParameterEntry>,
        may_be_empty: bool,
    ) -> Option<Space> {
        if place.keys().is_empty() && !may_be_empty {
            let problem = place.problem("the search space has no parameter");
            self.problems.push(problem.hint("add one like `lr: {type: float, low: 1e-5, high: 1e-1, log: true}`"));
            return None;
        }
        let mut parameters = Vec::new();
        let mut whole = place.keys().len() == entries.len();
        for (name, entry) in entries {
            let place = place.key(name.as_str());
            if LIMIT_WORDS.contains(&name.as_str()) {
                let problem =
                    place.problem_on(true, format!("`{name}` is a word of /tune and cannot name a parameter"));
                self.problems.push(problem.hint(format!("call it model_{name}, say")));
            }
            let Some(domain) = self.domain(&place, entry) else {
                whole = false;
                continue;
            };
            let parameter = Parameter { name: name.clone(), domain, when: None };
            // By itself first: a fault elsewhere must not hide those of this one.
            for error in Space::new(vec![parameter.clone()]).err().into_iter().flatten() {
                self.problems.push(place.problem(error.problem));
                whole = false;
            }
            parameters.push(parameter);
        }
        for (name, entry) in entries {
            let place = place.key(name.as_str()).key("when");
            let when = self.condition(&place, name, entry, entries, &parameters);
            if let Some(parameter) = parameters.iter_mut().find(|parameter| parameter.name == *name) {
                parameter.when = when;
            }
        }
        if !whole {
            return None;
        }
        match Space::new(parameters) {
            Ok(space) => Some(space),
            Err(errors) => {
                for error in errors {
                    self.problems.push(place.key(error.parameter.as_str()).problem(error.problem));
                }
                None
            }
        }
    }

    fn domain(&mut self, place: &Place<'_>, entry: &ParameterEntry) -> Option<Domain> {
        let (allowed, what) = match entry.kind {
            ParameterKind::Float => (&["low", "high", "log", "step"][..], "a float"),
            ParameterKind::Int => (&["low", "high", "log", "step"][..], "an int"),
            ParameterKind::Categorical => (&["choices"][..], "a categorical parameter"),
            ParameterKind::Bool => (&[][..], "a bool"),
        };
        let mut fits = true;
        for field in ["low", "high", "log", "step", "choices"] {
            if place.key(field).is_there() && !allowed.contains(&field) {
                let message = format!("{what} has no `{field}`");
                self.problems.push(place.key(field).problem_on(true, message));
                fits = false;
            }
        }
        let domain = match entry.kind {
            ParameterKind::Float => self.float_domain(place, entry)?,
            ParameterKind::Int => self.int_domain(place, entry)?,
            ParameterKind::Categorical => Domain::Categorical { choices: self.choices(place, entry)? },
            ParameterKind::Bool => Domain::Categorical { choices: vec![Value::Bool(false), Value::Bool(true)] },
        };
        fits.then_some(domain)
    }

    fn float_domain(&mut self, place: &Place<'_>, entry: &ParameterEntry) -> Option<Domain> {
        let low = self.bound(place, "low", entry.low);
        let high = self.bound(place, "high", entry.high);
        let (low, high) = (low?.as_f64(), high?.as_f64());
        if low > high {
            self.swapped(place);
            return None;
        }
        Some(Domain::Float { low, high, log: entry.log.unwrap_or(false), step: entry.step.map(Number::as_f64) })
    }

    fn int_domain(&mut self, place: &Place<'_>, entry: &ParameterEntry) -> Option<Domain> {
        let low = self.bound(place, "low", entry.low).and_then(|low| self.whole_number(&place.key("low"), low));
        let high = self.bound(place, "high", entry.high).and_then(|high| self.whole_number(&place.key("high"), high));
        let step = match entry.step {
            Some(step) => self.whole_number(&place.key("step"), step),
            None => Some(1),
        };
        let (low, high, step) = (low?, high?, step?);
        if low > high {
            self.swapped(place);
            return None;
        }
        Some(Domain::Int { low, high, log: entry.log.unwrap_or(false), step })
    }

    fn bound(&mut self, place: &Place<'_>, field: &str, bound: Option<Number>) -> Option<Number> {
        if bound.is_none() && !place.key(field).is_there() {
            self.problems.push(place.key(field).problem(format!("`{field}` is missing")));
        }
        bound
    }

    fn whole_number(&mut self, place: &Place<'_>, number: Number) -> Option<i64> {
        let whole = number.as_i64();
        if whole.is_none() {
            let written = place.written().unwrap_or("this");
            self.problems.push(place.problem(format!("{written} is not a whole number")).hint("or say `type: float`"));
        }
        whole
    }

    fn swapped(&mut self, place: &Place<'_>) {
        let (low, high) = (place.key("low"), place.key("high"));
        let written = |place: &Place<'_>| place.written().unwrap_or_default().to_owned();
        let problem = low.problem(format!("{} is above high {}", written(&low), written(&high)));
        self.problems.push(problem.hint("swap the two"));
    }

    fn choices(&mut self, place: &Place<'_>, entry: &ParameterEntry) -> Option<Vec<Value>> {
        let place = place.key("choices");
        let Some(choices) = &entry.choices else {
            if !place.is_there() {
                let problem = place.problem("`choices` is missing");
                self.problems.push(problem.hint("add `choices: [a, b]`"));
            }
            return None;
        };
        Some(choices.iter().map(|Scalar(value)| value.clone()).collect())
    }

    fn condition(
        &mut self,
        place: &Place<'_>,
        own: &ParamName,
        entry: &ParameterEntry,
        entries: &BTreeMap<ParamName, ParameterEntry>,
        parameters: &[Parameter],
    ) -> Option<Condition> {
        let when = entry.when.as_ref()?;
        let mut conditions = when.iter();
        let (Some((name, values)), None) = (conditions.next(), conditions.next()) else {
            if place.keys().len() != 1 {
                let problem = place.problem("a condition names exactly one other parameter");
                self.problems.push(problem.hint("write `when: {optimizer: [sgd]}`"));
            }
            return None;
        };
        let at = place.key(name.as_str());
        let Some(parent) = entries.get(name) else {
            let known: Vec<&str> = entries.keys().filter(|n| *n != own).map(ParamName::as_str).collect();
            if !known.is_empty() {
                let problem = at.problem_on(true, format!("there is no parameter `{name}`"));
                self.problems.push(problem.hint(nearest::hint(name.as_str(), known)));
            }
            return None;
        };
        if !matches!(parent.kind, ParameterKind::Categorical | ParameterKind::Bool) {
            let problem = at.problem_on(true, format!("`{name}` is neither categorical nor bool"));
            self.problems.push(problem.hint("a condition is over choices"));
            return None;
        }
        // A parent with a fault of its own says nothing about its choices.
        let domain = &parameters.iter().find(|parameter| parameter.name == *name)?.domain;
        let strange = values.0.iter().find(|value| domain.check(value).is_err());
        if let Some(value) = strange {
            let problem = at.problem(format!("`{value}` is not a choice of `{name}`"));
            self.problems.push(problem.hint(format!("choices: {domain}")));
            return None;
        }
        Some(Condition { parameter: name.clone(), one_of: values.0.clone() })
    }

    /// Values for exactly the active parameters of `space`; whole numbers become floats where floats are asked for.
    pub(super) fn params(
        &mut self,
        place: &Place<'_>,
        space: &Space,
        values: &BTreeMap<ParamName, Scalar>,
    ) -> Option<Params> {
        let params = Self::fitted(space, values);
        match space.check(&params) {
            Ok(()) => Some(params),
            Err(errors) => {
                self.params_problems(place, space, &params, errors);
                None
            }
        }
    }

    /// The values, whole numbers and others as their parameters have them.
    pub(super) fn fitted(space: &Space, values: &BTreeMap<ParamName, Scalar>) -> Params {
        let fitted = values.iter().map(|(name, Scalar(value))| {
            let domain = space.get(name).map(|parameter| &parameter.domain);
            let value = match (domain, value) {
                (Some(Domain::Float { .. }), Value::Int(whole)) => Value::Float(*whole as f64),
                (Some(Domain::Int { .. }), Value::Float(number)) => {
                    Number::Float(*number).as_i64().map_or(Value::Float(*number), Value::Int)
                }
                _ => value.clone(),
            };
            (name.clone(), value)
        });
        fitted.collect()
    }

    /// Reports what is wrong with values at `place`.
    pub(super) fn params_problems(
        &mut self,
        place: &Place<'_>,
        space: &Space,
        params: &Params,
        errors: Vec<SpaceError>,
    ) {
        for error in errors {
            let at = place.key(error.parameter.as_str());
            let unknown = space.get(&error.parameter).is_none();
            // A value with a fault of its own is there, though it could not be read.
            if params.get(&error.parameter).is_none() && at.is_there() {
                continue;
            }
            let problem = at.problem_on(unknown, error.problem);
            let known = space.parameters().iter().map(|parameter| parameter.name.as_str());
            let hint = unknown.then(|| nearest::hint(error.parameter.as_str(), known));
            self.problems.push(crate::config::Problem { hint, ..problem });
        }
    }
}

//! The search space as a client writes it, and parameter sets in the client's words.
//!
//! The search knows a choice by its place in the list, as an integer: so a client gets back exactly what it wrote, be it
//! 1, 1.0, true, "1" or a number of forty digits. Names of parameters may be any text; one that the rest of the program would
//! not take has another name inside.

mod parse;

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::json;
use serde_json::value::RawValue;

use crate::domain::ids::ParamName;
use crate::domain::params::{Domain, Parameter, Params, Space, SpaceError, Value};

use super::request::{excerpt, object};
use super::scalar::Scalar;

/// A search space with the names and the choices that the client gave it.
#[derive(Debug, Clone)]
pub(super) struct Vocabulary {
    space: Space,
    /// `n_params`, in the order of the space.
    terms: Vec<Term>,
    places: BTreeMap<String, usize>,
}

#[derive(Debug, Clone)]
struct Term {
    name: String,
    /// The name as a JSON string.
    quoted: String,
    /// Empty for a number.
    choices: Vec<Choice>,
}

#[derive(Debug, Clone)]
struct Choice {
    given: Box<RawValue>,
    value: Scalar,
}

/// The entries of a JSON object in the order in which they are written, also those whose key comes again.
pub(super) struct Entries<'a>(pub Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collector;
        impl<'de> Visitor<'de> for Collector {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Collector)
    }
}

impl Vocabulary {
    /// Reads a search space.
    ///
    /// # Errors
    /// Every fault of every parameter, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::vocabulary(text)
    }

    pub fn space(&self) -> &Space {
        &self.space
    }

    /// Every parameter with all of its fields as JSON, by name: equal for equal spaces.
    pub fn declarations(&self) -> BTreeMap<&str, String> {
        let parameters = self.terms.iter().zip(self.space.parameters());
        parameters.map(|(term, parameter)| (term.name.as_str(), self.declaration(term, parameter))).collect()
    }

    fn declaration(&self, term: &Term, parameter: &Parameter) -> String {
        let mut text = match &parameter.domain {
            Domain::Float { low, high, log, step } => {
                json!({"type": "float", "low": low, "high": high, "log": log, "step": step}).to_string()
            }
            Domain::Int { low, high, log, step } => {
                json!({"type": "int", "low": low, "high": high, "log": log, "step": step}).to_string()
            }
            Domain::Categorical { .. } => {
                let choices: Vec<String> = term.choices.iter().map(|choice| choice.value.to_string()).collect();
                format!(r#"{{"type":"categorical","choices":[{}]}}"#, choices.join(","))
            }
        };
        if let Some(condition) = &parameter.when
            && let Some(parent) = self.space.index_of(&condition.parameter).map(|place| &self.terms[place])
        {
            let values = condition.one_of.iter().filter_map(|value| match value {
                Value::Int(place) => parent.choices.get(usize::try_from(*place).ok()?),
                _ => None,
            });
            let values: Vec<String> = values.map(|choice| choice.value.to_string()).collect();
            text.pop();
            let _ = write!(text, r#","when":{{"param":{},"in":[{}]}}}}"#, parent.quoted, values.join(","));
        }
        text
    }

    /// A parameter set as the JSON object that the client gets.
    pub fn write(&self, params: &Params) -> String {
        let mut text = String::from("{");
        for (term, parameter) in self.terms.iter().zip(self.space.parameters()) {
            let Some(value) = params.get(&parameter.name) else { continue };
            let separator = if text.len() > 1 { "," } else { "" };
            // Writing to a String cannot fail.
            let _ = write!(text, "{separator}{}:", term.quoted);
            let _ = match value {
                Value::Int(place) if !term.choices.is_empty() => {
                    let choice = usize::try_from(*place).ok().and_then(|place| term.choices.get(place));
                    text.write_str(choice.map_or("null", |choice| choice.given.get()))
                }
                Value::Float(number) => write!(text, "{}", serde_json::Value::from(*number)),
                other => write!(text, "{other}"),
            };
        }
        text.push('}');
        text
    }

    /// Reads a parameter set of a client.
    ///
    /// # Errors
    /// Every parameter that is unknown, missing, superfluous or out of its range, in words.
    pub fn read(&self, text: &str) -> Result<Params, String> {
        let Entries(entries) = object(text).map_err(|problem| format!("the parameters cannot be read: {problem}"))?;
        let (mut params, mut faults) = (Params::default(), Vec::new());
        for (name, raw) in entries {
            let Some(&place) = self.places.get(&name) else {
                faults.push(format!("{name}: is not a parameter of this space"));
                continue;
            };
            let parameter = &self.space.parameters()[place];
            match self.terms[place].value(&parameter.domain, raw) {
                Err(problem) => faults.push(format!("{name}: {problem}")),
                Ok(value) => {
                    if params.0.insert(parameter.name.clone(), value).is_some() {
                        faults.push(format!("{name}: is there twice"));
                    }
                }
            }
        }
        if faults.is_empty() {
            let check = self.space.check(&params);
            faults.extend(check.err().into_iter().flatten().map(|error| self.describe(&error)));
        }
        if faults.is_empty() { Ok(params) } else { Err(sentence(&faults)) }
    }

    /// A fault of the space in the client's names.
    fn describe(&self, error: &SpaceError) -> String {
        let place = self.space.index_of(&error.parameter);
        let name = place.map_or(error.parameter.as_str(), |place| &self.terms[place].name);
        format!("{name}: {}", error.problem)
    }
}

impl Term {
    /// # Errors
    /// Why it cannot be a value of this parameter.
    fn value(&self, domain: &Domain, raw: &RawValue) -> Result<Value, String> {
        let scalar = Scalar::read(raw)?;
        let value = match domain {
            Domain::Float { .. } => scalar.number().map(Value::Float),
            Domain::Int { .. } => scalar.integer().and_then(|value| i64::try_from(value).ok()).map(Value::Int),
            Domain::Categorical { .. } => {
                let place = Scalar::find(&scalar, self.choices.iter().map(|choice| &choice.value));
                place.map(|place| Value::Int(place as i64))
            }
        };
        value.ok_or_else(|| format!("{} is not in {}", excerpt(raw.get()), self.range(domain)))
    }

    fn range(&self, domain: &Domain) -> String {
        match domain {
            Domain::Categorical { .. } => {
                let choices: Vec<&str> = self.choices.iter().map(|choice| choice.given.get()).collect();
                excerpt(&choices.join(" | "))
            }
            other => other.to_string(),
        }
    }
}

/// Faults one after the other; of very many, the first.
fn sentence(faults: &[String]) -> String {
    const MOST: usize = 10;
    let mut text = faults[..faults.len().min(MOST)].join("; ");
    if faults.len() > MOST {
        let _ = write!(text, "; and {} more", faults.len() - MOST);
    }
    text
}

/// What the program calls the parameters `names`, sorted and without repeats, inside: by the same name where it can.
fn inner_names(names: &[&str]) -> Vec<ParamName> {
    let mut spare = (0..).map(|k| format!("unusual.{k}")).filter(|name| !names.contains(&name.as_str()));
    let inner = |name: &&str| name.parse().ok().or_else(|| spare.next()?.parse().ok());
    names.iter().filter_map(inner).collect()
}

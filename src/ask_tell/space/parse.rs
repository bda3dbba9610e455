//! From the JSON of a search space to the checked space.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::ids::ParamName;
use crate::domain::params::{Condition, Domain, Parameter, Space, Value};

use super::super::request::{Field, excerpt, object};
use super::super::scalar::Scalar;
use super::{Choice, Entries, Term, Vocabulary, inner_names, sentence};

/// Parameters beyond which a space is refused: checking and laying out a space grows with their square.
const MOST_PARAMETERS: usize = 10_000;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields<'a> {
    #[serde(borrow, rename = "type")]
    kind: Field<'a>,
    low: Field<'a>,
    high: Field<'a>,
    log: Field<'a>,
    step: Field<'a>,
    choices: Field<'a>,
    when: Field<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct When<'a> {
    #[serde(borrow)]
    param: Field<'a>,
    #[serde(rename = "in")]
    values: Field<'a>,
}

/// A parameter before its condition is looked up.
struct Draft {
    name: String,
    domain: Domain,
    choices: Vec<Choice>,
    when: Option<(String, Vec<Choice>)>,
}

pub(super) fn vocabulary(text: &str) -> Result<Vocabulary, String> {
    let Entries(mut entries) = object(text).map_err(|problem| format!("the space cannot be read: {problem}"))?;
    if entries.len() > MOST_PARAMETERS {
        return Err(format!("the space has {} parameters, and may have {MOST_PARAMETERS}", entries.len()));
    }
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    let (mut drafts, mut faults) = (Vec::new(), Vec::new());
    for pair in entries.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        faults.push(format!("{}: is there twice", pair[0].0));
    }
    for (name, raw) in entries {
        match draft(&name, raw) {
            Ok(draft) => drafts.push(draft),
            Err(problem) => faults.push(format!("{name}: {problem}")),
        }
    }
    if faults.is_empty() { assemble(drafts) } else { Err(sentence(&faults)) }
}

fn draft(name: &str, raw: &RawValue) -> Result<Draft, String> {
    let fields: Fields = object(raw.get())?;
    let mut choices = Vec::new();
    let kind: Option<&str> = fields.kind.given().and_then(|raw| serde_json::from_str(raw.get()).ok());
    let domain = match kind {
        Some("float") => Domain::Float {
            low: number("low", fields.low)?,
            high: number("high", fields.high)?,
            log: flag("log", fields.log)?,
            step: fields.step.given().map(|_| number("step", fields.step)).transpose()?,
        },
        Some("int") => Domain::Int {
            low: integer("low", fields.low)?,
            high: integer("high", fields.high)?,
            log: flag("log", fields.log)?,
            step: fields.step.given().map_or(Ok(1), |_| integer("step", fields.step))?,
        },
        Some("categorical") => {
            choices = scalars("choices", fields.choices)?;
            Domain::Categorical { choices: (0..choices.len()).map(|place| Value::Int(place as i64)).collect() }
        }
        _ => return Err(wrong("type", fields.kind, r#""float", "int" or "categorical""#)),
    };
    distinct(&choices)?;
    let when = fields.when.given().map(condition).transpose()?;
    Ok(Draft { name: name.to_owned(), domain, choices, when })
}

fn condition(raw: &RawValue) -> Result<(String, Vec<Choice>), String> {
    let when: When = object(raw.get()).map_err(|problem| format!("its `when` cannot be read: {problem}"))?;
    let param = when.param.given().and_then(|raw| serde_json::from_str(raw.get()).ok());
    let param = param.ok_or_else(|| wrong("when.param", when.param, "the name of a categorical parameter"))?;
    Ok((param, scalars("when.in", when.values)?))
}

fn number(name: &str, field: Field) -> Result<f64, String> {
    let number = field.given().and_then(|raw| Scalar::read(raw).ok()?.number());
    number.ok_or_else(|| wrong(name, field, "a finite number"))
}

fn integer(name: &str, field: Field) -> Result<i64, String> {
    let scalar = field.given().and_then(|raw| Scalar::read(raw).ok());
    let integer = scalar.and_then(|scalar| i64::try_from(scalar.integer()?).ok());
    integer.ok_or_else(|| wrong(name, field, "a whole number of at most 64 bits"))
}

fn flag(name: &str, field: Field) -> Result<bool, String> {
    let read = |raw: &RawValue| serde_json::from_str(raw.get()).map_err(|_| wrong(name, field, "true or false"));
    field.given().map_or(Ok(false), read)
}

fn scalars(name: &str, field: Field) -> Result<Vec<Choice>, String> {
    let list: Option<Vec<&RawValue>> = field.given().and_then(|raw| serde_json::from_str(raw.get()).ok());
    let list = list.ok_or_else(|| wrong(name, field, "a list of texts, numbers, booleans or nulls"))?;
    let choice = |raw: &RawValue| {
        let value = Scalar::read(raw).map_err(|problem| format!("{} in `{name}` {problem}", excerpt(raw.get())))?;
        Ok(Choice { given: raw.to_owned(), value })
    };
    list.into_iter().map(choice).collect()
}

/// The parameters of a category are known by their place, so that they are told apart here.
fn distinct(choices: &[Choice]) -> Result<(), String> {
    // 1.0 and 1.00 are one value; what else is the same is written in the same way.
    let mut seen = BTreeSet::new();
    match choices.iter().find(|choice| !seen.insert(choice.value.to_string())) {
        Some(choice) => Err(format!("the choice {} is there twice", excerpt(choice.given.get()))),
        None => Ok(()),
    }
}

fn wrong(name: &str, field: Field, expected: &str) -> String {
    match field.written() {
        None => format!("`{name}` is missing: it must be {expected}"),
        Some(raw) => format!("`{name}` must be {expected}, not {}", excerpt(raw.get())),
    }
}

fn assemble(drafts: Vec<Draft>) -> Result<Vocabulary, String> {
    let names: Vec<&str> = drafts.iter().map(|draft| draft.name.as_str()).collect();
    let inner: BTreeMap<&str, ParamName> = names.iter().copied().zip(inner_names(&names)).collect();
    let by_name: BTreeMap<&str, &Draft> = names.iter().copied().zip(&drafts).collect();
    let (mut parameters, mut faults) = (Vec::new(), Vec::new());
    for draft in &drafts {
        let Some(name) = inner.get(draft.name.as_str()).cloned() else { continue };
        let when = draft.when.as_ref().map(|(parent, values)| look_up(parent, values, &by_name, &inner)).transpose();
        match when {
            Ok(when) => parameters.push(Parameter { name, domain: draft.domain.clone(), when }),
            Err(problem) => faults.push(format!("{}: {problem}", draft.name)),
        }
    }
    if !faults.is_empty() {
        return Err(sentence(&faults));
    }
    let outer: BTreeMap<&ParamName, &str> = inner.iter().map(|(name, inner)| (inner, *name)).collect();
    let space = Space::new(parameters).map_err(|errors| {
        let name = |parameter: &ParamName| outer.get(parameter).copied().unwrap_or_default();
        let faults = errors.iter().map(|error| format!("{}: {}", name(&error.parameter), error.problem));
        sentence(&faults.collect::<Vec<_>>())
    })?;
    let terms: Vec<Term> = space
        .parameters()
        .iter()
        .filter_map(|p| outer.get(&p.name))
        .filter_map(|name| by_name.get(name))
        .map(|draft| term(draft))
        .collect();
    let places = terms.iter().enumerate().map(|(place, term)| (term.name.clone(), place)).collect();
    Ok(Vocabulary { space, terms, places })
}

fn term(draft: &Draft) -> Term {
    let quoted = serde_json::Value::from(draft.name.as_str()).to_string();
    Term { name: draft.name.clone(), quoted, choices: draft.choices.clone() }
}

/// The condition in the search's words.
fn look_up(
    parent: &str,
    values: &[Choice],
    by_name: &BTreeMap<&str, &Draft>,
    inner: &BTreeMap<&str, ParamName>,
) -> Result<Condition, String> {
    let (Some(draft), Some(name)) = (by_name.get(parent), inner.get(parent)) else {
        return Err(format!("its condition names {parent}, which is not a parameter"));
    };
    if !matches!(draft.domain, Domain::Categorical { .. }) {
        return Err(format!("its condition names {parent}, which is not categorical"));
    }
    let place = |value: &Choice| {
        let place = Scalar::find(&value.value, draft.choices.iter().map(|choice| &choice.value));
        let place = place.map(|place| Value::Int(place as i64));
        place.ok_or_else(|| {
            let choices: Vec<&str> = draft.choices.iter().map(|choice| choice.given.get()).collect();
            format!(
                "its condition asks {parent} for {}, which is not one of {}",
                excerpt(value.given.get()),
                excerpt(&choices.join(" | "))
            )
        })
    };
    Ok(Condition { parameter: name.clone(), one_of: values.iter().map(place).collect::<Result<_, _>>()? })
}

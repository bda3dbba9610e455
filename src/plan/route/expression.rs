//! CEL expressions over `event`.
//!
//! `event` is the event as [`EventKind`] is written in JSON: `event.type`, `event.repository`, `event.sender`,
//! `event.labels`, … A push has `event.branch` or `event.tag` besides.

use cel::{Context, Program, Value};

use crate::domain::event::{EventKind, GitReference};

/// Does the expression hold for the event?
///
/// # Errors
/// It cannot be read or evaluated, or gives something else than true or false; in words.
pub(super) fn holds(source: &str, event: &EventKind) -> Result<bool, String> {
    let program = Program::compile(source).map_err(|error| format!("its expression cannot be read: {error}"))?;
    let mut context = Context::default();
    context.add_variable_from_value("event", event_value(event));
    match program.execute(&context) {
        Ok(Value::Bool(holds)) => Ok(holds),
        Ok(other) => Err(format!("its expression gives a {}, not true or false", other.type_of())),
        Err(error) => Err(format!("its expression cannot be evaluated: {error}")),
    }
}

fn event_value(event: &EventKind) -> Value {
    let mut json = serde_json::to_value(event).unwrap_or_default();
    if let (EventKind::Push(push), Some(fields)) = (event, json.as_object_mut()) {
        let (key, name) = match &push.reference {
            GitReference::Branch(name) => ("branch", name),
            GitReference::Tag(name) => ("tag", name),
        };
        fields.insert(key.to_owned(), name.clone().into());
    }
    value(json)
}

/// As CEL has it. Whole numbers are its signed integers, which its literals are too.
fn value(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => truth.into(),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap_or(f64::NAN).into(),
        },
        serde_json::Value::String(text) => text.into(),
        serde_json::Value::Array(items) => items.into_iter().map(value).collect::<Vec<Value>>().into(),
        serde_json::Value::Object(fields) => fields
            .into_iter()
            .map(|(key, field)| (key, value(field)))
            .collect::<std::collections::HashMap<_, _>>()
            .into(),
    }
}

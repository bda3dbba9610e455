//! The arguments of a call: from the query, a form or a JSON body, as Slack takes them.

use axum::http::header::CONTENT_TYPE;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::api::Call;

pub struct Arguments(Map<String, Value>);

impl Arguments {
    /// # Errors
    /// Slack's word for what is wrong with the body.
    pub fn read(call: &Call<'_>) -> Result<Self, &'static str> {
        let mut values = Map::new();
        let mut take = |encoded: &[u8]| {
            for (name, value) in form_urlencoded::parse(encoded) {
                values.insert(name.into_owned(), Value::String(value.into_owned()));
            }
        };
        take(call.uri.query().unwrap_or_default().as_bytes());
        if call.body.is_empty() {
            return Ok(Self(values));
        }
        let content_type = call.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match content_type.split(';').next().unwrap_or_default().trim() {
            "application/x-www-form-urlencoded" => take(call.body),
            "application/json" => match serde_json::from_slice(call.body) {
                Ok(Value::Object(object)) => values.extend(object),
                Ok(_) => return Err("json_not_object"),
                Err(_) => return Err("invalid_json"),
            },
            _ => return Err("invalid_post_type"),
        }
        Ok(Self(values))
    }

    /// All of them, what is written as JSON in a string read.
    pub fn all(&self) -> Value {
        let read = |(name, value): (&String, &Value)| {
            let inside = value.as_str().filter(|text| text.starts_with(['[', '{']));
            let value = inside.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| value.clone());
            (name.clone(), value)
        };
        Value::Object(self.0.iter().filter(|(name, _)| *name != "token").map(read).collect())
    }

    /// A text that is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    pub fn flag(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => matches!(text.as_str(), "true" | "1"),
            _ => false,
        }
    }

    pub fn number(&self, name: &str) -> Option<usize> {
        match self.0.get(name)? {
            Value::String(text) => text.parse().ok(),
            value => usize::try_from(value.as_u64()?).ok(),
        }
    }

    /// A value with a shape of its own: in a form, and allowed in JSON too, it is a string that holds JSON.
    ///
    /// # Errors
    /// The string holds something else.
    pub fn structure(&self, name: &str) -> Result<Option<Value>, serde_json::Error> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some),
            Some(value) => Ok(Some(value.clone())),
        }
    }
}

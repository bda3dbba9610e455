//! The JSON Schema of values that are written as text, and of short forms.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::text::{ByteSize, Duration, Number, Percent, Scalar, Scalars, SecretReference, Words};

/// Adds `name` as a short form of `{name: {}}`, which the reader of files takes as well.
pub(in crate::config) fn bare_names_too(schema: &mut Schema) {
    let Some(serde_json::Value::Array(forms)) = schema.get_mut("oneOf") else { return };
    let mut names = Vec::new();
    for form in forms.iter() {
        let Some(properties) = form.get("properties").and_then(serde_json::Value::as_object) else { continue };
        names.extend(properties.keys().cloned());
    }
    if !names.is_empty() {
        forms.push(serde_json::json!({ "type": "string", "enum": names, "description": "With everything as it is by default." }));
    }
}

macro_rules! json_schemas {
    ($($type:ident => $schema:tt),+ $(,)?) => {
        $(impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        })+
    };
}

json_schemas! {
    Duration => {
        "type": "string",
        "description": "A length of time.",
        "examples": ["90s", "15m", "2h 30m", "7d"]
    },
    ByteSize => {
        "description": "A number of bytes, or a size with its unit.",
        "anyOf": [
            { "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": "^[0-9]+ *(B|kB|KB|MB|GB|KiB|MiB|GiB)?$" }
        ]
    },
    Percent => {
        "description": "A percentage.",
        "anyOf": [
            { "const": 0 },
            { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? *%$" }
        ]
    },
    Number => { "type": "number" },
    Scalar => { "type": ["string", "number", "boolean", "null"] },
    Scalars => {
        "type": ["string", "number", "boolean", "array"],
        "items": { "type": ["string", "number", "boolean", "null"] }
    },
    Words => {
        "description": "Overrides, as after `/tune`.",
        "anyOf": [
            { "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } },
            { "type": "array", "items": { "type": "string", "pattern": "^[^=]+=" } }
        ]
    },
    SecretReference => {
        "description": "Where a secret is kept.",
        "oneOf": [
            {
                "type": "object",
                "properties": { "env": { "type": "string", "description": "The environment variable that holds it." } },
                "required": ["env"],
                "additionalProperties": false
            },
            {
                "type": "object",
                "properties": { "file": { "type": "string", "description": "The file that holds it; a newline at its end does not count." } },
                "required": ["file"],
                "additionalProperties": false
            }
        ]
    },
}

//! The rules of secrets.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::resources::Resource;
use super::status::{FieldFault, Refusal};

/// Bytes of all values of one secret.
const DATA_LIMIT: usize = 1024 * 1024;
const KEY_LIMIT: usize = 253;

/// Takes `stringData` into `data`, gives the type, and says what is wrong.
///
/// # Errors
/// 400: a value is not base64.
pub fn complete(resource: &Resource, object: &mut Value, old: Option<&Value>) -> Result<Vec<FieldFault>, Refusal> {
    let strings = object.as_object_mut().and_then(|fields| fields.remove("stringData"));
    for (key, value) in strings.as_ref().and_then(Value::as_object).unwrap_or(&Map::new()) {
        let text = value.as_str().ok_or_else(|| unreadable(resource, "json: cannot unmarshal into type string"))?;
        object["data"][key] = STANDARD.encode(text).into();
    }
    if object["type"].is_null() {
        object["type"] = "Opaque".into();
    }
    let mut faults = Vec::new();
    let mut size = 0;
    for (key, value) in object["data"].as_object().unwrap_or(&Map::new()) {
        let text = value.as_str().ok_or_else(|| unreadable(resource, "json: cannot unmarshal into type []uint8"))?;
        let bytes = STANDARD.decode(text);
        size += bytes.map_err(|_| unreadable(resource, "illegal base64 data at input byte 0"))?.len();
        faults.extend(fault_of_key(key).map(|why| FieldFault::invalid(&format!("data[{key}]"), &json!(key), &why)));
    }
    if size > DATA_LIMIT {
        faults.push(FieldFault::too_long("data", DATA_LIMIT));
    }
    if let Some(old) = old {
        if old["type"] != object["type"] {
            faults.push(FieldFault::invalid("type", &object["type"], "field is immutable"));
        }
        if old["immutable"] == true && old["data"] != object["data"] {
            faults.push(FieldFault::forbidden("data", "field is immutable when `immutable` is set"));
        }
    }
    Ok(faults)
}

fn fault_of_key(key: &str) -> Option<String> {
    if key.len() > KEY_LIMIT {
        return Some(format!("must be no more than {KEY_LIMIT} characters"));
    }
    let is_right = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let why = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or \
               'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
    (!is_right).then(|| why.to_owned())
}

fn unreadable(resource: &Resource, why: &str) -> Refusal {
    Refusal::bad_request(format!("Secret in version {:?} cannot be handled as a Secret: {why}", resource.version))
}

//! The rules for a message's metadata: `{event_type, event_payload}`.

use serde_json::Value;

/// # Errors
/// Slack's word for what is wrong.
pub fn check(metadata: &Value) -> Result<(), &'static str> {
    let object = metadata.as_object().ok_or("invalid_metadata_format")?;
    if object.is_empty() {
        return Ok(()); // An empty object removes the metadata.
    }
    let event_type = object.get("event_type").and_then(Value::as_str).ok_or("invalid_metadata_format")?;
    let is_name = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if event_type.is_empty() || event_type.len() > 255 || !is_name(event_type) {
        return Err("invalid_metadata_format");
    }
    let payload = object.get("event_payload").and_then(Value::as_object).ok_or("invalid_metadata_format")?;
    if payload.values().any(Value::is_null) {
        return Err("invalid_metadata_schema");
    }
    // The documentation gives no figure; about 8 KB is what the service takes.
    if metadata.to_string().len() > 8_000 { Err("metadata_too_large") } else { Ok(()) }
}

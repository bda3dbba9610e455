//! Webhook deliveries of GitHub.

mod payload;

use jiff::Timestamp;
use secrecy::SecretString;

use super::{Refusal, signature};
use crate::domain::event::{Event, EventKey, EventKind, Source};

/// What GitHub says about a delivery in its headers.
#[derive(Debug, Clone, Copy)]
pub struct Headers<'a> {
    /// `X-GitHub-Event`.
    pub event: &'a str,
    /// `X-GitHub-Delivery`; a redelivery has the same.
    pub delivery: &'a str,
}

/// Checks `X-Hub-Signature-256` over the raw body against every configured secret.
///
/// # Errors
/// [`Refusal::Unsigned`] without the header (the older SHA-1 header does not count), [`Refusal::WrongSignature`]
/// otherwise.
pub fn verify(secrets: &[SecretString], signature_256: Option<&str>, body: &[u8]) -> Result<(), Refusal> {
    let Some(header) = signature_256 else {
        return Err(Refusal::Unsigned(
            "The header X-Hub-Signature-256 is missing. Set a secret in the webhook's settings on GitHub, the same as in \
             github.webhook_secrets; a SHA-1 signature alone is not accepted."
                .to_owned(),
        ));
    };
    let signed = header.strip_prefix("sha256=").is_some_and(|code| signature::is_signed_by_any(secrets, &[body], code));
    if signed {
        return Ok(());
    }
    Err(Refusal::WrongSignature(
        "X-Hub-Signature-256 does not match the body under any of github.webhook_secrets. Check that the webhook's secret \
         on GitHub is one of them, and that no proxy changes the body."
            .to_owned(),
    ))
}

/// The header `X-Hub-Signature-256` that GitHub puts on `body`.
pub fn sign(secret: &str, body: &[u8]) -> String {
    format!("sha256={}", signature::sign(secret, &[body]))
}

/// Reads a verified delivery.
///
/// # Errors
/// [`Refusal::Malformed`] when the body is not JSON or a header is not usable. JSON of an unexpected shape is not an
/// error but an event that is not for us.
pub fn parse(headers: Headers<'_>, body: &[u8], now: Timestamp) -> Result<Event, Refusal> {
    let plain = |text: &str| (1..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    for (name, value) in [("X-GitHub-Event", headers.event), ("X-GitHub-Delivery", headers.delivery)] {
        if !plain(value) {
            return Err(Refusal::Malformed(format!("The header {name} must be there, 1 to 200 plain characters.")));
        }
    }
    let kind = parse_kind(headers.event, body)?;
    let key = EventKey { source: Source::Github, delivery: headers.delivery.to_owned() };
    Ok(Event { key, received_at: now, kind })
}

/// Reads the body of an event called `event`, sent as JSON or as a form with the JSON in `payload`: GitHub offers both.
///
/// # Errors
/// [`Refusal::Malformed`] when it is not JSON.
pub(super) fn parse_kind(event: &str, body: &[u8]) -> Result<EventKind, Refusal> {
    if body.starts_with(b"payload=") {
        let form = url::form_urlencoded::parse(body).find(|(name, _)| name == "payload");
        let json = form.map(|(_, value)| value.into_owned()).unwrap_or_default();
        return payload::parse(event, json.as_bytes());
    }
    payload::parse(event, body)
}

/// Guesses the event's name from the shape of its payload: a file does not carry the header.
pub(super) fn guess_event(payload: &serde_json::Value) -> Option<&'static str> {
    let has = |name: &str| payload.get(name).is_some_and(|value| !value.is_null());
    if has("zen") && has("hook") {
        Some("ping")
    } else if has("comment") && has("issue") {
        Some("issue_comment")
    } else if has("check_run") {
        Some("check_run")
    } else if has("check_suite") {
        Some("check_suite")
    } else if has("pull_request") && has("number") {
        Some("pull_request")
    } else if has("ref") && has("after") && payload.get("commits").is_some() {
        Some("push")
    } else {
        None
    }
}

#[cfg(test)]
mod tests;

//! Requests of Slack: slash commands, interactions and events. All are signed in the same way.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Refusal, signature};
use crate::domain::event::{Event, EventKey, EventKind, Given, SlashCommand, Source};

/// A request that was signed longer ago than this, or further in the future, is refused.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// `X-Slack-Request-Timestamp` and `X-Slack-Signature`.
#[derive(Debug, Clone, Copy)]
pub struct Headers<'a> {
    pub timestamp: Option<&'a str>,
    pub signature: Option<&'a str>,
}

/// What a request to the events endpoint is.
#[derive(Debug, Clone, PartialEq)]
pub enum EventsRequest {
    /// Slack checks that the address is ours: it wants this text back, and nothing is stored.
    Challenge(String),
    Event(Box<Event>),
}

/// Checks the signature over `v0:<timestamp>:<body>` against every configured secret, and the age of the request.
///
/// # Errors
/// [`Refusal::Unsigned`], [`Refusal::WrongSignature`] or [`Refusal::Stale`].
pub fn verify(secrets: &[SecretString], headers: Headers<'_>, body: &[u8], now: Timestamp) -> Result<(), Refusal> {
    let (Some(timestamp), Some(given)) = (headers.timestamp, headers.signature) else {
        return Err(Refusal::Unsigned(
            "The headers X-Slack-Request-Timestamp and X-Slack-Signature are missing: only Slack may call this address."
                .to_owned(),
        ));
    };
    let parts: [&[u8]; 4] = [b"v0:", timestamp.as_bytes(), b":", body];
    let signed = given.strip_prefix("v0=").is_some_and(|code| signature::is_signed_by_any(secrets, &parts, code));
    if !signed {
        return Err(Refusal::WrongSignature(
            "X-Slack-Signature does not match the request under any of slack.signing_secrets. Copy the signing secret from \
             the app's Basic Information page."
                .to_owned(),
        ));
    }
    let sent = timestamp.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    match sent {
        Some(sent) if now.duration_since(sent).abs() <= WINDOW => Ok(()),
        _ => Err(Refusal::Stale(
            "The request was signed more than 5 minutes from now. If Slack sent it just now, the clock of this machine is \
             wrong."
                .to_owned(),
        )),
    }
}

/// Slack checks the certificate of a command's address now and then; such a call starts nothing and wants a 200.
pub fn is_ssl_check(body: &[u8]) -> bool {
    field(body, "ssl_check").is_some_and(|value| value == "1")
}

/// Reads a verified slash command. Without a user or a channel it is an event that is not for us.
///
/// # Errors
/// [`Refusal::Malformed`] when the body is not a form in UTF-8.
pub fn parse_command(body: &[u8], now: Timestamp) -> Result<Event, Refusal> {
    if std::str::from_utf8(body).is_err() || !body.contains(&b'=') {
        return Err(Refusal::Malformed(
            "The body is not a form: Slack sends slash commands as application/x-www-form-urlencoded.".to_owned(),
        ));
    }
    let text = |name: &str| field(body, name).unwrap_or_default().into_owned();
    let missing = ["team_id", "channel_id", "user_id"].into_iter().find(|name| text(name).is_empty());
    let kind = match missing {
        Some(name) => EventKind::NotForUs { what: format!("slash command without {name}") },
        None => EventKind::SlashCommand(SlashCommand {
            team: text("team_id"),
            channel: text("channel_id"),
            user: text("user_id"),
            user_name: text("user_name"),
            text: text("text").trim().to_owned(),
            thread: None,
            given: Given::Slash,
        }),
    };
    Ok(event(text("trigger_id"), body, kind, now))
}

/// Reads a verified interaction: a form whose `payload` is JSON.
///
/// # Errors
/// [`Refusal::Malformed`] when there is no such field, or it is not JSON.
pub fn parse_interaction(body: &[u8], now: Timestamp) -> Result<Event, Refusal> {
    #[derive(Deserialize)]
    struct Interaction {
        #[serde(rename = "type")]
        kind: Option<String>,
        trigger_id: Option<String>,
    }
    let Some(payload) = field(body, "payload") else {
        return Err(Refusal::Malformed("The form has no field `payload`.".to_owned()));
    };
    let (kind, delivery) = match serde_json::from_str::<Interaction>(&payload) {
        Ok(interaction) => (interaction.kind.unwrap_or_default(), interaction.trigger_id.unwrap_or_default()),
        Err(error) => (other_shape(payload.as_bytes(), &error)?, String::new()),
    };
    let what = format!("Slack interaction {kind}").trim_end().to_owned();
    Ok(event(delivery, body, EventKind::NotForUs { what }, now))
}

/// Reads a verified request to the events endpoint.
///
/// # Errors
/// [`Refusal::Malformed`] when the body is not JSON.
pub fn parse_events_request(body: &[u8], now: Timestamp) -> Result<EventsRequest, Refusal> {
    #[derive(Deserialize)]
    struct Envelope {
        #[serde(rename = "type")]
        kind: Option<String>,
        challenge: Option<String>,
        event_id: Option<String>,
        event: Option<Inner>,
    }
    #[derive(Deserialize)]
    struct Inner {
        #[serde(rename = "type")]
        kind: Option<String>,
    }
    let envelope = match serde_json::from_slice::<Envelope>(body) {
        Ok(envelope) => envelope,
        Err(error) => {
            let what = format!("Slack event {}", other_shape(body, &error)?);
            return Ok(EventsRequest::Event(Box::new(event(String::new(), body, EventKind::NotForUs { what }, now))));
        }
    };
    let kind = envelope.kind.unwrap_or_default();
    if let ("url_verification", Some(challenge)) = (kind.as_str(), envelope.challenge) {
        return Ok(EventsRequest::Challenge(challenge));
    }
    let inner = envelope.event.and_then(|inner| inner.kind).unwrap_or(kind);
    let what = format!("Slack event {inner}").trim_end().to_owned();
    let event = event(envelope.event_id.unwrap_or_default(), body, EventKind::NotForUs { what }, now);
    Ok(EventsRequest::Event(Box::new(event)))
}

/// Slack repeats a request with the same id; one without an id is known by its content.
fn event(delivery: String, body: &[u8], kind: EventKind, now: Timestamp) -> Event {
    let delivery = match delivery.len() {
        1..=200 => delivery,
        _ => format!("sha256:{}", signature::fingerprint(&[body])),
    };
    Event { key: EventKey { source: Source::Slack, delivery }, received_at: now, kind }
}

fn other_shape(json: &[u8], error: &serde_json::Error) -> Result<String, Refusal> {
    match serde_json::from_slice::<IgnoredAny>(json) {
        Ok(_) => Ok(format!("of an unexpected shape: {error}")),
        Err(syntax) => Err(Refusal::Malformed(format!(
            "The body is not JSON: {syntax}. Was it cut off on its way? Send it again whole."
        ))),
    }
}

fn field<'a>(form: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    url::form_urlencoded::parse(form).find(|(field, _)| field == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests;

//! What Slack sends: slash commands, interactions and events. By HTTP all are signed in the same way; by Socket Mode they
//! come over a connection that is ours. What they say is read here, the same for both.

mod command;
mod interaction;
mod message;

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::de::IgnoredAny;

use super::{Refusal, signature};
use crate::domain::event::{Event, EventKey, EventKind, Source};

pub use command::{Call, parse_command, read_command};
pub use interaction::{Choice, Interaction, Opening, Submission, parse_interaction, read_interaction};
pub use message::{EventsRequest, parse_events_request};

/// A request that was signed longer ago than this, or further in the future, is refused.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// `X-Slack-Request-Timestamp` and `X-Slack-Signature`.
#[derive(Debug, Clone, Copy)]
pub struct Headers<'a> {
    pub timestamp: Option<&'a str>,
    pub signature: Option<&'a str>,
}

/// The header `X-Slack-Signature` that Slack puts on `body`, sent at `timestamp`, seconds since the Unix epoch.
pub fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    format!("v0={}", signature::sign(secret, &signed_parts(timestamp, body)))
}

fn signed_parts<'a>(timestamp: &'a str, body: &'a [u8]) -> [&'a [u8]; 4] {
    [b"v0:", timestamp.as_bytes(), b":", body]
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
    let parts = signed_parts(timestamp, body);
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

/// Slack repeats a request with the same id; one without an id is known by its content.
fn event(delivery: impl Into<String>, body: &[u8], kind: EventKind, now: Timestamp) -> Event {
    let delivery = delivery.into();
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

//! Slash commands: a form by HTTP, the same fields as JSON by Socket Mode.

use jiff::Timestamp;
use serde_json::Value;

use super::{event, field};
use crate::domain::event::{Event, EventKind, Given, SlashCommand};
use crate::ingress::Refusal;

/// A command, and how whoever gave it is reached while it is fresh.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub event: Event,
    /// What opens a form for them, within three seconds.
    pub trigger: String,
    /// Where words for them alone are posted, within half an hour; may be empty.
    pub response_url: String,
}

impl Call {
    /// The command in it; none when the request names no user or no channel.
    pub fn command(&self) -> Option<&SlashCommand> {
        match &self.event.kind {
            EventKind::SlashCommand(command) => Some(command),
            _ => None,
        }
    }
}

/// Reads a verified slash command. Without a user or a channel it is an event that is not for us.
///
/// # Errors
/// [`Refusal::Malformed`] when the body is not a form in UTF-8.
pub fn parse_command(body: &[u8], now: Timestamp) -> Result<Call, Refusal> {
    if std::str::from_utf8(body).is_err() || !body.contains(&b'=') {
        return Err(Refusal::Malformed(
            "The body is not a form: Slack sends slash commands as application/x-www-form-urlencoded.".to_owned(),
        ));
    }
    Ok(call(&|name| field(body, name).unwrap_or_default().into_owned(), body, now))
}

/// Reads a slash command that came by Socket Mode.
pub fn read_command(payload: &Value, now: Timestamp) -> Call {
    let text = |name: &str| payload[name].as_str().unwrap_or_default().to_owned();
    call(&text, payload.to_string().as_bytes(), now)
}

fn call(text: &dyn Fn(&str) -> String, body: &[u8], now: Timestamp) -> Call {
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
    let trigger = text("trigger_id");
    Call { event: event(trigger.clone(), body, kind, now), trigger, response_url: text("response_url") }
}

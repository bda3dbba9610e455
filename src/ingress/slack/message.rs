//! Events of Slack's Events API: messages that mention the app, and messages to it alone.
//!
//! A command stands at the beginning of a line, after the mention; in a message to the app alone it needs none. Talking about
//! the app within a sentence is not talking to it. What programs write, this one included, and what is done to a message
//! afterwards, is nobody's command.

use jiff::Timestamp;
use serde::Deserialize;

use super::{event, other_shape};
use crate::domain::event::{Event, EventKind, Given, SlashCommand};
use crate::ingress::Refusal;

/// What a request to the events endpoint is.
#[derive(Debug, Clone, PartialEq)]
pub enum EventsRequest {
    /// Slack checks that the address is ours: it wants this text back, and nothing is stored.
    Challenge(String),
    Event(Box<Event>),
    /// Acknowledged and not kept, and why: Slack tells us of each of our own messages and of each edit of one.
    Passing(&'static str),
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type", default)]
    kind: String,
    challenge: Option<String>,
    #[serde(default)]
    event_id: String,
    #[serde(default)]
    team_id: String,
    #[serde(default)]
    authorizations: Vec<Authorization>,
    event: Option<Inner>,
}

/// For whom Slack sends the event.
#[derive(Deserialize)]
struct Authorization {
    #[serde(default)]
    user_id: String,
    #[serde(default)]
    is_bot: bool,
}

#[derive(Deserialize)]
struct Inner {
    #[serde(rename = "type", default)]
    kind: String,
    subtype: Option<String>,
    bot_id: Option<String>,
    edited: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    channel: serde_json::Value,
    channel_type: Option<String>,
    user: Option<serde_json::Value>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    ts: String,
    thread_ts: Option<String>,
}

/// Reads a verified request to the events endpoint, or the payload of one that came by Socket Mode.
///
/// # Errors
/// [`Refusal::Malformed`] when the body is not JSON.
pub fn parse_events_request(body: &[u8], now: Timestamp) -> Result<EventsRequest, Refusal> {
    let envelope = match serde_json::from_slice::<Envelope>(body) {
        Ok(envelope) => envelope,
        Err(error) => {
            let what = format!("Slack event {}", other_shape(body, &error)?);
            return Ok(EventsRequest::Event(Box::new(event("", body, EventKind::NotForUs { what }, now))));
        }
    };
    if let ("url_verification", Some(challenge)) = (envelope.kind.as_str(), &envelope.challenge) {
        return Ok(EventsRequest::Challenge(challenge.clone()));
    }
    let other = |what: String| {
        let kind = EventKind::NotForUs { what: what.trim_end().to_owned() };
        Ok(EventsRequest::Event(Box::new(event(envelope.event_id.clone(), body, kind, now))))
    };
    let Some(inner) = &envelope.event else { return other(format!("Slack event {}", envelope.kind)) };
    match (inner.kind.as_str(), inner.channel.as_str(), inner.user.as_ref().and_then(|user| user.as_str())) {
        ("app_mention" | "message", _, _) if inner.is_by_a_program() => {
            Ok(EventsRequest::Passing("a message that a program wrote"))
        }
        ("app_mention" | "message", _, _) if inner.is_about_a_message() => {
            Ok(EventsRequest::Passing("news about a message that was there before"))
        }
        ("app_mention" | "message", Some(channel), Some(user)) if !inner.ts.is_empty() => {
            // A mention in a message to the app alone comes twice, as each of both kinds: the message is the key.
            let delivery = format!("message/{channel}/{}", inner.ts);
            let kind = match envelope.command(inner, channel, user) {
                Ok(command) => EventKind::SlashCommand(command),
                Err(what) => EventKind::NotForUs { what: what.to_owned() },
            };
            Ok(EventsRequest::Event(Box::new(event(delivery, body, kind, now))))
        }
        (kind, _, _) => other(format!("Slack event {kind}")),
    }
}

impl Inner {
    fn is_by_a_program(&self) -> bool {
        self.bot_id.is_some() || self.subtype.as_deref() == Some("bot_message")
    }

    fn is_about_a_message(&self) -> bool {
        const NEW: [&str; 2] = ["thread_broadcast", "file_share"];
        self.edited.is_some() || self.subtype.as_deref().is_some_and(|subtype| !NEW.contains(&subtype))
    }
}

impl Envelope {
    /// # Errors
    /// Why the message is no command.
    fn command(&self, inner: &Inner, channel: &str, user: &str) -> Result<SlashCommand, &'static str> {
        let is_direct = channel.starts_with('D') || inner.channel_type.as_deref() == Some("im");
        if inner.kind == "message" && !is_direct {
            return Err("a message in a channel that does not mention the app");
        }
        let bot = self.authorizations.iter().find(|to| to.is_bot).map(|to| to.user_id.as_str());
        let said = inner.text.lines().map(str::trim).filter(|line| !line.is_empty());
        let text = if is_direct {
            let first = said.clone().next().ok_or("an empty message")?;
            after_mention(first, bot).unwrap_or(first)
        } else {
            let mut lines = said.filter_map(|line| after_mention(line, bot));
            lines.next().ok_or("a message that speaks about the app: a command stands right after the mention")?
        };
        let (thread, given) = match (&inner.thread_ts, is_direct) {
            (thread, true) => (thread.clone(), Given::Direct),
            // The answer to a message in a channel begins a thread there.
            (thread, false) => (Some(thread.clone().unwrap_or_else(|| inner.ts.clone())), Given::Mention),
        };
        Ok(SlashCommand {
            team: self.team_id.clone(),
            channel: channel.to_owned(),
            user: user.to_owned(),
            user_name: String::new(),
            text: text.to_owned(),
            thread,
            given,
        })
    }
}

/// What follows the mention of the app that the line begins with. Slack writes one as `<@U1>` or `<@U1|name>`; who the app
/// is, it does not always say: then the first mention will do.
fn after_mention<'a>(line: &'a str, bot: Option<&str>) -> Option<&'a str> {
    let (mentioned, rest) = line.strip_prefix("<@")?.split_once('>')?;
    let id = mentioned.split('|').next().unwrap_or_default();
    bot.is_none_or(|bot| bot == id).then(|| rest.trim_start_matches([':', ',']).trim())
}

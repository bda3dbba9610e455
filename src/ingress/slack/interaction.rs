//! Clicks on messages, choices in a form, and forms that are sent.
//!
//! A button whose `action_id` begins with `command/` is the command that its value holds, given by whoever clicked, where the
//! message is. One that begins with `form/` opens the form of the tuning that its value names.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{Call, event, field, other_shape};
use crate::domain::event::{Event, EventKind, Given, SlashCommand};
use crate::ingress::Refusal;

/// What a person did.
#[derive(Debug, Clone, PartialEq)]
pub enum Interaction {
    /// A click on a button that is a command.
    Command(Call),
    /// A click on a button that opens a form.
    Open(Opening),
    /// A tuning was chosen in the form that asks for one.
    Choose(Choice),
    /// A form was sent.
    Submit(Submission),
    /// Nothing that anything here reacts to.
    Other(Event),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    pub call: Call,
    /// Empty: to be chosen.
    pub tuning: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    pub view: String,
    /// Names the edition of the view: what was changed meanwhile is not changed back.
    pub hash: String,
    pub metadata: String,
    pub user: String,
    pub tuning: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    pub view: String,
    pub metadata: String,
    pub team: String,
    pub user: String,
    pub user_name: String,
    /// The blocks that hold something, with what was typed or chosen.
    pub fields: Vec<(String, Vec<String>)>,
    pub received_at: Timestamp,
}

impl Submission {
    /// The event of the command that the form says. The view is the key: it closes when it has been sent well.
    pub fn event(&self, command: SlashCommand) -> Event {
        event(
            format!("view/{}", self.view),
            self.metadata.as_bytes(),
            EventKind::SlashCommand(command),
            self.received_at,
        )
    }
}

/// Reads a verified interaction: a form whose `payload` is JSON.
///
/// # Errors
/// [`Refusal::Malformed`] when there is no such field, or it is not JSON.
pub fn parse_interaction(body: &[u8], now: Timestamp) -> Result<Interaction, Refusal> {
    let Some(payload) = field(body, "payload") else {
        return Err(Refusal::Malformed("The form has no field `payload`.".to_owned()));
    };
    read_interaction(payload.as_bytes(), now)
}

/// Reads the payload of an interaction.
///
/// # Errors
/// [`Refusal::Malformed`] when it is not JSON.
pub fn read_interaction(payload: &[u8], now: Timestamp) -> Result<Interaction, Refusal> {
    let parsed = match serde_json::from_slice::<Payload>(payload) {
        Ok(parsed) => parsed,
        Err(error) => {
            let what = format!("Slack interaction {}", other_shape(payload, &error)?);
            return Ok(Interaction::Other(event("", payload, EventKind::NotForUs { what }, now)));
        }
    };
    let known = match parsed.kind.as_str() {
        "block_actions" if parsed.view.is_some() => parsed.choice(),
        "block_actions" => parsed.click(payload, now),
        "view_submission" => parsed.submission(now),
        _ => None,
    };
    Ok(known.unwrap_or_else(|| {
        let action = parsed.actions.first().map(|action| format!(" {}", action.action_id)).unwrap_or_default();
        let what = format!("Slack interaction {}{action}", parsed.kind).trim_end().to_owned();
        Interaction::Other(event(parsed.trigger_id, payload, EventKind::NotForUs { what }, now))
    }))
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    trigger_id: String,
    #[serde(default)]
    response_url: String,
    #[serde(default)]
    team: Option<Named>,
    #[serde(default)]
    user: Named,
    #[serde(default)]
    channel: Option<Named>,
    #[serde(default)]
    container: Container,
    #[serde(default)]
    message: Option<Container>,
    #[serde(default)]
    actions: Vec<Action>,
    #[serde(default)]
    view: Option<View>,
}

#[derive(Deserialize, Default)]
struct Named {
    #[serde(default)]
    id: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    team_id: String,
}

/// Where the clicked message is.
#[derive(Deserialize, Default)]
struct Container {
    channel_id: Option<String>,
    #[serde(alias = "message_ts")]
    ts: Option<String>,
    thread_ts: Option<String>,
}

#[derive(Deserialize)]
struct Action {
    #[serde(default)]
    action_id: String,
    #[serde(default)]
    action_ts: String,
    value: Option<String>,
    selected_option: Option<Choosable>,
}

#[derive(Deserialize)]
struct Choosable {
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct View {
    #[serde(default)]
    id: String,
    #[serde(default)]
    hash: String,
    #[serde(default)]
    private_metadata: String,
    #[serde(default)]
    state: State,
}

#[derive(Deserialize, Default)]
struct State {
    /// By block, then by action: `{"type": …, "value": …}`.
    #[serde(default)]
    values: serde_json::Map<String, Value>,
}

impl Payload {
    fn click(&self, payload: &[u8], now: Timestamp) -> Option<Interaction> {
        let action = self.actions.first()?;
        let value = action.value.clone().or_else(|| Some(action.selected_option.as_ref()?.value.clone()));
        let text = value.unwrap_or_default().trim().to_owned();
        let (kind, _) = action.action_id.split_once('/')?;
        let command = |text: String| -> Option<Call> {
            let command = self.command(text)?;
            let delivery = match action.action_ts.as_str() {
                "" => self.trigger_id.clone(),
                ts => format!("action/{}/{}/{ts}", command.channel, command.user),
            };
            let event = event(delivery, payload, EventKind::SlashCommand(command), now);
            Some(Call { event, trigger: self.trigger_id.clone(), response_url: self.response_url.clone() })
        };
        match kind {
            "command" => command(text).map(Interaction::Command),
            "form" => command(String::new()).map(|call| Interaction::Open(Opening { call, tuning: text })),
            _ => None,
        }
    }

    fn command(&self, text: String) -> Option<SlashCommand> {
        let channel = self.channel.as_ref().map(|channel| channel.id.clone()).or(self.container.channel_id.clone());
        let message = self.message.as_ref();
        // The message that begins a thread bears the thread's name too; it is not in it.
        let ts = self.container.ts.as_ref().or_else(|| message?.ts.as_ref());
        let thread = self.container.thread_ts.as_ref().or_else(|| message?.thread_ts.as_ref());
        Some(SlashCommand {
            team: self.team(),
            channel: channel.filter(|channel| !channel.is_empty())?,
            user: Some(self.user.id.clone()).filter(|user| !user.is_empty())?,
            user_name: self.user_name(),
            text,
            thread: thread.filter(|thread| Some(*thread) != ts).cloned(),
            given: Given::Button,
        })
    }

    fn team(&self) -> String {
        self.team.as_ref().map_or_else(|| self.user.team_id.clone(), |team| team.id.clone())
    }

    fn user_name(&self) -> String {
        let Named { username, name, .. } = &self.user;
        if username.is_empty() { name.clone() } else { username.clone() }
    }

    fn choice(&self) -> Option<Interaction> {
        let (view, action) = (self.view.as_ref()?, self.actions.first()?);
        let chosen = action.selected_option.as_ref().filter(|_| action.action_id == "form/tuning")?;
        Some(Interaction::Choose(Choice {
            view: view.id.clone(),
            hash: view.hash.clone(),
            metadata: view.private_metadata.clone(),
            user: self.user.id.clone(),
            tuning: chosen.value.clone(),
        }))
    }

    fn submission(&self, now: Timestamp) -> Option<Interaction> {
        let view = self.view.as_ref().filter(|view| !view.id.is_empty())?;
        let fields = view.state.values.iter().filter_map(|(block, actions)| {
            let given: Vec<String> = actions.as_object()?.values().flat_map(given).collect();
            (!given.is_empty()).then(|| (block.clone(), given))
        });
        Some(Interaction::Submit(Submission {
            view: view.id.clone(),
            metadata: view.private_metadata.clone(),
            team: self.team(),
            user: self.user.id.clone(),
            user_name: self.user_name(),
            fields: fields.collect(),
            received_at: now,
        }))
    }
}

/// What was typed or chosen in one element of a form.
fn given(element: &Value) -> Vec<String> {
    let typed = element["value"].as_str().map(str::trim).filter(|text| !text.is_empty());
    let one = element["selected_option"]["value"].as_str();
    let several = element["selected_options"].as_array().into_iter().flatten();
    typed
        .into_iter()
        .chain(one)
        .chain(several.filter_map(|option| option["value"].as_str()))
        .map(str::to_owned)
        .collect()
}

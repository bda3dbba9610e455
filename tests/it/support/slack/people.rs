//! What people do, as Slack tells the app of it.

use serde_json::{Value, json};

use super::interactive::{self, View};
use super::{BOT_USER, FakeSlack, TEAM, TUNING};
use crate::support::slack_client::SlashCommand;

impl FakeSlack {
    /// `/tune …` by mika in #tuning, with a trigger that opens a form and an address for words for her alone.
    pub fn command(&self, text: &str) -> SlashCommand {
        let mut command = SlashCommand::new(text);
        let user = command.user.0.clone();
        command.trigger_id = self.core.workspace.write(|workspace| workspace.interactive.trigger(&user));
        command.response_url = self.response_url(&user, TUNING);
        command
    }

    fn response_url(&self, user: &str, channel: &str) -> String {
        let token = self.core.workspace.write(|workspace| workspace.interactive.address(user, channel));
        format!("http://{}/response/{token}", self.served.address)
    }

    fn person(&self, user: &str) -> Value {
        let name = self.read(|workspace| workspace.people.get(user).cloned());
        json!({"id": user, "username": name, "name": name, "team_id": TEAM})
    }

    /// Somebody presses the button called `label` under the message `ts`.
    ///
    /// # Panics
    /// There is no such button.
    pub fn click(&self, (channel, ts): (&str, &str), label: &str, user: &str) -> Value {
        let message = self.messages(channel).into_iter().find(|message| message.ts == ts).expect("the message");
        let buttons = message.now().blocks.iter().flat_map(|block| block["elements"].as_array().into_iter().flatten());
        let mut button =
            buttons.clone().find(|element| element["text"]["text"] == label).cloned().unwrap_or_else(|| {
                panic!("no button {label} under {}", self.read(|workspace| workspace.shown(&message)))
            });
        let trigger = self.core.workspace.write(|workspace| workspace.interactive.trigger(user));
        button["action_ts"] = format!("1780000000.{}", &trigger[trigger.len() - 6..]).into();
        json!({
            "type": "block_actions", "api_app_id": "A0TUNEBOT1", "team": {"id": TEAM, "domain": "acme"},
            "user": self.person(user), "channel": {"id": channel, "name": "tuning"},
            "container": {"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": false,
                          "thread_ts": message.thread_ts},
            "message": {"type": "message", "ts": ts, "thread_ts": message.thread_ts, "user": BOT_USER},
            "trigger_id": trigger, "response_url": self.response_url(user, channel), "actions": [button],
        })
    }

    /// The form that is open.
    pub async fn form(&self, part: &str) -> View {
        self.wait_for(&format!("a form with {part:?}"), |workspace| {
            workspace.interactive.view().filter(|view| interactive::render(view).contains(part)).cloned()
        })
        .await
    }

    /// Somebody chooses in the list of a form.
    pub fn choose(&self, view: &View, value: &str) -> Value {
        let trigger = self.core.workspace.write(|workspace| workspace.interactive.trigger(&view.user));
        json!({
            "type": "block_actions", "team": {"id": TEAM}, "user": self.person(&view.user), "trigger_id": trigger,
            "container": {"type": "view", "view_id": view.id}, "view": interactive::shown(view),
            "actions": [{"type": "static_select", "action_id": "form/tuning", "block_id": "tuning",
                         "action_ts": "1780000000.1", "selected_option": {"value": value}}],
        })
    }

    /// Somebody fills fields in and sends the form. Lists take the places of their options.
    ///
    /// # Panics
    /// The form has no such field.
    pub fn send(&self, view: &View, fields: &[(&str, &[&str])]) -> Value {
        let mut values = serde_json::Map::new();
        for block in view.view["blocks"].as_array().into_iter().flatten().filter(|block| block["type"] == "input") {
            let (id, element) = (block["block_id"].as_str().expect("an id"), &block["element"]);
            let filled = fields.iter().find(|(key, _)| id == format!("field/{key}")).map(|(_, filled)| *filled);
            let options: Vec<Value> = filled.into_iter().flatten().map(|value| json!({"value": value})).collect();
            let state = match element["type"].as_str().expect("a type") {
                "static_select" => json!({"type": "static_select", "selected_option": options.first()}),
                "multi_static_select" => json!({"type": "multi_static_select", "selected_options": options}),
                kind => json!({"type": kind, "value": filled.map(|filled| filled[0])}),
            };
            values.insert(id.to_owned(), json!({"value": state}));
        }
        let has = |key: &str| values.contains_key(&format!("field/{key}"));
        assert!(fields.iter().all(|(key, _)| has(key)), "the form has no such field: {:?}", values.keys());
        let trigger = self.core.workspace.write(|workspace| workspace.interactive.trigger(&view.user));
        let mut shown = interactive::shown(view);
        shown["state"] = json!({"values": values});
        json!({
            "type": "view_submission", "team": {"id": TEAM}, "user": self.person(&view.user), "trigger_id": trigger,
            "view": shown, "response_urls": [],
        })
    }

    /// The form closes on the screen.
    pub fn close_form(&self, view: &View) {
        self.core.workspace.write(|workspace| workspace.interactive.close(&view.id));
    }

    /// Somebody writes a message that mentions the bot; the event that tells of it.
    pub fn mention(&self, channel: &str, user: &str, thread: Option<&str>, text: &str) -> Value {
        self.written("app_mention", channel, user, thread, text)
    }

    /// Somebody writes to the bot alone; the event that tells of it.
    pub fn direct(&self, channel: &str, user: &str, text: &str) -> Value {
        let mut event = self.written("message", channel, user, None, text);
        event["event"]["channel_type"] = "im".into();
        event
    }

    fn written(&self, kind: &str, channel: &str, user: &str, thread: Option<&str>, text: &str) -> Value {
        let ts = self.say(channel, user, thread, text);
        let mut event = json!({"type": kind, "user": user, "text": text, "ts": ts, "channel": channel, "team": TEAM,
                               "event_ts": ts, "client_msg_id": "7d2b9c3e-1f6a-4a0e-9c55-0d5f4f3a2b1c"});
        if let Some(thread) = thread {
            event["thread_ts"] = thread.into();
        }
        json!({
            "type": "event_callback", "token": "gIkuvaNzQIHg97ATvDxqgjtO", "team_id": TEAM, "api_app_id": "A0TUNEBOT1",
            "event_id": format!("Ev{}", ts.replace('.', "")), "event_time": 1_780_000_000, "event": event,
            "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": true}],
        })
    }
}

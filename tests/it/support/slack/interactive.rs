//! What people are shown and answer in: forms, and words for one person alone.
//!
//! A trigger is good for one form within three seconds, an address for words for five messages within half an hour.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::arguments::Arguments;
use super::text;
use super::workspace::{Edition, Workspace};

const TRIGGER_LIFE: Duration = Duration::from_secs(3);
const ADDRESS_LIFE: Duration = Duration::from_secs(30 * 60);
const ADDRESS_USES: u32 = 5;

#[derive(Default)]
pub struct Interactive {
    triggers: BTreeMap<String, Trigger>,
    addresses: BTreeMap<String, Address>,
    views: Vec<View>,
    count: u32,
}

struct Trigger {
    user: String,
    since: Instant,
    used: bool,
}

struct Address {
    user: String,
    channel: String,
    since: Instant,
    uses: u32,
}

/// A form on somebody's screen.
#[derive(Debug, Clone)]
pub struct View {
    pub id: String,
    pub hash: String,
    pub user: String,
    pub view: Value,
    pub is_open: bool,
}

impl Interactive {
    fn next(&mut self) -> u32 {
        self.count += 1;
        self.count
    }

    pub fn trigger(&mut self, user: &str) -> String {
        let id = format!("1334522460.738474920.{:032x}", self.next());
        self.triggers.insert(id.clone(), Trigger { user: user.to_owned(), since: Instant::now(), used: false });
        id
    }

    /// The last part of a `response_url`.
    pub fn address(&mut self, user: &str, channel: &str) -> String {
        let token = format!("{:08}", self.next());
        let (user, channel) = (user.to_owned(), channel.to_owned());
        self.addresses.insert(token.clone(), Address { user, channel, since: Instant::now(), uses: 0 });
        token
    }

    /// A trigger grows old without anybody waiting.
    pub fn let_triggers_expire(&mut self) {
        self.triggers.values_mut().for_each(|trigger| trigger.since -= TRIGGER_LIFE);
    }

    /// The form that was opened last and is still open.
    pub fn view(&self) -> Option<&View> {
        self.views.iter().rev().find(|view| view.is_open)
    }

    pub fn close(&mut self, id: &str) {
        self.views.iter_mut().filter(|view| view.id == id).for_each(|view| view.is_open = false);
    }

    pub(super) fn open(&mut self, arguments: &Arguments) -> Result<Value, &'static str> {
        let view = read(arguments)?;
        let trigger =
            arguments.text("trigger_id").and_then(|id| self.triggers.get_mut(id)).ok_or("invalid_trigger_id")?;
        if trigger.since.elapsed() >= TRIGGER_LIFE {
            return Err("expired_trigger_id");
        }
        if std::mem::replace(&mut trigger.used, true) {
            return Err("exchanged_trigger_id");
        }
        let user = trigger.user.clone();
        let number = self.next();
        let (id, hash) = (format!("V{number:08}"), format!("{number}.open"));
        self.views.push(View { id, hash, user, view, is_open: true });
        Ok(json!({"view": self.views.last().map(shown)}))
    }

    pub(super) fn update(&mut self, arguments: &Arguments) -> Result<Value, &'static str> {
        let view = read(arguments)?;
        let hash = format!("{}.update", self.next());
        let id = arguments.text("view_id").unwrap_or_default();
        let found = self.views.iter_mut().find(|view| view.id == id && view.is_open).ok_or("not_found")?;
        if arguments.text("hash").is_some_and(|hash| hash != found.hash) {
            return Err("hash_conflict");
        }
        (found.view, found.hash) = (view, hash);
        Ok(json!({"view": shown(found)}))
    }
}

/// The form as Slack shows it to apps.
pub fn shown(view: &View) -> Value {
    let mut json = view.view.clone();
    json["id"] = view.id.clone().into();
    json["hash"] = view.hash.clone().into();
    json["state"] = json!({"values": {}});
    json
}

/// Words that are posted to a `response_url`; the status that Slack answers.
pub fn whispered(workspace: &mut Workspace, token: &str, body: &[u8]) -> u16 {
    let Ok(message) = serde_json::from_slice::<Value>(body) else { return 400 };
    let Some(address) = workspace.interactive.addresses.get_mut(token) else { return 404 };
    address.uses += 1;
    if address.uses > ADDRESS_USES || address.since.elapsed() >= ADDRESS_LIFE {
        return 404;
    }
    // What replaces the message that was clicked would take it from everybody.
    if message["replace_original"] != false || message["response_type"] != "ephemeral" {
        return 400;
    }
    let (user, channel) = (address.user.clone(), address.channel.clone());
    let text = message["text"].as_str().unwrap_or_default().to_owned();
    let words = text::show(workspace, &Edition { text, ..Edition::default() });
    workspace.channel_mut(&channel).ephemeral.push((user, words));
    200
}

fn read(arguments: &Arguments) -> Result<Value, &'static str> {
    let view = arguments.structure("view").map_err(|_| "invalid_arguments")?.ok_or("invalid_arguments")?;
    match check(&view) {
        Ok(()) => Ok(view),
        Err(breach) => {
            eprintln!("the form breaks a rule: {breach}: {view}");
            Err("invalid_arguments")
        }
    }
}

/// The rules of forms and of the blocks in them.
fn check(view: &Value) -> Result<(), String> {
    let within = |what: &str, text: &Value, most: usize| {
        let length = text["text"].as_str().unwrap_or_default().chars().count();
        let is_plain = text["type"] == "plain_text" || what == "text";
        if is_plain && (1..=most).contains(&length) { Ok(()) } else { Err(format!("{what}: {text}")) }
    };
    let blocks = view["blocks"].as_array().ok_or("no blocks")?;
    if view["type"] != "modal" || !(1..=100).contains(&blocks.len()) {
        return Err(format!("{} blocks", blocks.len()));
    }
    within("title", &view["title"], 24)?;
    within("close", &view["close"], 24)?;
    if view["private_metadata"].as_str().unwrap_or_default().len() > 3000 {
        return Err("private_metadata is too long".to_owned());
    }
    if blocks.iter().any(|block| block["type"] == "input") {
        within("submit", &view["submit"], 24)?;
    }
    let mut ids = BTreeSet::new();
    for block in blocks {
        if block["block_id"].as_str().is_some_and(|id| id.len() > 255 || !ids.insert(id)) {
            return Err(format!("block_id: {block}"));
        }
        let element = match block["type"].as_str() {
            Some("input") => {
                within("label", &block["label"], 2000)?;
                &block["element"]
            }
            Some("section") => {
                within("text", &block["text"], 3000)?;
                &block["accessory"]
            }
            Some("context" | "divider" | "header") => continue,
            other => return Err(format!("block {other:?}")),
        };
        const KNOWN: [&str; 4] = ["plain_text_input", "number_input", "static_select", "multi_static_select"];
        if !element.is_null() && !element["type"].as_str().is_some_and(|kind| KNOWN.contains(&kind)) {
            return Err(format!("element {element}"));
        }
        if element["type"] == "number_input" && !element["is_decimal_allowed"].is_boolean() {
            return Err(format!("is_decimal_allowed: {element}"));
        }
        if !element["placeholder"].is_null() {
            within("placeholder", &element["placeholder"], 150)?;
        }
        let options = element["options"].as_array();
        if options.is_some_and(|options| !(1..=100).contains(&options.len())) {
            return Err("options".to_owned());
        }
        for option in options.into_iter().flatten() {
            within("option", &option["text"], 75)?;
        }
    }
    Ok(())
}

/// A form as a person reads it: a line for each block, `____` for what can be filled in.
pub fn render(view: &View) -> String {
    let text = |value: &Value| value["text"].as_str().unwrap_or_default().to_owned();
    let options = |element: &Value| {
        let all: Vec<String> = element["options"].as_array().into_iter().flatten().map(|o| text(&o["text"])).collect();
        if all.is_empty() { String::new() } else { format!(" <{}>", all.join(" | ")) }
    };
    let mut lines = vec![format!("# {}", text(&view.view["title"]))];
    for block in view.view["blocks"].as_array().into_iter().flatten() {
        lines.push(match block["type"].as_str() {
            Some("input") => {
                let element = &block["element"];
                let hint = block["hint"]["text"].as_str().map(|hint| format!("  ({hint})")).unwrap_or_default();
                format!("{}: __{}__{}{hint}", text(&block["label"]), text(&element["placeholder"]), options(element))
            }
            Some("section") => format!("{}{}", text(&block["text"]), options(&block["accessory"])),
            _ => format!("({})", text(&block["elements"][0])),
        });
    }
    let submit = view.view["submit"]["text"].as_str().map(|label| format!(" [{label}]")).unwrap_or_default();
    lines.push(format!("[{}]{submit}", text(&view.view["close"])));
    lines.join("\n")
}

//! Block Kit's rules for messages. Each breach is told with the place where it is, as Slack tells it.

use std::collections::BTreeSet;

use serde_json::Value;

const TEXT_LIMIT: usize = 3_000;
const BLOCK_LIMIT: usize = 50;

/// # Errors
/// Every breach: `must be less than 3001 characters [json-pointer:/blocks/0/text/text]`.
pub fn check(blocks: &Value) -> Result<Vec<Value>, Vec<String>> {
    let Some(list) = blocks.as_array() else {
        return Err(vec!["must be an array [json-pointer:/blocks]".to_owned()]);
    };
    let mut rules = Rules::default();
    if list.len() > BLOCK_LIMIT {
        rules.breach("/blocks", &format!("no more than {BLOCK_LIMIT} items allowed"));
    }
    for (number, block) in list.iter().enumerate() {
        rules.block(&format!("/blocks/{number}"), block);
    }
    if rules.breaches.is_empty() { Ok(list.clone()) } else { Err(rules.breaches) }
}

/// Characters of all texts in the blocks: too many of them are refused too.
pub fn text_length(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.iter().map(text_length).sum(),
        Value::Object(object) => object
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) if name == "text" => text.chars().count(),
                _ => text_length(value),
            })
            .sum(),
        _ => 0,
    }
}

#[derive(Default)]
struct Rules {
    breaches: Vec<String>,
    ids: BTreeSet<String>,
}

impl Rules {
    fn breach(&mut self, place: &str, message: &str) {
        self.breaches.push(format!("{message} [json-pointer:{place}]"));
    }

    fn block(&mut self, place: &str, block: &Value) {
        if let Some(id) = block.get("block_id") {
            self.length(&format!("{place}/block_id"), id.as_str(), 255);
            if !self.ids.insert(id.to_string()) {
                self.breach(place, "`block_id` already exists");
            }
        }
        match block["type"].as_str() {
            Some("section") => self.section(place, block),
            Some("header") => self.text_object(&format!("{place}/text"), &block["text"], &["plain_text"], 150),
            Some("context") => self.context(place, block),
            Some("actions") => self.actions(place, block),
            Some("image") => self.image(place, block),
            Some("markdown") => self.length(&format!("{place}/text"), block["text"].as_str(), 12_000),
            Some("rich_text") => self.items(&format!("{place}/elements"), &block["elements"], usize::MAX),
            Some("table") => self.items(&format!("{place}/rows"), &block["rows"], 100),
            Some("divider" | "video") => {}
            Some(unknown) => self.breach(place, &format!("unsupported type: {unknown}")),
            None => self.breach(place, "missing required field: type"),
        }
    }

    fn section(&mut self, place: &str, block: &Value) {
        let fields = &block["fields"];
        if block["text"].is_null() && fields.is_null() {
            self.breach(place, "must provide `text` or `fields`");
        }
        if !block["text"].is_null() {
            self.text_object(&format!("{place}/text"), &block["text"], &["plain_text", "mrkdwn"], TEXT_LIMIT);
        }
        if !fields.is_null() {
            self.items(&format!("{place}/fields"), fields, 10);
            for (number, field) in fields.as_array().into_iter().flatten().enumerate() {
                self.text_object(&format!("{place}/fields/{number}"), field, &["plain_text", "mrkdwn"], 2_000);
            }
        }
        if !block["accessory"].is_null() {
            self.element(&format!("{place}/accessory"), &block["accessory"]);
        }
    }

    fn context(&mut self, place: &str, block: &Value) {
        self.items(&format!("{place}/elements"), &block["elements"], 10);
        for (number, element) in block["elements"].as_array().into_iter().flatten().enumerate() {
            let place = format!("{place}/elements/{number}");
            match element["type"].as_str() {
                Some("image") => self.image(&place, element),
                _ => self.text_object(&place, element, &["plain_text", "mrkdwn"], TEXT_LIMIT),
            }
        }
    }

    fn actions(&mut self, place: &str, block: &Value) {
        self.items(&format!("{place}/elements"), &block["elements"], 25);
        let mut names = BTreeSet::new();
        for (number, element) in block["elements"].as_array().into_iter().flatten().enumerate() {
            let place = format!("{place}/elements/{number}");
            self.element(&place, element);
            if element["action_id"].as_str().is_some_and(|name| !names.insert(name)) {
                self.breach(&place, "`action_id` already exists in this block");
            }
        }
    }

    fn element(&mut self, place: &str, element: &Value) {
        match element["type"].as_str() {
            Some("button") => self.button(place, element),
            Some("image") => self.image(place, element),
            Some("overflow" | "static_select" | "datepicker" | "checkboxes" | "radio_buttons") => {}
            Some(unknown) => self.breach(place, &format!("unsupported type: {unknown}")),
            None => self.breach(place, "missing required field: type"),
        }
    }

    fn button(&mut self, place: &str, button: &Value) {
        self.text_object(&format!("{place}/text"), &button["text"], &["plain_text"], 75);
        for (field, limit) in [("action_id", 255), ("value", 2_000), ("url", TEXT_LIMIT)] {
            if !button[field].is_null() {
                self.length(&format!("{place}/{field}"), button[field].as_str(), limit);
            }
        }
        if !matches!(button["style"].as_str(), None | Some("primary" | "danger")) {
            self.breach(&format!("{place}/style"), "unsupported style");
        }
    }

    fn image(&mut self, place: &str, image: &Value) {
        self.length(&format!("{place}/alt_text"), image["alt_text"].as_str(), 2_000);
        if image["slack_file"].is_null() {
            self.length(&format!("{place}/image_url"), image["image_url"].as_str(), TEXT_LIMIT);
        }
    }

    fn text_object(&mut self, place: &str, text: &Value, types: &[&str], limit: usize) {
        if !text["type"].as_str().is_some_and(|name| types.contains(&name)) {
            self.breach(&format!("{place}/type"), &format!("must be one of {}", types.join(", ")));
        }
        self.length(&format!("{place}/text"), text["text"].as_str(), limit);
    }

    fn items(&mut self, place: &str, items: &Value, limit: usize) {
        match items.as_array().map(Vec::len) {
            None => self.breach(place, "missing required field"),
            Some(0) => self.breach(place, "no fewer than 1 items allowed"),
            Some(length) if length > limit => self.breach(place, &format!("no more than {limit} items allowed")),
            Some(_) => {}
        }
    }

    fn length(&mut self, place: &str, text: Option<&str>, limit: usize) {
        match text.map(|text| text.chars().count()) {
            None => self.breach(place, "missing required field"),
            Some(0) => self.breach(place, "must be more than 0 characters"),
            Some(length) if length > limit => {
                self.breach(place, &format!("must be less than {} characters", limit + 1));
            }
            Some(_) => {}
        }
    }
}

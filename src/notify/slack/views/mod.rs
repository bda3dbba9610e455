//! Forms: what a person fills in instead of typing a command. Pure: a tuning in, a view of Slack's out.
//!
//! A field is a block called `field/KEY`, after the key of the `key=value` word that it stands for; left empty, it stands for
//! none. A form holds at most 100 blocks, a list 100 options of 75 characters.

mod chooser;
mod fields;

use serde_json::{Value, json};

use crate::notify::prose;

pub use chooser::chooser;
pub use fields::{fields, key};

/// What forms are known by when they are sent.
pub const CALLBACK: &str = "form/start";
/// The choice of a tuning: `action_id` of its list.
pub const CHOICE: &str = "form/tuning";

/// Limits of Slack's, in characters or pieces.
const BLOCKS: usize = 100;
pub const OPTIONS: usize = 100;
const OPTION: usize = 75;
const PLACEHOLDER: usize = 150;
const HINT: usize = 2000;
const TITLE: usize = 24;

fn modal(title: &str, metadata: &str, blocks: Vec<Value>) -> Value {
    json!({
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": metadata,
        "title": plain(title, TITLE),
        "close": plain("Cancel", TITLE),
        "blocks": blocks,
    })
}

fn plain(text: &str, longest: usize) -> Value {
    json!({"type": "plain_text", "text": prose::line(text, longest), "emoji": false})
}

fn note(text: &str) -> Value {
    json!({"type": "context", "elements": [plain(text, HINT)]})
}

fn option(text: &str, value: &str) -> Value {
    // A text of spaces alone is none.
    let shown = if text.trim().is_empty() { "(empty)" } else { text };
    json!({"text": plain(shown, OPTION), "value": value})
}

#[cfg(test)]
mod tests;

//! The form that asks which tuning is to run.

use serde_json::{Value, json};

use super::{CHOICE, OPTIONS, modal, note, option, plain};
use crate::domain::tuning::Tuning;

/// `tunings` are those that the person may start; what is chosen is told at once, before anything is sent.
pub fn chooser(tunings: &[&Tuning], metadata: &str) -> Value {
    let options: Vec<Value> = tunings.iter().take(OPTIONS).map(|tuning| choice(tuning)).collect();
    let mut blocks = vec![json!({
        "type": "section",
        "block_id": "tuning",
        "text": {"type": "plain_text", "text": "Which tuning should run?", "emoji": false},
        "accessory": {
            "type": "static_select",
            "action_id": CHOICE,
            "placeholder": plain("Choose a tuning", super::PLACEHOLDER),
            "options": options,
        },
    })];
    if tunings.len() > OPTIONS {
        blocks.push(note(&format!(
            "The first {OPTIONS} of {} tunings. Start another one by typing /tune TUNING; /tune list shows all.",
            tunings.len()
        )));
    }
    modal("Start a sweep", metadata, blocks)
}

fn choice(tuning: &Tuning) -> Value {
    let name = tuning.name.as_str();
    let text = if tuning.description.is_empty() { name.to_owned() } else { format!("{name}: {}", tuning.description) };
    option(&text, name)
}

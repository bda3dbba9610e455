//! The form of one tuning: its limits, then its parameters, each with its range.

use serde_json::{Value, json};

use super::{BLOCKS, HINT, OPTIONS, PLACEHOLDER, modal, note, option, plain};
use crate::domain::params::{Domain, Parameter, Value as Choice};
use crate::domain::tuning::{SamplerKind, Tuning};

const PREFIX: &str = "field/";
/// The keys of `/tune` that are not parameters: a parameter of such a name cannot be set by a word, nor here.
const LIMITS: [&str; 7] = ["trials", "parallel", "timeout", "deadline", "seed", "sampler", "ref"];
/// Blocks that are not parameters: the line above, the limits, the note about what has no room.
const OTHERS: usize = LIMITS.len() + 2;

/// The key of the word that the block called `block` stands for.
pub fn key(block: &str) -> Option<&str> {
    block.strip_prefix(PREFIX)
}

/// The form of `tuning`; `branch` is its default one, if it belongs to a repository.
pub fn fields(tuning: &Tuning, branch: Option<&str>, metadata: &str) -> Value {
    let about = match tuning.description.as_str() {
        "" => tuning.name.to_string(),
        description => format!("{}: {description}", tuning.name),
    };
    let mut blocks = vec![note(&format!("{}. What is left empty stays as configured.", about.trim_end_matches('.')))];
    blocks.extend(limits(tuning, branch));
    let parameters: Vec<&Parameter> = tuning.space.parameters().iter().filter(|p| can_be_set(p)).collect();
    let room = BLOCKS - OTHERS;
    blocks.extend(parameters.iter().take(room).map(|parameter| field(tuning, parameter)));
    if parameters.len() > room {
        let hidden = parameters.len() - room;
        blocks
            .push(note(&format!("{hidden} more parameters have no room here: /tune help {} names them.", tuning.name)));
    }
    let mut view = modal("Start a sweep", metadata, blocks);
    view["submit"] = plain("Start", super::TITLE);
    view
}

fn can_be_set(parameter: &Parameter) -> bool {
    !LIMITS.contains(&parameter.name.as_str())
}

fn limits(tuning: &Tuning, branch: Option<&str>) -> Vec<Value> {
    let limits = &tuning.limits;
    let per_trial = if tuning.trial.searches() { "Time limit" } else { "Time limit of a trial" };
    let deadline = limits.deadline.map_or_else(|| "none".to_owned(), |deadline| format!("{deadline:#}"));
    let mut blocks = vec![
        input("trials", "Trials", number(&limits.trials.to_string(), 1), None),
        input("parallel", "At a time", number(&limits.parallel.to_string(), 1), None),
        input("timeout", per_trial, text(&format!("{:#}", limits.trial_timeout)), Some("Like 30m or 1h30m.")),
        input("deadline", "Time limit of the sweep", text(&deadline), Some("Like 6h.")),
    ];
    if !tuning.trial.searches() {
        blocks.push(input("sampler", "Sampler", samplers(tuning.search.sampler), None));
    }
    let seed = tuning.search.seed.map_or_else(|| "its own".to_owned(), |seed| seed.to_string());
    blocks.push(input("seed", "Seed", number(&seed, 0), None));
    if let Some(branch) = branch {
        blocks.push(input("ref", "Branch or commit", text(branch), None));
    }
    blocks
}

fn field(tuning: &Tuning, parameter: &Parameter) -> Value {
    let key = parameter.name.as_str();
    let mut hints = Vec::new();
    let element = match &parameter.domain {
        Domain::Categorical { choices } if choices.len() <= OPTIONS => several(choices),
        Domain::Categorical { choices } => {
            hints.push(format!("{} choices, several with | between them.", choices.len()));
            text("one choice, or several")
        }
        domain => {
            hints.push("One value, or a part of the range like a..b.".to_owned());
            text(&domain.to_string())
        }
    };
    let today = tuning.production.as_ref().and_then(|params| params.get(&parameter.name));
    hints.extend(today.map(|value| format!("Now {value}.")));
    hints.extend(parameter.when.as_ref().map(|condition| {
        let values: Vec<String> = condition.one_of.iter().map(ToString::to_string).collect();
        format!("Counts only with {} {}.", condition.parameter, values.join(" or "))
    }));
    input(key, key, element, Some(&hints.join(" ")))
}

fn input(key: &str, label: &str, element: Value, hint: Option<&str>) -> Value {
    let mut block = json!({
        "type": "input",
        "block_id": format!("{PREFIX}{key}"),
        "optional": true,
        "label": plain(label, HINT),
        "element": element,
    });
    if let Some(hint) = hint.filter(|hint| !hint.is_empty()) {
        block["hint"] = plain(hint, HINT);
    }
    block
}

fn text(placeholder: &str) -> Value {
    json!({"type": "plain_text_input", "action_id": "value", "placeholder": plain(placeholder, PLACEHOLDER)})
}

fn number(placeholder: &str, least: u32) -> Value {
    json!({
        "type": "number_input",
        "action_id": "value",
        "is_decimal_allowed": false,
        "min_value": least.to_string(),
        "placeholder": plain(placeholder, PLACEHOLDER),
    })
}

fn samplers(configured: SamplerKind) -> Value {
    let options: Vec<Value> = SamplerKind::ALL.iter().map(|kind| option(kind.title(), kind.name())).collect();
    json!({
        "type": "static_select",
        "action_id": "value",
        "placeholder": plain(configured.title(), PLACEHOLDER),
        "options": options,
    })
}

/// An option is known by its place: choices may be longer than what Slack takes as a value.
fn several(choices: &[Choice]) -> Value {
    let options: Vec<Value> =
        choices.iter().enumerate().map(|(place, choice)| option(&choice.to_string(), &place.to_string())).collect();
    json!({
        "type": "multi_static_select",
        "action_id": "value",
        "placeholder": plain("all", PLACEHOLDER),
        "options": options,
    })
}

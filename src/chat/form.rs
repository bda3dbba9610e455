//! What a form shows, and which command one says that was sent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::event::{Given, SlashCommand};
use crate::domain::params::Domain;
use crate::domain::rules::Rules;
use crate::domain::tuning::Tuning;
use crate::ingress::slack::{Call, Submission};
use crate::notify::slack::views;
use crate::plan::command::{Asker, Command, help, list, permitted, resolve};

/// Where a form was asked for. It travels in the form, for Slack does not say it when the form is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Origin {
    pub channel: String,
    pub thread: Option<String>,
    /// Where words for whoever asked are posted.
    #[serde(default)]
    pub response_url: String,
    /// Empty while none is chosen.
    #[serde(default)]
    pub tuning: String,
}

impl Origin {
    pub fn of(call: &Call, command: &SlashCommand) -> Self {
        Self {
            channel: command.channel.clone(),
            thread: command.thread.clone(),
            // What a form carries has a limit; an address is a few hundred characters long.
            response_url: Some(call.response_url.clone()).filter(|url| url.len() <= 2000).unwrap_or_default(),
            tuning: String::new(),
        }
    }

    pub fn read(metadata: &str) -> Option<Self> {
        serde_json::from_str(metadata).ok()
    }

    pub fn asker<'a>(&'a self, user: &'a str) -> Asker<'a> {
        Asker::Slack { user, channel: &self.channel }
    }

    pub fn command(&self, submission: &Submission, text: String) -> SlashCommand {
        SlashCommand {
            team: submission.team.clone(),
            channel: self.channel.clone(),
            user: submission.user.clone(),
            user_name: submission.user_name.clone(),
            text,
            thread: self.thread.clone(),
            given: Given::Form,
        }
    }

    fn written(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The form of the tuning called `name`; of none, the question which.
///
/// # Errors
/// What to say instead: there is no such tuning, or none that the person may start.
pub(super) fn first(rules: &Rules, asker: &Asker<'_>, name: &str, mut origin: Origin) -> Result<Value, String> {
    let tunings: Vec<&Tuning> =
        rules.tunings.values().map(AsRef::as_ref).filter(|tuning| permitted(rules, tuning, asker).is_ok()).collect();
    let tuning = match (name, tunings.as_slice()) {
        ("", []) if rules.tunings.is_empty() => return Err(list(rules)),
        ("", []) => return Err(format!("You may start none of the tunings from here. {}", help(rules, None))),
        ("", [only]) => *only,
        ("", _) => return Ok(views::chooser(&tunings, &origin.written())),
        (name, _) => {
            let order = resolve::<&str>(rules, name, &[]).map_err(|refusal| refusal.0)?;
            permitted(rules, &order.tuning, asker).map_err(|refusal| refusal.0)?;
            let configured = rules.tunings.get(&order.tuning.name).map(AsRef::as_ref);
            configured.ok_or_else(|| list(rules))?
        }
    };
    origin.tuning = tuning.name.to_string();
    let branch = rules.default_code.get(&tuning.name).map(|code| code.branch.as_str());
    Ok(views::fields(tuning, branch, &origin.written()))
}

/// The command that a form says.
///
/// # Errors
/// By block, what is wrong with what was filled in there.
pub(super) fn command(
    rules: &Rules,
    asker: &Asker<'_>,
    tuning: &str,
    filled: &[(String, Vec<String>)],
) -> Result<String, BTreeMap<String, String>> {
    let configured = rules.tunings.iter().find(|(name, _)| name.as_str() == tuning).map(|(_, tuning)| tuning.as_ref());
    let words: Vec<(&str, String)> = filled
        .iter()
        .filter_map(|(block, given)| Some((block.as_str(), word(configured, views::key(block)?, given))))
        .collect();
    let wrong = |word: &str| resolve(rules, tuning, &[word]).err().map(|refusal| refusal.0);
    let errors: BTreeMap<String, String> =
        words.iter().filter_map(|(block, word)| Some(((*block).to_owned(), short(&wrong(word)?)))).collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let all: Vec<&str> = words.iter().map(|(_, word)| word.as_str()).collect();
    let refused = match resolve(rules, tuning, &all) {
        Ok(order) => permitted(rules, &order.tuning, asker).err(),
        Err(refusal) => Some(refusal),
    };
    match refused {
        None => {
            let words = all.into_iter().map(str::to_owned).collect();
            Ok(Command::Start { tuning: tuning.to_owned(), words }.to_string())
        }
        Some(refusal) => Err(BTreeMap::from([(blamed(&words, &refusal.0), short(&refusal.0))])),
    }
}

/// The block whose word a refusal of all together is about: the one whose key it names, else the first of the form.
fn blamed(words: &[(&str, String)], refusal: &str) -> String {
    let named = |(_, word): &&(&str, String)| {
        let key = word.split('=').next().unwrap_or_default();
        refusal.contains(&format!("`{key}`")) || refusal.contains(&format!("`{key}="))
    };
    words.iter().find(named).map_or_else(|| "field/trials".to_owned(), |(block, _)| (*block).to_owned())
}

/// The word that a field says. Choices are known by their places.
fn word(tuning: Option<&Tuning>, key: &str, given: &[String]) -> String {
    let parameter = tuning.and_then(|tuning| tuning.space.get(&key.parse().ok()?));
    let value = match parameter.map(|parameter| &parameter.domain) {
        Some(Domain::Categorical { choices }) => {
            let chosen = |text: &String| match text.parse::<usize>().ok().and_then(|place| choices.get(place)) {
                // A list longer than Slack's is typed, not chosen.
                Some(choice) if choices.len() <= views::OPTIONS => choice.to_string(),
                _ => text.clone(),
            };
            given.iter().map(chosen).collect::<Vec<_>>().join("|")
        }
        _ => given.join(" "),
    };
    format!("{key}={value}")
}

/// An error stands under its field, and nothing is started while the form is open.
fn short(refusal: &str) -> String {
    let plain = refusal.trim_end_matches(" Nothing was started.").replace(['`', '*'], "");
    plain.chars().take(500).collect()
}

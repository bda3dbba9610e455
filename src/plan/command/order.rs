//! From a command to what exactly is to run.

use super::grammar::did_you_mean;
use super::overrides::{self, Overridden};
use super::{code, words};
use crate::domain::error::UserError;
use crate::domain::ids::{Repository, SweepId, TuningName};
use crate::domain::params::{Domain, Parameter, Space};
use crate::domain::rules::Rules;
use crate::domain::tuning::Tuning;

/// What is to run: a tuning with all overrides applied and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    pub tuning: Tuning,
    /// The overrides in words, as [`describe`](super::describe) gives them.
    pub notes: Vec<String>,
    /// The branch or the full commit that was asked for.
    pub reference: Option<String>,
    /// The seed that was asked for; else the tuning's, else the sweep gets one of its own.
    pub seed: Option<u64>,
    /// The words, each `key=value` with the key as the tuning writes it.
    pub overrides: Vec<String>,
}

/// Who asks. What the configuration itself starts (triggers, schedules) asks nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker<'a> {
    Slack {
        user: &'a str,
        channel: &'a str,
    },
    Github {
        login: &'a str,
        /// Of the pull request or commit that they speak about.
        repository: &'a Repository,
    },
    /// A bearer of a token of the API. Tokens are given out by whoever configures tunebot, so they open every tuning.
    Api {
        caller: &'a str,
    },
}

/// What `best` is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    Tuning(TuningName),
    Sweep(SweepId),
}

/// Applies `words` to the tuning called `name`.
///
/// # Errors
/// An unknown tuning or key with the nearest known one; a value that does not fit; a key given twice; parameters that
/// exclude each other. Each ends with "Nothing was started."
pub fn resolve<S: AsRef<str>>(rules: &Rules, name: &str, words: &[S]) -> Result<Order, UserError> {
    order(rules, name, words).map_err(|problem| UserError::new(format!("{problem} Nothing was started.")))
}

fn order<S: AsRef<str>>(rules: &Rules, name: &str, words: &[S]) -> Result<Order, String> {
    let configured = tuning(rules, name)?;
    let mut result = Overridden { tuning: configured.clone(), reference: None, seed: configured.search.seed };
    let mut given: Vec<(String, String)> = Vec::new();
    for word in words.iter().map(AsRef::as_ref) {
        let Some((key, value)) = word.split_once('=') else {
            return Err(format!("{} is not a `key=value` word.", code(word)));
        };
        let (key, value) = (overrides::full_key(configured, key.trim()), value.trim());
        if given.iter().any(|(earlier, _)| *earlier == key) {
            return Err(format!("{} is given twice.", code(&key)));
        }
        overrides::apply(&mut result, &key, value)?;
        given.push((key, value.to_owned()));
    }
    let Overridden { mut tuning, reference, seed } = result;
    if reference.is_some() && !rules.default_code.contains_key(&tuning.name) {
        return Err(format!("*{}* belongs to no repository, so `ref=` has nothing to point at.", tuning.name));
    }
    for (key, _) in &given {
        let parameter = key.parse().ok().and_then(|name| tuning.space.get(&name));
        if let Some(parameter) = parameter.filter(|parameter| !can_be_active(&tuning.space, parameter)) {
            return Err(never_active(parameter));
        }
    }
    // Trial 0 is what runs in production: where the overrides leave no room for it, the sweep does without.
    tuning.production = tuning.production.filter(|params| tuning.space.check(params).is_ok());
    tuning.search.seed = seed;
    let overrides: Vec<String> = given.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let notes = overrides::describe(&overrides, &tuning);
    Ok(Order { tuning, notes, reference, seed, overrides })
}

/// Is there any choice with which the parameter is active?
fn can_be_active(space: &Space, parameter: &Parameter) -> bool {
    let Some(condition) = &parameter.when else { return true };
    let Some(parent) = space.get(&condition.parameter) else { return false };
    let Domain::Categorical { choices } = &parent.domain else { return false };
    choices.iter().any(|choice| condition.one_of.contains(choice)) && can_be_active(space, parent)
}

fn never_active(parameter: &Parameter) -> String {
    let condition = parameter.when.as_ref().map(|condition| {
        let values: Vec<String> = condition.one_of.iter().map(ToString::to_string).collect();
        format!(" with {}", code(&format!("{}={}", condition.parameter, values.join("|"))))
    });
    format!("`{}` only counts{}, which the other words exclude.", parameter.name, condition.unwrap_or_default())
}

fn tuning<'a>(rules: &'a Rules, name: &str) -> Result<&'a Tuning, String> {
    let found = rules.tunings.iter().find(|(known, _)| known.as_str().eq_ignore_ascii_case(name.trim_matches('*')));
    found.map(|(_, tuning)| tuning.as_ref()).ok_or_else(|| unknown(rules, name))
}

fn unknown(rules: &Rules, name: &str) -> String {
    let meant = did_you_mean(name, rules.tunings.keys().map(TuningName::as_str));
    let all = match rules.tunings.len() {
        0 => "The configuration has none yet.".to_owned(),
        1 => "`/tune list` shows the one there is.".to_owned(),
        count => format!("`/tune list` shows all {count}."),
    };
    format!("I don't know a tuning called {}.{meant} {all}", code(name))
}

/// Is `text` a tuning or a sweep? A tuning, when it could be both.
///
/// # Errors
/// It is neither; with the nearest tuning.
pub fn subject(rules: &Rules, text: &str) -> Result<Subject, UserError> {
    let problem = match tuning(rules, text) {
        Ok(tuning) => return Ok(Subject::Tuning(tuning.name.clone())),
        Err(problem) => problem,
    };
    text.to_ascii_lowercase().parse().map(Subject::Sweep).map_err(|_| UserError::new(problem))
}

/// The command that would start `order` again, as it can be typed after `/tune`.
impl std::fmt::Display for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.tuning.name)?;
        self.overrides.iter().try_for_each(|word| write!(f, " {}", words::quote(word)))
    }
}

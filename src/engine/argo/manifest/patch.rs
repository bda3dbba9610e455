//! `spec.podSpecPatch`: how the trial's environment and its resources reach the `main` container of every pod, whatever
//! the template looks like.
//!
//! Argo keeps one such patch for a workflow, so ours is not written where the manifest or template has one: theirs is
//! never changed. It is not written either where a pod has no container `main`: the patch would add one.

use serde_json::{Map, Value, json};

use super::{Place, RenderError, secret_name};
use crate::domain::tuning::WorkflowTrial;
use crate::engine::argo::template::TemplateFacts;
use crate::engine::{Launch, contract};

pub(super) fn write(
    spec: &mut Map<String, Value>,
    launch: &Launch,
    trial: &WorkflowTrial,
    place: &Place<'_>,
    facts: &TemplateFacts,
) -> Result<(), RenderError> {
    let asks_for_resources = !trial.requests.is_empty() || !trial.limits.is_empty();
    match facts.no_patch_because() {
        Some(why) if asks_for_resources => return Err(RenderError::ResourcesIgnored { why }),
        Some(_) => return Ok(()),
        None => {}
    }
    let mut main = json!({ "name": "main", "env": environment(launch, place.owner)? });
    if asks_for_resources {
        let mut resources = Map::new();
        for (kind, quantities) in [("requests", &trial.requests), ("limits", &trial.limits)] {
            if !quantities.is_empty() {
                resources.insert(kind.into(), json!(quantities));
            }
        }
        main["resources"] = Value::Object(resources);
    }
    let patch = serde_json::to_string(&json!({ "containers": [main] }))?;
    spec.insert("podSpecPatch".into(), without_placeholders(&patch).into());
    Ok(())
}

fn environment(launch: &Launch, owner: &str) -> Result<Vec<Value>, RenderError> {
    let mut plain = contract::variables(launch)?;
    plain.push((contract::CHECKPOINT, format!("{}/{}", launch.attempt.sweep, launch.attempt.trial)));
    plain.sort();
    let mut environment: Vec<Value> =
        plain.into_iter().map(|(name, value)| json!({ "name": name, "value": literal(&value) })).collect();
    let secret = json!({ "name": secret_name(owner, &launch.attempt), "key": launch.attempt.to_string() });
    environment.push(json!({ "name": contract::TOKEN, "valueFrom": { "secretKeyRef": secret } }));
    Ok(environment)
}

/// Kubernetes fills `$(NAME)` in a variable's value in; `$$` stands for `$`.
fn literal(value: &str) -> String {
    value.replace('$', "$$")
}

/// Argo fills `{{…}}` in the patch in. Two braces that open only ever meet inside of a JSON string, where the second one
/// may as well be written as an escape.
fn without_placeholders(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '{' if text.ends_with('{') => text.push_str("\\u007b"),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_value_is_taken_for_a_placeholder_and_every_value_comes_back(value in "[{}\\\\\"a$()]{0,12}|\\PC{0,20}") {
            let patch = json!({ "env": [{ "value": value }] });
            let text = without_placeholders(&patch.to_string());
            prop_assert!(!text.contains("{{"));
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), patch);
        }

        #[test]
        fn kubernetes_gives_the_trial_the_value_that_was_meant(value in "[$()A-Z]{0,12}") {
            prop_assert_eq!(expanded(&literal(&value)), value);
        }
    }

    /// The expansion of variables as Kubernetes describes it, where no variable is known.
    fn expanded(text: &str) -> String {
        let mut shown = String::new();
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            shown.push(c);
            if c == '$' && rest.peek() == Some(&'$') {
                rest.next();
            } else if c == '$' && rest.peek() == Some(&'(') {
                shown.push_str("<expanded>");
            }
        }
        shown
    }
}

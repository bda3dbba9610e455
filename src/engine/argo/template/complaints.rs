//! What would go wrong with a tuning on a template, found before anything is launched.

use std::collections::BTreeSet;

use serde_json::json;

use super::TemplateFacts;
use crate::domain::params::{Domain, Parameter, Space, Value};
use crate::domain::tuning::{WorkflowSource, WorkflowTrial};
use crate::engine::argo::manifest::{OF_THE_ORDER, RenderError, fixed};

/// What keeps workflows of the tuning from running as they are meant to, each with what to do about it.
pub fn complaints(facts: &TemplateFacts, trial: &WorkflowTrial, space: &Space) -> Vec<String> {
    let view = View { facts, trial, space, who: who(&trial.source) };
    let mut complaints = view.refused_names();
    complaints.extend(view.undeclared());
    complaints.extend(view.without_value());
    complaints.extend(view.without_value_when_inactive());
    complaints.extend(view.refused_values());
    complaints.extend(view.ignored_resources());
    complaints.extend(view.tolerations_that_do_not_merge());
    complaints
}

fn who(source: &WorkflowSource) -> String {
    match source {
        WorkflowSource::Template { name } => format!("WorkflowTemplate `{name}`"),
        WorkflowSource::ClusterTemplate { name } => format!("ClusterWorkflowTemplate `{name}`"),
        WorkflowSource::Manifest { file, .. } => format!("the Workflow in {file}"),
    }
}

struct View<'a> {
    facts: &'a TemplateFacts,
    trial: &'a WorkflowTrial,
    space: &'a Space,
    who: String,
}

impl View<'_> {
    fn searches(&self) -> bool {
        self.trial.searches.is_some()
    }

    /// The parameters of the space whose values tunebot gives to a workflow: none if that searches by itself.
    fn tried(&self) -> impl Iterator<Item = &Parameter> {
        self.space.parameters().iter().filter(|_| !self.searches())
    }

    /// It has no value in every trial.
    fn is_sometimes(&self, parameter: &Parameter) -> bool {
        parameter.when.is_some() && !self.trial.arguments.contains_key(parameter.name.as_str())
    }

    fn refused_names(&self) -> Vec<String> {
        let of_space = self.tried().map(|parameter| parameter.name.as_str());
        let of_arguments = self.trial.arguments.keys().map(String::as_str);
        let fits = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        let names: BTreeSet<&str> = of_space.chain(of_arguments).filter(|name| !fits(name)).collect();
        let complain = |name| {
            format!("`{name}` cannot be an argument of a workflow: rename it, with letters, digits, `-` and `_` only")
        };
        names.into_iter().map(complain).collect()
    }

    fn undeclared(&self) -> Option<String> {
        let missing: Vec<&Parameter> =
            self.tried().filter(|parameter| !self.facts.declared.contains_key(parameter.name.as_str())).collect();
        let lines: Vec<String> = missing.iter().map(|parameter| self.line_for(parameter)).collect();
        let who = &self.who;
        match (missing.as_slice(), lines.as_slice()) {
            ([], _) => None,
            ([one], [line]) => Some(format!(
                "{who} does not declare the parameter `{}`, so every trial would run with the same value: \
                 add `{line}` under `spec.arguments.parameters`",
                one.name
            )),
            _ => Some(format!(
                "{who} does not declare the parameters {}, so every trial would run with the same values: \
                 add under `spec.arguments.parameters`\n{}",
                listed(missing.iter().map(|parameter| parameter.name.as_str())),
                lines.join("\n")
            )),
        }
    }

    /// The line that declares it. One that is not part of every trial needs a value for the others.
    fn line_for(&self, parameter: &Parameter) -> String {
        match self.is_sometimes(parameter) {
            true => {
                format!("- {{name: {}, value: {}}}", parameter.name, json!(any_value(&parameter.domain).to_string()))
            }
            false => format!("- name: {}", parameter.name),
        }
    }

    fn without_value(&self) -> Option<String> {
        let fixed = fixed(self.space);
        let is_given = |name: &str| {
            self.trial.arguments.contains_key(name)
                || self.tried().any(|parameter| parameter.name.as_str() == name)
                || self.searches() && (OF_THE_ORDER.contains(&name) || fixed.contains_key(name))
        };
        let empty = self.facts.declared.iter().filter(|(name, declared)| !declared.has_value && !is_given(name));
        let names: Vec<&str> = empty.map(|(name, _)| name.as_str()).collect();
        let (what, it, source) = match names.as_slice() {
            [] => return None,
            [_] => ("the parameter", "it", "one"),
            _ => ("the parameters", "them", "them"),
        };
        let space = if self.searches() { "tunebot" } else { "the search space" };
        Some(format!(
            "{} declares {what} {} without a value, and neither {space} nor `arguments` of the tuning gives {source}: \
             give {it} a `value` there, or add {it} to `arguments`",
            self.who,
            listed(names.into_iter())
        ))
    }

    fn without_value_when_inactive(&self) -> Vec<String> {
        let empty = |parameter: &&Parameter| {
            let declared = self.facts.declared.get(parameter.name.as_str());
            self.is_sometimes(parameter) && declared.is_some_and(|declared| !declared.has_value)
        };
        let complain = |parameter: &Parameter| {
            format!(
                "`{name}` is not part of every trial, and {who} declares it without a value, so Argo would refuse the \
                 trials without it: write `{line}` there (Argo passes over a `default`)",
                name = parameter.name,
                who = self.who,
                line = self.line_for(parameter)
            )
        };
        self.tried().filter(empty).map(complain).collect()
    }

    /// Values that the `enum` of a parameter does not let through.
    fn refused_values(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for (name, declared) in &self.facts.declared {
            let Some(one_of) = &declared.one_of else { continue };
            let argument = self.trial.arguments.get(name).filter(|value| !one_of.contains(value)).cloned();
            let tried = self.tried().find(|parameter| parameter.name.as_str() == name);
            let (whose, value) = match (tried.and_then(|parameter| beyond(&parameter.domain, one_of)), argument) {
                (Some(value), _) => ("the search space has", value),
                (None, Some(value)) if tried.is_none() => ("`arguments` of the tuning says", value),
                _ => continue,
            };
            complaints.push(format!(
                "{} limits `{name}` to {}, and {whose} {value}: add it to the `enum` of the parameter, or leave it out",
                self.who,
                one_of.join(" | ")
            ));
        }
        complaints
    }

    fn ignored_resources(&self) -> Option<String> {
        let asks = !self.trial.requests.is_empty() || !self.trial.limits.is_empty();
        let why = self.facts.no_patch_because().filter(|_| asks)?;
        Some(RenderError::ResourcesIgnored { why }.to_string())
    }

    /// Argo merges the tolerations of a workflow with those of its template by their keys, and fails where there is none.
    fn tolerations_that_do_not_merge(&self) -> Option<String> {
        let is_merged = self.facts.has_tolerations && !matches!(self.trial.source, WorkflowSource::Manifest { .. });
        let keyless =
            self.trial.tolerations.iter().any(|toleration| toleration["key"].as_str().is_none_or(str::is_empty));
        (is_merged && keyless).then(|| {
            format!(
                "the tuning has a toleration without a `key`, which Argo cannot merge with the tolerations of {}: \
                 give it a `key`, or write it there",
                self.who
            )
        })
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

fn any_value(domain: &Domain) -> Value {
    match domain {
        Domain::Float { low, .. } => Value::Float(*low),
        Domain::Int { low, .. } => Value::Int(*low),
        Domain::Categorical { choices } => choices.first().cloned().unwrap_or(Value::Null),
    }
}

/// A value of `domain`, as text, that is not in `one_of`. Looks at no more values than `one_of` has, and one.
fn beyond(domain: &Domain, one_of: &[String]) -> Option<String> {
    let outside = |value: Value| Some(value.to_string()).filter(|text| !one_of.contains(text));
    match domain {
        Domain::Float { low, high, step, .. } => {
            let between = step.is_none().then_some(low + (high - low) / 2.0);
            [*low, *high].into_iter().chain(between).find_map(|value| outside(Value::Float(value)))
        }
        Domain::Int { low, high, step, .. } => {
            let values = (0i64..).map_while(|k| low.checked_add(step.checked_mul(k)?).filter(|value| value <= high));
            values.take(one_of.len() + 1).find_map(|value| outside(Value::Int(value)))
        }
        Domain::Categorical { choices } => choices.iter().find_map(|choice| outside(choice.clone())),
    }
}

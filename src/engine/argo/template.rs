//! What a WorkflowTemplate, or a Workflow file, has and lacks for a tuning: the facts of its spec, and complaints about
//! them before anything is launched.
//!
//! Pure. Whether there are other places from which metrics come (reports of the trial) cannot be seen from a template
//! and is not asked.

mod complaints;

use std::collections::BTreeMap;

use serde_json::Value;

pub use self::complaints::complaints;

/// What matters of the spec of a WorkflowTemplate or Workflow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TemplateFacts {
    /// The names in `spec.arguments.parameters`.
    pub declared: BTreeMap<String, Declared>,
    pub has_pod_spec_patch: bool,
    pub has_ttl: bool,
    pub has_service_account: bool,
    pub has_tolerations: bool,
    pub active_deadline_seconds: Option<i64>,
    /// A template of a container set in which no container is named `main`.
    pub set_without_main: Option<String>,
    /// The spec takes everything that it does not say from another template.
    pub reference: Option<TemplateReference>,
}

/// A parameter in `spec.arguments.parameters`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Declared {
    /// A `value` or `valueFrom`. A `default` does not count there: Argo passes over it.
    pub has_value: bool,
    /// The values that Argo lets through, if it is limited.
    pub one_of: Option<Vec<String>>,
}

/// A `workflowTemplateRef`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateReference {
    pub name: String,
    /// It is a ClusterWorkflowTemplate.
    pub cluster: bool,
}

impl TemplateFacts {
    /// The facts of the `spec` of a WorkflowTemplate, ClusterWorkflowTemplate or Workflow. Anything that is not as it
    /// should be is passed over: the API server has looked at it.
    pub fn of_spec(spec: &Value) -> Self {
        let present = |key: &str| spec.get(key).is_some_and(|value| !value.is_null());
        let filled = |key: &str| spec[key].as_str().is_some_and(|text| !text.trim().is_empty());
        Self {
            declared: items(&spec["arguments"]["parameters"]).filter_map(declared).collect(),
            has_pod_spec_patch: filled("podSpecPatch"),
            has_ttl: present("ttlStrategy"),
            has_service_account: filled("serviceAccountName"),
            has_tolerations: items(&spec["tolerations"]).next().is_some(),
            active_deadline_seconds: spec["activeDeadlineSeconds"].as_i64(),
            set_without_main: items(&spec["templates"]).find_map(set_without_main),
            reference: spec["workflowTemplateRef"]["name"].as_str().map(|name| TemplateReference {
                name: name.to_owned(),
                cluster: spec["workflowTemplateRef"]["clusterScope"].as_bool().unwrap_or(false),
            }),
        }
    }

    /// The facts of a Workflow that refers to a template with the facts `template`: what it says itself goes first.
    pub fn over(self, template: Self) -> Self {
        let mut declared = template.declared;
        declared.extend(self.declared);
        Self {
            declared,
            has_pod_spec_patch: self.has_pod_spec_patch || template.has_pod_spec_patch,
            has_ttl: self.has_ttl || template.has_ttl,
            has_service_account: self.has_service_account || template.has_service_account,
            has_tolerations: self.has_tolerations || template.has_tolerations,
            active_deadline_seconds: self.active_deadline_seconds.or(template.active_deadline_seconds),
            set_without_main: self.set_without_main.or(template.set_without_main),
            reference: template.reference,
        }
    }

    /// Why the environment and resources of a trial cannot be patched into its pods, if they cannot.
    pub fn no_patch_because(&self) -> Option<String> {
        match &self.set_without_main {
            _ if self.has_pod_spec_patch => Some("its workflow has a `podSpecPatch` of its own".into()),
            Some(name) => Some(format!("the container set of its template `{name}` has no container named `main`")),
            None => None,
        }
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn declared(parameter: &Value) -> Option<(String, Declared)> {
    let has_value = ["value", "valueFrom"].iter().any(|key| parameter.get(key).is_some_and(|value| !value.is_null()));
    let one_of = parameter["enum"].as_array().map(|values| values.iter().map(any_string).collect());
    Some((parameter["name"].as_str()?.to_owned(), Declared { has_value, one_of }))
}

/// Argo takes numbers and booleans where it wants a text.
fn any_string(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn set_without_main(template: &Value) -> Option<String> {
    let containers = template["containerSet"]["containers"].as_array()?;
    let has_main = containers.iter().any(|container| container["name"] == "main");
    (!has_main).then(|| template["name"].as_str().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests;

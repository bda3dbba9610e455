//! The Workflow object of one attempt, made of the tuning's template and of nothing else but the launch.
//!
//! Of a manifest that the user wrote these paths are tunebot's, and every other path stays as it is:
//! - `metadata.name`, `metadata.generateName` and `metadata.namespace`; labels and annotations that begin with
//!   `tunebot/`, Argo's labels for creator and controller instance; and what only a cluster writes: `status`,
//!   `metadata.uid`, `resourceVersion`, `generation`, `creationTimestamp`, `managedFields`, `selfLink`, and the labels
//!   by which Argo marks a workflow as done;
//! - `spec.arguments.parameters` ([`arguments`]): a parameter that is there keeps its fields and gets a `value`;
//! - `spec.activeDeadlineSeconds`, unless it is shorter than the trial's limit; `spec.ttlStrategy`, if there is none;
//! - what the tuning asks for: `spec.serviceAccountName`, `priority`, `podPriorityClassName`, `ttlStrategy`,
//!   `podGC.strategy`, `nodeSelector` (merged) and `tolerations` (appended);
//! - `spec.podMetadata.labels`: sweep, trial and tuning, each unless it is there;
//! - `spec.podSpecPatch` ([`patch`]), unless there is one.
//!
//! Pure: it knows no clock and no cluster, and the same launch gives the same object.

mod arguments;
pub(in crate::engine::argo) use self::arguments::{OF_THE_ORDER, fixed};
pub mod names;
mod patch;

#[cfg(test)]
mod tests;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use self::names::{MAX_LABEL, PREFIX, label_value};
use super::template::TemplateFacts;
use crate::domain::ids::{AttemptId, MetricName};
use crate::domain::sweep::Code;
use crate::domain::tuning::{SearchOutputs, WorkflowSource, WorkflowTrial};
use crate::engine::Launch;

/// How long a finished workflow is kept unless somebody says otherwise: seven days.
const KEEP_FINISHED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Time beyond a trial's limit and grace before Argo ends the workflow by itself: tunebot comes first if it is there.
const DEADLINE_MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// Trials that share a Secret. Whoever adds a token writes the Secret as a whole: the larger it is, the more that costs.
const TRIALS_PER_SECRET: u32 = 50;

/// Where a workflow goes and whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub namespace: &'a str,
    /// The tunebot that owns the workflow; valid as a label.
    pub owner: &'a str,
    /// What the pods run as when neither the tuning nor the manifest says.
    pub service_account: Option<&'a str>,
    pub controller_instance: Option<&'a str>,
}

/// Why there can be no workflow for a launch. Another try fails the same way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    #[error("the Workflow in {file} cannot be used: {problem}")]
    Manifest { file: String, problem: String },
    #[error(
        "the workflow would be named `{name}`, which is longer than {MAX_LABEL} characters: shorten the tuning's name"
    )]
    NameTooLong { name: String },
    #[error(
        "the tuning asks for `requests` or `limits`, and {why}: set the resources there, or remove them from the tuning"
    )]
    ResourcesIgnored { why: String },
    #[error("the workflow cannot be written as JSON: {0}")]
    Unwritable(String),
}

impl From<serde_json::Error> for RenderError {
    fn from(error: serde_json::Error) -> Self {
        Self::Unwritable(error.to_string())
    }
}

/// What a workflow that searches by itself carries along, so that its outputs can be read without the tuning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SearchContract {
    #[serde(flatten)]
    pub outputs: SearchOutputs,
    /// The first objective.
    pub metric: MetricName,
}

/// The Secret with the token of `attempt`; the key in it is the attempt's text.
///
/// The owner is part of it: two tunebots that hear of the same push may have sweeps of the same name.
pub fn secret_name(owner: &str, attempt: &AttemptId) -> String {
    format!("tunebot-{owner}-{}-{}", attempt.sweep, attempt.trial / TRIALS_PER_SECRET)
}

/// Is `attempt` the first one that its Secret is needed for?
pub fn begins_secret(attempt: &AttemptId) -> bool {
    attempt.trial.is_multiple_of(TRIALS_PER_SECRET) && attempt.attempt == 1
}

/// The workflow of one attempt. `facts` are those of the manifest, or of the template that it refers to.
///
/// # Errors
/// [`RenderError`]
pub fn render(
    launch: &Launch,
    trial: &WorkflowTrial,
    place: &Place<'_>,
    facts: &TemplateFacts,
) -> Result<Value, RenderError> {
    let name = launch.attempt.to_string();
    if name.len() > MAX_LABEL {
        return Err(RenderError::NameTooLong { name });
    }
    let mut workflow = start(&trial.source)?;
    let problem = |problem: &str| match &trial.source {
        WorkflowSource::Manifest { file, .. } => {
            RenderError::Manifest { file: file.clone(), problem: problem.to_owned() }
        }
        _ => RenderError::Unwritable(problem.to_owned()),
    };
    let metadata = object(&mut workflow, "metadata").ok_or_else(|| problem("`metadata` is not an object"))?;
    write_metadata(metadata, name, launch, trial, place).map_err(|Unfit(what)| problem(what))?;
    let spec = object(&mut workflow, "spec").ok_or_else(|| problem("`spec` is not an object"))?;
    let values = arguments::values(launch, trial, facts)?;
    arguments::merge(spec, values).map_err(|Unfit(what)| problem(what))?;
    write_wishes(spec, trial, place, facts).map_err(|Unfit(what)| problem(what))?;
    label_pods(spec, launch).map_err(|Unfit(what)| problem(what))?;
    write_lifetime(spec, launch, trial, facts);
    patch::write(spec, launch, trial, place, facts)?;
    Ok(Value::Object(workflow))
}

/// A part of a manifest is of another kind than Kubernetes has there.
struct Unfit(&'static str);

fn start(source: &WorkflowSource) -> Result<Map<String, Value>, RenderError> {
    let reference = |name: &str, cluster: bool| {
        let mut reference = json!({ "name": name });
        if cluster {
            reference["clusterScope"] = true.into();
        }
        Map::from_iter([
            ("apiVersion".into(), "argoproj.io/v1alpha1".into()),
            ("kind".into(), "Workflow".into()),
            ("spec".into(), json!({ "workflowTemplateRef": reference })),
        ])
    };
    match source {
        WorkflowSource::Template { name } => Ok(reference(name, false)),
        WorkflowSource::ClusterTemplate { name } => Ok(reference(name, true)),
        WorkflowSource::Manifest { file, manifest } => {
            let Value::Object(manifest) = manifest else {
                return Err(RenderError::Manifest { file: file.clone(), problem: "it is not an object".into() });
            };
            let mut manifest = manifest.clone();
            manifest.remove("status");
            Ok(manifest)
        }
    }
}

/// The object under `key`; made if it is not there or null. `None`: something else is there.
fn object<'a>(parent: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Map<String, Value>> {
    let value = parent.entry(key).or_insert(Value::Null);
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}

/// The list under `key`; made if it is not there or null. `None`: something else is there.
fn list<'a>(parent: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Vec<Value>> {
    let value = parent.entry(key).or_insert(Value::Null);
    if value.is_null() {
        *value = Value::Array(Vec::new());
    }
    value.as_array_mut()
}

fn write_metadata(
    metadata: &mut Map<String, Value>,
    name: String,
    launch: &Launch,
    trial: &WorkflowTrial,
    place: &Place<'_>,
) -> Result<(), Unfit> {
    const OF_THE_CLUSTER: [&str; 8] = [
        "generateName",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "managedFields",
        "selfLink",
    ];
    metadata.retain(|key, _| !OF_THE_CLUSTER.contains(&key.as_str()));
    metadata.insert("name".into(), name.into());
    metadata.insert("namespace".into(), place.namespace.into());
    let labels = object(metadata, "labels").ok_or(Unfit("`metadata.labels` is not an object"))?;
    let marks_an_end = |key: &str| matches!(key, "workflows.argoproj.io/completed" | "workflows.argoproj.io/phase");
    labels.retain(|key, _| !key.starts_with(PREFIX) && !marks_an_end(key));
    for (key, value) in labels_of(launch, place) {
        labels.insert(key.into(), value.into());
    }
    let annotations = object(metadata, "annotations").ok_or(Unfit("`metadata.annotations` is not an object"))?;
    annotations.retain(|key, _| !key.starts_with(PREFIX));
    for (key, value) in annotations_of(launch, trial, place) {
        annotations.insert(key.into(), value.into());
    }
    Ok(())
}

/// Marks every pod, so that what is measured of it can be told by trial.
fn label_pods(spec: &mut Map<String, Value>, launch: &Launch) -> Result<(), Unfit> {
    let metadata = object(spec, "podMetadata").ok_or(Unfit("`spec.podMetadata` is not an object"))?;
    let labels = object(metadata, "labels").ok_or(Unfit("`spec.podMetadata.labels` is not an object"))?;
    for (key, value) in identity_of(launch) {
        labels.entry(key).or_insert_with(|| value.into());
    }
    Ok(())
}

/// Which trial of which sweep of which tuning.
fn identity_of(launch: &Launch) -> [(&'static str, String); 3] {
    [
        (names::SWEEP, launch.attempt.sweep.to_string()),
        (names::TRIAL, launch.attempt.trial.to_string()),
        (names::TUNING, launch.tuning.to_string()),
    ]
}

fn labels_of(launch: &Launch, place: &Place<'_>) -> Vec<(&'static str, String)> {
    let mut labels = Vec::from(identity_of(launch));
    labels.push((names::INSTANCE, place.owner.to_owned()));
    labels.push((names::CREATOR, label_value(&launch.asked_by)));
    labels.extend(place.controller_instance.map(|instance| (names::CONTROLLER_INSTANCE, instance.to_owned())));
    labels
}

fn annotations_of(launch: &Launch, trial: &WorkflowTrial, place: &Place<'_>) -> Vec<(&'static str, String)> {
    let mut annotations = vec![
        (names::ATTEMPT, launch.attempt.to_string()),
        (names::OWNER, place.owner.to_owned()),
        (names::ASKED_BY, launch.asked_by.clone()),
        (names::REPORT_URL, launch.report_url.clone()),
        (names::SECRET, secret_name(place.owner, &launch.attempt)),
    ];
    if let Some(Code { repository, sha: Some(sha), .. }) = &launch.code {
        annotations.push((names::CODE, format!("{repository}@{sha}")));
    }
    if let Some(outputs) = &trial.searches {
        let contract = SearchContract { outputs: outputs.clone(), metric: launch.search.objective.metric.clone() };
        annotations.push((names::SEARCH_OUTPUTS, json!(contract).to_string()));
    }
    annotations
}

/// What the tuning says about the pods and their order.
fn write_wishes(
    spec: &mut Map<String, Value>,
    trial: &WorkflowTrial,
    place: &Place<'_>,
    facts: &TemplateFacts,
) -> Result<(), Unfit> {
    let otherwise = place.service_account.filter(|_| !facts.has_service_account);
    if let Some(account) = trial.service_account.as_deref().or(otherwise) {
        spec.insert("serviceAccountName".into(), account.into());
    }
    if let Some(priority) = trial.priority {
        spec.insert("priority".into(), priority.into());
    }
    if let Some(class) = &trial.pod_priority_class {
        spec.insert("podPriorityClassName".into(), class.as_str().into());
    }
    if let Some(strategy) = trial.pod_gc {
        let pod_gc = object(spec, "podGC").ok_or(Unfit("`spec.podGC` is not an object"))?;
        pod_gc.insert("strategy".into(), json!(strategy));
    }
    if !trial.node_selector.is_empty() {
        let selector = object(spec, "nodeSelector").ok_or(Unfit("`spec.nodeSelector` is not an object"))?;
        selector.extend(trial.node_selector.iter().map(|(key, value)| (key.clone(), value.as_str().into())));
    }
    if !trial.tolerations.is_empty() {
        let tolerations = list(spec, "tolerations").ok_or(Unfit("`spec.tolerations` is not a list"))?;
        tolerations.extend(trial.tolerations.iter().cloned());
    }
    Ok(())
}

/// How long it may run, and how long it is kept after that.
fn write_lifetime(spec: &mut Map<String, Value>, launch: &Launch, trial: &WorkflowTrial, facts: &TemplateFacts) {
    let deadline = whole_seconds(launch.timeout.saturating_add(launch.stop_grace).saturating_add(DEADLINE_MARGIN));
    if facts.active_deadline_seconds.is_none_or(|theirs| theirs > deadline) {
        spec.insert("activeDeadlineSeconds".into(), deadline.into());
    }
    if let Some(ttl) = trial.ttl {
        // The two narrower ones go before the general one, also when only the template has them.
        let seconds = whole_seconds(ttl);
        spec.insert(
            "ttlStrategy".into(),
            json!({
                "secondsAfterCompletion": seconds,
                "secondsAfterSuccess": seconds,
                "secondsAfterFailure": seconds,
            }),
        );
    } else if !facts.has_ttl {
        let seconds = whole_seconds(KEEP_FINISHED);
        spec.insert("ttlStrategy".into(), json!({ "secondsAfterCompletion": seconds }));
    }
}

/// Kubernetes counts in whole seconds: a part of one is one more, and what does not fit 32 bits is the most.
fn whole_seconds(duration: SignedDuration) -> i64 {
    let seconds = duration.as_secs().saturating_add(i64::from(duration.subsec_nanos() > 0));
    seconds.clamp(0, i64::from(i32::MAX))
}

//! Argo's controller, played by the test: what it would do to a workflow is a verb here.
//!
//! Each verb writes the object as the controller does, with the status that Argo 4 gives it, and leaves everything else as
//! it is. Outputs can be in any of the places where Argo puts them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::nodes::{self, Outputs, State};
use super::world::{Key, World, now};
use super::{FakeCluster, NAMESPACE, write};

/// The controller, which puts outputs where it was told to.
pub struct Argo<'a> {
    cluster: &'a FakeCluster,
    outputs: Outputs,
}

/// What becomes of a workflow in the automatic mode.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Succeed(Vec<(String, String)>),
    Fail(String),
    /// It runs until it is stopped.
    Run,
}

type Choose = Box<dyn Fn(&BTreeMap<String, String>) -> Outcome + Send>;

pub(super) struct Automatic {
    choose: Choose,
    outputs: Outputs,
    /// Changes up to this version have been looked at.
    seen: u64,
}

impl<'a> Argo<'a> {
    pub(super) fn new(cluster: &'a FakeCluster) -> Self {
        Self { cluster, outputs: Outputs::OfRootNode }
    }

    /// Outputs of the next verb become global ones: `status.outputs`.
    pub fn global_outputs(mut self) -> Self {
        self.outputs = Outputs::Global;
        self
    }

    /// The next verb writes `status.compressedNodes`, as Argo does with large workflows.
    pub fn compressed_nodes(mut self) -> Self {
        self.outputs = Outputs::InCompressedNodes;
        self
    }

    /// The workflow's pod runs.
    pub fn start(&self, name: &str) {
        self.change(name, State { phase: "Running", ..State::default() });
    }

    /// `3/10`: what the trial says of itself, through `ARGO_PROGRESS_FILE`.
    pub fn progress(&self, name: &str, progress: &str) {
        self.change(name, State { phase: "Running", progress, ..State::default() });
    }

    /// The workflow's pod waits, and says why: `Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.`
    pub fn hold(&self, name: &str, why: &str) {
        let state = State { phase: "Running", pod_phase: "Pending", pod_message: why, ..State::default() };
        self.change(name, state);
    }

    /// The workflow ends well, with output parameters.
    pub fn succeed(&self, name: &str, outputs: &[(&str, &str)]) {
        let outputs: Vec<_> = outputs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.change(name, State { phase: "Succeeded", outputs: &outputs, ..State::default() });
    }

    /// The workflow's pod fails with a message such as `main: Error (exit code 1)`.
    pub fn fail(&self, name: &str, message: &str) {
        self.change(name, State { phase: "Failed", message, pod_message: message, ..State::default() });
    }

    /// The workflow fails after its pod has given outputs.
    pub fn fail_with_outputs(&self, name: &str, message: &str, outputs: &[(&str, &str)]) {
        let outputs: Vec<_> = outputs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let state = State { phase: "Failed", message, pod_message: message, outputs: &outputs, ..State::default() };
        self.change(name, state);
    }

    /// The infrastructure fails: `pod deleted`, an evicted node.
    pub fn error(&self, name: &str, message: &str) {
        self.change(name, State { phase: "Error", message, pod_message: message, ..State::default() });
    }

    /// Ends every workflow that is to shut down, and gives the names of these.
    pub fn honour_shutdown(&self) -> Vec<String> {
        self.cluster.core.write(|world| {
            let all = world.objects("workflows").filter(|workflow| wants_to_stop(workflow));
            let keys: Vec<Key> = all.map(|workflow| key_of(workflow)).collect();
            keys.into_iter()
                .map(|key| {
                    stop(world, &key, self.outputs);
                    key.2
                })
                .collect()
        })
    }

    /// Somebody deletes a workflow, or its time to live is over.
    ///
    /// # Panics
    /// There is no such workflow.
    pub fn delete(&self, name: &str) {
        let removed = self.cluster.core.write(|world| world.remove(&key(name)));
        assert!(removed.is_some(), "no workflow {name}");
    }

    /// From now on every workflow starts and ends by itself as soon as it is made, and stops as soon as it is told to.
    /// `choose` has its parameters.
    pub fn run_all(&self, choose: impl Fn(&BTreeMap<String, String>) -> Outcome + Send + 'static) {
        self.cluster.core.write(|world| {
            world.automatic = Some(Automatic { choose: Box::new(choose), outputs: self.outputs, seen: 0 });
            run_automatically(world);
        });
    }

    /// Workflows that have been running for a while when the test begins.
    pub fn seed_running(&self, manifests: impl IntoIterator<Item = Value>) {
        self.cluster.core.write(|world| {
            for manifest in manifests {
                let key = super::put(world, manifest);
                apply(world, &key, &State { phase: "Running", ..State::default() });
            }
        });
    }

    fn change(&self, name: &str, state: State) {
        let state = State { place: self.outputs, ..state };
        self.cluster.core.write(|world| apply(world, &key(name), &state));
    }
}

/// The automatic mode's next step, after each change from outside.
pub(super) fn run_automatically(world: &mut World) {
    let Some(mut automatic) = world.automatic.take() else { return };
    let changes = world.since(automatic.seen).iter().filter(|change| change.key.0 == "workflows");
    let mut keys: Vec<Key> = changes.map(|change| change.key.clone()).collect();
    if automatic.seen == 0 {
        keys = world.objects("workflows").map(|workflow| key_of(workflow)).collect();
    }
    for key in keys {
        let Some(workflow) = world.get(&key).cloned() else { continue };
        if wants_to_stop(&workflow) {
            stop(world, &key, automatic.outputs);
        } else if workflow["status"]["phase"].as_str().is_none_or(str::is_empty) {
            let place = automatic.outputs;
            apply(world, &key, &State { phase: "Running", place, ..State::default() });
            match (automatic.choose)(&parameters(&workflow)) {
                Outcome::Run => {}
                Outcome::Succeed(outputs) => {
                    apply(world, &key, &State { phase: "Succeeded", outputs: &outputs, place, ..State::default() });
                }
                Outcome::Fail(message) => {
                    let (message, pod_message) = (message.as_str(), message.as_str());
                    apply(world, &key, &State { phase: "Failed", message, pod_message, place, ..State::default() });
                }
            }
        }
    }
    automatic.seen = world.version;
    world.automatic = Some(automatic);
}

/// The parameters that a workflow was started with.
pub fn parameters(workflow: &Value) -> BTreeMap<String, String> {
    let all = workflow["spec"]["arguments"]["parameters"].as_array().into_iter().flatten();
    all.filter_map(|parameter| {
        let value = match &parameter["value"] {
            Value::String(text) => text.clone(),
            Value::Null => return None,
            other => other.to_string(),
        };
        Some((parameter["name"].as_str()?.to_owned(), value))
    })
    .collect()
}

fn wants_to_stop(workflow: &Value) -> bool {
    workflow["spec"]["shutdown"].as_str().is_some_and(|strategy| !strategy.is_empty()) && !has_ended(workflow)
}

fn stop(world: &mut World, key: &Key, place: Outputs) {
    let strategy =
        world.get(key).and_then(|workflow| workflow["spec"]["shutdown"].as_str()).unwrap_or("Stop").to_owned();
    let message = format!("Stopped with strategy '{strategy}'");
    let pod_message = format!("workflow shutdown with strategy: {strategy}");
    let (message, pod_message) = (message.as_str(), pod_message.as_str());
    apply(world, key, &State { phase: "Failed", message, pod_message, place, ..State::default() });
}

fn has_ended(workflow: &Value) -> bool {
    matches!(workflow["status"]["phase"].as_str(), Some("Succeeded" | "Failed" | "Error"))
}

/// Writes the status that says `state`.
fn apply(world: &mut World, key: &Key, state: &State) {
    let workflow = world.get(key).unwrap_or_else(|| panic!("no workflow {} in {:?}", key.2, world.names("workflows")));
    assert!(!has_ended(workflow), "{} has ended: {}", key.2, workflow["status"]["phase"]);
    let mut workflow = workflow.as_ref().clone();
    let template = stored_template(world, &workflow);
    let spec = template.as_ref().map_or(&workflow["spec"], |template| &template["spec"]);
    let mut status = nodes::status(&key.2, spec, &workflow["status"], state, &now());
    if let Some(template) = &template {
        status["storedWorkflowTemplateSpec"] = template["spec"].clone();
    }
    let is_over = matches!(state.phase, "Succeeded" | "Failed" | "Error");
    let labels = json!({
        "workflows.argoproj.io/phase": state.phase, "workflows.argoproj.io/completed": is_over.to_string(),
    });
    let annotations = json!({"workflows.argoproj.io/pod-name-format": "v2"});
    write::merge(&mut workflow["metadata"], &json!({"labels": labels, "annotations": annotations}));
    workflow["status"] = status;
    let generation = workflow["metadata"]["generation"].as_u64().unwrap_or(0) + 1;
    workflow["metadata"]["generation"] = generation.into();
    world.store(key.clone(), workflow);
}

/// The template that the workflow refers to, if it is there.
fn stored_template(world: &World, workflow: &Value) -> Option<Value> {
    let reference = &workflow["spec"]["workflowTemplateRef"];
    let name = reference["name"].as_str()?.to_owned();
    let namespace = workflow["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
    let key: Key = match reference["clusterScope"].as_bool() {
        Some(true) => ("clusterworkflowtemplates", String::new(), name),
        _ => ("workflowtemplates", namespace, name),
    };
    world.get(&key).map(|template| template.as_ref().clone())
}

fn key(name: &str) -> Key {
    ("workflows", NAMESPACE.to_owned(), name.to_owned())
}

fn key_of(workflow: &Value) -> Key {
    let field = |field: &str| workflow["metadata"][field].as_str().unwrap_or_default().to_owned();
    ("workflows", field("namespace"), field("name"))
}

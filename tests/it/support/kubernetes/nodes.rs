//! The `status` of a workflow as Argo 4 writes it.
//!
//! Source: the types of `pkg/apis/workflow/v1alpha1`, and what a controller wrote.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Where a controller puts output parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outputs {
    /// `status.nodes[<name of the workflow>].outputs`
    #[default]
    OfRootNode,
    /// `status.outputs`, by `globalName`; the node that gave them has them too, the root node has not.
    Global,
    /// As the first, but all nodes are in `status.compressedNodes`.
    InCompressedNodes,
}

/// What a status is to say.
#[derive(Debug, Clone, Copy, Default)]
pub struct State<'a> {
    /// `Running`, `Succeeded`, `Failed` or `Error`.
    pub phase: &'a str,
    pub message: &'a str,
    /// Empty: as `phase`.
    pub pod_phase: &'a str,
    pub pod_message: &'a str,
    /// Empty: as it was.
    pub progress: &'a str,
    pub outputs: &'a [(String, String)],
    pub place: Outputs,
}

impl State<'_> {
    fn is_over(&self) -> bool {
        matches!(self.phase, "Succeeded" | "Failed" | "Error")
    }

    fn pod_phase(&self) -> &str {
        if self.pod_phase.is_empty() { self.phase } else { self.pod_phase }
    }
}

/// The status of the workflow `name` with `spec`, whose status was `old`.
pub fn status(name: &str, spec: &Value, old: &Value, state: &State, now: &str) -> Value {
    let started_at = old["startedAt"].as_str().unwrap_or(now);
    let finished_at = if state.is_over() { json!(now) } else { Value::Null };
    // What a pod tells of its progress stays; one that ends well has done all of it.
    let told = if state.progress.is_empty() { old["progress"].as_str().unwrap_or("0/1") } else { state.progress };
    let progress = match told.split_once('/') {
        Some((_, all)) if state.phase == "Succeeded" => format!("{all}/{all}"),
        _ => told.to_owned(),
    };
    let progress = progress.as_str();
    let is_pod_running = state.pod_phase() == "Running";
    let mut conditions = vec![json!({"type": "PodRunning", "status": if is_pod_running { "True" } else { "False" }})];
    if state.is_over() {
        conditions.push(json!({"type": "Completed", "status": "True"}));
    }
    let mut status = json!({
        "artifactGCStatus": {"notSpecified": true},
        "artifactRepositoryRef": {"artifactRepository": {}, "default": true},
        "conditions": conditions,
        "startedAt": started_at,
        "finishedAt": finished_at,
        "phase": state.phase,
        "progress": progress,
    });
    if state.is_over() {
        status["resourcesDuration"] = json!({"cpu": 1, "memory": 12});
    }
    if !state.message.is_empty() {
        status["message"] = state.message.into();
    }
    let times = (started_at, &finished_at);
    let nodes = nodes(name, spec, state, progress, times);
    if let Some(message) = nodes[name]["message"].as_str().filter(|_| state.phase == "Failed" && is_of_pod(state)) {
        // A workflow says what its root node says, which names the child that failed.
        status["message"] = message.into();
    }
    match state.place {
        Outputs::InCompressedNodes => {
            status["compressedNodes"] = STANDARD.encode(gzip(nodes.to_string().as_bytes())).into()
        }
        Outputs::OfRootNode | Outputs::Global => status["nodes"] = nodes,
    }
    if state.place == Outputs::Global && !state.outputs.is_empty() {
        let parameters: Vec<Value> =
            state.outputs.iter().map(|(key, value)| json!({"name": key, "value": value})).collect();
        status["outputs"] = json!({"parameters": parameters});
    }
    status
}

fn is_of_pod(state: &State) -> bool {
    state.message == state.pod_message
}

/// All nodes by id: one pod, or a root of steps or of a DAG with a pod below it.
fn nodes(name: &str, spec: &Value, state: &State, progress: &str, times: (&str, &Value)) -> Value {
    let entrypoint = spec["entrypoint"].as_str().unwrap_or("main");
    let templates = spec["templates"].as_array();
    let template = templates.and_then(|all| all.iter().find(|template| template["name"] == entrypoint));
    let node = |id: &str, full: &str, display: &str, kind: &str, template: &str| {
        let mut node = json!({
            "id": id, "name": full, "displayName": display, "type": kind, "templateScope": format!("local/{name}"),
            "phase": state.phase, "progress": progress, "startedAt": times.0, "finishedAt": times.1,
        });
        if !template.is_empty() {
            node["templateName"] = template.into();
        }
        node
    };
    let kind = match template {
        Some(template) if template["steps"].is_array() => "Steps",
        Some(template) if template["dag"].is_object() => "DAG",
        _ => "Pod",
    };
    let mut root = node(name, name, name, kind, entrypoint);
    if kind == "Pod" {
        dress_pod(&mut root, state);
        return json!({ name: root });
    }
    let group_name = format!("{name}[0]");
    let pod_name = if kind == "Steps" { format!("{group_name}.train") } else { format!("{name}.train") };
    let (group_id, pod_id) = (node_id(name, &group_name), node_id(name, &pod_name));
    let mut pod = node(&pod_id, &pod_name, "train", "Pod", "train");
    pod["boundaryID"] = name.into();
    dress_pod(&mut pod, state);
    root["children"] = json!([if kind == "Steps" { &group_id } else { &pod_id }]);
    root["outboundNodes"] = json!([pod_id]);
    if state.place != Outputs::Global {
        put_outputs(&mut root, state);
    }
    let failed = matches!(state.phase, "Failed" | "Error").then(|| format!("child '{pod_id}' failed"));
    let mut nodes = json!({});
    if kind == "Steps" {
        let mut group = node(&group_id, &group_name, "[0]", "StepGroup", "");
        group["boundaryID"] = name.into();
        group["children"] = json!([pod_id]);
        put_message(&mut group, failed.as_deref().unwrap_or_default());
        nodes[&group_id] = group;
    }
    put_message(&mut root, failed.as_deref().unwrap_or_default());
    nodes[name] = root;
    nodes[&pod_id] = pod;
    nodes
}

/// What a node has that is a pod.
fn dress_pod(node: &mut Value, state: &State) {
    node["phase"] = state.pod_phase().into();
    put_message(node, state.pod_message);
    if state.pod_phase() != "Pending" {
        node["hostNodeName"] = "node-1".into();
    }
    if state.is_over() {
        node["resourcesDuration"] = json!({"cpu": 1, "memory": 12});
        let code = state.pod_message.split_once("(exit code ").and_then(|(_, rest)| rest.split_once(')'));
        match (state.phase, code) {
            ("Succeeded", _) => node["outputs"]["exitCode"] = "0".into(),
            (_, Some((code, _))) => node["outputs"]["exitCode"] = code.into(),
            // A pod that was deleted or stopped has told none.
            _ => {}
        }
    }
    put_outputs(node, state);
}

fn put_outputs(node: &mut Value, state: &State) {
    if state.outputs.is_empty() {
        return;
    }
    let parameters = state.outputs.iter().map(|(key, value)| {
        let mut parameter = json!({"name": key, "value": value, "valueFrom": {"path": format!("/tmp/{key}")}});
        if state.place == Outputs::Global {
            parameter["globalName"] = key.as_str().into();
        }
        parameter
    });
    node["outputs"]["parameters"] = parameters.collect();
}

fn put_message(node: &mut Value, message: &str) {
    if !message.is_empty() {
        node["message"] = message.into();
    }
}

/// The id of a node that is not the root: its name's FNV-1a hash behind the workflow's name.
fn node_id(workflow: &str, node: &str) -> String {
    let hash = node.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{workflow}-{hash}")
}

/// A gzip file of blocks that are stored as they are: RFC 1951, 3.2.4 and RFC 1952, 2.3.
fn gzip(data: &[u8]) -> Vec<u8> {
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let blocks: Vec<&[u8]> = data.chunks(usize::from(u16::MAX)).collect();
    for (number, block) in blocks.iter().enumerate() {
        let length = u16::try_from(block.len()).expect("a block fits");
        file.push(u8::from(number + 1 == blocks.len()));
        file.extend(length.to_le_bytes());
        file.extend((!length).to_le_bytes());
        file.extend(*block);
    }
    file.extend(crc32(data).to_le_bytes());
    file.extend(u32::try_from(data.len()).expect("a status fits").to_le_bytes());
    file
}

fn crc32(data: &[u8]) -> u32 {
    let step = |sum: u32| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
    let of_byte = |sum: u32, byte: &u8| (0..8).fold(sum ^ u32::from(*byte), |sum, _| step(sum));
    !data.iter().fold(u32::MAX, of_byte)
}

//! What a workflow waits for outside of it, while nothing of it runs.

use super::words;
use crate::engine::argo::object::{Node, Nodes, Workflow};

/// `None`: it comes forward, or is about to.
pub(super) fn held(workflow: &Workflow, nodes: &Nodes, name: &str) -> Option<String> {
    if workflow.spec.suspend {
        return Some(format!("the workflow is suspended: `argo resume {name}` lets it go on"));
    }
    let runs = |node: &Node| node.phase == "Running" && matches!(node.kind.as_str(), "Pod" | "HTTP" | "Plugin");
    if nodes.values().any(runs) {
        return None;
    }
    let mut waits: Vec<String> = nodes.values().filter_map(|node| wait_of(node, name)).collect();
    waits.sort();
    waits.dedup();
    let others = waits.len().saturating_sub(1);
    match waits.into_iter().next() {
        Some(first) if others > 0 => Some(words::line(&format!("{first} (and {others} more)"))),
        Some(first) => Some(first),
        None if workflow.status.phase == "Pending" => words::waiting(&workflow.status.message),
        None => None,
    }
}

fn wait_of(node: &Node, name: &str) -> Option<String> {
    match (node.kind.as_str(), node.phase.as_str()) {
        ("Suspend", "Running") => {
            let step = &node.display_name;
            Some(words::line(&format!("it waits at its step `{step}`: `argo resume {name}` lets it go on")))
        }
        (_, "Pending") => words::waiting(&node.message),
        _ => None,
    }
}

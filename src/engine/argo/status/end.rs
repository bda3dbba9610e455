//! How a workflow ended badly: through the trial's own fault, through the infrastructure, or because it was told to.
//!
//! Argo's phases alone do not say it. `Error` is mostly infrastructure, but also a missing right, which no other attempt
//! mends. `Failed` is mostly the trial, but Argo also gives it to a pod whose node went away, with the kubelet's message.

use std::cmp::Reverse;

use super::words::{self, ContainerEnd};
use crate::domain::signal::AttemptEnd;
use crate::engine::argo::nodes;
use crate::engine::argo::object::{Node, Nodes, Workflow};

/// What the kubelet, the node controller or Argo say, in lower case, when a pod was lost through no fault of its own.
const INFRASTRUCTURE: [&str; 16] = [
    "pod deleted",
    "container deleted",
    "the node was low on resource",
    "the node had condition",
    "pod was rejected",
    "imminent node shutdown",
    "node is shutting down",
    "in progress of shutting down",
    "preempted in order to admit",
    "which was running pod",
    "didn't have enough resource",
    "could not be located when the pod was",
    "can't find failed message for pod",
    "neither main nor wait container completed",
    "container did not complete successfully",
    "pod failed whilst container running",
];

/// The end of a workflow in phase `Failed` or `Error`.
pub(super) fn unsuccessful(workflow: &Workflow, nodes: &Nodes, name: &str) -> AttemptEnd {
    if !workflow.spec.shutdown.is_empty() {
        return AttemptEnd::Stopped;
    }
    let culprit = culprit(nodes, name);
    let message = match culprit {
        Some(node) => node.message.as_str(),
        None => workflow.status.message.as_str(),
    };
    let mut reason = match message.trim() {
        "" => "the workflow failed, and Argo does not say why".to_owned(),
        message => words::failure(message),
    };
    let step = culprit.map(|node| node.display_name.as_str()).filter(|step| !step.is_empty() && *step != name);
    if let Some(step) = step {
        reason = words::line(&format!("step `{step}`: {reason}"));
    }
    if let Some(advice) = advice(message) {
        return AttemptEnd::Failed { reason: format!("{reason}; {advice}"), log_tail: None };
    }
    let is_error = workflow.status.phase == "Error";
    if is_infrastructure(message) || ended_by_the_cluster(message, workflow, nodes) || is_error {
        return AttemptEnd::Lost { reason, by_restart: false };
    }
    AttemptEnd::Failed { reason, log_tail: None }
}

/// The node whose message says why: of those that do work, and not only hold others, the one that failed last; before a
/// retry succeeds there may be others. Nodes of the exit handler count only when everything else went well.
fn culprit<'a>(nodes: &'a Nodes, name: &str) -> Option<&'a Node> {
    let exit_handler = format!("{name}.onExit");
    let went_well = nodes::root(nodes, name).is_some_and(|root| root.phase == "Succeeded");
    let holds_others =
        |node: &Node| matches!(node.kind.as_str(), "Steps" | "StepGroup" | "DAG" | "TaskGroup" | "Retry");
    nodes
        .values()
        .filter(|node| matches!(node.phase.as_str(), "Failed" | "Error") && !node.message.trim().is_empty())
        .filter(|node| !holds_others(node) && node.name.starts_with(&exit_handler) == went_well)
        .max_by_key(|node| (node.kind == "Pod", node.finished_at, Reverse(&node.name)))
}

fn is_infrastructure(message: &str) -> bool {
    let vanished = ContainerEnd::parse(message.trim()).is_some_and(|end| end.vanished());
    let message = message.to_ascii_lowercase();
    vanished || INFRASTRUCTURE.iter().any(|known| message.contains(known))
}

/// A drained or preempted node ends its pods by SIGTERM, and that is all that is to be seen of it. Argo does the same at
/// a deadline, which is the trial's fault.
fn ended_by_the_cluster(message: &str, workflow: &Workflow, nodes: &Nodes) -> bool {
    let by_sigterm = ContainerEnd::parse(message.trim()).is_some_and(|end| end.is_main() && end.code == 143);
    let status = &workflow.status;
    let deadline = workflow.spec.active_deadline_seconds.as_deref().and_then(|text| text.parse::<i64>().ok());
    let ran = status.started_at.zip(status.finished_at).map(|(from, to)| to.duration_since(from).as_secs());
    let is_late = deadline.zip(ran).is_some_and(|(deadline, ran)| ran >= deadline);
    let is_called_late = nodes.values().any(|node| words::is_deadline(&node.message));
    by_sigterm && !is_late && !is_called_late && !words::is_deadline(&status.message)
}

/// What to do where every other attempt would end in the same way although Argo calls it an error.
fn advice(message: &str) -> Option<&'static str> {
    let message = message.to_ascii_lowercase();
    let of_the_moment = message.contains("exceeded quota") || message.contains("is being terminated");
    if message.contains("is forbidden") && !of_the_moment {
        Some("give the service account of the workflow the rights that Argo's documentation names")
    } else if message.contains("workflowtemplates.argoproj.io") && message.contains("not found") {
        Some("create that template, or correct the tuning")
    } else if message.contains("templatereferencing") {
        Some("set them in the template, or have the operators of the workflow controller allow them")
    } else if message.contains("workflowtemplateref") {
        Some("its operators want templates by reference: name one in the tuning")
    } else {
        None
    }
}

#[cfg(test)]
mod tests;

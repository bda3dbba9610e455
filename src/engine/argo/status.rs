//! What the state of a workflow says about its attempt.
//!
//! Pure. It is shown every state that the watch sees, may be shown one twice or miss one, and each state says all that
//! there is to say.

mod end;
mod held;
mod words;

use jiff::Timestamp;
use kube::ResourceExt;

use super::manifest::names;
use super::object::{Nodes, Workflow};
use super::{nodes, outputs};
use crate::domain::ids::AttemptId;
use crate::domain::signal::AttemptEnd;

/// What one state of a workflow says, small enough to keep ten thousand of.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub attempt: AttemptId,
    pub created_at: Timestamp,
    /// A workflow controller has looked at it.
    pub taken_up: bool,
    /// Work done and work in all; the latter grows.
    pub progress: Option<(u64, u64)>,
    /// What it waits for outside of it, if nothing of it runs.
    pub held: Option<String>,
    pub shutdown: Option<Shutdown>,
    /// When it is to be ended if it has not stopped by then.
    pub terminate_at: Option<Timestamp>,
    pub end: Option<Ended>,
}

/// How a workflow was asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// Exit handlers still run.
    Stop,
    Terminate,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    pub at: Timestamp,
    pub end: AttemptEnd,
}

/// Why a workflow says nothing about an attempt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("the workflow {name} names no attempt in its annotation {}", names::ATTEMPT)]
    NotOurs { name: String },
    #[error("the workflow {name} is a copy of that of the attempt {attempt}, made by somebody else")]
    Copy { name: String, attempt: AttemptId },
    #[error("the workflow {name} has no `metadata.creationTimestamp`")]
    NeverCreated { name: String },
}

/// What `workflow` says about its attempt.
///
/// # Errors
/// [`ReadError`]: it is not the workflow of an attempt.
pub fn read(workflow: &Workflow) -> Result<Seen, ReadError> {
    let name = workflow.name_any();
    let annotation = |key: &str| workflow.annotations().get(key);
    let attempt = annotation(names::ATTEMPT).and_then(|text| text.parse::<AttemptId>().ok());
    let Some(attempt) = attempt else { return Err(ReadError::NotOurs { name }) };
    if attempt.to_string() != name {
        return Err(ReadError::Copy { name, attempt });
    }
    let Some(created) = &workflow.metadata.creation_timestamp else { return Err(ReadError::NeverCreated { name }) };
    let nodes = nodes::of(&workflow.status);
    let known_nodes = nodes.as_deref().unwrap_or(&NO_NODES);
    let end = end(workflow, known_nodes, &name).map(|end| match &nodes {
        Err(error) if workflow.status.phase == "Succeeded" => with_hint(end, error),
        _ => end,
    });
    let held = if end.is_some() { None } else { held::held(workflow, known_nodes, &name) };
    Ok(Seen {
        attempt,
        created_at: created.0,
        taken_up: !workflow.status.phase.is_empty(),
        progress: progress(&workflow.status.progress),
        held,
        shutdown: shutdown(&workflow.spec.shutdown),
        terminate_at: annotation(names::TERMINATE_AT).and_then(|text| text.parse().ok()),
        end: end.map(|end| Ended { at: ended_at(workflow).unwrap_or(created.0), end }),
    })
}

/// An output may only be missing because it is where it cannot be read.
fn with_hint(end: AttemptEnd, error: &nodes::NodesError) -> AttemptEnd {
    match end {
        AttemptEnd::Failed { reason, log_tail } => {
            let reason = format!("{reason} (its nodes {error}: only outputs with a `globalName` can be read)");
            AttemptEnd::Failed { reason, log_tail }
        }
        end => end,
    }
}

/// For a workflow whose nodes cannot be read: there is still its status, and there are its global outputs.
static NO_NODES: Nodes = Nodes::new();

fn ended_at(workflow: &Workflow) -> Option<Timestamp> {
    workflow.status.finished_at.or(workflow.status.started_at)
}

/// `N/M` as Argo counts it. Before Argo knows of anything to do it says `0/0`.
fn progress(text: &str) -> Option<(u64, u64)> {
    let (done, total) = text.split_once('/')?;
    let (done, total) = (whole(done)?, whole(total)?);
    (done <= total && total > 0).then_some((done, total))
}

/// Digits only: a sign is not one.
fn whole(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// An order that is not known here is an order to end nevertheless.
fn shutdown(order: &str) -> Option<Shutdown> {
    match order {
        "" => None,
        "Terminate" => Some(Shutdown::Terminate),
        _ => Some(Shutdown::Stop),
    }
}

fn end(workflow: &Workflow, nodes: &Nodes, name: &str) -> Option<AttemptEnd> {
    match workflow.status.phase.as_str() {
        "Succeeded" => Some(successful(workflow, nodes, name)),
        "Failed" | "Error" => Some(end::unsuccessful(workflow, nodes, name)),
        _ => None,
    }
}

fn successful(workflow: &Workflow, nodes: &Nodes, name: &str) -> AttemptEnd {
    let parameters = outputs::parameters(&workflow.status, nodes, name);
    let Some(contract) = workflow.annotations().get(names::SEARCH_OUTPUTS) else {
        return AttemptEnd::Succeeded { metrics: outputs::metrics(&parameters) };
    };
    let contract = serde_json::from_str(contract)
        .map_err(|error| format!("the workflow's annotation {} is damaged: {error}", names::SEARCH_OUTPUTS));
    match contract.and_then(|contract| outputs::searched(&contract, &parameters)) {
        Ok(trials) => AttemptEnd::Searched { trials },
        Err(reason) => AttemptEnd::Failed { reason, log_tail: None },
    }
}

#[cfg(test)]
mod tests;

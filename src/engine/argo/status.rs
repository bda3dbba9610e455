//! What the state of a workflow says about its attempt.
//!
//! Pure. It is shown every state that the watch sees, may be shown one twice or miss one, and each state says all that
//! there is to say.

mod lenient;
mod object;

use jiff::Timestamp;
use kube::ResourceExt;

pub use self::object::{Node, Nodes, OutputParameter, Outputs, Spec, Status, Workflow};
use super::manifest::names;
use crate::domain::ids::AttemptId;
use crate::domain::metrics::Metrics;
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
    let end = end(workflow);
    Ok(Seen {
        attempt,
        created_at: created.0,
        taken_up: !workflow.status.phase.is_empty(),
        progress: None,
        held: None,
        shutdown: shutdown(&workflow.spec.shutdown),
        terminate_at: annotation(names::TERMINATE_AT).and_then(|text| text.parse().ok()),
        end: end.map(|end| Ended { at: workflow.status.finished_at.unwrap_or(created.0), end }),
    })
}

/// An order that is not known here is an order to end nevertheless.
fn shutdown(order: &str) -> Option<Shutdown> {
    match order {
        "" => None,
        "Terminate" => Some(Shutdown::Terminate),
        _ => Some(Shutdown::Stop),
    }
}

fn end(workflow: &Workflow) -> Option<AttemptEnd> {
    match workflow.status.phase.as_str() {
        "Succeeded" => Some(AttemptEnd::Succeeded { metrics: Metrics::default() }),
        _ => None,
    }
}

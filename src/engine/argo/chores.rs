//! Small writes that may happen a little later: ends that are in the store are marked as such, workflows that did not end
//! in time are terminated, and those that Argo may have lost sight of are touched. What is lost in a crash is found again
//! by the next list.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tracing::warn;

use super::connection::Connection;
use super::fault::Fault;
use super::manifest::names;
use super::workflows;
use crate::domain::ids::AttemptId;

/// Requests under way at a time.
const WIDTH: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chore {
    /// The grace is over: no more waiting for exit handlers.
    Terminate,
    /// The end is in the store: the workflow need not be watched any longer.
    Record,
    /// The API server was away, and Argo's controller does not repeat what it could not write then: for as long as twenty
    /// minutes it would not look at the workflow again. Any change makes it look.
    Nudge,
}

impl Chore {
    pub fn patch(self) -> Value {
        match self {
            Self::Terminate => json!({"spec": {"shutdown": "Terminate"}}),
            Self::Record => json!({"metadata": {"labels": {(names::RECORDED): "true"}}}),
            Self::Nudge => json!({"metadata": {"annotations": {(names::NUDGED_AT): Timestamp::now().to_string()}}}),
        }
    }
}

#[derive(Debug, Default)]
pub struct Chores {
    waiting: Mutex<BTreeMap<AttemptId, Chore>>,
    wake: Notify,
}

impl Chores {
    /// Of two chores for one workflow the later one counts; any other does for a nudge.
    pub fn add(&self, attempt: AttemptId, chore: Chore) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match chore {
            Chore::Nudge => drop(waiting.entry(attempt).or_insert(chore)),
            Chore::Terminate | Chore::Record => drop(waiting.insert(attempt, chore)),
        }
        self.wake.notify_one();
    }

    /// Does what is waiting and what comes; never returns.
    pub async fn run(&self, connection: &Connection) {
        loop {
            let batch = self.take();
            if batch.is_empty() {
                self.wake.notified().await;
                continue;
            }
            let all = batch.into_iter().map(|(attempt, chore)| async move {
                let done = workflows::patch(connection, &attempt, &chore.patch()).await;
                (attempt, chore, done)
            });
            let mut pause = Duration::ZERO;
            for (attempt, chore, done) in futures_util::future::join_all(all).await {
                pause = pause.max(self.settle(connection, attempt, chore, done));
            }
            tokio::time::sleep(pause).await;
        }
    }

    fn take(&self) -> Vec<(AttemptId, Chore)> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| waiting.pop_first()).take(WIDTH).collect()
    }

    /// Returns how long to wait before the next one.
    fn settle(&self, connection: &Connection, attempt: AttemptId, chore: Chore, done: Result<(), Fault>) -> Duration {
        match done {
            // A workflow that is gone needs neither.
            Ok(()) | Err(Fault::NotFound(_)) => Duration::ZERO,
            Err(fault) if fault.is_transient() => {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.entry(attempt).or_insert(chore);
                connection.pause(&fault)
            }
            Err(fault) => {
                warn!(%attempt, ?chore, error = %fault, "a workflow could not be changed");
                Duration::ZERO
            }
        }
    }
}

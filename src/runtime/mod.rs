//! The loops that carry the pure decisions into the world.
//!
//! Each loop may run at any time, any number of times; nobody calls another: every arrow goes through the store, and a
//! wake-up only shortens the wait.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::ids::EngineName;
use crate::domain::sweep::Service;
use crate::engine::Engine;
use crate::notify::Notifier;
use crate::store::StoreError;

pub mod apply;
mod ask_timer;
pub mod availability;
pub mod catch_up;
pub mod dispatcher;
#[cfg(test)]
mod fixtures;
pub mod observer;
mod pause;
pub mod perform;
pub mod reconciler;
pub mod relay;
pub mod repository_rules;
pub mod scheduler;

/// Why a loop could not do its turn.
#[derive(Debug, thiserror::Error)]
pub enum LoopError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The runtime is being shut down, or the task has panicked.
    #[error("a task has ended before its time: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// The configured engines by name.
pub type Engines = Arc<BTreeMap<EngineName, Arc<dyn Engine>>>;

/// The configured services that take messages.
pub type Notifiers = Arc<BTreeMap<Service, Arc<dyn Notifier>>>;

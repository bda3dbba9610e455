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

mod ask_timer;
pub mod dispatcher;
mod pause;
pub mod observer;
pub mod perform;
pub mod reconciler;
pub mod relay;
pub mod scheduler;

/// The configured engines by name.
pub type Engines = Arc<BTreeMap<EngineName, Arc<dyn Engine>>>;

/// The configured services that take messages.
pub type Notifiers = Arc<BTreeMap<Service, Arc<dyn Notifier>>>;

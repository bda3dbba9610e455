//! Which engines do not answer, as the observers found out; the reconciler judges by it.
//!
//! An engine that is taken off this list has told all that happened while it was on it, and the store has it. It is in
//! memory only: after a restart the observers find out again.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;
use tracing::info;

use crate::domain::ids::EngineName;
use crate::domain::report::Away;
use crate::telemetry::Metrics;

/// The engines that are away, by name.
pub(super) type Absent = BTreeMap<EngineName, Away>;

/// A handle on the list; clones share it.
#[derive(Clone)]
pub struct Availability {
    absent: watch::Sender<Absent>,
    metrics: Arc<Metrics>,
}

impl Availability {
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { absent: watch::Sender::new(Absent::new()), metrics }
    }

    pub(super) fn absent(&self) -> Absent {
        self.absent.borrow().clone()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Absent> {
        self.absent.subscribe()
    }

    /// Somebody begins to look at the engine, which counts as available until it is known better.
    pub(super) fn begin(&self, engine: &EngineName) {
        self.metrics.engine_available(engine.as_str(), true);
    }

    /// The engine does not answer. If that is known, what was said first stays, and the answer is `false`.
    pub(super) fn away(&self, engine: &EngineName, since: Timestamp, why: &str) -> bool {
        let is_new = self.absent.send_if_modified(|absent| {
            let is_new = !absent.contains_key(engine);
            if is_new {
                absent.insert(engine.clone(), Away { engine: engine.clone(), since, why: why.to_owned() });
            }
            is_new
        });
        if is_new {
            info!(%engine, %since, why, "the sweeps of the engine wait until it answers");
            self.metrics.engine_available(engine.as_str(), false);
        }
        is_new
    }

    /// The engine answers, and the store has all that happened meanwhile.
    pub(super) fn back(&self, engine: &EngineName) {
        let was_away = self.absent.send_if_modified(|absent| absent.remove(engine).is_some());
        if was_away {
            info!(%engine, "the engine answers again; its sweeps go on");
            self.metrics.engine_available(engine.as_str(), true);
        }
    }
}

//! What the store holds at the moment of a scrape, as gauges.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::FloatGauge;
use crate::domain::effect::Lane;
use crate::domain::sweep::SweepState;
use crate::domain::trial::TrialState;

/// What the store holds at the moment of a scrape.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    pub sweeps: Vec<(SweepState, u64)>,
    pub trials: Vec<(TrialState, u64)>,
    pub outbox: Vec<LaneDepth>,
    /// The size of its files; 0 of one in memory.
    pub bytes: u64,
}

/// The waiting effects of one lane of the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneDepth {
    pub lane: String,
    pub depth: u64,
    /// Effects that were given up.
    pub dead: u64,
    /// How long the oldest of them has been due, in seconds; 0 when none is.
    pub oldest_seconds: f64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LaneLabel {
    lane: String,
}

/// The gauges; filled anew for each scrape.
#[derive(Default)]
pub(super) struct Held {
    sweeps: Family<StateLabel, Gauge>,
    trials: Family<StateLabel, Gauge>,
    depth: Family<LaneLabel, Gauge>,
    oldest: Family<LaneLabel, FloatGauge>,
    dead: Family<LaneLabel, Gauge>,
    bytes: Gauge,
    /// Lanes that are there also when nothing is in them.
    lanes: Mutex<BTreeSet<String>>,
}

impl Held {
    pub fn register(&self, registry: &mut Registry) {
        registry.register("tunebot_sweeps", "Sweeps in the store by state", self.sweeps.clone());
        registry.register("tunebot_trials", "Trials in the store by state", self.trials.clone());
        let depth = "Effects that are written down and not done";
        registry.register("tunebot_outbox_depth", depth, self.depth.clone());
        let oldest = "Time since the oldest effect that is not done was due";
        registry.register("tunebot_outbox_oldest_seconds", oldest, self.oldest.clone());
        registry.register("tunebot_outbox_dead", "Effects that were given up", self.dead.clone());
        registry.register("tunebot_store_bytes", "Size of the store's files; 0 if it is in memory", self.bytes.clone());
    }

    pub fn know(&self, lane: &Lane) {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).insert(lane.to_string());
    }

    pub fn fill(&self, snapshot: Option<&Snapshot>) {
        self.sweeps.clear();
        self.trials.clear();
        self.depth.clear();
        self.oldest.clear();
        self.dead.clear();
        let Some(snapshot) = snapshot else { return };
        for state in SweepState::ALL {
            self.sweeps.get_or_create(&StateLabel { state: state.name() }).set(0);
        }
        for state in TrialState::ALL {
            self.trials.get_or_create(&StateLabel { state: state.name() }).set(0);
        }
        for (state, count) in &snapshot.sweeps {
            self.sweeps.get_or_create(&StateLabel { state: state.name() }).set(saturate(*count));
        }
        for (state, count) in &snapshot.trials {
            self.trials.get_or_create(&StateLabel { state: state.name() }).set(saturate(*count));
        }
        self.fill_lanes(snapshot);
        self.bytes.set(saturate(snapshot.bytes));
    }

    fn fill_lanes(&self, snapshot: &Snapshot) {
        let known = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let empty = known.into_iter().map(|lane| LaneDepth { lane, depth: 0, dead: 0, oldest_seconds: 0.0 });
        for LaneDepth { lane, depth, dead, oldest_seconds } in empty.chain(snapshot.outbox.iter().cloned()) {
            let label = LaneLabel { lane };
            self.depth.get_or_create(&label).set(saturate(depth));
            self.oldest.get_or_create(&label).set(oldest_seconds);
            self.dead.get_or_create(&label).set(saturate(dead));
        }
    }
}

fn saturate(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

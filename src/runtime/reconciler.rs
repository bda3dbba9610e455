//! The reconciler: keeps every unfinished sweep moving.
//!
//! It holds each unfinished sweep in memory, folds in the signals that the store has for it, takes the next step and
//! writes what came of it, in one transaction. A transaction that fails costs the cached sweep, which is read again:
//! the signals are still there. It must not talk to anything but the store and the engines' housekeeping.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, error, info, info_span, warn};

use super::ask_timer::TimedSampler;
use super::pause::pause_until;
use super::{Engines, LoopError};
use crate::config::Config;
use crate::domain::ids::{AttemptId, EngineName, SweepId};
use crate::domain::report::Report;
use crate::domain::signal::{AttemptNews, Signal, SignalKind};
use crate::domain::sweep::SweepState;
use crate::plan::snapshot::Snapshot;
use crate::plan::step::{self, Grant, Search, Stepped};
use crate::search::{self, Pruner, Sampler};
use crate::store::{SignalId, Store, StoreError, SweepCommit};
use crate::telemetry::Metrics;

/// Sweeps are looked at this often even if nothing seems to have happened: a lost wake-up costs a tick, never a sweep.
const TICK: Duration = Duration::from_secs(5);
/// Pause after the store has refused a transaction.
const RETRY: Duration = Duration::from_secs(1);

pub struct Reconciler {
    store: Store,
    config: watch::Receiver<Arc<Config>>,
    engines: Engines,
    metrics: Arc<Metrics>,
    sweeps: HashMap<SweepId, Cached>,
}

/// One unfinished sweep in memory.
struct Cached {
    snapshot: Snapshot,
    revision: i64,
    search: Arc<Chosen>,
}

/// The search that a sweep's settings choose.
struct Chosen {
    sampler: Box<dyn Sampler>,
    pruner: Option<Box<dyn Pruner>>,
}

impl Reconciler {
    pub fn new(store: Store, config: watch::Receiver<Arc<Config>>, engines: Engines, metrics: Arc<Metrics>) -> Self {
        Self { store, config, engines, metrics, sweeps: HashMap::new() }
    }

    /// Runs until `cancel`.
    pub async fn run(mut self, cancel: CancellationToken) {
        let mut wake = self.store.wakes().signals.subscribe();
        while !cancel.is_cancelled() {
            let now = Timestamp::now();
            let next = match self.turn(now).await {
                Ok(next) => next,
                Err(error) => {
                    error!(%error, "the sweeps could not be brought forward; trying again");
                    self.sweeps.clear();
                    now.checked_add(RETRY).ok()
                }
            };
            tokio::select! {
                () = cancel.cancelled() => {}
                _ = wake.changed() => {}
                () = pause_until(next, TICK) => {}
            }
        }
    }

    /// Brings every unfinished sweep as far as it can come at `now`; returns when the next one is due by the clock.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn turn(&mut self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let unfinished = self.store.unfinished_sweeps().await?;
        let with_signals: HashSet<SweepId> = self.store.sweeps_with_signals().await?.into_iter().collect();
        let known: HashSet<&SweepId> = unfinished.iter().collect();
        self.sweeps.retain(|id, _| known.contains(id));
        let mut fresh = HashSet::new();
        for id in &unfinished {
            if !self.sweeps.contains_key(id) {
                self.load(id).await?;
                fresh.insert(id.clone());
            }
        }
        for id in &unfinished {
            let grant = self.grant(id, &unfinished);
            if fresh.contains(id) || with_signals.contains(id) || self.is_due(id, &grant, now) {
                let span = info_span!("sweep", sweep = %id);
                self.advance(id, grant, now).instrument(span).await;
            }
        }
        Ok(self.sweeps.values().filter_map(|cached| step::next_wake(&cached.snapshot)).min())
    }

    async fn load(&mut self, id: &SweepId) -> Result<(), StoreError> {
        let Some(stored) = self.store.load_sweep(id).await? else {
            return Ok(());
        };
        let trials = self.store.load_trials(id).await?;
        let settings = &stored.sweep.tuning.search;
        let sampler = TimedSampler::new(search::sampler(settings), settings.sampler, Arc::clone(&self.metrics));
        let search = Chosen { sampler: Box::new(sampler), pruner: search::pruner(&settings.pruner) };
        let snapshot = Snapshot::load(stored.sweep, trials);
        debug!(sweep = %id, trials = snapshot.trials().len(), "sweep loaded");
        let cached = Cached { snapshot, revision: stored.revision, search: Arc::new(search) };
        self.sweeps.insert(id.clone(), cached);
        Ok(())
    }

    /// Is there anything to do for the sweep besides its signals?
    fn is_due(&self, id: &SweepId, grant: &Grant, now: Timestamp) -> bool {
        let Some(cached) = self.sweeps.get(id) else {
            return false;
        };
        let snapshot = &cached.snapshot;
        let limits = &snapshot.sweep().tuning.limits;
        let could_start = matches!(grant, Grant::Places(places) if *places > 0)
            && snapshot.open_count() < limits.parallel
            && (snapshot.trials().len() as u32) < limits.trials;
        could_start || step::next_wake(snapshot).is_some_and(|wake| wake <= now)
    }

    /// What the sweep may do now: older sweeps have the first choice of their engine's places.
    fn grant(&self, id: &SweepId, unfinished: &[SweepId]) -> Grant {
        let Some(cached) = self.sweeps.get(id) else {
            return Grant::Places(0);
        };
        let sweep = cached.snapshot.sweep();
        if sweep.state == SweepState::Queued
            && sweep.waits_for_group
            && let Some(older) = self.older_of_group(id, sweep.group.as_deref(), unfinished)
        {
            return Grant::Wait(format!("`{older}`, which is older, to end"));
        }
        let engine = &sweep.tuning.engine;
        let Some(capacity) = self.config.borrow().engines.get(engine).map(|settings| settings.capacity()) else {
            return Grant::Wait(format!("engine {engine}, which the configuration does not have"));
        };
        match capacity.saturating_sub(self.taken(engine)) {
            0 if sweep.state == SweepState::Queued => {
                Grant::Wait(format!("a place on engine {engine}: all {capacity} are taken"))
            }
            free => Grant::Places(free),
        }
    }

    fn older_of_group<'a>(&self, id: &SweepId, group: Option<&str>, unfinished: &'a [SweepId]) -> Option<&'a SweepId> {
        let group = group?;
        unfinished.iter().take_while(|other| *other != id).find(|other| {
            self.sweeps.get(*other).is_some_and(|cached| cached.snapshot.sweep().group.as_deref() == Some(group))
        })
    }

    /// Places of the engine that trials hold, over all sweeps.
    fn taken(&self, engine: &EngineName) -> u32 {
        let of_engine = self.sweeps.values().filter(|cached| cached.snapshot.sweep().tuning.engine == *engine);
        of_engine.map(|cached| cached.snapshot.open_count()).sum()
    }

    /// Folds, steps and commits one sweep. What fails leaves the sweep to be read again at the next turn.
    async fn advance(&mut self, id: &SweepId, grant: Grant, now: Timestamp) {
        let Some(cached) = self.sweeps.remove(id) else {
            return;
        };
        match self.fold_step_commit(cached, grant, now).await {
            Ok(Some(cached)) => {
                self.sweeps.insert(id.clone(), cached);
            }
            Ok(None) => {}
            Err(LoopError::Store(StoreError::Conflict { .. })) => {
                warn!("the sweep was changed by somebody else; reading it again")
            }
            Err(error) => {
                error!(%error, "the sweep could not be written; trying again");
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Returns the sweep unless it has finished.
    async fn fold_step_commit(
        &self,
        cached: Cached,
        grant: Grant,
        now: Timestamp,
    ) -> Result<Option<Cached>, LoopError> {
        let id = cached.snapshot.sweep().id.clone();
        let signals = self.store.signals(&id).await?;
        let (folded, signals): (Vec<SignalId>, Vec<Signal>) = signals.into_iter().unzip();
        let search = Arc::clone(&cached.search);
        let (mut snapshot, ended) = (cached.snapshot, ended_attempts(&signals));
        // Choosing parameters is work for a processor, not for the threads that answer webhooks.
        let stepping = tokio::task::spawn_blocking(move || {
            for signal in &signals {
                snapshot.fold(signal);
            }
            let search = Search { sampler: search.sampler.as_ref(), pruner: search.pruner.as_deref() };
            step::step(snapshot, &search, &grant, now)
        });
        let (mut snapshot, stepped) = stepping.await?;
        let trials = snapshot.take_dirty();
        let mut revision = cached.revision;
        if stepped.sweep_changed || !trials.is_empty() || !folded.is_empty() {
            let Stepped { effects, report, .. } = stepped;
            log_progress(&snapshot, report.as_ref());
            let sweep = snapshot.sweep().clone();
            let commit = SweepCommit { sweep, expected_revision: revision, trials, effects, folded, report };
            revision = self.store.commit_sweep(commit).await?;
        }
        self.forget(&snapshot, ended).await;
        let finished = snapshot.sweep().state == SweepState::Finished;
        Ok((!finished).then_some(Cached { snapshot, revision, search: cached.search }))
    }

    /// The ends are in the store: the engine may let go of what it kept.
    async fn forget(&self, snapshot: &Snapshot, ended: Vec<AttemptId>) {
        if let Some(engine) = self.engines.get(&snapshot.sweep().tuning.engine) {
            for attempt in ended {
                engine.forget(&attempt).await;
            }
        }
    }
}

fn ended_attempts(signals: &[Signal]) -> Vec<AttemptId> {
    let ended = |signal: &Signal| match &signal.kind {
        SignalKind::Attempt { attempt, news: AttemptNews::Ended { .. } } => Some(attempt.clone()),
        _ => None,
    };
    signals.iter().filter_map(ended).collect()
}

fn log_progress(snapshot: &Snapshot, report: Option<&Report>) {
    let Some(report) = report else {
        return;
    };
    let counts = snapshot.counts();
    let sweep = snapshot.sweep();
    let outcome = sweep.outcome.as_ref().map(|outcome| outcome.name());
    info!(
        state = sweep.state.name(),
        outcome,
        finished = counts.finished(),
        running = counts.running,
        failed = counts.failed,
        best = report.best().map(|best| best.value),
        "sweep"
    );
}

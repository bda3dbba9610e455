//! The reconciler: keeps every unfinished sweep moving.
//!
//! It holds each unfinished sweep in memory, folds in the signals that the store has for it, takes the next step and
//! writes what came of it, in one commit for each sweep; sweeps are stepped one after the other and written side by side.
//! A commit that fails costs the cached sweep, which is read again: the signals are still there. It must not talk to
//! anything but the store and the engines' housekeeping.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, error, info_span, warn};

use super::Engines;
use super::ask_timer::TimedSampler;
use super::availability::{Absent, Availability};
use super::pause::pause_until;
use crate::config::Config;
use crate::domain::ids::{AttemptId, EngineName, SweepId};
use crate::domain::signal::{AttemptNews, Signal, SignalKind};
use crate::domain::sweep::SweepState;
use crate::plan::snapshot::Snapshot;
use crate::plan::step::{self, Grant, Search, Stepped};
use crate::search::{self, Pruner, Sampler};
use crate::store::{SignalId, Store, StoreError, SweepCommit};
use crate::telemetry::Metrics;

mod figures;
mod log;

/// Sweeps are looked at this often even if nothing seems to have happened: a lost wake-up costs a tick, never a sweep.
const TICK: Duration = Duration::from_secs(5);
/// Pause after the store has refused a transaction.
const RETRY: Duration = Duration::from_secs(1);
/// Sweeps that are written together, so that they share an fsync; those after them wait for it.
const TOGETHER: usize = 64;

pub struct Reconciler {
    store: Store,
    config: watch::Receiver<Arc<Config>>,
    engines: Engines,
    metrics: Arc<Metrics>,
    availability: Availability,
    sweeps: HashMap<SweepId, Cached>,
    /// Sweeps whose last step came to nothing: they are due at the next turn.
    again: HashSet<SweepId>,
    /// Sweeps that cannot be read, said once.
    unreadable: HashSet<SweepId>,
}

/// One unfinished sweep in memory.
struct Cached {
    snapshot: Snapshot,
    revision: i64,
    search: Arc<Chosen>,
    /// When something last happened to it.
    last_news: Timestamp,
}

/// The search that a sweep's settings choose.
struct Chosen {
    sampler: Box<dyn Sampler>,
    pruner: Option<Box<dyn Pruner>>,
}

/// The signals that are folded into a sweep and not deleted yet.
#[derive(Default)]
struct Folded {
    signals: Vec<SignalId>,
    /// Attempts of which they tell the end.
    ended: Vec<AttemptId>,
}

/// A sweep that has taken its next step, which is not written yet.
struct Stepping {
    cached: Cached,
    /// None when nothing has changed.
    commit: Option<SweepCommit>,
    ended: Vec<AttemptId>,
}

/// What sweeps hold of what they share, counted once a turn: there may be many of them.
#[derive(Default)]
struct Shared {
    /// Places that trials hold, by engine.
    taken: HashMap<EngineName, u32>,
    /// The oldest unfinished sweep of each group.
    oldest: HashMap<String, SweepId>,
    /// Engines that do not answer.
    absent: Absent,
}

impl Reconciler {
    pub fn new(
        store: Store,
        config: watch::Receiver<Arc<Config>>,
        engines: Engines,
        metrics: Arc<Metrics>,
        availability: Availability,
    ) -> Self {
        let (sweeps, again, unreadable) = (HashMap::new(), HashSet::new(), HashSet::new());
        Self { store, config, engines, metrics, availability, sweeps, again, unreadable }
    }

    /// Runs until `cancel`.
    pub async fn run(mut self, cancel: CancellationToken) {
        let mut wake = self.store.wakes().signals.subscribe();
        let mut availability = self.availability.subscribe();
        while !cancel.is_cancelled() {
            let now = Timestamp::now();
            let next = match self.turn(now).await {
                Ok(next) if self.again.is_empty() => next,
                // What wakes the loop must not make it run hot against a store that refuses.
                Ok(_) => {
                    rest(&cancel).await;
                    continue;
                }
                Err(error) => {
                    error!(%error, "the sweeps could not be brought forward; trying again");
                    self.sweeps.clear();
                    rest(&cancel).await;
                    continue;
                }
            };
            tokio::select! {
                () = cancel.cancelled() => {}
                _ = wake.changed() => {}
                _ = availability.changed() => {}
                () = pause_until(next, TICK) => {}
            }
        }
    }

    /// Brings every unfinished sweep as far as it can come at `now`; returns when the next one is due by the clock.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn turn(&mut self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        // Before the signals are read: of an engine that is back by now, the store has all news.
        let absent = self.availability.absent();
        let unfinished = self.store.unfinished_sweeps().await?;
        let known: HashSet<&SweepId> = unfinished.iter().collect();
        self.sweeps.retain(|id, _| known.contains(id));
        let fresh = self.load_new(&unfinished, now).await?;
        // All news first: the place of a trial that has ended is free for the oldest sweep that wants it.
        let mut folded = self.fold_signals().await?;
        let mut shared = Shared { absent, ..self.count_shared(&unfinished) };
        let (mut steppings, mut ended) = (Vec::new(), false);
        for id in &unfinished {
            let grant = self.grant(id, &shared);
            if !(fresh.contains(id) || folded.contains_key(id) || self.is_due(id, &grant, now)) {
                continue;
            }
            let (folded, span) = (folded.remove(id).unwrap_or_default(), info_span!("sweep", sweep = %id));
            steppings.extend(self.step(id, folded, grant, &mut shared, now).instrument(span).await);
            if steppings.len() == TOGETHER {
                ended |= self.write(std::mem::take(&mut steppings)).await;
            }
        }
        ended |= self.write(steppings).await;
        // The next of its group may have waited for the end of a sweep.
        let again = ended.then_some(now);
        Ok(self.sweeps.values().filter_map(|cached| step::next_wake(&cached.snapshot)).chain(again).min())
    }

    /// Reads the sweeps that are not in memory. Returns them, and those whose last step came to nothing.
    async fn load_new(&mut self, unfinished: &[SweepId], now: Timestamp) -> Result<HashSet<SweepId>, StoreError> {
        let mut fresh = std::mem::take(&mut self.again);
        for id in unfinished {
            if !self.sweeps.contains_key(id) && self.load_readable(id, now).await? {
                fresh.insert(id.clone());
            }
        }
        Ok(fresh)
    }

    /// Loads a sweep; `false` when it cannot be read, which must not hold up the others.
    async fn load_readable(&mut self, id: &SweepId, now: Timestamp) -> Result<bool, StoreError> {
        match self.load(id, now).await {
            Ok(()) => Ok(true),
            Err(error @ StoreError::Unreadable { .. }) => {
                if self.unreadable.insert(id.clone()) {
                    error!(sweep = %id, %error, "the sweep cannot be read and stands still; the others go on");
                }
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    async fn load(&mut self, id: &SweepId, now: Timestamp) -> Result<(), StoreError> {
        let Some(stored) = self.store.load_sweep(id).await? else {
            return Ok(());
        };
        let trials = self.store.load_trials(id).await?;
        let settings = &stored.sweep.tuning.search;
        let sampler = TimedSampler::new(search::sampler(settings), settings.sampler, Arc::clone(&self.metrics));
        let search = Chosen { sampler: Box::new(sampler), pruner: search::pruner(&settings.pruner) };
        let earlier = self.store.load_earlier(id).await?;
        let mut snapshot = Snapshot::load_with_earlier(stored.sweep, &earlier, trials);
        snapshot.resume(stored.report.as_ref(), now);
        debug!(sweep = %id, trials = snapshot.trials().len(), "sweep loaded");
        let last_news = figures::last_news(&snapshot);
        figures::tell(&self.metrics, &snapshot, last_news, figures::just_ended(&snapshot, now), now);
        let cached = Cached { snapshot, revision: stored.revision, search: Arc::new(search), last_news };
        self.sweeps.insert(id.clone(), cached);
        Ok(())
    }

    /// Is there anything to do for the sweep besides its signals?
    fn is_due(&self, id: &SweepId, grant: &Grant, now: Timestamp) -> bool {
        let Some(cached) = self.sweeps.get(id) else {
            return false;
        };
        let snapshot = &cached.snapshot;
        let could_start = matches!(grant, Grant::Places(places) if *places > 0) && step::wanted(snapshot) > 0;
        could_start || grant.away() != snapshot.away() || step::next_wake(snapshot).is_some_and(|wake| wake <= now)
    }

    /// Folds the signals that the store has into the sweeps in memory. What is folded and not written is folded again.
    async fn fold_signals(&mut self) -> Result<HashMap<SweepId, Folded>, StoreError> {
        let mut all = HashMap::new();
        for id in self.store.sweeps_with_signals().await? {
            let Some(cached) = self.sweeps.get_mut(&id) else {
                continue;
            };
            let mut folded = Folded::default();
            for (signal_id, signal) in self.store.signals(&id).await? {
                cached.snapshot.fold(&signal);
                folded.signals.push(signal_id);
                folded.ended.extend(ended_attempt(signal));
            }
            all.insert(id, folded);
        }
        Ok(all)
    }

    /// `unfinished` has the oldest first.
    fn count_shared(&self, unfinished: &[SweepId]) -> Shared {
        let mut shared = Shared::default();
        for cached in unfinished.iter().filter_map(|id| self.sweeps.get(id)) {
            let sweep = cached.snapshot.sweep();
            *shared.taken.entry(sweep.tuning.engine.clone()).or_default() += cached.snapshot.open_count();
            if let Some(group) = &sweep.group {
                shared.oldest.entry(group.clone()).or_insert_with(|| sweep.id.clone());
            }
        }
        shared
    }

    /// What the sweep may do now: older sweeps have the first choice of their engine's places.
    fn grant(&self, id: &SweepId, shared: &Shared) -> Grant {
        let Some(cached) = self.sweeps.get(id) else {
            return Grant::Places(0);
        };
        let sweep = cached.snapshot.sweep();
        if sweep.state == SweepState::Queued
            && sweep.waits_for_group
            && let Some(older) = sweep.group.as_ref().and_then(|group| shared.oldest.get(group))
            && older != id
        {
            return Grant::Wait(format!("`{older}`, which is older, to end"));
        }
        let engine = &sweep.tuning.engine;
        let Some(capacity) = self.config.borrow().engines.get(engine).map(|settings| settings.capacity()) else {
            return Grant::Wait(format!("engine {engine}, which the configuration does not have"));
        };
        if let Some(away) = shared.absent.get(engine) {
            return Grant::Away(away.clone());
        }
        match capacity.saturating_sub(shared.taken.get(engine).copied().unwrap_or(0)) {
            0 if sweep.state == SweepState::Queued => {
                Grant::Wait(format!("a place on engine {engine}: all {capacity} are taken"))
            }
            free => Grant::Places(free),
        }
    }

    /// Takes the sweep out of memory and steps. What fails leaves it to be read again, and due, at the next turn.
    async fn step(
        &mut self,
        id: &SweepId,
        folded: Folded,
        grant: Grant,
        shared: &mut Shared,
        now: Timestamp,
    ) -> Option<Stepping> {
        let Cached { snapshot, revision, search, last_news } = self.sweeps.remove(id)?;
        let (held, chosen) = (snapshot.open_count(), Arc::clone(&search));
        // Choosing parameters is work for a processor, not for the threads that answer webhooks.
        let stepping = tokio::task::spawn_blocking(move || {
            let search = Search { sampler: chosen.sampler.as_ref(), pruner: chosen.pruner.as_deref() };
            step::step(snapshot, &search, &grant, now)
        });
        let (mut snapshot, Stepped { effects, report, sweep_changed }) = match stepping.await {
            Ok(stepped) => stepped,
            Err(error) => {
                error!(%error, "the step of the sweep broke off; trying again");
                self.again.insert(id.clone());
                return None;
            }
        };
        if let Some(taken) = shared.taken.get_mut(&snapshot.sweep().tuning.engine) {
            *taken = (*taken + snapshot.open_count()).saturating_sub(held);
        }
        let (trials, sweep) = (snapshot.take_dirty(), snapshot.sweep().clone());
        let Folded { signals: folded, ended } = folded;
        let changed = sweep_changed || !trials.is_empty() || !folded.is_empty();
        let commit = SweepCommit { sweep, expected_revision: revision, trials, effects, folded, report };
        let cached = Cached { snapshot, revision, search, last_news: if changed { now } else { last_news } };
        Some(Stepping { cached, commit: changed.then_some(commit), ended })
    }

    /// Writes sweeps side by side and takes them back into memory, but for those that have finished and those whose
    /// commit failed. Returns whether one has finished.
    async fn write(&mut self, steppings: Vec<Stepping>) -> bool {
        let mut writing = JoinSet::new();
        for stepping in steppings {
            let id = stepping.cached.snapshot.sweep().id.clone();
            let (store, engines, metrics) = (self.store.clone(), Arc::clone(&self.engines), Arc::clone(&self.metrics));
            let span = info_span!("sweep", sweep = %id);
            self.again.insert(id);
            writing.spawn(async move { commit(stepping, &store, &engines, &metrics).await }.instrument(span));
        }
        let mut ended = false;
        while let Some(written) = writing.join_next().await {
            match written {
                Ok(Some(cached)) => {
                    let sweep = cached.snapshot.sweep();
                    self.again.remove(&sweep.id);
                    if sweep.state == SweepState::Finished {
                        ended = true;
                    } else {
                        self.sweeps.insert(sweep.id.clone(), cached);
                    }
                }
                Ok(None) => {}
                Err(error) => error!(%error, "the writing of a sweep broke off; trying again"),
            }
        }
        ended
    }
}

/// Commits a step; then what ended is in the store, and the engine may let go of what it kept. `None` if nothing is
/// written, for a reason that is logged.
async fn commit(stepping: Stepping, store: &Store, engines: &Engines, metrics: &Metrics) -> Option<Cached> {
    let Stepping { mut cached, commit, ended } = stepping;
    if let Some(commit) = commit {
        log::progress(&cached.snapshot, commit.report.as_ref());
        let of_trials = figures::ended(&cached.snapshot, &commit.trials);
        match store.commit_sweep(commit).await {
            Ok(revision) => cached.revision = revision,
            Err(StoreError::Conflict { .. }) => {
                warn!("the sweep was changed by somebody else; reading it again");
                return None;
            }
            Err(error) => {
                error!(%error, "the sweep could not be brought forward; trying again");
                return None;
            }
        }
        figures::tell(metrics, &cached.snapshot, cached.last_news, of_trials, cached.last_news);
    }
    if let Some(engine) = engines.get(&cached.snapshot.sweep().tuning.engine) {
        for attempt in ended {
            engine.forget(&attempt).await;
        }
    }
    Some(cached)
}

async fn rest(cancel: &CancellationToken) {
    tokio::select! {
        () = cancel.cancelled() => {}
        () = pause_until(None, RETRY) => {}
    }
}

/// The attempt, if the signal tells its end.
fn ended_attempt(signal: Signal) -> Option<AttemptId> {
    match signal.kind {
        SignalKind::Attempt { attempt, news: AttemptNews::Ended { .. } } => Some(attempt),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

//! The scheduler: turns the slots of schedules into events of the inbox.
//!
//! Which slots are due is `plan::cron`'s to say. A slot is accepted together with the memory that it was, in one
//! transaction, and its event is unique: it fires once, whatever is restarted in between. What a tick leads to is the
//! dispatcher's to say.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::pause::pause_until;
use crate::config::Config;
use crate::domain::event::{Event, EventKey, EventKind, Source, Tick};
use crate::domain::ids::RuleName;
use crate::domain::rules::{Rules, Schedule};
use crate::plan::cron::{self, Due, Slot};
use crate::store::{Accepted, Store, StoreError};
use crate::telemetry::{Metrics, ScheduleFigures};

/// Schedules are looked at this often even if none is due: a clock that is set, or a machine that slept, costs no more.
const TICK: Duration = Duration::from_secs(20);
/// Pause after the store has failed.
const RETRY: Duration = Duration::from_secs(1);
/// A last slot that lies further ahead than this was written when the clock was wrong.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_hours(25);

/// Fires slots until `cancel`; a new configuration counts at once.
pub async fn run(
    store: Store,
    mut config: watch::Receiver<Arc<Config>>,
    metrics: Arc<Metrics>,
    cancel: CancellationToken,
) {
    let mut scheduler = Scheduler::new(store, metrics);
    while !cancel.is_cancelled() {
        let rules = Arc::clone(&config.borrow_and_update().rules);
        let (wake_at, at_most) = match scheduler.fire_due(&rules, Timestamp::now()).await {
            Ok(wake_at) => (wake_at, TICK),
            Err(error) => {
                error!(%error, "slots cannot be read or written; trying again");
                (None, RETRY)
            }
        };
        let changed = async {
            // Without a sender the configuration stays as it is.
            if config.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = cancel.cancelled() => {}
            () = changed => {}
            () = pause_until(wake_at, at_most) => {}
        }
    }
}

/// Fires slots. It remembers nothing but what it has warned of.
pub struct Scheduler {
    store: Store,
    metrics: Arc<Metrics>,
    warned: BTreeSet<RuleName>,
}

impl Scheduler {
    pub fn new(store: Store, metrics: Arc<Metrics>) -> Self {
        Self { store, metrics, warned: BTreeSet::new() }
    }

    /// Fires every slot that is due at `now`; returns when the next one is.
    ///
    /// # Errors
    /// The store failed. What was fired is remembered; the rest is due at the next call.
    pub async fn fire_due(&mut self, rules: &Rules, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let mut next = None;
        self.metrics.schedules_are(|name| rules.schedules.iter().any(|schedule| schedule.name == *name));
        for schedule in &rules.schedules {
            let wake_at = self.fire_due_of(schedule, now).await?;
            next = [next, wake_at].into_iter().flatten().min();
        }
        Ok(next)
    }

    async fn fire_due_of(&mut self, schedule: &Schedule, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let last = self.store.last_slot(&schedule.name).await?;
        if let Some(last) = last.filter(|last| last.duration_since(now) > CLOCK_TOLERANCE) {
            self.warn(schedule, &format!(
                "its last slot was {last}, when the clock was wrong; it goes on after that, or at once under another name"
            ));
        }
        let due = match cron::due(schedule, last, now) {
            Ok(due) => due,
            Err(error) => {
                self.warn(schedule, &error.to_string());
                return Ok(None);
            }
        };
        let mut fired: Vec<Slot> = Vec::new();
        for slot in &due.fire {
            let event = tick(schedule, *slot, now);
            if let Accepted::New(id) = self.store.accept_tick(&event, slot.at).await? {
                fired.push(*slot);
                info!(schedule = %schedule.name, slot = %slot.at, late = slot.late, %id, "slot fired");
            }
        }
        if last != Some(due.last_slot) && due.fire.last().is_none_or(|slot| slot.at != due.last_slot) {
            self.store.set_last_slot(&schedule.name, due.last_slot).await?;
        }
        self.metrics.schedule_seen(figures(schedule, &due, &fired), now);
        Ok(due.wake_at)
    }

    /// Says it once for each schedule.
    fn warn(&mut self, schedule: &Schedule, problem: &str) {
        if self.warned.insert(schedule.name.clone()) {
            warn!(schedule = %schedule.name, "the schedule does not run: {problem}");
        }
    }
}

/// What the metrics tell of a schedule once `fired` are in the inbox.
fn figures(schedule: &Schedule, due: &Due, fired: &[Slot]) -> ScheduleFigures {
    let late = fired.iter().filter(|slot| slot.late).count() as u64;
    ScheduleFigures {
        schedule: schedule.name.clone(),
        tuning: schedule.tuning.clone(),
        paused: schedule.paused,
        last_slot: due.last_slot,
        next_due: due.wake_at.filter(|_| !schedule.paused),
        on_time: fired.len() as u64 - late,
        late,
        skipped: due.skipped,
    }
}

fn tick(schedule: &Schedule, slot: Slot, now: Timestamp) -> Event {
    Event {
        key: EventKey { source: Source::Schedule, delivery: format!("{}/{}", schedule.name, slot.at) },
        received_at: now,
        kind: EventKind::Tick(Tick { schedule: schedule.name.clone(), slot: slot.at, late: slot.late }),
    }
}

#[cfg(test)]
mod tests;

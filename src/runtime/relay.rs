//! The relay: carries effects from the outbox into the world, each lane for itself.
//!
//! An effect is leased before it is performed and struck off afterwards; a crash in between makes it come again, and
//! everything performed here is idempotent under its key. A service that says "not now" holds up its own lane only.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, info_span, warn};

use super::LoopError;
use super::pause::pause_until;
use super::perform::{Performed, Performer};
use crate::domain::effect::Lane;
use crate::store::{LeasedEffect, Store};

const TICK: Duration = Duration::from_secs(5);
/// Longer than any single effect may take; after it an effect counts as lost and is taken up again.
const LEASE: SignedDuration = SignedDuration::from_secs(120);
/// Effects of one lane that are performed at a time.
const WIDTH: u32 = 16;
const RETRY: SignedDuration = SignedDuration::from_secs(1);
/// No service holds up its lane for longer at a time, whatever it says: GitHub's limits are those of an hour.
const LONGEST_HOLD: Duration = Duration::from_secs(3600);

/// What a turn found.
enum Turn {
    /// There may be more to do at once.
    More,
    /// Nothing is due before this instant, unless something new is written.
    IdleUntil(Option<Timestamp>),
    /// The service wants to be left alone until this instant, whatever is written.
    HeldUntil(Timestamp),
}

/// What a service said that wants to be left alone.
struct Hold {
    until: Timestamp,
    why: String,
}

/// Performs the effects of `lane` until `cancel`; those that are under way are finished.
pub async fn run(lane: Lane, store: Store, performer: Arc<Performer>, cancel: CancellationToken) {
    let mut wake = store.wakes().outbox.subscribe();
    let mut width = WIDTH;
    while !cancel.is_cancelled() {
        let now = Timestamp::now();
        let turn = turn(&lane, &store, &performer, &mut width, now).await.unwrap_or_else(|error| {
            error!(%lane, %error, "the outbox cannot be read or written; trying again");
            now.checked_add(RETRY).map_or(Turn::More, Turn::HeldUntil)
        });
        match turn {
            Turn::More => {}
            Turn::IdleUntil(instant) => tokio::select! {
                () = cancel.cancelled() => {}
                _ = wake.changed() => {}
                () = pause_until(instant, TICK) => {}
            },
            Turn::HeldUntil(instant) => tokio::select! {
                () = cancel.cancelled() => {}
                () = pause_until(Some(instant), LONGEST_HOLD) => {}
            },
        }
    }
}

/// Performs what is due, at most `width` effects, which is 1 after the service has said "not now": one call finds out
/// whether it takes more.
async fn turn(
    lane: &Lane,
    store: &Store,
    performer: &Arc<Performer>,
    width: &mut u32,
    now: Timestamp,
) -> Result<Turn, LoopError> {
    let leased = store.lease_effects(lane, now, LEASE, *width).await?;
    if leased.is_empty() {
        return Ok(Turn::IdleUntil(store.next_due(lane).await?));
    }
    match perform_in_stages(leased, store, performer).await? {
        None => {
            if std::mem::replace(width, WIDTH) < WIDTH {
                info!(%lane, "what waited is carried out again");
            }
            Ok(Turn::More)
        }
        Some(Hold { until, why }) => {
            if std::mem::replace(width, 1) > 1 {
                warn!(%lane, why, "it wants to be left alone; everything for it waits");
            }
            Ok(Turn::HeldUntil(until))
        }
    }
}

/// Performs effects, what presupposes others after them. Once the service wants to be left alone, the later stages wait
/// as well.
async fn perform_in_stages(
    leased: Vec<LeasedEffect>,
    store: &Store,
    performer: &Arc<Performer>,
) -> Result<Option<Hold>, LoopError> {
    let mut stages: BTreeMap<u8, Vec<LeasedEffect>> = BTreeMap::new();
    for effect in leased {
        stages.entry(effect.effect.action.stage()).or_default().push(effect);
    }
    let mut held: Option<Hold> = None;
    for effects in stages.into_values() {
        match &held {
            None => held = perform_all(effects, store, performer).await?,
            Some(Hold { until, why }) => {
                for leased in effects {
                    store.effect_hold(leased.id, *until, why, false).await?;
                }
            }
        }
    }
    Ok(held)
}

/// Performs effects side by side; returns the longest hold, if the service wants to be left alone.
async fn perform_all(
    effects: Vec<LeasedEffect>,
    store: &Store,
    performer: &Arc<Performer>,
) -> Result<Option<Hold>, LoopError> {
    let mut tasks = JoinSet::new();
    for leased in effects {
        let (store, performer) = (store.clone(), Arc::clone(performer));
        let span = info_span!("effect", key = %leased.effect.action.key(), attempt = leased.attempts);
        tasks.spawn(async move { perform_one(leased, &store, &performer).await }.instrument(span));
    }
    let mut longest: Option<Hold> = None;
    while let Some(result) = tasks.join_next().await {
        if let Some(hold) = result??
            && longest.as_ref().is_none_or(|known| known.until < hold.until)
        {
            longest = Some(hold);
        }
    }
    Ok(longest)
}

async fn perform_one(leased: LeasedEffect, store: &Store, performer: &Performer) -> Result<Option<Hold>, LoopError> {
    let (id, version) = (leased.id, leased.version);
    let after = |wait| Timestamp::now().checked_add(wait).unwrap_or(Timestamp::MAX);
    match performer.perform(&leased).await? {
        Performed::Done(receipt) => store.effect_done(id, version, receipt).await?,
        Performed::Later { error, after: Some(wait), ambiguous } => {
            let until = after(wait);
            store.effect_hold(id, until, &error, ambiguous).await?;
            return Ok(Some(Hold { until, why: error }));
        }
        Performed::Later { error, after: None, ambiguous } => {
            store.effect_retry(id, after(backoff(leased.attempts)), &error, ambiguous).await?;
        }
        Performed::Never { error } => store.effect_dead(id, &error).await?,
    }
    Ok(None)
}

/// Doubles from one second to five minutes.
fn backoff(attempts: u32) -> SignedDuration {
    SignedDuration::from_secs(1_i64 << attempts.saturating_sub(1).min(9)).min(SignedDuration::from_mins(5))
}

#[cfg(test)]
mod tests;

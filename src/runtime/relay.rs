//! The relay: carries effects from the outbox into the world, each lane for itself.
//!
//! An effect is leased before it is performed and struck off afterwards; a crash in between makes it come again, and
//! everything performed here is idempotent under its key. A service that says "not now" holds up its own lane only.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info_span};

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

/// Performs the effects of `lane` until `cancel`; those that are under way are finished.
pub async fn run(lane: Lane, store: Store, performer: Arc<Performer>, cancel: CancellationToken) {
    let mut wake = store.wakes().outbox.subscribe();
    while !cancel.is_cancelled() {
        let now = Timestamp::now();
        let turn = turn(&lane, &store, &performer, now).await.unwrap_or_else(|error| {
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

async fn turn(lane: &Lane, store: &Store, performer: &Arc<Performer>, now: Timestamp) -> Result<Turn, LoopError> {
    let leased = store.lease_effects(lane, now, LEASE, WIDTH).await?;
    if leased.is_empty() {
        return Ok(Turn::IdleUntil(store.next_due(lane).await?));
    }
    let (first, then): (Vec<_>, Vec<_>) = leased.into_iter().partition(|leased| !leased.effect.action.comes_second());
    let mut held = perform_all(first, store, performer).await?;
    held = held.max(perform_all(then, store, performer).await?);
    Ok(held.map_or(Turn::More, Turn::HeldUntil))
}

/// Performs effects side by side; returns until when the service wants to be left alone, if it does.
async fn perform_all(
    effects: Vec<LeasedEffect>,
    store: &Store,
    performer: &Arc<Performer>,
) -> Result<Option<Timestamp>, LoopError> {
    let mut tasks = JoinSet::new();
    for leased in effects {
        let (store, performer) = (store.clone(), Arc::clone(performer));
        let span = info_span!("effect", key = %leased.effect.action.key(), attempt = leased.attempts);
        tasks.spawn(async move { perform_one(leased, &store, &performer).await }.instrument(span));
    }
    let mut held = None;
    while let Some(result) = tasks.join_next().await {
        held = held.max(result??);
    }
    Ok(held)
}

async fn perform_one(
    leased: LeasedEffect,
    store: &Store,
    performer: &Performer,
) -> Result<Option<Timestamp>, LoopError> {
    let (id, version) = (leased.id, leased.version);
    match performer.perform(&leased).await? {
        Performed::Done(receipt) => {
            store.effect_done(id, version, receipt).await?;
            Ok(None)
        }
        Performed::Later { error, after, ambiguous } => {
            let wait = after.unwrap_or_else(|| backoff(leased.attempts));
            let at = Timestamp::now().checked_add(wait).unwrap_or(Timestamp::MAX);
            store.effect_retry(id, at, &error, ambiguous).await?;
            Ok(after.map(|_| at))
        }
        Performed::Never { error } => {
            store.effect_dead(id, &error).await?;
            Ok(None)
        }
    }
}

/// Doubles from one second to five minutes.
fn backoff(attempts: u32) -> SignedDuration {
    SignedDuration::from_secs(1_i64 << attempts.saturating_sub(1).min(9)).min(SignedDuration::from_mins(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_between_attempts_doubles_up_to_five_minutes() {
        let pauses: Vec<i64> = (1..=11).map(|attempts| backoff(attempts).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }
}

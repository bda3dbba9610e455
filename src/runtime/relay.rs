//! The relay: carries effects from the outbox into the world, each lane for itself.
//!
//! An effect is leased before it is performed and struck off afterwards; a crash in between makes it come again, and
//! everything performed here is idempotent under its key. A service that says "not now" holds up its own lane only.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, info_span, warn};

use super::LoopError;
use super::pause::pause_until;
use super::perform::{Performed, Performer};
use crate::domain::effect::Lane;
use crate::store::{LeasedEffect, Store};
use crate::telemetry::EffectResult;

const TICK: Duration = Duration::from_secs(5);
/// Longer than any single effect may take; after it an effect counts as lost and is taken up again.
const LEASE: SignedDuration = SignedDuration::from_secs(120);
/// Effects of one lane that are performed at a time.
const WIDTH: u32 = 16;
/// With no more than this under way, further ones are taken: a lease for each would be a commit for each.
const HALF: usize = WIDTH as usize / 2;
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
    performer.metrics().lane_served(&lane);
    while !cancel.is_cancelled() {
        let now = Timestamp::now();
        let turn = turn(&lane, &store, &performer, &mut width, now, &cancel).await.unwrap_or_else(|error| {
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
    cancel: &CancellationToken,
) -> Result<Turn, LoopError> {
    let leased = store.lease_effects(lane, now, LEASE, *width).await?;
    if leased.is_empty() {
        return Ok(Turn::IdleUntil(store.next_due(lane).await?));
    }
    // Only where submissions come by the hundred: to wait for the slowest of each batch would cost much of the time.
    let refills = matches!(lane, Lane::Engine(_)) && *width == WIDTH;
    let more = refills.then(|| Refill { lane, store, cancel, now, begun: Instant::now() });
    match perform_in_stages(leased, store, performer, more).await? {
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
    mut more: Option<Refill<'_>>,
) -> Result<Option<Hold>, LoopError> {
    let mut stages = Stages::default();
    stages.add(leased);
    let mut held: Option<Hold> = None;
    while let Some((stage, effects)) = stages.0.pop_first() {
        match &held {
            // What comes in meanwhile and presupposes something waits with the rest.
            None if stage == 0 && stages.0.is_empty() => {
                held = perform_all(effects, store, performer, more.take(), &mut stages).await?;
            }
            None => held = perform_all(effects, store, performer, None, &mut stages).await?,
            Some(Hold { until, why }) => {
                for leased in effects {
                    store.effect_hold(leased.id, *until, why, false).await?;
                }
            }
        }
    }
    Ok(held)
}

/// Effects by their stage.
#[derive(Default)]
struct Stages(BTreeMap<u8, Vec<LeasedEffect>>);

impl Stages {
    fn add(&mut self, leased: Vec<LeasedEffect>) {
        for effect in leased {
            self.0.entry(effect.effect.action.stage()).or_default().push(effect);
        }
    }
}

/// Where more to do comes from while some of it is still under way.
struct Refill<'a> {
    lane: &'a Lane,
    store: &'a Store,
    cancel: &'a CancellationToken,
    now: Timestamp,
    begun: Instant,
}

impl Refill<'_> {
    /// What is due; `None`: this was all, for this turn.
    async fn lease(&self, places: usize) -> Option<Vec<LeasedEffect>> {
        if self.cancel.is_cancelled() {
            return None;
        }
        let places = u32::try_from(places).unwrap_or(WIDTH);
        let now = self.now.checked_add(self.begun.elapsed()).unwrap_or(self.now);
        // The next turn finds out that the store is in trouble, and says it.
        let leased = self.store.lease_effects(self.lane, now, LEASE, places).await.ok()?;
        (!leased.is_empty()).then_some(leased)
    }
}

/// Performs effects of one stage side by side, and those that `more` gives while they are under way; what it gives of
/// later stages goes to `later`, and ends the taking. Returns the longest hold, if the service wants to be left alone.
async fn perform_all(
    effects: Vec<LeasedEffect>,
    store: &Store,
    performer: &Arc<Performer>,
    mut more: Option<Refill<'_>>,
    later: &mut Stages,
) -> Result<Option<Hold>, LoopError> {
    let mut tasks = JoinSet::new();
    let begin = |effects: Vec<LeasedEffect>, tasks: &mut JoinSet<_>| {
        for leased in effects {
            let (store, performer) = (store.clone(), Arc::clone(performer));
            let span = info_span!("effect", key = %leased.effect.action.key(), attempt = leased.attempts);
            tasks.spawn(async move { perform_one(leased, &store, &performer).await }.instrument(span));
        }
    };
    begin(effects, &mut tasks);
    let mut longest: Option<Hold> = None;
    while let Some(result) = tasks.join_next().await {
        if let Some(hold) = result??
            && longest.as_ref().is_none_or(|known| known.until < hold.until)
        {
            longest = Some(hold);
        }
        if longest.is_some() || !later.0.is_empty() {
            more = None;
        }
        if let Some(source) = more.as_ref().filter(|_| tasks.len() <= HALF) {
            match source.lease(WIDTH as usize - tasks.len()).await {
                Some(leased) => {
                    later.add(leased);
                    begin(later.0.remove(&0).unwrap_or_default(), &mut tasks);
                }
                None => more = None,
            }
        }
    }
    Ok(longest)
}

async fn perform_one(leased: LeasedEffect, store: &Store, performer: &Performer) -> Result<Option<Hold>, LoopError> {
    let (id, version) = (leased.id, leased.version);
    let after = |wait| Timestamp::now().checked_add(wait).unwrap_or(Timestamp::MAX);
    let performed = performer.perform(&leased).await?;
    let (result, mut hold) = (result_of(&performed), None);
    match performed {
        Performed::Done(receipt) => store.effect_done(id, version, receipt).await?,
        Performed::DoneThen(then) => store.effect_done_then(id, version, &then).await?,
        Performed::Later { error, after: Some(wait), ambiguous } => {
            let until = after(wait);
            store.effect_hold(id, until, &error, ambiguous).await?;
            hold = Some(Hold { until, why: error });
        }
        Performed::Later { error, after: None, ambiguous } => {
            store.effect_retry(id, after(backoff(leased.attempts)), &error, ambiguous).await?;
        }
        Performed::NotYet { why, after: wait } => store.effect_hold(id, after(wait), &why, false).await?,
        Performed::Never { error } => store.effect_dead(id, &error).await?,
    }
    let since_due = Timestamp::now().duration_since(leased.effect.due_at);
    performer.metrics().effect_attempted(&leased.effect.action.lane(), result, since_due);
    Ok(hold)
}

/// What is counted.
fn result_of(performed: &Performed) -> EffectResult {
    match performed {
        Performed::Done(_) | Performed::DoneThen(_) => EffectResult::Done,
        Performed::Later { after: None, .. } => EffectResult::Retried,
        Performed::Later { after: Some(_), .. } | Performed::NotYet { .. } => EffectResult::Held,
        Performed::Never { .. } => EffectResult::GivenUp,
    }
}

/// Doubles from one second to five minutes.
fn backoff(attempts: u32) -> SignedDuration {
    SignedDuration::from_secs(1_i64 << attempts.saturating_sub(1).min(9)).min(SignedDuration::from_mins(5))
}

#[cfg(test)]
mod tests;

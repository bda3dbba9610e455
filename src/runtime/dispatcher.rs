//! The dispatcher: takes events out of the inbox, looks up what their routing needs and writes what comes of them, each
//! event in one transaction.
//!
//! An event is leased, so that after a crash it is taken again; the ids of its sweeps are derived from it, so that it
//! leads to the same. It must not talk to people or engines: that is the relay's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, info_span, warn};

use super::pause::pause_until;
use crate::config::Config;
use crate::domain::decision::{Decision, Verdict};
use crate::domain::event::{Event, EventKind};
use crate::domain::rules::Rules;
use crate::plan::route::{Decided, Fact, Facts, Occasion, Routing, route};
use crate::plan::summary;
use crate::store::{EventResult, LeasedEvent, Store, StoreError};
use crate::telemetry::Metrics;

mod lookup;
mod predict;

pub use lookup::Directories;
pub use predict::predict;

use lookup::{Lookup, NotNow};

/// The inbox is looked at this often even if nothing seems to have come.
const TICK: Duration = Duration::from_secs(5);
/// Longer than any event may take; after it the event counts as lost and is taken again.
const LEASE: SignedDuration = SignedDuration::from_secs(120);
/// Events that are worked on at a time.
const WIDTH: u32 = 32;
/// Pause after the store has failed.
const RETRY: Duration = Duration::from_secs(1);
/// An event whose look-ups still fail at this attempt is given up, some eight minutes after the first.
const ATTEMPTS: u32 = 9;
/// Look-ups for one event; the rules of no configuration need that many.
const MOST_LOOKUPS: usize = 1000;
/// Ids are six letters: that as many are taken in a row does not happen.
const MOST_SALTS: u32 = 32;

/// Works on events until `cancel`; what is under way then is handed back to the inbox.
pub async fn run(
    store: Store,
    config: watch::Receiver<Arc<Config>>,
    directories: impl Into<Directories>,
    metrics: Arc<Metrics>,
    cancel: CancellationToken,
) {
    let mut wake = store.wakes().inbox.subscribe();
    let dispatcher = Dispatcher::new(store, directories, metrics);
    while !cancel.is_cancelled() {
        let rules = Arc::clone(&config.borrow().rules);
        match dispatcher.turn(&rules, Timestamp::now(), &cancel).await {
            Ok(0) => tokio::select! {
                () = cancel.cancelled() => {}
                _ = wake.changed() => {}
                () = pause_until(None, TICK) => {}
            },
            Ok(_) => {}
            Err(error) => {
                error!(%error, "the inbox cannot be read or written; trying again");
                tokio::select! {
                    () = cancel.cancelled() => {}
                    () = pause_until(None, RETRY) => {}
                }
            }
        }
    }
}

/// What the work on events needs.
#[derive(Clone)]
pub struct Dispatcher {
    store: Store,
    lookup: Lookup,
    metrics: Arc<Metrics>,
}

/// How the work on an event ended.
enum Worked {
    Done(Vec<Decision>),
    Later(NotNow),
}

impl Dispatcher {
    pub fn new(store: Store, directories: impl Into<Directories>, metrics: Arc<Metrics>) -> Self {
        Self { lookup: Lookup::new(store.clone(), directories.into()), store, metrics }
    }

    /// Works on the events that are ready at `now`, and returns how many there were.
    ///
    /// Events of one repository are worked on in the order in which they came, so that the newer one is the newer one;
    /// those of different ones side by side.
    ///
    /// # Errors
    /// The store cannot be read or written. Events that were not ended come again when their lease is over.
    pub async fn turn(
        &self,
        rules: &Arc<Rules>,
        now: Timestamp,
        cancel: &CancellationToken,
    ) -> Result<usize, StoreError> {
        let leased = self.store.lease_events(now, LEASE, WIDTH).await?;
        let count = leased.len();
        let mut rows: BTreeMap<String, Vec<LeasedEvent>> = BTreeMap::new();
        for event in leased {
            rows.entry(row_of(&event.event)).or_default().push(event);
        }
        let mut tasks = JoinSet::new();
        for row in rows.into_values() {
            let (dispatcher, rules, cancel) = (self.clone(), Arc::clone(rules), cancel.clone());
            tasks.spawn(async move { dispatcher.work_in_order(row, &rules, now, &cancel).await });
        }
        let mut ended = Ok(count);
        while let Some(result) = tasks.join_next().await {
            match result {
                Ok(Ok(())) => {}
                Ok(Err(error)) => ended = Err(error),
                Err(error) => error!(%error, "the work on an event broke off; it comes again when its lease is over"),
            }
        }
        ended
    }

    async fn work_in_order(
        &self,
        events: Vec<LeasedEvent>,
        rules: &Rules,
        now: Timestamp,
        cancel: &CancellationToken,
    ) -> Result<(), StoreError> {
        for leased in events {
            let key = &leased.event.key;
            let span = info_span!("event", id = %leased.id, source = key.source.name(), delivery = %key.delivery);
            let work = self.work(&leased, rules, now).instrument(span);
            // An event that is dropped half-way has either been ended as a whole or not at all.
            let worked = tokio::select! {
                biased;
                () = cancel.cancelled() => None,
                worked = work => Some(worked),
            };
            match worked {
                Some(worked) => worked?,
                None => self.store.retry_event(leased.id, now, "handed back when tunebot stopped").await?,
            }
        }
        Ok(())
    }

    /// Works on one event, and ends it or gives it back.
    async fn work(&self, leased: &LeasedEvent, rules: &Rules, now: Timestamp) -> Result<(), StoreError> {
        let source = leased.event.key.source;
        let took = || Timestamp::now().duration_since(leased.event.received_at);
        match self.decide(leased, rules, now).await? {
            Worked::Done(decisions) => {
                for decision in &decisions {
                    let sweep = decision.sweep.as_ref().map(tracing::field::display);
                    info!(
                        by = decision.by,
                        verdict = decision.verdict.name(),
                        sweep,
                        reason = decision.reason,
                        "decided"
                    );
                }
                self.metrics.event_ended(source, weightiest(&decisions).name(), took());
            }
            Worked::Later(not_now) if leased.attempts >= ATTEMPTS => {
                warn!(error = not_now.why, "given up");
                self.store.bury_event(leased.id, &not_now.why).await?;
                self.metrics.event_ended(source, "dead", took());
            }
            Worked::Later(not_now) => {
                let wait = backoff(leased.attempts).max(not_now.after.unwrap_or_default());
                warn!(error = not_now.why, "cannot be decided now; trying again in {wait:#}");
                let at = now.checked_add(wait).unwrap_or(now);
                self.store.retry_event(leased.id, at, &not_now.why).await?;
            }
        }
        Ok(())
    }

    async fn decide(&self, leased: &LeasedEvent, rules: &Rules, now: Timestamp) -> Result<Worked, StoreError> {
        let mut facts = Facts::default();
        for salt in 0..MOST_SALTS {
            let occasion = Occasion { event: leased.id, now, salt };
            let decided = match self.decide_with(leased, rules, &mut facts, occasion).await? {
                Ok(decided) => decided,
                Err(not_now) => return Ok(Worked::Later(not_now)),
            };
            let decisions = decided.decisions.clone();
            match self.store.finish_event(leased.id, result(&leased.event, decided, now)).await {
                Ok(()) => return Ok(Worked::Done(decisions)),
                Err(StoreError::SweepIdTaken(id)) => warn!(%id, "the sweep id is taken; deriving another"),
                Err(error @ StoreError::PreviewSettled(_)) => {
                    info!(%error, "deciding again");
                    facts = Facts::default();
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Worked::Later(NotNow { why: "no free sweep id was found".to_owned(), after: None }))
    }

    /// Routes the event, looking up what it needs on the way.
    async fn decide_with(
        &self,
        leased: &LeasedEvent,
        rules: &Rules,
        facts: &mut Facts,
        occasion: Occasion,
    ) -> Result<Result<Decided, NotNow>, StoreError> {
        while facts.len() < MOST_LOOKUPS {
            let need = match route(&leased.event, rules, facts, occasion) {
                Routing::Decided(decided) => return Ok(Ok(decided)),
                Routing::Needs(need) => need,
            };
            match self.lookup.find(&need, rules, occasion.now).await? {
                Ok(fact) => facts.add(need, fact),
                // Whoever waits for an answer is told in the end; what nobody waits for stays to be delivered again.
                Err(not_now) if leased.attempts >= ATTEMPTS && has_asker(&leased.event) => {
                    facts.add(need, Fact::Unavailable(not_now.why));
                }
                Err(not_now) => return Ok(Err(not_now)),
            }
        }
        Ok(Err(NotNow { why: format!("it takes more than {MOST_LOOKUPS} look-ups to decide"), after: None }))
    }
}

/// Events of one row are worked on one after the other.
fn row_of(event: &Event) -> String {
    match &event.kind {
        EventKind::Push(push) => push.repository.to_string(),
        EventKind::PullRequest(pull_request) => pull_request.repository.to_string(),
        EventKind::Comment(comment) => comment.repository.to_string(),
        EventKind::CheckAction(action) => action.repository.to_string(),
        EventKind::Tick(tick) => format!("schedule {}", tick.schedule),
        EventKind::SlashCommand(command) => format!("channel {}", command.channel),
        EventKind::Request(request) => format!("caller {}", request.caller),
        EventKind::Import(import) => format!("import to {}", import.tuning),
        EventKind::Ping { .. } | EventKind::NotForUs { .. } => "nothing".to_owned(),
    }
}

fn has_asker(event: &Event) -> bool {
    matches!(event.kind, EventKind::Comment(_) | EventKind::CheckAction(_) | EventKind::SlashCommand(_))
}

/// What is written for an event: its decisions, and with each sweep its first message.
fn result(event: &Event, decided: Decided, now: Timestamp) -> EventResult {
    let Decided { decisions, sweeps, earlier, signals, approvals, seen_head, answers, previews } = decided;
    let first_messages = sweeps.iter().flat_map(|sweep| {
        let report = summary::first_report(sweep, now);
        summary::notifications(sweep, &report, now)
    });
    let effects = first_messages.chain(answers).collect();
    let head = event.kind.head();
    EventResult { decisions, sweeps, earlier, effects, signals, previews, head, approvals, seen_head }
}

/// The verdict that an event with these decisions counts under.
fn weightiest(decisions: &[Decision]) -> Verdict {
    const BY_WEIGHT: [Verdict; 4] = [Verdict::Started, Verdict::Stopped, Verdict::Answered, Verdict::Refused];
    let has = |verdict: &Verdict| decisions.iter().any(|decision| decision.verdict == *verdict);
    BY_WEIGHT.into_iter().find(has).unwrap_or(Verdict::Ignored)
}

/// 2 s, 4 s, 8 s, … up to some four minutes.
fn backoff(attempts: u32) -> SignedDuration {
    SignedDuration::from_secs(1 << attempts.clamp(1, 8))
}

#[cfg(test)]
mod tests;

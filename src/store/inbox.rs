//! The inbox: events, unique by source and delivery, and what became of each.
//!
//! An event is done when its outcome is committed, not when it was seen: a redelivery of one that failed is work.

use jiff::{SignedDuration, Timestamp};
use sqlx::SqliteConnection;

use super::approvals::{insert_approval, insert_seen_head};
use super::earlier::{EarlierImage, insert_earlier};
use super::error::{Fault, StoreError};
use super::heads::move_head;
use super::outbox::{EncodedEffect, write_effect};
use super::previews::{PreviewImage, write_preview};
use super::rows::{decode, encode, micros, micros_after};
use super::shared_messages::share_messages;
use super::signals::{EncodedSignal, insert_signal};
use super::sweeps::{SweepImage, insert_sweep};
use super::wakes::Wake;
use super::writer::Shape;
use super::{Store, schedules};
use crate::domain::approval::{Approval, SeenHead};
use crate::domain::decision::{Decision, Verdict};
use crate::domain::earlier::EarlierTrial;
use crate::domain::effect::Effect;
use crate::domain::event::{Event, EventKind, Source};
use crate::domain::head::HeadMove;
use crate::domain::ids::{EventId, SweepId};
use crate::domain::preview::Preview;
use crate::domain::signal::Signal;
use crate::domain::sweep::Sweep;

mod state;

pub use state::EventState;

/// The answer to whoever delivers an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    New(EventId),
    /// It was delivered before. `done`: its outcome is known already; otherwise it is still, or again, to be worked on.
    Again {
        id: EventId,
        done: bool,
    },
}

impl Accepted {
    pub fn id(self) -> EventId {
        match self {
            Self::New(id) | Self::Again { id, .. } => id,
        }
    }
}

/// An event that the caller has for the time of its lease.
#[derive(Debug, Clone, PartialEq)]
pub struct LeasedEvent {
    pub id: EventId,
    pub event: Event,
    /// How often it was leased, this time included.
    pub attempts: u32,
}

/// All that an event leads to; written in one transaction.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EventResult {
    /// At least one, with a reason for people.
    pub decisions: Vec<Decision>,
    pub sweeps: Vec<Sweep>,
    /// What some of these start from.
    pub earlier: Vec<(SweepId, Vec<EarlierTrial>)>,
    pub effects: Vec<Effect>,
    pub signals: Vec<Signal>,
    pub previews: Vec<Preview>,
    /// Where the branch or pull request that it is about stands now.
    pub head: Option<HeadMove>,
    pub approvals: Vec<Approval>,
    pub seen_head: Option<SeenHead>,
}

/// An event with its fate, as `tunebot explain` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRecord {
    pub id: EventId,
    pub event: Event,
    pub state: EventState,
    pub attempts: u32,
    /// The last failure of an event that is not done.
    pub error: Option<String>,
    /// Empty until it is done.
    pub decisions: Vec<Decision>,
}

type RecordRow = (i64, String, i64, Option<String>, String, String);

impl Store {
    /// Takes an event in. `Ok` means that it is on the disk.
    ///
    /// # Errors
    /// [`StoreError::Full`] and the like: the event is not taken, and whoever sent it must send it again.
    pub async fn accept(&self, event: &Event) -> Result<Accepted, StoreError> {
        let row = NewEvent::of(event)?;
        self.write(Shape::Single, Wake::INBOX, |connection| Box::pin(insert_event(connection, row))).await
    }

    /// Takes the tick of a schedule in and, in the same transaction, remembers `slot` as the last one that fired.
    /// An event of another kind moves no schedule.
    ///
    /// # Errors
    /// Those of [`Store::accept`].
    pub async fn accept_tick(&self, event: &Event, slot: Timestamp) -> Result<Accepted, StoreError> {
        let EventKind::Tick(tick) = &event.kind else { return self.accept(event).await };
        let row = NewEvent::of(event)?;
        let schedule = tick.schedule.to_string();
        self.write(Shape::Compound, Wake::INBOX, move |connection| {
            Box::pin(async move {
                schedules::advance(connection, &schedule, slot).await?;
                insert_event(connection, row).await
            })
        })
        .await
    }

    /// Hands out up to `limit` events, the oldest first: those that are ready, and those whose lease has run out.
    ///
    /// An event that this version cannot read is buried, so that it does not hold up the others.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn lease_events(
        &self,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<LeasedEvent>, StoreError> {
        self.write(Shape::Compound, Wake::NOBODY, move |connection| {
            Box::pin(lease_events(connection, micros(now), micros_after(now, lease), limit))
        })
        .await
    }

    /// Ends the work on an event: its decisions and everything that it leads to, or nothing. Nothing is written a
    /// second time for an event that is done already.
    ///
    /// # Errors
    /// [`StoreError::SweepIdTaken`]: nothing is written; derive another id and call again.
    /// [`StoreError::PreviewSettled`]: nothing is written; look again.
    pub async fn finish_event(&self, id: EventId, result: EventResult) -> Result<(), StoreError> {
        let wake = Wake {
            signals: !result.signals.is_empty() || !result.sweeps.is_empty(),
            outbox: !result.effects.is_empty(),
            ..Wake::NOBODY
        };
        let outcome = outcome(&result.decisions).map(Verdict::name);
        let decisions = encode("a decision", &result.decisions)?;
        let sweeps = result.sweeps.iter().map(SweepImage::of).collect::<Result<Vec<_>, _>>()?;
        let earlier = result.earlier.iter().map(EarlierImage::of).collect::<Result<Vec<_>, _>>()?;
        let effects = result.effects.iter().map(EncodedEffect::of).collect::<Result<Vec<_>, _>>()?;
        let previews = result.previews.iter().map(PreviewImage::of).collect::<Result<Vec<_>, _>>()?;
        let signals = result.signals.iter().map(EncodedSignal::of).collect::<Result<Vec<_>, _>>()?;
        let head = result.head;
        self.write(Shape::Compound, wake, move |connection| {
            Box::pin(async move {
                if !end_event(connection, id, outcome, &decisions).await? {
                    return Ok(());
                }
                for preview in &previews {
                    write_preview(connection, preview).await?;
                }
                for sweep in &sweeps {
                    insert_sweep(connection, sweep).await?;
                    share_messages(connection, sweep).await?;
                }
                for earlier in &earlier {
                    insert_earlier(connection, earlier).await?;
                }
                for effect in &effects {
                    write_effect(connection, effect).await?;
                }
                for signal in &signals {
                    insert_signal(connection, signal).await?;
                }
                if let Some(head) = &head {
                    move_head(connection, head).await?;
                }
                for approval in &result.approvals {
                    insert_approval(connection, approval).await?;
                }
                if let Some(head) = &result.seen_head {
                    insert_seen_head(connection, id, head).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Gives an event back, to be tried again at `at`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn retry_event(&self, id: EventId, at: Timestamp, error: &str) -> Result<(), StoreError> {
        const RETRY: &str = "UPDATE events SET state = 'ready', due_at = $2, error = $3 \
                             WHERE id = $1 AND state IN ('ready', 'leased')";
        let error = error.to_owned();
        self.write(Shape::Single, Wake::INBOX, move |connection| {
            Box::pin(async move {
                sqlx::query(RETRY).bind(id.0).bind(micros(at)).bind(error).execute(connection).await?;
                Ok(())
            })
        })
        .await
    }

    /// Gives an event up; it stays visible with `error`, and a redelivery makes it ready again.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn bury_event(&self, id: EventId, error: &str) -> Result<(), StoreError> {
        let error = error.to_owned();
        self.write(Shape::Single, Wake::NOBODY, move |connection| Box::pin(bury(connection, id, error))).await
    }

    /// # Errors
    /// [`StoreError`]
    pub async fn event(&self, id: EventId) -> Result<Option<EventRecord>, StoreError> {
        const BY_ID: &str = "SELECT id, state, attempts, error, decisions, body FROM events WHERE id = $1";
        self.read(move |connection| {
            Box::pin(async move {
                let row: Option<RecordRow> = sqlx::query_as(BY_ID).bind(id.0).fetch_optional(connection).await?;
                row.map(read_record).transpose()
            })
        })
        .await
    }

    /// # Errors
    /// [`StoreError`]
    pub async fn event_by_delivery(&self, source: Source, delivery: &str) -> Result<Option<EventRecord>, StoreError> {
        const BY_DELIVERY: &str =
            "SELECT id, state, attempts, error, decisions, body FROM events WHERE source = $1 AND delivery = $2";
        let delivery = delivery.to_owned();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as(BY_DELIVERY).bind(source.name()).bind(delivery);
                let row: Option<RecordRow> = query.fetch_optional(connection).await?;
                row.map(read_record).transpose()
            })
        })
        .await
    }

    /// The newest events, newest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn recent_events(&self, limit: u32) -> Result<Vec<EventRecord>, StoreError> {
        const RECENT: &str = "SELECT id, state, attempts, error, decisions, body FROM events ORDER BY id DESC LIMIT $1";
        self.read(move |connection| {
            Box::pin(async move {
                let rows: Vec<RecordRow> = sqlx::query_as(RECENT).bind(limit).fetch_all(connection).await?;
                rows.into_iter().map(read_record).collect()
            })
        })
        .await
    }
}

/// The one word that an event is counted under: the verdict that mattered most.
fn outcome(decisions: &[Decision]) -> Option<Verdict> {
    let weight = |verdict: Verdict| match verdict {
        Verdict::Started => 4,
        Verdict::Stopped => 3,
        Verdict::Answered => 2,
        Verdict::Refused => 1,
        Verdict::Ignored => 0,
    };
    decisions.iter().map(|decision| decision.verdict).max_by_key(|verdict| weight(*verdict))
}

pub(super) struct NewEvent {
    source: &'static str,
    delivery: String,
    received_at: i64,
    body: String,
}

impl NewEvent {
    pub fn of(event: &Event) -> Result<Self, StoreError> {
        Ok(Self {
            source: event.key.source.name(),
            delivery: event.key.delivery.clone(),
            received_at: micros(event.received_at),
            body: encode("an event", event)?,
        })
    }
}

/// Every statement of it stands on its own: it may stop after any of them.
async fn insert_event(connection: &mut SqliteConnection, row: NewEvent) -> Result<Accepted, Fault> {
    const INSERT: &str = "INSERT INTO events (source, delivery, state, received_at, due_at, body) \
                          VALUES ($1, $2, 'ready', $3, $3, $4) ON CONFLICT (source, delivery) DO NOTHING RETURNING id";
    const KNOWN: &str = "SELECT id, state FROM events WHERE source = $1 AND delivery = $2";
    const REVIVE: &str = "UPDATE events SET state = 'ready', attempts = 0, due_at = $2 WHERE id = $1";
    let NewEvent { source, delivery, received_at, body } = row;
    let query = sqlx::query_scalar(INSERT).bind(source).bind(&delivery).bind(received_at).bind(body);
    if let Some(id) = query.fetch_optional(&mut *connection).await? {
        return Ok(Accepted::New(EventId(id)));
    }
    let query = sqlx::query_as(KNOWN).bind(source).bind(&delivery);
    let (id, state): (i64, String) = query.fetch_one(&mut *connection).await?;
    let state = EventState::read(&state)?;
    if state == EventState::Dead {
        sqlx::query(REVIVE).bind(id).bind(received_at).execute(connection).await?;
    }
    Ok(Accepted::Again { id: EventId(id), done: state == EventState::Done })
}

/// Writes an event that is done with already, and returns its row number. One that was forgotten may come again.
pub(super) async fn insert_done_event(
    connection: &mut SqliteConnection,
    row: NewEvent,
    outcome: Verdict,
    decisions: &str,
) -> Result<i64, Fault> {
    const INSERT: &str = "INSERT INTO events (source, delivery, state, outcome, received_at, due_at, decisions, body) \
                          VALUES ($1, $2, 'done', $3, $4, $4, $5, $6) ON CONFLICT (source, delivery) \
                          DO UPDATE SET received_at = excluded.received_at RETURNING id";
    let query = sqlx::query_scalar(INSERT).bind(row.source).bind(row.delivery).bind(outcome.name());
    Ok(query.bind(row.received_at).bind(decisions).bind(row.body).fetch_one(connection).await?)
}

async fn lease_events(
    connection: &mut SqliteConnection,
    now: i64,
    until: i64,
    limit: u32,
) -> Result<Vec<LeasedEvent>, Fault> {
    const LEASE: &str = "UPDATE events SET state = 'leased', due_at = $2, attempts = attempts + 1 WHERE id IN (\
                         SELECT id FROM events WHERE state IN ('ready', 'leased') AND due_at <= $1 \
                         ORDER BY id LIMIT $3) RETURNING id, attempts, body";
    let query = sqlx::query_as(LEASE).bind(now).bind(until).bind(limit);
    let mut rows: Vec<(i64, i64, String)> = query.fetch_all(&mut *connection).await?;
    rows.sort_by_key(|(id, ..)| *id);
    let mut leased = Vec::with_capacity(rows.len());
    for (id, attempts, body) in rows {
        let id = EventId(id);
        match serde_json::from_str(&body) {
            Ok(event) => leased.push(LeasedEvent { id, event, attempts: attempts as u32 }),
            Err(error) => bury(connection, id, format!("this version of tunebot cannot read it: {error}")).await?,
        }
    }
    Ok(leased)
}

async fn bury(connection: &mut SqliteConnection, id: EventId, error: String) -> Result<(), Fault> {
    const BURY: &str = "UPDATE events SET state = 'dead', error = $2 WHERE id = $1 AND state IN ('ready', 'leased')";
    sqlx::query(BURY).bind(id.0).bind(error).execute(connection).await?;
    Ok(())
}

/// `false` if it has ended before, by whoever had it after a lease ran out.
async fn end_event(
    connection: &mut SqliteConnection,
    id: EventId,
    outcome: Option<&'static str>,
    decisions: &str,
) -> Result<bool, Fault> {
    const END: &str = "UPDATE events SET state = 'done', error = NULL, outcome = $2, decisions = $3 \
                       WHERE id = $1 AND state <> 'done'";
    let done = sqlx::query(END).bind(id.0).bind(outcome).bind(decisions).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

fn read_record((id, state, attempts, error, decisions, body): RecordRow) -> Result<EventRecord, Fault> {
    Ok(EventRecord {
        id: EventId(id),
        event: decode(&format!("event {id}"), &body)?,
        state: EventState::read(&state)?,
        attempts: attempts as u32,
        error,
        decisions: decode(&format!("the decisions on event {id}"), &decisions)?,
    })
}

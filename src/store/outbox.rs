//! The outbox: effects that are written down and to be carried out, at most one for each key.
//!
//! What is wanted under a key may be replaced at any time, also while an older version of it is being carried out; then
//! it becomes ready again afterwards. An effect that is done is deleted. One that cannot be done is kept, dead, with
//! its error, until it is written again. How a service names a message is kept by slot, beyond the effect.

use jiff::{SignedDuration, Timestamp};
use sqlx::SqliteConnection;

use super::Store;
use super::error::{Fault, StoreError};
use super::rows::{self, decode, encode, micros, micros_after, timestamp};
use super::wakes::Wake;
use super::writer::Shape;
use crate::domain::effect::{Action, Effect, Lane, Receipt};
use crate::domain::ids::SweepId;

/// The row number of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectId(pub i64);

/// An effect that the caller has for the time of its lease.
#[derive(Debug, Clone, PartialEq)]
pub struct LeasedEffect {
    pub id: EffectId,
    /// Which of the versions written under the key this is; [`Store::effect_done`] takes it.
    pub version: i64,
    pub effect: Effect,
    /// How often it was leased, this time included.
    pub attempts: u32,
    /// An earlier attempt may have been carried out: it ended without an answer, or with tunebot itself.
    pub perhaps_done: bool,
    /// What the service answered to an earlier edition of the message.
    pub receipt: Option<Receipt>,
}

impl Store {
    /// The lanes in which something waits or is under way.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn lanes(&self) -> Result<Vec<Lane>, StoreError> {
        const LANES: &str = "SELECT DISTINCT lane FROM effects WHERE state IN ('ready', 'leased') ORDER BY lane";
        self.read(|connection| {
            Box::pin(async move {
                let lanes: Vec<(String,)> = sqlx::query_as(LANES).fetch_all(connection).await?;
                lanes.iter().map(|(lane,)| rows::lane(lane)).collect()
            })
        })
        .await
    }

    /// When the lane has something to lease next: an effect falls due or a lease runs out. It may lie in the past.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn next_due(&self, lane: &Lane) -> Result<Option<Timestamp>, StoreError> {
        // What waits for another effect with the same receipt comes after the end of that one's lease.
        const NEXT: &str = "SELECT MIN(CASE WHEN leased_until > due_at THEN leased_until ELSE due_at END) FROM effects \
                            WHERE lane = $1 AND state IN ('ready', 'leased') AND (leased_until IS NOT NULL OR NOT EXISTS (\
                            SELECT 1 FROM effects AS other WHERE other.slot = effects.slot AND other.id <> effects.id \
                            AND other.leased_until IS NOT NULL))";
        let lane = lane.to_string();
        self.read(move |connection| {
            Box::pin(async move {
                let next: Option<i64> = sqlx::query_scalar(NEXT).bind(lane).fetch_one(connection).await?;
                next.map(timestamp).transpose()
            })
        })
        .await
    }

    /// How its service named the message of `slot`; none while it has not been delivered.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn receipt(&self, slot: &str) -> Result<Option<Receipt>, StoreError> {
        let slot = slot.to_owned();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_scalar("SELECT body FROM receipts WHERE slot = $1").bind(&slot);
                let body: Option<String> = query.fetch_optional(connection).await?;
                body.map(|body| decode(&format!("the receipt of {slot}"), &body)).transpose()
            })
        })
        .await
    }

    /// Hands out up to `limit` effects of a lane in the order in which they fall due: those that are ready, and those
    /// whose lease has run out. The lease is on the disk before the effect is handed out. Of effects that share a message
    /// only one is handed out at a time, so that the next has its receipt.
    ///
    /// An effect that this version cannot read is given up, so that it does not hold up the others.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn lease_effects(
        &self,
        lane: &Lane,
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
    ) -> Result<Vec<LeasedEffect>, StoreError> {
        let lane = lane.to_string();
        let until = micros_after(now, lease);
        self.write(Shape::Compound, Wake::NOBODY, move |connection| {
            Box::pin(lease_effects(connection, lane, micros(now), until, limit))
        })
        .await
    }

    /// The effect is carried out in this version. If a newer one was written meanwhile, that is ready now.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn effect_done(&self, id: EffectId, version: i64, receipt: Option<Receipt>) -> Result<(), StoreError> {
        let receipt = receipt.as_ref().map(|receipt| encode("a receipt", receipt)).transpose()?;
        // Without a receipt there is one statement that changes something: the effect goes, or it is ready again.
        let shape = if receipt.is_some() { Shape::Compound } else { Shape::Single };
        let again = self
            .write(shape, Wake::NOBODY, move |connection| Box::pin(end_effect(connection, id, version, receipt)))
            .await?;
        if again {
            self.inner.wakes.fire(Wake::OUTBOX);
        }
        Ok(())
    }

    /// The effect is carried out in this version, and `then` follows from it: both or neither.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn effect_done_then(&self, id: EffectId, version: i64, then: &[Effect]) -> Result<(), StoreError> {
        let then = then.iter().map(EncodedEffect::of).collect::<Result<Vec<_>, _>>()?;
        self.write(Shape::Compound, Wake::OUTBOX, move |connection| {
            Box::pin(async move {
                for effect in &then {
                    write_effect(connection, effect).await?;
                }
                end_effect(connection, id, version, None).await.map(|_| ())
            })
        })
        .await
    }

    /// The attempt failed; the next one is at `at`. `ambiguous`: it may have been carried out all the same, which is
    /// remembered until the effect is done.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn effect_retry(
        &self,
        id: EffectId,
        at: Timestamp,
        error: &str,
        ambiguous: bool,
    ) -> Result<(), StoreError> {
        self.put_off(id, at, error, ambiguous, 1).await
    }

    /// Like [`Store::effect_retry`], but not for a fault of this effect, whose attempts do not count then: the place that
    /// it goes to takes nothing at all before `at`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn effect_hold(
        &self,
        id: EffectId,
        at: Timestamp,
        error: &str,
        ambiguous: bool,
    ) -> Result<(), StoreError> {
        self.put_off(id, at, error, ambiguous, 0).await
    }

    /// `counts`: 1 if the attempt counts, else 0.
    async fn put_off(
        &self,
        id: EffectId,
        at: Timestamp,
        error: &str,
        ambiguous: bool,
        counts: i64,
    ) -> Result<(), StoreError> {
        const RETRY: &str = "UPDATE effects SET state = 'ready', due_at = $2, backing_off = 1, error = $3, \
                             perhaps_done = CASE WHEN $4 = 1 THEN 1 ELSE perhaps_done END, \
                             attempts = attempts - 1 + $5, \
                             leased_until = NULL, leased_version = NULL WHERE id = $1 AND state = 'leased'";
        let error = error.to_owned();
        self.write(Shape::Single, Wake::OUTBOX, move |connection| {
            Box::pin(async move {
                let query = sqlx::query(RETRY).bind(id.0).bind(micros(at)).bind(error).bind(i64::from(ambiguous));
                query.bind(counts).execute(connection).await?;
                Ok(())
            })
        })
        .await
    }

    /// How many effects of `sweep` are not done in `lane`, those under way included.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn undone_effects(&self, sweep: &SweepId, lane: &Lane) -> Result<u32, StoreError> {
        const COUNT: &str = "SELECT COUNT(*) FROM effects \
                             WHERE lane = $1 AND state IN ('ready', 'leased') AND sweep = $2";
        let (sweep, lane) = (sweep.to_string(), lane.to_string());
        self.read(move |connection| {
            Box::pin(async move { Ok(sqlx::query_scalar(COUNT).bind(lane).bind(sweep).fetch_one(connection).await?) })
        })
        .await
    }

    /// The effect cannot be carried out. It stays for inspection, with `error`; a version that was written meanwhile
    /// gets a try of its own.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn effect_dead(&self, id: EffectId, error: &str) -> Result<(), StoreError> {
        let error = error.to_owned();
        self.write(Shape::Single, Wake::OUTBOX, move |connection| Box::pin(give_up(connection, id, error))).await
    }
}

/// An effect as columns.
pub(super) struct EncodedEffect {
    key: String,
    slot: Option<String>,
    lane: String,
    sweep: Option<String>,
    due_at: i64,
    body: String,
}

impl EncodedEffect {
    pub fn of(effect: &Effect) -> Result<Self, StoreError> {
        Ok(Self {
            key: effect.action.key(),
            slot: match &effect.action {
                Action::Notify(notification) => Some(notification.receipt_key()),
                Action::Submit { .. }
                | Action::Stop { .. }
                | Action::Release { .. }
                | Action::Apply(_)
                | Action::CheckFile(_) => None,
            },
            lane: effect.action.lane().to_string(),
            sweep: effect.sweep.as_ref().map(ToString::to_string),
            due_at: micros(effect.due_at),
            body: encode("an effect", effect)?,
        })
    }
}

/// Writes an effect, or replaces what is wanted under its key.
///
/// When the replaced one falls due: a dead one at the new time; one that is backing off at the later of the two times,
/// because a service asked for patience; one whose only version is being carried out at the new time; any other at the
/// earlier of the two, so that a message that is written again and again is still sent.
pub(super) async fn write_effect(connection: &mut SqliteConnection, effect: &EncodedEffect) -> Result<(), Fault> {
    const WRITE: &str = "INSERT INTO effects (key, slot, lane, sweep, state, due_at, body) VALUES ($1, $2, $3, $4, 'ready', $5, $6) \
         ON CONFLICT (key) DO UPDATE SET slot = excluded.slot, lane = excluded.lane, sweep = excluded.sweep, \
         body = excluded.body, version = effects.version + 1, \
         due_at = CASE WHEN effects.state = 'dead' OR effects.leased_version = effects.version THEN excluded.due_at \
             WHEN (excluded.due_at > effects.due_at) = (effects.backing_off = 1) THEN excluded.due_at \
             ELSE effects.due_at END, \
         attempts = CASE WHEN effects.state = 'dead' THEN 0 ELSE effects.attempts END, \
         error = CASE WHEN effects.state = 'dead' THEN NULL ELSE effects.error END, \
         state = CASE WHEN effects.state = 'dead' THEN 'ready' ELSE effects.state END";
    sqlx::query(WRITE)
        .bind(&effect.key)
        .bind(&effect.slot)
        .bind(&effect.lane)
        .bind(&effect.sweep)
        .bind(effect.due_at)
        .bind(&effect.body)
        .execute(connection)
        .await?;
    Ok(())
}

type LeasedRow = (i64, i64, String, u32, bool, i64, Option<String>);

async fn lease_effects(
    connection: &mut SqliteConnection,
    lane: String,
    now: i64,
    until: i64,
    limit: u32,
) -> Result<Vec<LeasedEffect>, Fault> {
    // A lease that has run out tells nothing about what was done under it.
    const LEASE: &str = "UPDATE effects SET perhaps_done = CASE WHEN state = 'leased' THEN 1 ELSE perhaps_done END, state = 'leased', \
         leased_until = $3, leased_version = version, backing_off = 0, attempts = attempts + 1 \
         WHERE id IN (SELECT id FROM effects WHERE lane = $1 AND state IN ('ready', 'leased') AND due_at <= $2 \
             AND (leased_until IS NULL OR leased_until <= $2) \
             AND NOT EXISTS (SELECT 1 FROM effects AS other WHERE other.slot = effects.slot AND other.id <> effects.id \
                 AND (other.leased_until > $2 OR (other.state IN ('ready', 'leased') AND other.due_at <= $2 \
                     AND (other.due_at, other.id) < (effects.due_at, effects.id)))) \
             ORDER BY due_at, id LIMIT $4) \
         RETURNING id, version, body, attempts, perhaps_done, due_at, \
             (SELECT receipts.body FROM receipts WHERE receipts.slot = effects.slot)";
    let query = sqlx::query_as(LEASE).bind(lane).bind(now).bind(until).bind(limit);
    let mut rows: Vec<LeasedRow> = query.fetch_all(&mut *connection).await?;
    rows.sort_by_key(|(id, _, _, _, _, due_at, _)| (*due_at, *id));
    let mut leased = Vec::with_capacity(rows.len());
    for row in rows {
        let id = EffectId(row.0);
        match read_leased(row) {
            Ok(effect) => leased.push(effect),
            Err(fault) => {
                let error = fault.at(std::path::Path::new("")).to_string();
                give_up(connection, id, error).await?;
            }
        }
    }
    Ok(leased)
}

fn read_leased((id, version, body, attempts, perhaps_done, _, receipt): LeasedRow) -> Result<LeasedEffect, Fault> {
    let receipt = receipt.map(|text| decode(&format!("the receipt for effect {id}"), &text)).transpose()?;
    let effect = decode(&format!("effect {id}"), &body)?;
    Ok(LeasedEffect { id: EffectId(id), version, effect, attempts, perhaps_done, receipt })
}

/// `true` if there is a newer version to carry out.
async fn end_effect(
    connection: &mut SqliteConnection,
    id: EffectId,
    version: i64,
    receipt: Option<String>,
) -> Result<bool, Fault> {
    const KEEP_RECEIPT: &str = "INSERT INTO receipts (slot, body) SELECT slot, $2 FROM effects \
                                WHERE id = $1 AND slot IS NOT NULL \
                                ON CONFLICT (slot) DO UPDATE SET body = excluded.body";
    const DELETE: &str = "DELETE FROM effects WHERE id = $1 AND version = $2";
    const READY: &str = "UPDATE effects SET state = 'ready', attempts = 0, perhaps_done = 0, backing_off = 0, \
                         error = NULL, leased_until = NULL, leased_version = NULL \
                         WHERE id = $1 AND leased_version = $2";
    if let Some(receipt) = receipt {
        sqlx::query(KEEP_RECEIPT).bind(id.0).bind(receipt).execute(&mut *connection).await?;
    }
    let deleted = sqlx::query(DELETE).bind(id.0).bind(version).execute(&mut *connection).await?;
    if deleted.rows_affected() == 1 {
        return Ok(false);
    }
    // A caller whose lease ran out must not free what the next one has in its hands.
    let ready = sqlx::query(READY).bind(id.0).bind(version).execute(connection).await?;
    Ok(ready.rows_affected() == 1)
}

async fn give_up(connection: &mut SqliteConnection, id: EffectId, error: String) -> Result<(), Fault> {
    const GIVE_UP: &str = "UPDATE effects SET state = CASE WHEN version > leased_version THEN 'ready' ELSE 'dead' END, \
                           error = $2, leased_until = NULL, leased_version = NULL WHERE id = $1";
    sqlx::query(GIVE_UP).bind(id.0).bind(error).execute(connection).await?;
    Ok(())
}

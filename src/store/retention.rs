//! Retention: old events and old trials go; sweeps and their reports stay, so that a best is never forgotten.

use jiff::{SignedDuration, Timestamp};

use super::Store;
use super::error::StoreError;
use super::rows::micros;
use super::wakes::Wake;
use super::writer::Shape;
use crate::domain::ids::SweepId;

/// Rows in one transaction: others are written in between.
const PORTION: u32 = 500;

/// What was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forgotten {
    pub events: u64,
    pub trials: u64,
    /// Effects that were given up as long ago as the events.
    pub effects: u64,
    /// Receipts of messages that nobody edits any longer.
    pub receipts: u64,
}

impl Store {
    /// Deletes events that have ended and were received more than `keep_events` ago, and the trials of sweeps that
    /// ended more than `keep_trials` ago, each with the receipts of its messages that have all been delivered. A
    /// redelivery of a forgotten event counts as new.
    ///
    /// # Errors
    /// [`StoreError`]; what was deleted before stays deleted.
    pub async fn forget_old(
        &self,
        now: Timestamp,
        keep_events: SignedDuration,
        keep_trials: SignedDuration,
    ) -> Result<Forgotten, StoreError> {
        const EVENTS: &str = "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE received_at < $1 \
                              AND state IN ('done', 'dead') ORDER BY received_at LIMIT $2)";
        const TRIALS: &str = "DELETE FROM trials WHERE (sweep, number) IN (SELECT trials.sweep, trials.number \
                              FROM sweeps JOIN trials ON trials.sweep = sweeps.number \
                              WHERE sweeps.state = 'finished' AND sweeps.ended_at < $1 LIMIT $2)";
        const EARLIER: &str = "DELETE FROM earlier_trials WHERE (sweep, place) IN (\
                               SELECT earlier_trials.sweep, earlier_trials.place FROM sweeps \
                               JOIN earlier_trials ON earlier_trials.sweep = sweeps.number \
                               WHERE sweeps.state = 'finished' AND sweeps.ended_at < $1 LIMIT $2)";
        const EFFECTS: &str = "DELETE FROM effects WHERE id IN (SELECT id FROM effects WHERE state = 'dead' \
                               AND due_at < $1 LIMIT $2)";
        // The slots are those of `Notification::answer_slot` and `Notification::sweep_slot`; `0` comes right after `/`.
        const ANSWERS: &str = "DELETE FROM receipts WHERE slot IN (SELECT receipts.slot FROM events \
                               JOIN receipts ON receipts.slot = 'answer/' || events.source || '/' || events.delivery \
                               WHERE events.received_at < $1 AND events.state IN ('done', 'dead') \
                               AND NOT EXISTS (SELECT 1 FROM effects WHERE effects.key = 'notify/' || receipts.slot) \
                               LIMIT $2)";
        const MESSAGES: &str = "DELETE FROM receipts WHERE slot IN (SELECT receipts.slot FROM sweeps \
                                JOIN receipts ON receipts.slot > sweeps.id || '/' AND receipts.slot < sweeps.id || '0' \
                                WHERE sweeps.state = 'finished' AND sweeps.ended_at < $1 \
                                AND NOT EXISTS (SELECT 1 FROM effects WHERE effects.key = 'notify/' || receipts.slot) \
                                LIMIT $2)";
        let before = |keep: SignedDuration| micros(now.checked_sub(keep).unwrap_or(Timestamp::MIN));
        // An effect keeps its receipt, and an event shows which receipt is its answer's: in this order.
        let effects = self.delete_in_portions(EFFECTS, before(keep_events)).await?;
        let answers = self.delete_in_portions(ANSWERS, before(keep_events)).await?;
        let messages = self.delete_in_portions(MESSAGES, before(keep_trials)).await?;
        // What a sweep started from is of use as long as its own trials.
        self.delete_in_portions(EARLIER, before(keep_trials)).await?;
        Ok(Forgotten {
            events: self.delete_in_portions(EVENTS, before(keep_events)).await?,
            trials: self.delete_in_portions(TRIALS, before(keep_trials)).await?,
            effects,
            receipts: answers + messages,
        })
    }

    /// Has the sweep finished, and are its trials forgotten? What engines keep of it may go then. Not so a sweep that
    /// the store does not know.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn trials_are_forgotten(&self, sweep: &SweepId) -> Result<bool, StoreError> {
        const FORGOTTEN: &str = "SELECT number FROM sweeps WHERE id = $1 AND state = 'finished' \
                                 AND NOT EXISTS (SELECT 1 FROM trials WHERE trials.sweep = sweeps.number)";
        let sweep = sweep.clone();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query(FORGOTTEN).bind(sweep.as_str());
                Ok(query.fetch_optional(connection).await?.is_some())
            })
        })
        .await
    }

    async fn delete_in_portions(&self, statement: &'static str, before: i64) -> Result<u64, StoreError> {
        let mut deleted = 0;
        loop {
            let portion = self
                .write(Shape::Single, Wake::NOBODY, move |connection| {
                    Box::pin(async move {
                        let query = sqlx::query(statement).bind(before).bind(PORTION);
                        Ok(query.execute(connection).await?.rows_affected())
                    })
                })
                .await?;
            deleted += portion;
            if portion < u64::from(PORTION) {
                return Ok(deleted);
            }
        }
    }
}

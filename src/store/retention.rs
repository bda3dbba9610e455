//! Retention: old events and old trials go; sweeps and their reports stay, so that a best is never forgotten.

use jiff::{SignedDuration, Timestamp};

use super::Store;
use super::error::StoreError;
use super::rows::micros;
use super::wakes::Wake;
use super::writer::Shape;

/// Rows in one transaction: others are written in between.
const PORTION: u32 = 500;

/// What was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forgotten {
    pub events: u64,
    pub trials: u64,
    /// Effects that were given up as long ago as the events.
    pub effects: u64,
}

impl Store {
    /// Deletes events that have ended and were received more than `keep_events` ago, and the trials of sweeps that
    /// ended more than `keep_trials` ago. A redelivery of a forgotten event counts as new.
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
        const EFFECTS: &str = "DELETE FROM effects WHERE id IN (SELECT id FROM effects WHERE state = 'dead' \
                               AND due_at < $1 LIMIT $2)";
        let before = |keep: SignedDuration| micros(now.checked_sub(keep).unwrap_or(Timestamp::MIN));
        Ok(Forgotten {
            events: self.delete_in_portions(EVENTS, before(keep_events)).await?,
            trials: self.delete_in_portions(TRIALS, before(keep_trials)).await?,
            effects: self.delete_in_portions(EFFECTS, before(keep_events)).await?,
        })
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

//! Schedules: which slot of each fired last, and for which commit.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::Store;
use super::error::{Fault, StoreError};
use super::rows::{micros, name, timestamp};
use super::wakes::Wake;
use super::writer::Shape;
use crate::domain::ids::{CommitSha, RuleName};

impl Store {
    /// The last slot that fired or was passed over.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn last_slot(&self, schedule: &RuleName) -> Result<Option<Timestamp>, StoreError> {
        let schedule = schedule.to_string();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_scalar("SELECT last_slot FROM schedules WHERE name = $1").bind(schedule);
                let slot: Option<i64> = query.fetch_optional(connection).await?;
                slot.map(timestamp).transpose()
            })
        })
        .await
    }

    /// Passes over all slots up to `slot`. A slot that lies further back than the stored one changes nothing.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn set_last_slot(&self, schedule: &RuleName, slot: Timestamp) -> Result<(), StoreError> {
        let schedule = schedule.to_string();
        self.write(Shape::Single, Wake::NOBODY, move |connection| {
            Box::pin(async move { advance(connection, &schedule, slot).await })
        })
        .await
    }

    /// The commit of the schedule's newest sweep.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn last_scheduled_sha(&self, schedule: &RuleName) -> Result<Option<CommitSha>, StoreError> {
        const NEWEST: &str = "SELECT sha FROM sweeps WHERE schedule = $1 AND sha IS NOT NULL \
                              ORDER BY number DESC LIMIT 1";
        let schedule = schedule.to_string();
        self.read(move |connection| {
            Box::pin(async move {
                let sha: Option<String> = sqlx::query_scalar(NEWEST).bind(schedule).fetch_optional(connection).await?;
                sha.as_deref().map(name).transpose()
            })
        })
        .await
    }
}

pub(super) async fn advance(connection: &mut SqliteConnection, schedule: &str, slot: Timestamp) -> Result<(), Fault> {
    const ADVANCE: &str = "INSERT INTO schedules (name, last_slot) VALUES ($1, $2) ON CONFLICT (name) \
                           DO UPDATE SET last_slot = excluded.last_slot \
                           WHERE excluded.last_slot > schedules.last_slot";
    sqlx::query(ADVANCE).bind(schedule).bind(micros(slot)).execute(connection).await?;
    Ok(())
}

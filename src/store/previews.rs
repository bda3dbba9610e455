//! Previews: what waits for a yes or a no. Each is settled once.

use sqlx::SqliteConnection;

use super::Store;
use super::error::{Fault, StoreError};
use super::rows::{decode, encode};
use crate::domain::ids::EventId;
use crate::domain::preview::{Preview, PreviewState};

impl Store {
    /// The preview of what the event asked for, if it was asked back.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn preview(&self, event: EventId) -> Result<Option<Preview>, StoreError> {
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_scalar("SELECT body FROM previews WHERE event = $1").bind(event.0);
                let body: Option<String> = query.fetch_optional(connection).await?;
                body.map(|body| decode(&format!("the preview of event {event}"), &body)).transpose()
            })
        })
        .await
    }
}

/// A preview as columns.
pub(super) struct PreviewImage {
    event: EventId,
    state: &'static str,
    is_new: bool,
    body: String,
}

impl PreviewImage {
    pub fn of(preview: &Preview) -> Result<Self, StoreError> {
        let is_new = preview.state == PreviewState::Asked;
        Ok(Self { event: preview.event, state: preview.state.name(), is_new, body: encode("a preview", preview)? })
    }
}

/// Writes a new preview, or the answer to one that waits.
pub(super) async fn write_preview(connection: &mut SqliteConnection, preview: &PreviewImage) -> Result<(), Fault> {
    const ASK: &str = "INSERT INTO previews (event, state, body) VALUES ($1, $2, $3) ON CONFLICT (event) DO NOTHING";
    const SETTLE: &str = "UPDATE previews SET state = $2, body = $3 WHERE event = $1 AND state = 'asked'";
    let query = sqlx::query(if preview.is_new { ASK } else { SETTLE });
    let written =
        query.bind(preview.event.0).bind(preview.state).bind(&preview.body).execute(connection).await?.rows_affected();
    if written == 1 || preview.is_new { Ok(()) } else { Err(StoreError::PreviewSettled(preview.event).into()) }
}

//! Messages that several sweeps share, one after the other: who has the word in one, and what came before.

use sqlx::SqliteConnection;

use super::Store;
use super::error::{Fault, StoreError};
use super::rows::{decode, name};
use super::sweeps::SweepImage;
use crate::domain::effect::Notification;
use crate::domain::ids::SweepId;
use crate::domain::report::Report;
use crate::domain::sweep::Sweep;

/// A sweep that shares a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Sharer {
    pub sweep: SweepId,
    /// The newest report that was committed; none before the first.
    pub report: Option<Report>,
}

impl Store {
    /// The sweeps that share the message, the newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn sharers(&self, key: &str, limit: u32) -> Result<Vec<Sharer>, StoreError> {
        const SHARERS: &str = "SELECT sweeps.id, reports.body FROM shared_messages \
                               JOIN sweeps ON sweeps.number = shared_messages.sweep \
                               LEFT JOIN reports ON reports.sweep = sweeps.number \
                               WHERE shared_messages.key = $1 ORDER BY sweeps.number DESC LIMIT $2";
        let key = key.to_owned();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as(SHARERS).bind(key).bind(limit);
                let rows: Vec<(String, Option<String>)> = query.fetch_all(connection).await?;
                rows.into_iter().map(read_sharer).collect()
            })
        })
        .await
    }
}

fn read_sharer((id, report): (String, Option<String>)) -> Result<Sharer, Fault> {
    let report = report.map(|text| decode(&format!("the report of sweep {id}"), &text)).transpose()?;
    Ok(Sharer { sweep: name(&id)?, report })
}

/// The keys of the messages that the sweep shares.
pub(super) fn shared_messages(sweep: &Sweep) -> Vec<String> {
    let shared = |destination| Notification::shared_key(&sweep.tuning.name, destination);
    sweep.destinations.iter().filter_map(shared).collect()
}

/// From now on the sweep has the word in the messages that it shares.
pub(super) async fn share_messages(connection: &mut SqliteConnection, sweep: &SweepImage) -> Result<(), Fault> {
    const SHARE: &str = "INSERT INTO shared_messages (key, sweep) SELECT $1, number FROM sweeps WHERE id = $2 \
                         ON CONFLICT (key, sweep) DO NOTHING";
    for key in &sweep.shared {
        sqlx::query(SHARE).bind(key).bind(sweep.id.as_str()).execute(&mut *connection).await?;
    }
    Ok(())
}

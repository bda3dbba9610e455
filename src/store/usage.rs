//! What people have asked for: the store's part in quotas.

use sqlx::SqliteConnection;

use super::Store;
use super::error::{Fault, StoreError};
use super::rows::micros;
use crate::domain::quota::{Usage, UsageScope};

impl Store {
    /// # Errors
    /// [`StoreError`]
    pub async fn usage(&self, scope: &UsageScope) -> Result<Usage, StoreError> {
        let scope = scope.clone();
        self.read(move |connection| Box::pin(async move { count(connection, &scope).await })).await
    }
}

/// Counts what is stored.
pub(super) async fn count(connection: &mut SqliteConnection, scope: &UsageScope) -> Result<Usage, Fault> {
    const OF_ALL: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(trial_limit), 0) AS BIGINT) FROM sweeps \
                          WHERE asker = $1 AND created_at >= $2";
    const OF_TUNING: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(trial_limit), 0) AS BIGINT) FROM sweeps \
                             WHERE asker = $1 AND created_at >= $2 AND tuning = $3";
    let mut usage = Usage::default();
    for account in &scope.accounts {
        let query = sqlx::query_as(if scope.tuning.is_some() { OF_TUNING } else { OF_ALL });
        let query = query.bind(account.key()).bind(micros(scope.since));
        let query = match &scope.tuning {
            Some(tuning) => query.bind(tuning.to_string()),
            None => query,
        };
        let (sweeps, trials): (i64, i64) = query.fetch_one(&mut *connection).await?;
        usage = usage + Usage { sweeps: sweeps.unsigned_abs(), trials: trials.unsigned_abs() };
    }
    Ok(usage)
}

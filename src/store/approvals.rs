//! Forks: which of their commits may run, and which heads their pull requests were seen to have.

use sqlx::SqliteConnection;

use super::Store;
use super::error::{Fault, StoreError};
use super::rows::{micros, name, timestamp};
use crate::domain::approval::{Approval, SeenHead};
use crate::domain::ids::{CommitSha, EventId, Repository};

impl Store {
    /// The first approval of a commit on a pull request.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn approval(
        &self,
        repository: &Repository,
        pull_request: u64,
        sha: &CommitSha,
    ) -> Result<Option<Approval>, StoreError> {
        const FIND: &str = "SELECT approver, approved_at FROM approvals \
                            WHERE repository = $1 AND pull_request = $2 AND sha = $3";
        let (repository, sha) = (repository.clone(), sha.clone());
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as(FIND).bind(repository.as_str()).bind(pull_request.cast_signed());
                let row: Option<(String, i64)> = query.bind(sha.as_str()).fetch_optional(connection).await?;
                row.map(|(by, at)| Ok(Approval { repository, pull_request, sha, by, at: timestamp(at)? })).transpose()
            })
        })
        .await
    }

    /// The heads of a fork's pull request by the order of GitHub's clock, as far back as events are kept.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn seen_heads(&self, repository: &Repository, pull_request: u64) -> Result<Vec<SeenHead>, StoreError> {
        const SEEN: &str = "SELECT sha, seen_at FROM fork_heads WHERE repository = $1 AND pull_request = $2 \
                            ORDER BY seen_at, event";
        let repository = repository.clone();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as(SEEN).bind(repository.as_str()).bind(pull_request.cast_signed());
                let rows: Vec<(String, i64)> = query.fetch_all(connection).await?;
                let read = |(sha, at): (String, i64)| {
                    let repository = repository.clone();
                    Ok(SeenHead { repository, pull_request, sha: name(&sha)?, at: timestamp(at)? })
                };
                rows.into_iter().map(read).collect()
            })
        })
        .await
    }
}

/// Somebody who allows it once more changes nothing.
pub(super) async fn insert_approval(connection: &mut SqliteConnection, approval: &Approval) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO approvals (repository, pull_request, sha, approver, approved_at) \
                          VALUES ($1, $2, $3, $4, $5) ON CONFLICT (repository, pull_request, sha) DO NOTHING";
    let query = sqlx::query(INSERT).bind(approval.repository.as_str()).bind(approval.pull_request.cast_signed());
    query.bind(approval.sha.as_str()).bind(&approval.by).bind(micros(approval.at)).execute(connection).await?;
    Ok(())
}

pub(super) async fn insert_seen_head(
    connection: &mut SqliteConnection,
    event: EventId,
    head: &SeenHead,
) -> Result<(), Fault> {
    const INSERT: &str = "INSERT INTO fork_heads (event, repository, pull_request, sha, seen_at) \
                          VALUES ($1, $2, $3, $4, $5) ON CONFLICT (event) DO NOTHING";
    let query = sqlx::query(INSERT).bind(event.0).bind(head.repository.as_str()).bind(head.pull_request.cast_signed());
    query.bind(head.sha.as_str()).bind(micros(head.at)).execute(connection).await?;
    Ok(())
}

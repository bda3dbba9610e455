//! Heads of branches and pull requests, as they were last heard of.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::Store;
use super::error::{Fault, StoreError};
use super::rows::{micros, name};
use super::wakes::Wake;
use super::writer::Shape;
use crate::domain::head::{HeadMove, HeadName, Heads};
use crate::domain::ids::Repository;

impl Store {
    /// The known heads of a repository; `None` if they were never compared with the repository itself.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn heads(&self, repository: &Repository) -> Result<Option<Heads>, StoreError> {
        const COMPARED: &str = "SELECT since FROM compared_repositories WHERE repository = $1";
        const HEADS: &str = "SELECT name, sha FROM heads WHERE repository = $1";
        let repository = repository.to_string();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_scalar(COMPARED).bind(&repository);
                let since: Option<i64> = query.fetch_optional(&mut *connection).await?;
                if since.is_none() {
                    return Ok(None);
                }
                let rows: Vec<(String, String)> = sqlx::query_as(HEADS).bind(&repository).fetch_all(connection).await?;
                rows.iter()
                    .map(|(head, sha)| Ok((name::<HeadName>(head)?, name(sha)?)))
                    .collect::<Result<_, _>>()
                    .map(Some)
            })
        })
        .await
    }

    /// Takes `heads` as all that there are of a repository that is compared for the first time.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn begin_heads(&self, repository: &Repository, heads: &Heads, now: Timestamp) -> Result<(), StoreError> {
        const BEGIN: &str = "INSERT INTO compared_repositories (repository, since) VALUES ($1, $2) \
                             ON CONFLICT (repository) DO NOTHING";
        let moves: Vec<HeadMove> = heads
            .iter()
            .map(|(name, sha)| HeadMove { repository: repository.clone(), name: name.clone(), to: Some(sha.clone()) })
            .collect();
        let repository = repository.to_string();
        self.write(Shape::Compound, Wake::NOBODY, move |connection| {
            Box::pin(async move {
                sqlx::query(BEGIN).bind(&repository).bind(micros(now)).execute(&mut *connection).await?;
                for head in &moves {
                    move_head(connection, head).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Notes where a head is now.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn note_head(&self, head: HeadMove) -> Result<(), StoreError> {
        self.write(Shape::Single, Wake::NOBODY, move |connection| {
            Box::pin(async move { move_head(connection, &head).await })
        })
        .await
    }
}

pub(super) async fn move_head(connection: &mut SqliteConnection, head: &HeadMove) -> Result<(), Fault> {
    const MOVE: &str = "INSERT INTO heads (repository, name, sha) VALUES ($1, $2, $3) \
                        ON CONFLICT (repository, name) DO UPDATE SET sha = excluded.sha";
    const REMOVE: &str = "DELETE FROM heads WHERE repository = $1 AND name = $2";
    let (repository, name) = (head.repository.as_str(), head.name.to_string());
    match &head.to {
        Some(sha) => {
            sqlx::query(MOVE).bind(repository).bind(name).bind(sha.as_str()).execute(connection).await?;
        }
        None => {
            sqlx::query(REMOVE).bind(repository).bind(name).execute(connection).await?;
        }
    }
    Ok(())
}

//! What was started for a commit: the store's part in tuning the same commit once, and in doing it all again.

use std::collections::BTreeSet;

use super::Store;
use super::error::StoreError;
use super::rows::decode;
use crate::domain::ids::{CommitSha, Repository, RuleName, SweepId};
use crate::domain::sweep::{Destination, Sweep};

/// Where a sweep comes from if a trigger started it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepOrigin {
    pub trigger: RuleName,
    pub repository: Repository,
    /// Without one it is the branch or tag that counts.
    pub pull_request: Option<u64>,
    pub reference: String,
    pub sha: CommitSha,
}

impl Store {
    /// The newest sweep of this origin.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn last_of_trigger(&self, origin: SweepOrigin) -> Result<Option<Sweep>, StoreError> {
        const OF_PULL_REQUEST: &str = "SELECT body FROM sweeps WHERE repository = $1 AND sha = $2 AND trigger_name = $3 \
                                       AND pull_request = $4 ORDER BY number DESC LIMIT 1";
        const OF_REFERENCE: &str = "SELECT body FROM sweeps WHERE repository = $1 AND sha = $2 AND trigger_name = $3 \
                                    AND pull_request IS NULL AND branch = $4 ORDER BY number DESC LIMIT 1";
        self.read(move |connection| {
            Box::pin(async move {
                let SweepOrigin { trigger, repository, pull_request, reference, sha } = origin;
                let statement = if pull_request.is_some() { OF_PULL_REQUEST } else { OF_REFERENCE };
                let query = sqlx::query_scalar(statement);
                let query = query.bind(repository.to_string()).bind(sha.to_string()).bind(trigger.to_string());
                let query = match pull_request {
                    Some(number) => query.bind(number.cast_signed()),
                    None => query.bind(reference),
                };
                let body: Option<String> = query.fetch_optional(connection).await?;
                body.map(|body| decode("a sweep", &body)).transpose()
            })
        })
        .await
    }

    /// The newest sweep of each tuning that has its check on the commit, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn last_of_commit(&self, repository: &Repository, sha: &CommitSha) -> Result<Vec<SweepId>, StoreError> {
        const NEWEST_FIRST: &str = "SELECT body FROM sweeps WHERE repository = $1 AND sha = $2 ORDER BY number DESC";
        let check = Destination::GithubCheck { repository: repository.clone(), sha: sha.clone() };
        let (repository, sha) = (repository.to_string(), sha.to_string());
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_scalar(NEWEST_FIRST).bind(repository).bind(sha);
                let bodies: Vec<String> = query.fetch_all(connection).await?;
                let (mut tunings, mut newest) = (BTreeSet::new(), Vec::new());
                for body in bodies {
                    let sweep: Sweep = decode("a sweep", &body)?;
                    if sweep.destinations.contains(&check) && tunings.insert(sweep.tuning.name) {
                        newest.push(sweep.id);
                    }
                }
                newest.reverse();
                Ok(newest)
            })
        })
        .await
    }
}

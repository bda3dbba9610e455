//! Approvals: somebody with write permission has looked at a commit of a fork and lets it be tuned.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{CommitSha, Repository, TuningName};

/// Good for this commit of this pull request only, so that the next push needs another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    pub repository: Repository,
    pub pull_request: u64,
    pub sha: CommitSha,
    /// The GitHub login of whoever gave it.
    pub by: String,
    pub at: Timestamp,
}

/// A commit that was the head of a fork's pull request, and when at the latest it had become that, by GitHub's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenHead {
    pub repository: Repository,
    pub pull_request: u64,
    pub sha: CommitSha,
    pub at: Timestamp,
}

/// What a fork's pull request says about its head: that it waits, or who has allowed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForkNotice {
    /// The tuning that waits; none in the comment, which speaks for all.
    pub tuning: Option<TuningName>,
    pub sha: CommitSha,
    /// The GitHub login of whoever has allowed it.
    pub allowed_by: Option<String>,
}

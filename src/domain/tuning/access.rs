//! Who may start a tuning, and how much of it in a day.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::access::RepositoryPermission;
use crate::domain::quota::Quota;

/// Who may start, stop and re-run a tuning. Empty means everybody in Slack, and whoever may write to the repository on GitHub.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Access {
    /// Slack user ids (`U…`).
    pub slack_users: BTreeSet<String>,
    /// Slack channel ids (`C…`).
    pub slack_channels: BTreeSet<String>,
    pub github_users: BTreeSet<String>,
    /// Slack user groups (`S…`).
    #[serde(default)]
    pub slack_groups: BTreeSet<String>,
    /// Teams, as `org/team`.
    #[serde(default)]
    pub github_teams: BTreeSet<String>,
    /// On pull requests, those with this permission on the repository. `None`: those who may write to it, if nobody else is
    /// named.
    #[serde(default)]
    pub github_permission: Option<RepositoryPermission>,
    /// How much of it each person may start.
    #[serde(default)]
    pub quota: Quota,
}

impl Access {
    /// Is nobody named?
    pub fn is_open(&self) -> bool {
        let lists =
            [&self.slack_users, &self.slack_channels, &self.slack_groups, &self.github_users, &self.github_teams];
        lists.iter().all(|list| list.is_empty())
    }
}

//! What the rules must know about a repository before they decide: heads, changed paths, rights.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::access::RepositoryPermission;
use crate::domain::ids::{CommitSha, Repository};

use super::client::{Call, Github, Voice};
use super::errors::GithubError;

/// GitHub lists at most 3,000 files of a pull request.
const MOST_FILE_PAGES: usize = 30;

/// A pull request as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestFacts {
    pub number: u64,
    pub title: String,
    pub author: String,
    pub head: CommitSha,
    pub head_branch: String,
    pub base_branch: String,
    /// The head branch lives in another repository, or in one that was deleted.
    pub from_fork: bool,
    pub draft: bool,
    pub open: bool,
    pub labels: BTreeSet<String>,
    pub updated_at: Option<Timestamp>,
}

impl Github {
    /// # Errors
    /// [`GithubError`]
    pub async fn pull_request(&self, repository: &Repository, number: u64) -> Result<PullRequestFacts, GithubError> {
        let what = format!("read {repository}#{number}");
        let text = number.to_string();
        let pull: Pull = self.get(Call { what: &what, repository, path: &["pulls", &text], query: &[] }).await?;
        pull.facts(&what, repository)
    }

    /// The paths that a pull request changes, both names of a renamed file, and whether there are more than GitHub lists.
    ///
    /// # Errors
    /// [`GithubError`]
    pub async fn changed_paths(
        &self,
        repository: &Repository,
        number: u64,
    ) -> Result<(BTreeSet<String>, bool), GithubError> {
        let what = format!("read the changed files of {repository}#{number}");
        let text = number.to_string();
        let call = Call { what: &what, repository, path: &["pulls", &text, "files"], query: &[] };
        let mut paths = BTreeSet::new();
        let each = |page: Vec<File>| {
            for file in page {
                paths.insert(file.filename);
                paths.extend(file.previous_filename);
            }
            false
        };
        let truncated = self.pages::<File, Vec<File>>(call, MOST_FILE_PAGES, each).await?;
        Ok((paths, truncated))
    }

    /// The commit at the head of `branch`.
    ///
    /// # Errors
    /// [`GithubError::NotFound`] when there is no such branch.
    pub async fn branch_head(&self, repository: &Repository, branch: &str) -> Result<CommitSha, GithubError> {
        let what = format!("read the branch {branch} of {repository}");
        let mut path = vec!["git", "ref", "heads"];
        path.extend(branch.split('/'));
        let found: Reference = self.get(Call { what: &what, repository, path: &path, query: &[] }).await?;
        sha(&what, &found.object.sha)
    }

    /// Is `login` in the team, `org/team`? The App's installation for the repository asks.
    ///
    /// # Errors
    /// [`GithubError`]
    pub async fn is_in_team(&self, repository: &Repository, team: &str, login: &str) -> Result<bool, GithubError> {
        let what = format!("read whether {login} is in the team {team}");
        let (org, slug) = team.split_once('/').unwrap_or_default();
        // Other logins are those of programs, which are in no team.
        if !login.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return Ok(false);
        }
        let route = format!("/orgs/{org}/teams/{slug}/memberships/{login}");
        match self.get_as::<Membership>(Voice::About(repository), &what, &route).await {
            Ok(membership) => Ok(membership.state == "active"),
            Err(GithubError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What `login` may do in the repository: nothing if GitHub does not know them there.
    ///
    /// # Errors
    /// [`GithubError`]
    pub async fn permission(&self, repository: &Repository, login: &str) -> Result<RepositoryPermission, GithubError> {
        let what = format!("read what {login} may do in {repository}");
        let path = ["collaborators", login, "permission"];
        match self.get::<Permission>(Call { what: &what, repository, path: &path, query: &[] }).await {
            // `permission` knows three grades; `role_name` all five, and such as the organisation has made up.
            Ok(Permission { permission, role_name }) => Ok([Some(permission), role_name]
                .into_iter()
                .flatten()
                .filter_map(|name| RepositoryPermission::named(&name))
                .max()
                .unwrap_or(RepositoryPermission::None)),
            Err(GithubError::NotFound { .. }) => Ok(RepositoryPermission::None),
            Err(error) => Err(error),
        }
    }
}

pub(super) fn sha(what: &str, text: &str) -> Result<CommitSha, GithubError> {
    text.parse().map_err(|error| GithubError::Permanent { message: format!("GitHub: cannot {what}: {error}") })
}

#[derive(Deserialize)]
pub(super) struct Pull {
    number: u64,
    #[serde(default)]
    title: String,
    user: Option<Account>,
    head: End,
    base: End,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    state: String,
    #[serde(default)]
    labels: Vec<Label>,
    updated_at: Option<String>,
}

impl Pull {
    pub fn facts(self, what: &str, repository: &Repository) -> Result<PullRequestFacts, GithubError> {
        let home = self.head.repo.map(|repo| repo.full_name);
        Ok(PullRequestFacts {
            number: self.number,
            title: self.title,
            author: self.user.map(|user| user.login).unwrap_or_default(),
            head: sha(what, &self.head.sha)?,
            head_branch: self.head.reference,
            base_branch: self.base.reference,
            from_fork: home.is_none_or(|home| !home.eq_ignore_ascii_case(repository.as_str())),
            draft: self.draft,
            open: self.state == "open",
            labels: self.labels.into_iter().map(|label| label.name).collect(),
            updated_at: self.updated_at.and_then(|at| at.parse().ok()),
        })
    }
}

#[derive(Deserialize)]
struct End {
    #[serde(rename = "ref")]
    reference: String,
    sha: String,
    repo: Option<Home>,
}

#[derive(Deserialize)]
struct Home {
    full_name: String,
}

#[derive(Deserialize)]
struct Account {
    login: String,
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    previous_filename: Option<String>,
}

#[derive(Deserialize)]
struct Reference {
    object: Target,
}

#[derive(Deserialize)]
struct Target {
    sha: String,
}

#[derive(Deserialize)]
struct Membership {
    state: String,
}

#[derive(Deserialize)]
struct Permission {
    permission: String,
    role_name: Option<String>,
}

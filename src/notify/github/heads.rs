//! Where the branches and the open pull requests of a repository stand, and what lies between two commits.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::domain::ids::{CommitSha, Repository};

use super::client::{Call, Github, Voice};
use super::errors::GithubError;
use super::lookup::{Pull, PullRequestFacts, sha};

/// Pages of open pull requests, and of branches: 2,000 of each.
const MOST_PAGES: usize = 20;
/// Installations of an App, and repositories of one, that are looked through.
const MOST_REPOSITORY_PAGES: usize = 100;
/// GitHub lists no more files between two commits.
const MOST_FILES: usize = 300;

/// What lies between two commits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    pub paths: BTreeSet<String>,
    /// There are more paths than GitHub lists.
    pub truncated: bool,
    /// The author of the last commit, if GitHub knows whose account that is.
    pub author: Option<String>,
    /// The first line of the last commit's message.
    pub title: String,
}

impl Github {
    /// # Errors
    /// [`GithubError`]
    pub async fn open_pull_requests(&self, repository: &Repository) -> Result<Vec<PullRequestFacts>, GithubError> {
        let what = format!("list the open pull requests of {repository}");
        let query = [("state", "open".to_owned()), ("sort", "created".to_owned()), ("direction", "desc".to_owned())];
        let mut pulls = Vec::new();
        let each = |page: Vec<Pull>| {
            pulls.extend(page);
            false
        };
        let call = Call { what: &what, repository, path: &["pulls"], query: &query };
        self.pages::<Pull, Vec<Pull>>(call, MOST_PAGES, each).await?;
        pulls.into_iter().map(|pull| pull.facts(&what, repository)).collect()
    }

    /// All branches and the commits at their heads.
    ///
    /// # Errors
    /// [`GithubError`]
    pub async fn branches(&self, repository: &Repository) -> Result<Vec<(String, CommitSha)>, GithubError> {
        let what = format!("list the branches of {repository}");
        let mut branches = Vec::new();
        let each = |page: Vec<Branch>| {
            branches.extend(page);
            false
        };
        let call = Call { what: &what, repository, path: &["branches"], query: &[] };
        self.pages::<Branch, Vec<Branch>>(call, MOST_PAGES, each).await?;
        branches.into_iter().map(|branch| Ok((branch.name, sha(&what, &branch.commit.sha)?))).collect()
    }

    /// # Errors
    /// [`GithubError::NotFound`] when one of the commits is gone, as after a forced push.
    pub async fn compare(
        &self,
        repository: &Repository,
        from: &CommitSha,
        to: &CommitSha,
    ) -> Result<Comparison, GithubError> {
        let what = format!("compare {} with {} in {repository}", from.short(), to.short());
        let range = format!("{from}...{to}");
        let call = Call { what: &what, repository, path: &["compare", &range], query: &[] };
        let between: Between = self.get(call).await?;
        let last = between.commits.into_iter().next_back();
        let (author, title) = last.map(|commit| (commit.author, commit.commit.message)).unwrap_or_default();
        Ok(Comparison {
            truncated: between.files.len() >= MOST_FILES,
            paths: between
                .files
                .into_iter()
                .flat_map(|file| [Some(file.filename), file.previous_filename])
                .flatten()
                .collect(),
            author: author.map(|author| author.login),
            title: title.lines().next().unwrap_or_default().to_owned(),
        })
    }

    /// # Errors
    /// [`GithubError`]
    pub async fn default_branch(&self, repository: &Repository) -> Result<String, GithubError> {
        let what = format!("read {repository}");
        let found: Home = self.get(Call { what: &what, repository, path: &[], query: &[] }).await?;
        Ok(found.default_branch)
    }

    /// Every repository in which the App is installed; none for a token, which may see far more than is meant.
    ///
    /// # Errors
    /// [`GithubError`]
    pub async fn installed_repositories(&self) -> Result<Vec<Repository>, GithubError> {
        if self.app().is_none() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        let installations: Vec<Numbered> = self.all("list the App's installations", "/app/installations").await?;
        for installation in installations {
            let what = "list the repositories of an installation of the App";
            for page in 1..=MOST_REPOSITORY_PAGES {
                let route = format!("/installation/repositories?per_page=100&page={page}");
                let page: Installed = self.get_as(Voice::Installation(installation.id), what, &route).await?;
                let is_last = page.repositories.len() < 100;
                found.extend(page.repositories.into_iter().filter_map(|home| home.full_name.parse().ok()));
                if is_last {
                    break;
                }
            }
        }
        Ok(found)
    }

    async fn all<A: serde::de::DeserializeOwned>(&self, what: &str, route: &str) -> Result<Vec<A>, GithubError> {
        let mut found = Vec::new();
        for page in 1..=MOST_REPOSITORY_PAGES {
            let route = format!("{route}?per_page=100&page={page}");
            let items: Vec<A> = self.get_as(Voice::Own, what, &route).await?;
            let is_last = items.len() < 100;
            found.extend(items);
            if is_last {
                break;
            }
        }
        Ok(found)
    }
}

#[derive(Deserialize)]
struct Numbered {
    id: u64,
}

#[derive(Deserialize)]
struct Installed {
    repositories: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    full_name: String,
}

#[derive(Deserialize)]
struct Home {
    default_branch: String,
}

#[derive(Deserialize)]
struct Branch {
    name: String,
    commit: Target,
}

#[derive(Deserialize)]
struct Target {
    sha: String,
}

#[derive(Deserialize)]
struct Between {
    #[serde(default)]
    files: Vec<File>,
    #[serde(default)]
    commits: Vec<Commit>,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    previous_filename: Option<String>,
}

#[derive(Deserialize)]
struct Commit {
    commit: Message,
    author: Option<Account>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Account {
    login: String,
}

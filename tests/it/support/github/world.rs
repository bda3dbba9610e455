//! What GitHub knows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::hex;
use super::hooks::Hooks;
use super::{PLAIN_TOKEN, shapes};

pub struct World {
    /// The address that links in answers point to.
    pub(super) api_url: String,
    pub repositories: BTreeMap<String, Repository>,
    /// Permissions of the App's installation: `checks` → `write`.
    pub permissions: BTreeMap<String, String>,
    /// Teams by `org/slug`, with their members and their state: `active` or `pending`.
    pub teams: BTreeMap<String, BTreeMap<String, String>>,
    /// Personal tokens and whose they are.
    pub(super) plain_tokens: BTreeMap<String, String>,
    pub(super) installation_tokens: BTreeMap<String, InstallationToken>,
    pub content_per_minute: u32,
    /// When content was written, in the last minute.
    pub(super) writes: Vec<Instant>,
    /// How often content was refused because it was too much.
    pub violations: u32,
    /// Calls in this hour, for the headers.
    pub(super) calls_used: u32,
    /// Ids of everything, always rising.
    newest_id: u64,
    pub(super) deliveries: u64,
    pub hooks: Hooks,
}

pub(super) struct InstallationToken {
    pub expires_at: Timestamp,
    /// What it may do; no more than the installation may.
    pub permissions: BTreeMap<String, String>,
    /// Repositories that it is narrowed to.
    pub repositories: Option<BTreeSet<String>>,
}

pub struct Repository {
    pub id: u64,
    /// `owner/name`
    pub full_name: String,
    pub is_private: bool,
    pub default_branch: String,
    pub branches: BTreeMap<String, String>,
    pub commits: BTreeMap<String, Commit>,
    /// The files of each commit that have a text.
    pub trees: BTreeMap<String, BTreeMap<String, String>>,
    pub pull_requests: BTreeMap<u64, PullRequest>,
    /// Of all pull requests, oldest first.
    pub comments: Vec<Comment>,
    pub check_runs: Vec<CheckRun>,
    pub statuses: Vec<Status>,
    /// `admin`, `write` or `read` by login.
    pub collaborators: BTreeMap<String, String>,
}

#[derive(Clone)]
pub struct Commit {
    pub sha: String,
    pub parent: Option<String>,
    pub message: String,
    pub author: String,
    /// Paths that it modifies.
    pub paths: Vec<String>,
    pub at: Timestamp,
}

#[derive(Debug, Clone)]
pub struct PullRequest {
    pub id: u64,
    pub number: u64,
    pub title: String,
    pub body: String,
    pub author: String,
    pub head_branch: String,
    pub head_sha: String,
    /// The repository of the head branch; another one for a fork.
    pub head_repository: String,
    pub base_branch: String,
    pub is_draft: bool,
    pub is_open: bool,
    pub labels: BTreeSet<String>,
    /// Who is asked for a review.
    pub reviewers: BTreeSet<String>,
    pub at: Timestamp,
}

#[derive(Debug, Clone)]
pub struct Comment {
    pub id: u64,
    pub pull_request: u64,
    pub author: String,
    /// Written by the App.
    pub by_app: bool,
    /// Every form that it had, oldest first; the last is the present one.
    pub bodies: Vec<String>,
    /// Id, login and content of each.
    pub reactions: Vec<(u64, String, String)>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Comment {
    pub fn body(&self) -> &str {
        self.bodies.last().map_or("", String::as_str)
    }
}

#[derive(Debug, Clone)]
pub struct CheckRun {
    pub id: u64,
    pub head_sha: String,
    pub name: String,
    pub external_id: String,
    pub status: String,
    pub conclusion: Option<String>,
    pub details_url: Option<String>,
    pub started_at: Option<String>,
    pub completed_at: Option<String>,
    /// `{title, summary, text}`, as given.
    pub output: Value,
    pub actions: Value,
    /// How often it was written.
    pub editions: u32,
}

#[derive(Debug, Clone)]
pub struct Status {
    pub id: u64,
    pub sha: String,
    pub state: String,
    pub context: String,
    pub description: Option<String>,
    pub target_url: Option<String>,
    pub creator: String,
    pub at: Timestamp,
}

impl World {
    pub(super) fn new() -> Self {
        let permissions = [
            ("checks", "write"),
            ("contents", "write"),
            ("issues", "write"),
            ("members", "read"),
            ("metadata", "read"),
            ("pull_requests", "write"),
            ("statuses", "write"),
        ];
        Self {
            api_url: String::new(),
            repositories: BTreeMap::new(),
            permissions: permissions.map(|(name, level)| (name.to_owned(), level.to_owned())).into(),
            teams: BTreeMap::new(),
            plain_tokens: BTreeMap::from([(PLAIN_TOKEN.to_owned(), "robot".to_owned())]),
            installation_tokens: BTreeMap::new(),
            content_per_minute: 80,
            writes: Vec::new(),
            violations: 0,
            calls_used: 0,
            newest_id: 1_000,
            deliveries: 0,
            hooks: Hooks::default(),
        }
    }

    /// # Panics
    /// There is no such repository.
    pub fn repository(&self, full_name: &str) -> &Repository {
        self.repositories.get(full_name).unwrap_or_else(|| panic!("no repository {full_name}"))
    }

    /// # Panics
    /// There is no such repository.
    pub(super) fn repository_mut(&mut self, full_name: &str) -> &mut Repository {
        self.repositories.get_mut(full_name).unwrap_or_else(|| panic!("no repository {full_name}"))
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.newest_id += 1;
        self.newest_id
    }

    pub(super) fn user_id(&self, login: &str) -> u64 {
        // Stable without being stored: people appear by being named.
        let digest = Sha256::digest(login.as_bytes());
        u64::from(u32::from_be_bytes([0, digest[0], digest[1], digest[2]]))
    }

    pub(super) fn make_repository(&mut self, full_name: &str) {
        if self.repositories.contains_key(full_name) {
            return;
        }
        assert_eq!(full_name.split('/').count(), 2, "{full_name} is not owner/name");
        let repository = Repository {
            id: self.next_id(),
            full_name: full_name.to_owned(),
            is_private: false,
            default_branch: "main".to_owned(),
            branches: BTreeMap::new(),
            commits: BTreeMap::new(),
            trees: BTreeMap::new(),
            pull_requests: BTreeMap::new(),
            comments: Vec::new(),
            check_runs: Vec::new(),
            statuses: Vec::new(),
            collaborators: BTreeMap::from([
                ("mika".to_owned(), "admin".to_owned()),
                ("noor".to_owned(), "write".to_owned()),
                ("robot".to_owned(), "write".to_owned()),
            ]),
        };
        self.repositories.insert(full_name.to_owned(), repository);
        self.commit(full_name, "main", "mika", "First commit", &["README.md"]);
    }

    /// Adds a commit to a branch, which begins at the default branch when it is new. Returns its hash, which is the same
    /// in every run of the same test.
    pub(super) fn commit(
        &mut self,
        full_name: &str,
        branch: &str,
        author: &str,
        message: &str,
        paths: &[&str],
    ) -> String {
        let repository = self.repository_mut(full_name);
        let parent =
            repository.branches.get(branch).or_else(|| repository.branches.get(&repository.default_branch)).cloned();
        let text = format!("{full_name}\n{branch}\n{}\n{message}", repository.commits.len());
        let sha = hex(&Sha256::digest(text.as_bytes())[..20]);
        let tree = parent.as_ref().and_then(|parent| repository.trees.get(parent)).cloned().unwrap_or_default();
        let commit = Commit {
            sha: sha.clone(),
            parent,
            message: message.to_owned(),
            author: author.to_owned(),
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            at: Timestamp::now(),
        };
        repository.commits.insert(sha.clone(), commit);
        repository.trees.insert(sha.clone(), tree);
        repository.branches.insert(branch.to_owned(), sha.clone());
        sha
    }

    pub(super) fn expire_tokens(&mut self) {
        for token in self.installation_tokens.values_mut() {
            token.expires_at = Timestamp::UNIX_EPOCH;
        }
    }

    /// Notes that content is written.
    ///
    /// # Errors
    /// It is too much in a minute: seconds to wait.
    pub(super) fn write_content(&mut self, now: Instant) -> Result<(), u32> {
        const MINUTE: Duration = Duration::from_secs(60);
        self.writes.retain(|at| now.saturating_duration_since(*at) < MINUTE);
        if self.writes.len() >= usize::try_from(self.content_per_minute).unwrap_or(usize::MAX) {
            self.violations += 1;
            return Err(60);
        }
        self.writes.push(now);
        Ok(())
    }
}

impl Repository {
    pub fn owner(&self) -> &str {
        self.full_name.split('/').next().unwrap_or_default()
    }

    pub fn name(&self) -> &str {
        self.full_name.split('/').nth(1).unwrap_or_default()
    }

    /// What GitHub calls the author association of somebody's comment.
    pub(super) fn association(&self, login: &str) -> &'static str {
        match self.collaborators.get(login).map(String::as_str) {
            _ if login == self.owner() => "OWNER",
            Some("admin" | "write") => "MEMBER",
            Some(_) => "COLLABORATOR",
            None => "NONE",
        }
    }

    /// The commit that a branch, a `heads/…` or a hash names.
    pub(super) fn resolve(&self, reference: &str) -> Option<&Commit> {
        let branch = reference.strip_prefix("refs/").unwrap_or(reference);
        let branch = branch.strip_prefix("heads/").unwrap_or(branch);
        let sha = self.branches.get(branch).map_or(reference, String::as_str);
        self.commits.get(sha)
    }

    /// A commit and all before it, the newest first.
    pub(super) fn history(&self, sha: &str) -> Vec<String> {
        let first = self.commits.get(sha);
        let parent = |commit: &&Commit| commit.parent.as_ref().and_then(|parent| self.commits.get(parent));
        std::iter::successors(first, parent).map(|commit| commit.sha.clone()).collect()
    }

    /// The text of a file at a branch or commit.
    pub fn file(&self, reference: &str, path: &str) -> Option<&str> {
        let commit = self.resolve(reference)?;
        self.trees.get(&commit.sha)?.get(path).map(String::as_str)
    }

    /// Paths of the pull request's commits: those on its head that its base does not have.
    pub(super) fn changed_paths(&self, pull_request: &PullRequest) -> BTreeSet<String> {
        let mut in_base = BTreeSet::new();
        let mut next = self.branches.get(&pull_request.base_branch);
        while let Some(commit) = next.and_then(|sha| self.commits.get(sha)) {
            in_base.insert(commit.sha.as_str());
            next = commit.parent.as_ref();
        }
        let mut paths = BTreeSet::new();
        let mut next = Some(&pull_request.head_sha);
        while let Some(commit) = next.and_then(|sha| self.commits.get(sha)).filter(|c| !in_base.contains(&*c.sha)) {
            paths.extend(commit.paths.iter().cloned());
            next = commit.parent.as_ref();
        }
        paths
    }

    pub(super) fn html_url(&self) -> String {
        format!("{}/{}", shapes::WEB, self.full_name)
    }
}

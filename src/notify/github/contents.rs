//! Files and branches of a repository, as far as parameters are written into one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::ids::{CommitSha, Repository};

use super::client::{Call, Github};
use super::errors::GithubError;

/// The last line of the messages of our own commits, by which they are known again.
const TRAILER: &str = "Tunebot-Sweep:";

/// A file as it is at a branch or commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub content: Content,
    /// What an edit of it has to name.
    pub blob: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Text(String),
    /// No file with text that GitHub hands out, and what it is instead: "a folder".
    Other(&'static str),
}

/// A new edition of a file.
pub struct FileEdit<'a> {
    pub branch: &'a str,
    pub path: &'a str,
    pub text: &'a str,
    /// The blob that it replaces.
    pub blob: &'a str,
    pub message: &'a str,
}

/// The message of a commit of ours for a sweep.
pub fn commit_message(title: &str, body: &str, sweep: &str) -> String {
    format!("{title}\n\n{body}\n\n{TRAILER} {sweep}")
}

impl Github {
    /// The file at `path`; none where there is none at `reference`.
    ///
    /// # Errors
    /// [`GithubError`]
    pub async fn file(
        &self,
        repository: &Repository,
        reference: &str,
        path: &str,
    ) -> Result<Option<File>, GithubError> {
        let what = format!("read {path} of {repository}");
        let parts: Vec<&str> = std::iter::once("contents").chain(path.split('/')).collect();
        let query = [("ref", reference.to_owned())];
        match self.get::<Value>(Call { what: &what, repository, path: &parts, query: &query }).await {
            Ok(found) => Ok(Some(read(&found))),
            Err(GithubError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// # Errors
    /// [`GithubError`], also when the blob is no longer what stands there.
    pub async fn write_file(&self, repository: &Repository, edit: &FileEdit<'_>) -> Result<(), GithubError> {
        let what = format!("write {} of {repository}@{}", edit.path, edit.branch);
        let parts: Vec<&str> = std::iter::once("contents").chain(edit.path.split('/')).collect();
        let body = json!({
            "message": edit.message,
            "content": STANDARD.encode(edit.text),
            "sha": edit.blob,
            "branch": edit.branch,
        });
        let _: Value = self.put(Call { what: &what, repository, path: &parts, query: &[] }, &body).await?;
        Ok(())
    }

    /// # Errors
    /// [`GithubError`], also when there is such a branch already.
    pub async fn create_branch(
        &self,
        repository: &Repository,
        branch: &str,
        sha: &CommitSha,
    ) -> Result<(), GithubError> {
        let what = format!("make the branch {branch} of {repository}");
        let call = Call { what: &what, repository, path: &["git", "refs"], query: &[] };
        let _: Value = self.post(call, &json!({ "ref": format!("refs/heads/{branch}"), "sha": sha })).await?;
        Ok(())
    }

    /// Moves the branch to a commit, whatever it was at.
    ///
    /// # Errors
    /// [`GithubError`]
    pub async fn reset_branch(
        &self,
        repository: &Repository,
        branch: &str,
        sha: &CommitSha,
    ) -> Result<(), GithubError> {
        let what = format!("move the branch {branch} of {repository}");
        let path: Vec<&str> = ["git", "refs", "heads"].into_iter().chain(branch.split('/')).collect();
        let call = Call { what: &what, repository, path: &path, query: &[] };
        let _: Value = self.patch(call, &json!({ "sha": sha, "force": true })).await?;
        Ok(())
    }

    /// Are all commits that `branch` has and `base` has not our own?
    ///
    /// # Errors
    /// [`GithubError`]
    pub async fn is_our_own(&self, repository: &Repository, base: &str, branch: &str) -> Result<bool, GithubError> {
        let what = format!("compare {branch} with {base} in {repository}");
        let range = format!("{base}...{branch}");
        let call = Call { what: &what, repository, path: &["compare", &range], query: &[] };
        let compared: Compared = self.get(call).await?;
        let ours = |listed: &&Listed| listed.commit.message.lines().any(|line| line.starts_with(TRAILER));
        Ok(compared.commits.iter().filter(ours).count() as u64 == compared.ahead_by)
    }
}

fn read(found: &Value) -> File {
    let text = |name: &str| found.get(name).and_then(Value::as_str).unwrap_or_default();
    let content = match (text("type"), text("encoding")) {
        _ if found.is_array() => Content::Other("a folder"),
        ("file", "base64") => {
            let packed: String = text("content").split_whitespace().collect();
            let bytes = STANDARD.decode(packed).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            bytes.map_or(Content::Other("no UTF-8 text"), Content::Text)
        }
        ("file", _) => Content::Other("larger than 1 MiB"),
        _ => Content::Other("a link"),
    };
    File { content, blob: text("sha").to_owned() }
}

#[derive(Deserialize)]
struct Compared {
    ahead_by: u64,
    #[serde(default)]
    commits: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    commit: Message,
}

#[derive(Deserialize)]
struct Message {
    message: String,
}

//! The parts of GitHub's payloads that are used here, all of them optional: GitHub adds actions and fields at any time.

mod check;

use std::collections::BTreeSet;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::domain::event::{Comment, EventKind, GitReference, PullRequest, Push};
use crate::domain::ids::CommitSha;
use crate::ingress::Refusal;

/// GitHub names at most this many commits in the payload of a push.
const COMMIT_LIMIT: usize = 2048;
/// And, in doubt, no more paths than this in one commit.
const PATH_LIMIT: usize = 3000;
/// Longer texts than this in a title are of no use to anybody.
const TITLE_CHARACTERS: usize = 200;

/// Reads the JSON of an event called `event`.
pub(super) fn parse(event: &str, json: &[u8]) -> Result<EventKind, Refusal> {
    match event {
        "push" => read(event, json, push),
        "pull_request" => read(event, json, pull_request),
        "issue_comment" => read(event, json, comment),
        "check_run" => read(event, json, check::run),
        "check_suite" => read(event, json, check::suite),
        "ping" => {
            read(event, json, |payload: PingPayload| Ok(EventKind::Ping { zen: payload.zen.unwrap_or_default() }))
        }
        _ => read(event, json, |payload: AnyPayload| Err(other(event, payload.action.as_deref()))),
    }
}

/// Reads `json` as `P` and makes an event of it; what `convert` lacks makes it one that is not for us.
fn read<P: DeserializeOwned>(
    event: &str,
    json: &[u8],
    convert: impl FnOnce(P) -> Result<EventKind, String>,
) -> Result<EventKind, Refusal> {
    match serde_json::from_slice::<P>(json) {
        Ok(payload) => Ok(convert(payload).unwrap_or_else(|what| EventKind::NotForUs { what })),
        Err(error) => {
            // JSON of another shape was signed by GitHub all the same, and sending it again would not change it.
            if let Err(syntax) = serde_json::from_slice::<IgnoredAny>(json) {
                return Err(Refusal::Malformed(format!(
                    "The body is not JSON: {syntax}. Was it cut off on its way? Send it again whole."
                )));
            }
            Ok(EventKind::NotForUs { what: format!("{event} of an unexpected shape: {error}") })
        }
    }
}

#[derive(Deserialize)]
struct PingPayload {
    zen: Option<String>,
}

#[derive(Deserialize)]
struct AnyPayload {
    action: Option<String>,
}

#[derive(Deserialize)]
struct PushPayload {
    #[serde(rename = "ref")]
    reference: Option<String>,
    after: Option<String>,
    deleted: Option<bool>,
    forced: Option<bool>,
    commits: Option<Vec<Commit>>,
    head_commit: Option<HeadCommit>,
    repository: Option<RepositoryPart>,
    sender: Option<User>,
    pusher: Option<Pusher>,
}

#[derive(Deserialize)]
struct Commit {
    added: Option<Vec<String>>,
    removed: Option<Vec<String>>,
    modified: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct HeadCommit {
    message: Option<String>,
}

#[derive(Deserialize)]
struct RepositoryPart {
    full_name: Option<String>,
    default_branch: Option<String>,
}

#[derive(Deserialize)]
struct User {
    login: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Pusher {
    name: Option<String>,
}

#[derive(Deserialize)]
struct PullRequestPayload {
    action: Option<String>,
    number: Option<u64>,
    pull_request: Option<PullRequestPart>,
    label: Option<Label>,
    repository: Option<RepositoryPart>,
    sender: Option<User>,
}

#[derive(Deserialize)]
struct PullRequestPart {
    number: Option<u64>,
    title: Option<String>,
    user: Option<User>,
    draft: Option<bool>,
    labels: Option<Vec<Label>>,
    head: Option<Side>,
    base: Option<Side>,
    updated_at: Option<String>,
}

#[derive(Deserialize)]
struct Label {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Side {
    #[serde(rename = "ref")]
    branch: Option<String>,
    sha: Option<String>,
    /// Null once the fork has been deleted.
    repo: Option<RepositoryPart>,
}

#[derive(Deserialize)]
struct CommentPayload {
    action: Option<String>,
    issue: Option<IssuePart>,
    comment: Option<CommentPart>,
    repository: Option<RepositoryPart>,
}

#[derive(Deserialize)]
struct IssuePart {
    number: Option<u64>,
    /// There only when the issue is a pull request.
    pull_request: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct CommentPart {
    id: Option<u64>,
    user: Option<User>,
    body: Option<String>,
    performed_via_github_app: Option<IgnoredAny>,
    created_at: Option<String>,
}

fn push(payload: PushPayload) -> Result<EventKind, String> {
    let name = require(payload.reference, "push", "ref")?;
    let reference = match (name.strip_prefix("refs/heads/"), name.strip_prefix("refs/tags/")) {
        (Some(branch), _) if !branch.is_empty() => GitReference::Branch(branch.to_owned()),
        (_, Some(tag)) if !tag.is_empty() => GitReference::Tag(tag.to_owned()),
        _ => return Err(format!("push to {name}, which is neither a branch nor a tag")),
    };
    let after = require(payload.after, "push", "after")?;
    let deleted = payload.deleted.unwrap_or(false) || after.bytes().all(|digit| digit == b'0');
    let head = if deleted { None } else { Some(name_from::<CommitSha>(after, "push", "after")?) };
    let (changed_paths, cut_off) = changed_paths(payload.commits);
    let repository = require(payload.repository, "push", "repository")?;
    Ok(EventKind::Push(Push {
        repository: name_from(
            require(repository.full_name, "push", "repository.full_name")?,
            "push",
            "repository.full_name",
        )?,
        default_branch: repository.default_branch.unwrap_or_default(),
        reference,
        head,
        changed_paths,
        // A forced push also takes commits away, and those are not listed.
        paths_truncated: cut_off || payload.forced.unwrap_or(false),
        sender: login(payload.sender).or(payload.pusher.and_then(|pusher| pusher.name)).unwrap_or_default(),
        title: first_line(payload.head_commit.and_then(|commit| commit.message).unwrap_or_default()),
    }))
}

/// All paths that the commits name, and whether there may be more. A new branch or tag at a commit that GitHub knows
/// already lists no commits at all.
fn changed_paths(commits: Option<Vec<Commit>>) -> (BTreeSet<String>, bool) {
    let commits = commits.unwrap_or_default();
    let mut cut_off = commits.is_empty() || commits.len() >= COMMIT_LIMIT;
    let mut paths = BTreeSet::new();
    for commit in commits {
        let lists = [commit.added, commit.removed, commit.modified];
        let named: usize = lists.iter().flatten().map(Vec::len).sum();
        cut_off |= named >= PATH_LIMIT || lists.iter().all(Option::is_none);
        paths.extend(lists.into_iter().flatten().flatten());
    }
    (paths, cut_off)
}

fn pull_request(payload: PullRequestPayload) -> Result<EventKind, String> {
    const EVENT: &str = "pull_request";
    let action = require(payload.action, EVENT, "action")?;
    let pull = require(payload.pull_request, EVENT, "pull_request")?;
    let head = require(pull.head, EVENT, "pull_request.head")?;
    let base = require(pull.base, EVENT, "pull_request.base")?;
    let repository = payload.repository.and_then(|repository| repository.full_name);
    let repository = require(repository, EVENT, "repository.full_name")?;
    let from_fork = head.repo.and_then(|repo| repo.full_name).is_none_or(|full_name| full_name != repository);
    let author = login(pull.user).unwrap_or_default();
    Ok(EventKind::PullRequest(PullRequest {
        repository: name_from(repository, EVENT, "repository.full_name")?,
        number: require(pull.number.or(payload.number), EVENT, "number")?,
        action,
        title: first_line(pull.title.unwrap_or_default()),
        sender: login(payload.sender).unwrap_or_else(|| author.clone()),
        author,
        head: name_from(require(head.sha, EVENT, "pull_request.head.sha")?, EVENT, "pull_request.head.sha")?,
        head_branch: require(head.branch, EVENT, "pull_request.head.ref")?,
        base_branch: require(base.branch, EVENT, "pull_request.base.ref")?,
        from_fork,
        draft: pull.draft.unwrap_or(false),
        labels: pull.labels.unwrap_or_default().into_iter().filter_map(|label| label.name).collect(),
        label: payload.label.and_then(|label| label.name),
        updated_at: pull.updated_at.and_then(|at| at.parse().ok()),
    }))
}

fn comment(payload: CommentPayload) -> Result<EventKind, String> {
    const EVENT: &str = "issue_comment";
    let issue = require(payload.issue, EVENT, "issue")?;
    if issue.pull_request.is_none() {
        return Err("comment on an issue, not on a pull request".to_owned());
    }
    let comment = require(payload.comment, EVENT, "comment")?;
    let repository = payload.repository.and_then(|repository| repository.full_name);
    let by_app = comment.performed_via_github_app.is_some();
    let by_bot = by_app || comment.user.as_ref().is_some_and(|user| user.kind.as_deref() == Some("Bot"));
    Ok(EventKind::Comment(Comment {
        repository: name_from(require(repository, EVENT, "repository.full_name")?, EVENT, "repository.full_name")?,
        pull_request: require(issue.number, EVENT, "issue.number")?,
        comment: require(comment.id, EVENT, "comment.id")?,
        action: require(payload.action, EVENT, "action")?,
        author: require(login(comment.user), EVENT, "comment.user.login")?,
        by_bot,
        body: comment.body.unwrap_or_default(),
        created_at: comment.created_at.and_then(|at| at.parse().ok()),
    }))
}

fn other(event: &str, action: Option<&str>) -> String {
    match action {
        Some(action) => format!("{event} {action}"),
        None => event.to_owned(),
    }
}

fn require<T>(part: Option<T>, event: &str, name: &str) -> Result<T, String> {
    part.ok_or_else(|| format!("{event} without {name}"))
}

fn name_from<N: FromStr>(text: String, event: &str, part: &str) -> Result<N, String>
where
    N::Err: std::fmt::Display,
{
    text.parse().map_err(|error| format!("{event} whose {part} cannot be used: {error}"))
}

fn login(user: Option<User>) -> Option<String> {
    user.and_then(|user| user.login)
}

fn first_line(text: String) -> String {
    text.lines().next().unwrap_or_default().chars().take(TITLE_CHARACTERS).collect()
}

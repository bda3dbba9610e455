//! The event that should have come, in the words of the delivery that is missing.

use jiff::Timestamp;

use crate::domain::event::{Event, EventKey, EventKind, GitReference, PullRequest, Push, Source};
use crate::domain::head::HeadName;
use crate::domain::ids::{CommitSha, Repository};
use crate::notify::github::{Comparison, Github, GithubError, PullRequestFacts};
use crate::plan::missed::Difference;

/// Who pushed is not known where GitHub cannot say whose account the author's is.
const SOMEBODY: &str = "somebody";

/// A head that is elsewhere than known, and the open pull requests of its repository.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub repository: &'a Repository,
    pub difference: &'a Difference,
    pub pulls: &'a [PullRequestFacts],
}

/// The event; none where nothing reacts to what happened: a branch or a pull request that is gone altogether.
///
/// # Errors
/// GitHub could not be asked for the rest of it.
pub(super) async fn event_of(github: &Github, found: Found<'_>, now: Timestamp) -> Result<Option<Event>, GithubError> {
    let kind = match (&found.difference.name, &found.difference.to) {
        (HeadName::Branch(branch), Some(to)) => Some(EventKind::Push(push(github, found, branch, to).await?)),
        (HeadName::Branch(_), None) => None,
        (HeadName::PullRequest(number), Some(_)) => found
            .pulls
            .iter()
            .find(|pull| pull.number == *number)
            .map(|pull| EventKind::PullRequest(pull_request(found, pull, moved(found.difference)))),
        (HeadName::PullRequest(number), None) => closed(github, found, *number).await?.map(EventKind::PullRequest),
    };
    Ok(kind.map(|kind| Event { key: key(found), received_at: now, kind }))
}

/// What GitHub calls it that a pull request has another head, or is there at all.
fn moved(difference: &Difference) -> &'static str {
    if difference.from.is_some() { "synchronize" } else { "opened" }
}

/// The same for the same move, so that it is taken in once.
fn key(Found { repository, difference, .. }: Found<'_>) -> EventKey {
    let short = |sha: &Option<CommitSha>| sha.as_ref().map_or("none", |sha| sha.as_str()).to_owned();
    let delivery =
        format!("missed/{repository}/{}/{}..{}", difference.name, short(&difference.from), short(&difference.to));
    EventKey { source: Source::Github, delivery }
}

fn pull_request(found: Found<'_>, pull: &PullRequestFacts, action: &str) -> PullRequest {
    PullRequest {
        repository: found.repository.clone(),
        number: pull.number,
        action: action.to_owned(),
        title: pull.title.clone(),
        author: pull.author.clone(),
        sender: pull.author.clone(),
        head: pull.head.clone(),
        head_branch: pull.head_branch.clone(),
        base_branch: pull.base_branch.clone(),
        from_fork: pull.from_fork,
        draft: pull.draft,
        labels: pull.labels.clone(),
        label: None,
        updated_at: pull.updated_at,
    }
}

/// The end of a pull request, unless it is open again by now or was never there.
async fn closed(github: &Github, found: Found<'_>, number: u64) -> Result<Option<PullRequest>, GithubError> {
    match github.pull_request(found.repository, number).await {
        Ok(pull) => Ok((!pull.open).then(|| pull_request(found, &pull, "closed"))),
        Err(GithubError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn push(github: &Github, found: Found<'_>, branch: &str, to: &CommitSha) -> Result<Push, GithubError> {
    let Found { repository, difference, .. } = found;
    // Of a new branch, and after a forced push, what has changed is not known: then no path excludes it.
    let unknown = Comparison { truncated: true, ..Comparison::default() };
    let comparison = match &difference.from {
        Some(from) => match github.compare(repository, from, to).await {
            Err(GithubError::NotFound { .. }) => unknown,
            compared => compared?,
        },
        None => unknown,
    };
    Ok(Push {
        repository: repository.clone(),
        default_branch: github.default_branch(repository).await?,
        reference: GitReference::Branch(branch.to_owned()),
        head: Some(to.clone()),
        changed_paths: comparison.paths,
        paths_truncated: comparison.truncated,
        sender: comparison.author.unwrap_or_else(|| SOMEBODY.to_owned()),
        title: comparison.title,
    })
}

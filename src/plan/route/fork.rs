//! Pull requests from forks: their code is a stranger's. Nothing of it runs until somebody with write permission has allowed
//! that very commit, and then only the tunings that the configuration lists for forks.
//!
//! An approval is for the commit that its writer saw. GitHub does not say which that was, so it is taken only where no push
//! can have come in between: the commit is named in full; or it is named in short, was the head before the comment was
//! written, and no other head begins so (a commit whose id begins as another's does is made in seconds); or nothing is named
//! and the head has stood for a while.

use jiff::{SignedDuration, Timestamp};

use super::draft::{Draft, Halt};
use super::execute::Executed;
use super::facts::{Fact, Missing, Need, PullRequestHead};
use super::pull_request;
use crate::domain::access::RepositoryPermission;
use crate::domain::approval::{Approval, ForkNotice, SeenHead};
use crate::domain::decision::{Decision, Verdict};
use crate::domain::event::{Comment, PullRequest};
use crate::domain::ids::{CommitSha, Repository, TuningName};
use crate::domain::rules::TriggerSource;
use crate::domain::sweep::{Code, Destination};
use crate::plan::command::code;

/// A head that is younger than this when an approval without a commit is written may not be the one that was looked at.
const SETTLED: SignedDuration = SignedDuration::from_secs(60);

/// A commit of a fork's pull request.
#[derive(Debug, Clone, Copy)]
pub(super) struct ForkHead<'a> {
    pub repository: &'a Repository,
    pub number: u64,
    pub sha: &'a CommitSha,
}

/// Remembers which head the pull request has, for approvals that are yet to be written.
pub(super) fn note_head(draft: &mut Draft<'_>, pull_request: &PullRequest) {
    if pull_request.from_fork {
        draft.saw(SeenHead {
            repository: pull_request.repository.clone(),
            pull_request: pull_request.number,
            sha: pull_request.head.clone(),
            at: pull_request.updated_at.unwrap_or(draft.event.received_at),
        });
    }
}

/// Who has allowed the trigger's tuning to run on the head.
///
/// # Errors
/// The tuning is not for forks, or nobody has allowed it yet, which is then said on the pull request.
pub(super) fn check_trigger(draft: &mut Draft<'_>, head: ForkHead<'_>, tuning: &TuningName) -> Result<String, Halt> {
    if !draft.rules.fork_tunings.contains(tuning) {
        let reason = format!("the pull request comes from a fork, and {tuning} is not in github.forks.tunings");
        return Err(Halt::ignored(reason));
    }
    match approver(draft, head)? {
        Some(by) => Ok(by),
        None => {
            draft.wait_for_approval(tuning.clone());
            Err(Halt::refused(format!("commit {} comes from a fork and waits for `/tune approve`", head.sha.short())))
        }
    }
}

/// # Errors
/// A person's command must not run the head, in words.
pub(super) fn check_command(draft: &Draft<'_>, head: ForkHead<'_>, tuning: &TuningName) -> Result<(), Halt> {
    if !draft.rules.fork_tunings.contains(tuning) {
        return Err(Halt::refused(format!(
            "This pull request comes from a fork, and *{tuning}* is not one of the tunings that run for forks. Nothing was started."
        )));
    }
    if approver(draft, head)?.is_none() {
        let short = head.sha.short();
        return Err(Halt::refused(format!(
            "This pull request comes from a fork, and nobody has allowed its commit `{short}` to be tuned. Have a look at it; \
             `/tune approve {short}` allows it. Nothing was started."
        )));
    }
    Ok(())
}

/// May what ran for a fork run again? Only while the commit is the head, and allowed.
///
/// # Errors
/// It may not, in words; or something has to be looked up first.
pub(super) fn check_again(draft: &Draft<'_>, earlier: &Code, tuning: &TuningName) -> Result<(), Halt> {
    let (Some(sha), Some(number), true) = (&earlier.sha, earlier.pull_request, earlier.fork) else { return Ok(()) };
    let head = ForkHead { repository: &earlier.repository, number, sha };
    match found(draft, head.repository, number)? {
        Some(now) if now.sha == *sha && now.open => check_command(draft, head, tuning),
        _ => Err(Halt::refused(format!(
            "`{}` is not the head of {}#{number} any more, and only the head of a fork's pull request may run. Nothing was started.",
            sha.short(),
            head.repository
        ))),
    }
}

/// Tells the pull request what its head waits for.
pub(super) fn tell_waiting(draft: &mut Draft<'_>, pull_request: &PullRequest) {
    let waiting = draft.waiting();
    if waiting.is_empty() {
        return;
    }
    let PullRequest { repository, number, head, .. } = pull_request;
    draft.notify_fork(comment_on(repository, *number), notice(None, head, None));
    for tuning in waiting {
        let check = Destination::GithubCheck { repository: repository.clone(), sha: head.clone() };
        draft.notify_fork(check, notice(Some(tuning), head, None));
    }
}

/// `/tune approve`: allows the head, and starts what was waiting for that.
///
/// # Errors
/// The refusal, in words; or what has to be looked up first.
pub(super) fn approve(
    draft: &mut Draft<'_>,
    comment: &Comment,
    by: &str,
    named: Option<&str>,
) -> Result<Executed, Halt> {
    let Comment { repository, pull_request: number, author, .. } = comment;
    let head = match found(draft, repository, *number)? {
        None => return refuse(format!("There is no pull request #{number} in {repository}.")),
        Some(PullRequestHead { open: false, .. }) => return refuse("This pull request is closed.".to_owned()),
        Some(PullRequestHead { from_fork: false, .. }) => {
            return refuse("This pull request does not come from a fork: it needs no approval.".to_owned());
        }
        Some(head) => head.clone(),
    };
    if permission(draft, repository, author)? < RepositoryPermission::Write {
        return refuse(format!("@{author} may not allow it: that takes write permission on {repository}."));
    }
    let written_at = comment.created_at.unwrap_or(draft.event.received_at);
    pin(named, &head.sha, seen(draft, repository, *number)?, written_at).or_else(refuse)?;
    draft.approve(Approval {
        repository: repository.clone(),
        pull_request: *number,
        sha: head.sha.clone(),
        by: author.clone(),
        at: draft.occasion.now,
    });
    let short = head.sha.short().to_owned();
    let started = start_what_waits(draft, comment, &head)?;
    let answer = if started {
        let notice = notice(None, &head.sha, Some(author.clone()));
        draft.notify_fork(comment_on(repository, *number), notice);
        None
    } else {
        Some(format!(
            "Commit `{short}` may be tuned now; the next push needs it again. No trigger starts anything for it: \
             `/tune TUNING` does."
        ))
    };
    let reason = format!("commit {short} of the fork may be tuned");
    let decision = Decision { by: by.to_owned(), verdict: Verdict::Answered, reason, sweep: None };
    Ok(Executed { decision, answer })
}

/// Would some trigger have started something for the head? Then it does now.
fn start_what_waits(draft: &mut Draft<'_>, comment: &Comment, head: &PullRequestHead) -> Result<bool, Halt> {
    let before = draft.sweep_count();
    let event = PullRequest {
        repository: comment.repository.clone(),
        number: comment.pull_request,
        action: "synchronize".to_owned(),
        title: head.title.clone(),
        author: head.author.clone(),
        sender: comment.author.clone(),
        head: head.sha.clone(),
        head_branch: head.branch.clone(),
        base_branch: head.base_branch.clone(),
        from_fork: true,
        draft: head.draft,
        labels: head.labels.clone(),
        label: None,
        updated_at: None,
    };
    let rules = draft.rules;
    for trigger in &rules.triggers {
        if matches!(trigger.on, TriggerSource::PullRequest { .. })
            && trigger.repositories.matches(event.repository.as_str())
        {
            pull_request::start_approved(draft, &event, trigger).map_err(Halt::Unknown)?;
        }
    }
    Ok(draft.sweep_count() > before)
}

/// Is the head the commit that was looked at?
///
/// # Errors
/// It may not be, and what to write instead.
fn pin(named: Option<&str>, head: &CommitSha, seen: &[SeenHead], written_at: Timestamp) -> Result<(), String> {
    let full = head.as_str();
    if let Some(named) = named
        && !full.starts_with(named)
    {
        return Err(format!(
            "{} is not the head of this pull request: that is `{full}`. Have a look at it; `/tune approve {full}` allows it.",
            code(named)
        ));
    }
    if named.is_some_and(|named| named.len() == full.len()) {
        return Ok(());
    }
    let since = seen.iter().rev().take_while(|seen| seen.sha == *head).last().map(|seen| seen.at);
    let others = seen.iter().filter(|seen| seen.sha != *head);
    let stood = match (since, named) {
        (None, _) => false,
        (Some(since), Some(named)) => {
            since <= written_at && !others.into_iter().any(|other| other.sha.as_str().starts_with(named))
        }
        (Some(since), None) => since.checked_add(SETTLED).is_ok_and(|settled| settled <= written_at),
    };
    if stood {
        return Ok(());
    }
    Err(format!(
        "Commit `{full}` was pushed while this was written, or shortly before: it may not be the one that you saw. Have a look \
         at it; `/tune approve {full}` allows it."
    ))
}

fn refuse<T>(problem: String) -> Result<T, Halt> {
    Err(Halt::refused(format!("{problem} Nothing was started.")))
}

fn comment_on(repository: &Repository, number: u64) -> Destination {
    Destination::GithubComment { repository: repository.clone(), pull_request: number, mention: None }
}

fn notice(tuning: Option<TuningName>, sha: &CommitSha, allowed_by: Option<String>) -> ForkNotice {
    ForkNotice { tuning, sha: sha.clone(), allowed_by }
}

fn found<'a>(draft: &Draft<'a>, repository: &Repository, number: u64) -> Result<Option<&'a PullRequestHead>, Halt> {
    let need = Need::PullRequest { repository: repository.clone(), number };
    let found = draft.facts.get(need, |fact| match fact {
        Fact::PullRequest(found) => Some(found.as_ref()),
        _ => None,
    });
    Ok(found?)
}

fn seen<'a>(draft: &Draft<'a>, repository: &Repository, number: u64) -> Result<&'a [SeenHead], Halt> {
    let need = Need::SeenHeads { repository: repository.clone(), number };
    let seen = draft.facts.get(need, |fact| match fact {
        Fact::SeenHeads(seen) => Some(seen.as_slice()),
        _ => None,
    });
    Ok(seen?)
}

fn permission(draft: &Draft<'_>, repository: &Repository, login: &str) -> Result<RepositoryPermission, Halt> {
    let need = Need::Permission { repository: repository.clone(), login: login.to_owned() };
    let permission = draft.facts.get(need, |fact| match fact {
        Fact::Permission(permission) => Some(*permission),
        _ => None,
    });
    Ok(permission?)
}

/// Who has allowed the head, in this very event or before.
fn approver(draft: &Draft<'_>, head: ForkHead<'_>) -> Result<Option<String>, Halt> {
    if let Some(by) = draft.approver(head) {
        return Ok(Some(by));
    }
    let ForkHead { repository, number, sha } = head;
    let need = Need::Approval { repository: repository.clone(), number, sha: sha.clone() };
    let approval = draft.facts.get(need, |fact| match fact {
        Fact::Approval(approval) => Some(approval.as_ref().map(|approval| approval.by.clone())),
        _ => None,
    });
    match approval {
        Ok(by) => Ok(by),
        Err(Missing::Unknown(need)) => Err(Halt::Unknown(need)),
        // What nobody can say was not allowed.
        Err(Missing::Unavailable(_) | Missing::NoService) => Ok(None),
    }
}

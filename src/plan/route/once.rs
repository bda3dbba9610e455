//! The same commit is tuned once: what GitHub delivers twice, late or in another order starts nothing again.

use super::draft::{Draft, Halt};
use super::facts::{Fact, LastSweep, Missing, Need, PullRequestHead, TriggerHead};
use crate::domain::event::{GitReference, PullRequest, Push};
use crate::domain::ids::CommitSha;
use crate::domain::signal::StopRequest;
use crate::domain::sweep::Outcome;

/// A pull request as it is now, which may not be how the event has it.
pub(super) enum Now<'a> {
    Is(&'a PullRequestHead),
    Gone,
    /// Nobody can say. The event is all there is to go by.
    Unknown,
}

/// # Errors
/// It has to be looked up first.
pub(super) fn now<'a>(draft: &Draft<'a>, pull_request: &PullRequest) -> Result<Now<'a>, Need> {
    let need = Need::PullRequest { repository: pull_request.repository.clone(), number: pull_request.number };
    let found = draft.facts.get(need, |fact| match fact {
        Fact::PullRequest(found) => Some(found.as_ref()),
        _ => None,
    });
    match found {
        // An answer from before the event: GitHub's API may be a moment behind its webhooks.
        Ok(Some(head)) if head.updated_at.zip(pull_request.updated_at).is_some_and(|(now, event)| now < event) => {
            Ok(Now::Unknown)
        }
        Ok(Some(head)) => Ok(Now::Is(head)),
        Ok(None) => Ok(Now::Gone),
        Err(Missing::Unknown(need)) => Err(need),
        Err(Missing::Unavailable(_) | Missing::NoService) => Ok(Now::Unknown),
    }
}

/// # Errors
/// The event is about a state of the pull request that is over; or it has to be looked up first.
pub(super) fn check_head(draft: &Draft<'_>, pull_request: &PullRequest) -> Result<(), Halt> {
    match now(draft, pull_request).map_err(Halt::Unknown)? {
        Now::Is(PullRequestHead { sha, .. }) if *sha != pull_request.head => Err(Halt::ignored(format!(
            "the head of the pull request is {} by now, not {}",
            sha.short(),
            pull_request.head.short()
        ))),
        Now::Is(PullRequestHead { open: false, .. }) => Err(Halt::ignored("the pull request is closed by now")),
        Now::Is(_) | Now::Unknown => Ok(()),
        Now::Gone => Err(Halt::ignored("the pull request is not there any more")),
    }
}

/// # Errors
/// The branch has gone on, and the sweep of what is there now must not be stopped for an older one; or it has to be
/// looked up first.
pub(super) fn check_branch(draft: &Draft<'_>, push: &Push, head: &CommitSha) -> Result<(), Halt> {
    let GitReference::Branch(branch) = &push.reference else { return Ok(()) };
    let need = Need::Head { repository: push.repository.clone(), branch: branch.clone() };
    let found = draft.facts.get(need, |fact| match fact {
        Fact::Head(found) => Some(found.as_ref()),
        _ => None,
    });
    match found {
        Ok(Some(now)) if now != head => {
            Err(Halt::ignored(format!("{branch} is at {} by now, not at {}", now.short(), head.short())))
        }
        Ok(None) => Err(Halt::ignored(format!("{branch} is not there any more"))),
        Err(Missing::Unknown(need)) => Err(Halt::Unknown(need)),
        Ok(Some(_)) | Err(Missing::Unavailable(_) | Missing::NoService) => Ok(()),
    }
}

/// What was stopped by what became of the branch or pull request is started anew. What failed, and what a person stopped,
/// only if somebody `asks_anew`.
///
/// # Errors
/// The trigger has had its sweep for this head; or it has to be looked up first.
pub(super) fn check(draft: &Draft<'_>, head: TriggerHead, asks_anew: bool) -> Result<(), Halt> {
    let short = head.sha.short().to_owned();
    let last = draft.facts.get(Need::LastOfTrigger(head), |fact| match fact {
        Fact::Last(last) => Some(last.as_ref()),
        _ => None,
    })?;
    let Some(LastSweep { id, outcome }) = last else { return Ok(()) };
    let again = format!("`/tune rerun {id}` starts it again");
    Err(Halt::ignored(match outcome {
        None => format!("{id} runs for {short} already"),
        Some(Outcome::Stopped { by }) if by.is_by_event() || asks_anew => return Ok(()),
        Some(Outcome::TooManyFailures { .. }) if asks_anew => return Ok(()),
        Some(Outcome::Stopped { by: StopRequest::Person { name } }) => {
            format!("{id} for {short} was stopped by {name}; {again}")
        }
        Some(Outcome::TooManyFailures { .. }) => format!("{id} for {short} failed; {again}"),
        Some(_) => format!("{id} has run for {short}; {again}"),
    }))
}

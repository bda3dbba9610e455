//! What ends the sweeps of a pull request: it is closed, becomes a draft or loses the label that its trigger needs.

use super::draft::{Draft, Halt};
use super::facts::{Fact, Missing, Need, PullRequestHead};
use super::once::{Now, now};
use crate::domain::decision::Verdict;
use crate::domain::event::PullRequest;
use crate::domain::ids::{RuleName, SweepId};
use crate::domain::repository_rules::RepositoryRules;
use crate::domain::rules::{Trigger, TriggerSource};
use crate::domain::signal::StopRequest;

/// # Errors
/// What has to be looked up first.
pub(super) fn route(
    draft: &mut Draft<'_>,
    pull_request: &PullRequest,
    own: Option<&RepositoryRules>,
) -> Result<(), Need> {
    const BY: &str = "pull request";
    let Some((request, because)) = withdrawal(pull_request) else { return Ok(()) };
    let mut concerned = Vec::new();
    for id in active(draft, pull_request)? {
        if concerns(draft, pull_request, &request, own, &id)? {
            concerned.push(id);
        }
    }
    if concerned.is_empty() {
        return Ok(());
    }
    // Deliveries may come in another order than things happened.
    if let Now::Is(head) = now(draft, pull_request)?
        && is_over(&request, head)
    {
        draft.decide(BY, Verdict::Ignored, format!("{because}, but is not so any more"));
        return Ok(());
    }
    for id in concerned {
        draft.stopped(BY, id, request.clone(), &because);
    }
    Ok(())
}

fn withdrawal(pull_request: &PullRequest) -> Option<(StopRequest, String)> {
    let number = pull_request.number;
    match (pull_request.action.as_str(), &pull_request.label) {
        ("closed", _) => Some((StopRequest::PullRequestClosed, format!("pull request #{number} was closed"))),
        ("converted_to_draft", _) => {
            Some((StopRequest::PullRequestDrafted, format!("pull request #{number} was made a draft")))
        }
        ("unlabeled", Some(label)) => {
            let because = format!("pull request #{number} lost the label {label}");
            Some((StopRequest::LabelRemoved { label: label.clone() }, because))
        }
        _ => None,
    }
}

fn is_over(request: &StopRequest, head: &PullRequestHead) -> bool {
    match request {
        StopRequest::PullRequestClosed => head.open,
        StopRequest::PullRequestDrafted => !head.draft,
        StopRequest::LabelRemoved { label } => head.labels.contains(label),
        _ => false,
    }
}

/// Closing ends all. The others end what triggers have started; what a person has asked for on a draft goes on.
fn concerns(
    draft: &Draft<'_>,
    pull_request: &PullRequest,
    request: &StopRequest,
    own: Option<&RepositoryRules>,
    id: &SweepId,
) -> Result<bool, Need> {
    if *request == StopRequest::PullRequestClosed {
        return Ok(true);
    }
    let Some(name) = trigger_of(draft, id)? else { return Ok(false) };
    let mut triggers = draft.rules.triggers.iter().chain(own.into_iter().flat_map(|own| &own.triggers));
    let trigger = triggers.find(|trigger| trigger.name == name);
    let Some(Trigger { on: TriggerSource::PullRequest { drafts, labels, .. }, .. }) = trigger else { return Ok(false) };
    Ok(match request {
        StopRequest::PullRequestDrafted => !drafts,
        // Another of the trigger's labels may still be there.
        StopRequest::LabelRemoved { label } => labels.contains(label) && labels.is_disjoint(&pull_request.labels),
        _ => false,
    })
}

fn active(draft: &Draft<'_>, pull_request: &PullRequest) -> Result<Vec<SweepId>, Need> {
    let (repository, number) = (pull_request.repository.clone(), pull_request.number);
    match draft.active(Need::ActiveForPullRequest { repository, number }) {
        Ok(active) => Ok(active),
        Err(Halt::Unknown(need)) => Err(need),
        Err(Halt::Verdict(..)) => Ok(Vec::new()),
    }
}

fn trigger_of(draft: &Draft<'_>, id: &SweepId) -> Result<Option<RuleName>, Need> {
    let found = draft.facts.get(Need::Sweep(id.clone()), |fact| match fact {
        Fact::Sweep(sweep) => Some(sweep.as_ref().and_then(|sweep| sweep.trigger.clone())),
        _ => None,
    });
    match found {
        Ok(trigger) => Ok(trigger),
        Err(Missing::Unknown(need)) => Err(need),
        Err(Missing::Unavailable(_) | Missing::NoService) => Ok(None),
    }
}

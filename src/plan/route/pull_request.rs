//! Events of pull requests.

use std::collections::BTreeSet;

use super::draft::{Draft, Halt, Start};
use super::facts::{ChangedPaths, Fact, Need, TriggerHead};
use super::fork::ForkHead;
use super::push::nobody;
use super::{filter, fork, once, order, own, withdrawal};
use crate::domain::decision::{Decision, Verdict};
use crate::domain::event::{EventKind, PullRequest};
use crate::domain::repository_rules::RepositoryRules;
use crate::domain::rules::{Trigger, TriggerSource};
use crate::domain::sweep::{Code, Destination, Origin};

/// Actions by which a person asks for another go at a head that was tried before.
const ASKS_ANEW: [&str; 3] = ["reopened", "ready_for_review", "labeled"];

/// # Errors
/// What has to be looked up first.
pub(super) fn route(draft: &mut Draft<'_>, pull_request: &PullRequest) -> Result<(), Need> {
    fork::note_head(draft, pull_request);
    let own = own::rules(draft, &pull_request.repository, &pull_request.base_branch)?;
    own::check_change(draft, pull_request)?;
    withdrawal::route(draft, pull_request, own)?;
    let rules = draft.rules;
    let mut elsewhere = 0;
    for trigger in rules.triggers.iter().chain(own.into_iter().flat_map(|own| &own.triggers)) {
        let TriggerSource::PullRequest { .. } = &trigger.on else { continue };
        if !trigger.repositories.matches(pull_request.repository.as_str()) {
            elsewhere += 1;
            continue;
        }
        let by = format!("trigger {}", trigger.name);
        let concluded =
            check_action(trigger, pull_request).and_then(|()| start(draft, pull_request, (trigger, own), &by));
        draft.conclude(&by, concluded)?;
    }
    fork::tell_waiting(draft, pull_request);
    if !draft.has_decisions() {
        let reason = nobody("pull requests", pull_request.repository.as_str(), elsewhere);
        draft.decide("no trigger", Verdict::Ignored, reason);
    }
    Ok(())
}

/// Starts what the trigger would have started for a head that waited for approval, whatever brought it up.
///
/// # Errors
/// What has to be looked up first.
pub(super) fn start_approved(draft: &mut Draft<'_>, pull_request: &PullRequest, trigger: &Trigger) -> Result<(), Need> {
    let by = format!("trigger {}", trigger.name);
    let concluded = start(draft, pull_request, (trigger, None), &by);
    draft.conclude(&by, concluded).map(|_| ())
}

fn start(
    draft: &mut Draft<'_>,
    pull_request: &PullRequest,
    (trigger, own): (&Trigger, Option<&RepositoryRules>),
    by: &str,
) -> Result<Decision, Halt> {
    check_filters(trigger, pull_request)?;
    filter::check_author(trigger, &pull_request.author)?;
    filter::check_expression(trigger, &EventKind::PullRequest(pull_request.clone()))?;
    let order = order::of_rule(draft.rules, &trigger.tuning, &own::words(own, &trigger.tuning, &trigger.overrides))?;
    if filter::filters_paths(trigger) {
        let changed = changed_paths(draft, pull_request)?;
        filter::check_paths(trigger, "the pull request", &changed.paths, changed.truncated)?;
    }
    once::check_head(draft, pull_request)?;
    let PullRequest { repository, number, head, head_branch, from_fork, .. } = pull_request;
    let mut because = format!("pull request #{number} {} at {}", pull_request.action, head.short());
    if *from_fork {
        let by = fork::check_trigger(draft, ForkHead { repository, number: *number, sha: head }, &order.tuning.name)?;
        because = format!("{because}, allowed by @{by}");
    }
    let looked_at = TriggerHead {
        trigger: trigger.name.clone(),
        repository: repository.clone(),
        pull_request: Some(*number),
        reference: head_branch.clone(),
        sha: head.clone(),
    };
    once::check(draft, looked_at, ASKS_ANEW.contains(&pull_request.action.as_str()))?;
    let announced = trigger.channel.as_ref().or(draft.rules.announce_channel.as_ref());
    let start = Start {
        group: Some(order::pull_request_group(&order.tuning.name, repository, *number)),
        order,
        trigger: Some(trigger.name.clone()),
        origin: Origin::PullRequest {
            repository: repository.clone(),
            number: *number,
            login: pull_request.sender.clone(),
        },
        code: Some(Code {
            repository: repository.clone(),
            reference: pull_request.head_branch.clone(),
            sha: Some(head.clone()),
            pull_request: Some(*number),
            fork: *from_fork,
            base_branch: pull_request.base_branch.clone(),
        }),
        older: trigger.on_newer.into(),
        destinations: [
            Destination::GithubComment { repository: repository.clone(), pull_request: *number, mention: None },
            Destination::GithubCheck { repository: repository.clone(), sha: head.clone() },
        ]
        .into_iter()
        .chain(order::channel(announced))
        .collect(),
        because,
    };
    draft.start(by, start)
}

/// Is what happened something that the trigger reacts to?
fn check_action(trigger: &Trigger, pull_request: &PullRequest) -> Result<(), Halt> {
    let TriggerSource::PullRequest { actions, labels, .. } = &trigger.on else {
        return Err(Halt::ignored("it is not for pull requests"));
    };
    let PullRequest { action, label, .. } = pull_request;
    if !actions.contains(action) {
        return Err(Halt::ignored(format!("action {action} is not one of {}", join(actions))));
    }
    match label {
        Some(label) if action == "labeled" && !labels.is_empty() && !labels.contains(label) => {
            Err(Halt::ignored(format!("the label {label} is not one of {}", join(labels))))
        }
        _ => Ok(()),
    }
}

/// Is the pull request one that the trigger wants?
fn check_filters(trigger: &Trigger, pull_request: &PullRequest) -> Result<(), Halt> {
    let TriggerSource::PullRequest { branches, labels, ignore_labels, drafts, forks, .. } = &trigger.on else {
        return Err(Halt::ignored("it is not for pull requests"));
    };
    let PullRequest { base_branch, .. } = pull_request;
    if !branches.is_empty() && !branches.matches(base_branch) {
        return Err(Halt::ignored(format!("base branch {base_branch} does not match {}", filter::list(branches))));
    }
    if pull_request.draft && !drafts {
        return Err(Halt::ignored("the pull request is a draft"));
    }
    if pull_request.from_fork && !forks {
        return Err(Halt::ignored("the pull request comes from a fork"));
    }
    if !labels.is_empty() && labels.is_disjoint(&pull_request.labels) {
        return Err(Halt::ignored(format!("the pull request has none of the labels {}", join(labels))));
    }
    if let Some(label) = ignore_labels.intersection(&pull_request.labels).next() {
        return Err(Halt::ignored(format!("the pull request has the label {label}")));
    }
    Ok(())
}

fn changed_paths<'a>(draft: &Draft<'a>, pull_request: &PullRequest) -> Result<&'a ChangedPaths, Halt> {
    let (repository, pull_request) = (pull_request.repository.clone(), pull_request.number);
    let changed = draft.facts.get(Need::ChangedPaths { repository, pull_request }, |fact| match fact {
        Fact::ChangedPaths(changed) => Some(changed),
        _ => None,
    });
    Ok(changed?)
}

fn join(words: &BTreeSet<String>) -> String {
    words.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

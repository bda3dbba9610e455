//! Pushes to branches and of tags.

use super::draft::{Draft, Halt, Start};
use super::facts::{Need, TriggerHead};
use super::{filter, once, order, own};
use crate::domain::decision::{Decision, Verdict};
use crate::domain::event::{GitReference, Push};
use crate::domain::ids::CommitSha;
use crate::domain::repository_rules::RepositoryRules;
use crate::domain::rules::{Globs, OnNewer, Trigger, TriggerSource};
use crate::domain::signal::StopRequest;
use crate::domain::sweep::{Code, Destination, Origin};

/// # Errors
/// What has to be looked up first.
pub(super) fn route(draft: &mut Draft<'_>, push: &Push) -> Result<(), Need> {
    let rules = draft.rules;
    let mut elsewhere = 0;
    let own = own::rules(draft, &push.repository, &push.default_branch)?;
    for trigger in rules.triggers.iter().chain(own.into_iter().flat_map(|own| &own.triggers)) {
        let TriggerSource::Push { branches, tags } = &trigger.on else { continue };
        if !trigger.repositories.matches(push.repository.as_str()) {
            elsewhere += 1;
            continue;
        }
        let by = format!("trigger {}", trigger.name);
        match &push.head {
            None => retire(draft, push, trigger, &by)?,
            Some(head) => {
                let concluded = start(draft, (push, head), trigger, own, (branches, tags));
                draft.conclude(&by, concluded)?;
            }
        }
    }
    if !draft.has_decisions() {
        draft.decide("no trigger", Verdict::Ignored, nobody("pushes", push.repository.as_str(), elsewhere));
    }
    Ok(())
}

/// No trigger of the kind names the repository.
pub(super) fn nobody(kind: &str, repository: &str, elsewhere: usize) -> String {
    match elsewhere {
        0 => format!("no trigger is for {kind}"),
        1 => format!("no trigger for {kind} names {repository}; one names other repositories"),
        count => format!("no trigger for {kind} names {repository}; {count} name other repositories"),
    }
}

fn start(
    draft: &mut Draft<'_>,
    (push, head): (&Push, &CommitSha),
    trigger: &Trigger,
    own: Option<&RepositoryRules>,
    (branches, tags): (&Globs, &Globs),
) -> Result<Decision, Halt> {
    check_reference(&push.reference, branches, tags)?;
    filter::check_author(trigger, &push.sender)?;
    // A tag stands on commits that were pushed before: it changes no path.
    if matches!(push.reference, GitReference::Branch(_)) {
        filter::check_paths(trigger, "the push", &push.changed_paths, push.paths_truncated)?;
    }
    filter::check_expression(trigger, &draft.event.kind)?;
    let order = order::of_rule(draft.rules, &trigger.tuning, &own::words(own, &trigger.tuning, &trigger.overrides))?;
    if trigger.on_newer == OnNewer::Cancel {
        once::check_branch(draft, push, head)?;
    }
    let reference = name(&push.reference).to_owned();
    let (repository, sha) = (push.repository.clone(), head.clone());
    let looked_at = TriggerHead { trigger: trigger.name.clone(), repository, pull_request: None, reference, sha };
    once::check(draft, looked_at, false)?;
    let check = Destination::GithubCheck { repository: push.repository.clone(), sha: head.clone() };
    let announced = trigger.channel.as_ref().or(draft.rules.announce_channel.as_ref());
    let start = Start {
        group: Some(order::reference_group(&order.tuning.name, &push.repository, &full_name(&push.reference))),
        order,
        trigger: Some(trigger.name.clone()),
        origin: Origin::Push { repository: push.repository.clone(), login: push.sender.clone() },
        code: Some(Code {
            repository: push.repository.clone(),
            reference: name(&push.reference).to_owned(),
            sha: Some(head.clone()),
            pull_request: None,
            fork: false,
            base_branch: push.default_branch.clone(),
        }),
        older: trigger.on_newer.into(),
        destinations: [check].into_iter().chain(order::channel(announced)).collect(),
        because: format!("push of {} to {}", head.short(), shown(&push.reference)),
    };
    draft.start(&format!("trigger {}", trigger.name), start)
}

/// Branches count when they match, or when the trigger names neither branches nor tags; tags only when they match.
fn check_reference(reference: &GitReference, branches: &Globs, tags: &Globs) -> Result<(), Halt> {
    match reference {
        GitReference::Branch(_) if branches.is_empty() && tags.is_empty() => Ok(()),
        GitReference::Branch(name) if branches.matches(name) => Ok(()),
        GitReference::Branch(name) if branches.is_empty() => {
            Err(Halt::ignored(format!("branch {name}: it is for tags only ({})", filter::list(tags))))
        }
        GitReference::Branch(name) => {
            Err(Halt::ignored(format!("branch {name} does not match {}", filter::list(branches))))
        }
        GitReference::Tag(name) if tags.matches(name) => Ok(()),
        GitReference::Tag(name) if tags.is_empty() => {
            Err(Halt::ignored(format!("tag {name}: it is for branches only")))
        }
        GitReference::Tag(name) => Err(Halt::ignored(format!("tag {name} does not match {}", filter::list(tags)))),
    }
}

/// The branch or tag is gone: so are its sweeps.
fn retire(draft: &mut Draft<'_>, push: &Push, trigger: &Trigger, by: &str) -> Result<(), Need> {
    let gone = format!("the push deletes {}", shown(&push.reference));
    let group = order::reference_group(&trigger.tuning, &push.repository, &full_name(&push.reference));
    draft.decide(by, Verdict::Ignored, gone.clone());
    draft.stop_all(by, Need::ActiveInGroup(group), &StopRequest::ReferenceDeleted, &gone)
}

fn name(reference: &GitReference) -> &str {
    match reference {
        GitReference::Branch(name) | GitReference::Tag(name) => name,
    }
}

fn shown(reference: &GitReference) -> String {
    match reference {
        GitReference::Branch(name) => name.clone(),
        GitReference::Tag(name) => format!("tag {name}"),
    }
}

/// A branch and a tag may have the same name.
fn full_name(reference: &GitReference) -> String {
    match reference {
        GitReference::Branch(name) => format!("heads/{name}"),
        GitReference::Tag(name) => format!("tags/{name}"),
    }
}

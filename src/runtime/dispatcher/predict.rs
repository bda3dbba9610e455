//! What an event would lead to, for somebody who tries out rules: nothing is looked up and nothing is written.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::access::RepositoryPermission;
use crate::domain::approval::{Approval, SeenHead};
use crate::domain::decision::{Decision, Verdict};
use crate::domain::event::{Event, EventKind, GitReference, Push};
use crate::domain::ids::{CommitSha, EventId};
use crate::domain::quota::Usage;
use crate::domain::rules::Rules;
use crate::plan::route::{ChangedPaths, Fact, Facts, Need, Occasion, PullRequestHead, Routing, route};

const MOST_ASSUMPTIONS: usize = 1000;

/// The decisions for `event`. What would have to be looked up is assumed, in favour of starting, and the reasons say what
/// was assumed.
pub fn predict(event: &Event, rules: &Rules) -> Vec<Decision> {
    let occasion = Occasion { event: EventId(0), now: event.received_at, salt: 0 };
    let mut facts = Facts::default();
    let mut assumed = Vec::new();
    while facts.len() < MOST_ASSUMPTIONS {
        match route(event, rules, &facts, occasion) {
            Routing::Needs(need) => {
                let (fact, words) = assume(&need, event);
                assumed.extend(words);
                facts.add(need, fact);
            }
            Routing::Decided(decided) => return say_assumptions(decided.decisions, &assumed),
        }
    }
    Vec::new()
}

/// Something that lets the sweep start, and in words what that takes for granted, if it matters.
fn assume(need: &Need, event: &Event) -> (Fact, Option<String>) {
    match need {
        Need::PullRequest { .. } => assume_pull_request(event),
        Need::ChangedPaths { .. } => {
            let any = ChangedPaths { truncated: true, ..ChangedPaths::default() };
            (Fact::ChangedPaths(any), Some("it changes a path that the trigger wants".to_owned()))
        }
        Need::Approval { repository, number, sha } => {
            let (repository, sha) = (repository.clone(), sha.clone());
            let by = "a maintainer".to_owned();
            let approval = Approval { repository, pull_request: *number, sha, by, at: event.received_at };
            (Fact::Approval(Some(approval)), Some("a maintainer has allowed it".to_owned()))
        }
        Need::SeenHeads { repository, number } => {
            let seen = placeholder().map(|sha| SeenHead {
                repository: repository.clone(),
                pull_request: *number,
                sha,
                at: Timestamp::MIN,
            });
            (Fact::SeenHeads(seen.into_iter().collect()), None)
        }
        Need::Permission { repository, login } => {
            let words = format!("@{login} may write to {repository}");
            (Fact::Permission(RepositoryPermission::Write), Some(words))
        }
        Need::GithubTeam { team, login, .. } => (Fact::Member(true), Some(format!("@{login} is in the team {team}"))),
        Need::SlackGroup { group, user } => (Fact::Member(true), Some(format!("{user} is in the user group {group}"))),
        Need::LastOfTrigger(_) => (Fact::Last(None), Some("it was not tuned before".to_owned())),
        Need::Head { branch, .. } if head_of(event, branch).is_some() => {
            (Fact::Head(head_of(event, branch)), Some(format!("{branch} has not gone on")))
        }
        Need::Finding { .. } => (Fact::Unavailable("nobody was asked".to_owned()), None),
        Need::RepositoryRules { .. } => (Fact::RepositoryRules(Ok(None)), None),
        Need::Head { repository, branch } => {
            (Fact::Head(placeholder()), Some(format!("{repository} has a branch {branch}")))
        }
        Need::Sweep(id) | Need::Report(id) => {
            let words = format!("whether there is a sweep {id} only the store can say.");
            (Fact::Unavailable(words), None)
        }
        Need::LastOfCommit { .. } => {
            (Fact::Unavailable("which sweeps have their check there only the store can say.".to_owned()), None)
        }
        Need::ActiveInGroup(_) | Need::ActiveForPullRequest { .. } => {
            (Fact::Active(Vec::new()), Some("no older sweep of it is running".to_owned()))
        }
        Need::LastScheduled(_) => (Fact::Head(None), Some("the branch has changed since the last slot".to_owned())),
        Need::Baseline { .. } => (Fact::Baseline(None), None),
        Need::Preview(event) => {
            let words = format!("whether event {event} waits for a confirmation only the store can say.");
            (Fact::Unavailable(words), None)
        }
        Need::Usage(_) => (Fact::Usage(Usage::default()), Some("the quota of the day is not used up".to_owned())),
        Need::Earlier(_) => (Fact::Unavailable("only the store knows earlier sweeps".to_owned()), None),
        Need::Unfinished | Need::Finished(_) | Need::LastBest(_) => (Fact::Reports(Vec::new()), None),
    }
}

/// The pull request is as the event has it; a comment has nothing to say about it.
fn assume_pull_request(event: &Event) -> (Fact, Option<String>) {
    let found = match &event.kind {
        EventKind::PullRequest(pull_request) => Some(PullRequestHead {
            sha: pull_request.head.clone(),
            branch: pull_request.head_branch.clone(),
            base_branch: pull_request.base_branch.clone(),
            from_fork: pull_request.from_fork,
            open: pull_request.action != "closed",
            draft: pull_request.draft,
            labels: pull_request.labels.clone(),
            title: pull_request.title.clone(),
            author: pull_request.author.clone(),
            updated_at: pull_request.updated_at,
        }),
        _ => placeholder().map(|sha| PullRequestHead {
            sha,
            branch: "its head".to_owned(),
            base_branch: "its base".to_owned(),
            from_fork: false,
            open: true,
            draft: false,
            labels: BTreeSet::new(),
            title: String::new(),
            author: String::new(),
            updated_at: None,
        }),
    };
    let words = match &event.kind {
        EventKind::PullRequest(_) => "the pull request is still so",
        _ => "the pull request is open and not from a fork",
    };
    (Fact::PullRequest(found), Some(words.to_owned()))
}

/// The commit of `branch` after the event, if it is a push to it.
fn head_of(event: &Event, branch: &str) -> Option<CommitSha> {
    match &event.kind {
        EventKind::Push(Push { reference: GitReference::Branch(name), head, .. }) if name == branch => head.clone(),
        _ => None,
    }
}

/// Stands for a commit that was not looked up.
fn placeholder() -> Option<CommitSha> {
    "0".repeat(40).parse().ok()
}

fn say_assumptions(mut decisions: Vec<Decision>, assumed: &[String]) -> Vec<Decision> {
    if assumed.is_empty() {
        return decisions;
    }
    let mut words: Vec<&str> = assumed.iter().map(String::as_str).collect();
    words.dedup();
    for decision in decisions.iter_mut().filter(|decision| decision.verdict == Verdict::Started) {
        decision.reason = format!("{}; assuming that {}", decision.reason, words.join(" and that "));
    }
    decisions
}
